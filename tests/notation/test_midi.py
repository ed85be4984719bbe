"""What is read of MIDI: each file is written by hand, and its tokens are worked out by hand."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notation.files import key, meter, midi_file, named, off, on
from tunetrace import InputError, Rejected, Transcription
from tunetrace.arguments import Reading
from tunetrace.corpus.readers import read_sources
from tunetrace.notation.midi.grid import cells_of_bar

EIGHTH = 240
"""Ticks."""

AS_PLAYED = "MIDI has no repeat signs; the tune is read as it is played"
AS_MAJOR = "MIDI does not tell D major from E dorian and A mixolydian; D major is assumed"

Event = tuple[int, bytes]


def played(*notes: tuple[int | None, float], gate: float = 1, channel: int = 1) -> list[Event]:
    """Events of notes in a row: MIDI numbers, or None for a rest, and lengths in eighths.

    gate: which part of its length a key is down.
    """
    events, wait = [], 0
    for pitch, length in notes:
        ticks = round(length * EIGHTH)
        if pitch is None:
            wait += ticks
            continue
        held = round(ticks * gate)
        events += [(wait, on(pitch, channel)), (held, off(pitch, channel))]
        wait = ticks - held
    return events


def read(
    tmp_path: Path, *tracks: list[Event], voice: str | None = None
) -> Transcription | Rejected:
    path = tmp_path / "tune.mid"
    path.write_bytes(midi_file(tracks))
    (tune,) = read_sources([path], Reading(voice=voice))
    return tune


def tune(tmp_path: Path, *tracks: list[Event], voice: str | None = None) -> Transcription:
    found = read(tmp_path, *tracks, voice=voice)
    assert isinstance(found, Transcription), found
    return found


def tokens(tmp_path: Path, *tracks: list[Event], voice: str | None = None) -> str:
    return " ".join(tune(tmp_path, *tracks, voice=voice).tokens)


START = [(0, meter(6, 3)), (0, key(2))]
JIG = [(62, 3), (64, 1), (66, 2), (69, 1), (66, 1), (62, 1), (61, 3)]
"""In D: D3 EF2 | AFD ^C3, which is C3 DE2 | GEC B,3 on C."""


def test_meter_key_bars_and_lengths(tmp_path: Path) -> None:
    found = tune(tmp_path, [(0, named("The Jig")), *START, *played(*JIG)])
    assert " ".join(found.tokens) == "M:6/8 K:Cmaj C 3 D E 2 | G E C B, 3 |"
    assert (found.title, found.original_key) == ("The Jig", "Dmaj")
    assert found.text == "X:1\nT:The Jig\nM:6/8\nL:1/8\nK:D\nD3 EF2 | AFD C3 |]"
    assert found.remarks == (AS_MAJOR, AS_PLAYED)
    assert found.place == f"{tmp_path}/tune.mid"


def test_a_file_without_a_name_is_called_as_the_file_is(tmp_path: Path) -> None:
    assert tune(tmp_path, [*START, *played(*JIG)]).title == "tune"


@pytest.mark.parametrize("gate", [0.6, 0.95])
def test_short_gaps_are_no_rests(tmp_path: Path, gate: float) -> None:
    assert tokens(tmp_path, [*START, *played(*[(one, 1) for one, _ in JIG], gate=gate)]) == (
        "M:6/8 K:Cmaj C D E G E C | B, |"
    )


def test_a_gap_of_an_eighth_is_a_rest(tmp_path: Path) -> None:
    notes = [(62, 2), (None, 1), (64, 3), (62, 3), (None, 3), (62, 6)]
    assert tokens(tmp_path, [*START, *played(*notes)]) == "M:6/8 K:Cmaj C 2 z D 3 | C 3 z 3 | C 6 |"


def test_triplets_and_dotted_pairs(tmp_path: Path) -> None:
    start = [(0, meter(2, 2)), (0, key(0, is_minor=True))]
    third = Fraction(2, 3)
    notes = [(69, third), (71, third), (72, third), (69, 1.5), (64, 0.5)]
    assert tokens(tmp_path, [*start, *played(*notes)]) == "M:2/4 K:Cmin (3 c d e c > G |"
    swung = [(69, 4 / 3), (71, 2 / 3), (69, 4 / 3), (64, 2 / 3)]  # two to one
    found = tune(tmp_path, [*start, *played(*swung)])
    assert " ".join(found.tokens) == "M:2/4 K:Cmin c > d c > G |"
    assert found.remarks[0] == (
        "onsets were moved to sixteenths and triplets, by at most 0.08 of a quarter note"
    )
    sixteenths = [(69, 1 / 3), (71, 1 / 3), (72, 1 / 3), (69, 1), (64, 2)]
    assert tokens(tmp_path, [*start, *played(*sixteenths)]) == (
        "M:2/4 K:Cmin (3 c /2 d /2 e /2 c G 2 |"
    )


def test_a_note_over_the_bar_line_is_tied(tmp_path: Path) -> None:
    found = tune(tmp_path, [*START, *played((62, 4), (64, 4), (62, 4))])
    assert " ".join(found.tokens) == "M:6/8 K:Cmaj C 4 D 2 | D 2 C 4 |"
    assert "E2- | E2" in found.text
    assert found.remarks == (AS_MAJOR, AS_PLAYED, "1 tie was left out")


def test_notes_together_are_a_chord_and_overlaps_are_shortened(tmp_path: Path) -> None:
    chord = [(0, on(62)), (5, on(66)), (5, on(69)), (3 * EIGHTH - 10, off(62)), (0, off(66)),
             (0, off(69))]  # fmt: skip
    held = [(0, on(64)), (EIGHTH, on(66)), (EIGHTH, off(64)), (EIGHTH, off(66))]
    found = tune(tmp_path, [*START, *chord, *held])
    assert " ".join(found.tokens) == "M:6/8 K:Cmaj [ C E G ] 3 D E 2 |"
    assert found.remarks == (
        AS_MAJOR,
        "onsets were moved to sixteenths and triplets, by at most 0.02 of a quarter note",
        "1 note was shortened to end where the next begins",
        AS_PLAYED,
    )


def test_a_key_that_never_goes_up_sounds_until_the_next_note(tmp_path: Path) -> None:
    events = [*START, (0, on(62)), (3 * EIGHTH, on(64)), (3 * EIGHTH, off(64))]
    assert tokens(tmp_path, events) == "M:6/8 K:Cmaj C 3 D 3 |"


def test_without_a_meter_and_a_key_both_are_assumed_and_said(tmp_path: Path) -> None:
    scale = [62, 64, 66, 67, 69, 71, 73, 74]  # D major
    notes = [(one, 1) for one in scale] + [(69, 2), (66, 2), (62, 4)]
    found = tune(tmp_path, played(*notes))
    assert " ".join(found.tokens) == "M:4/4 K:Cmaj C D E F G A B c | G 2 E 2 C 4 |"
    assumed, by_notes, played_once = found.remarks
    assert assumed == "the file states no meter; 4/4 is assumed"
    assert by_notes.startswith("the file states no key; D major is assumed by its notes (correl")
    assert played_once == AS_PLAYED


def test_c_major_that_nobody_chose_gives_way_to_an_estimate(tmp_path: Path) -> None:
    scale = [(one, 1) for one in (69, 71, 73, 74, 76, 78, 80, 81)]  # A major
    start = [(0, meter(4, 2)), (0, key(0))]
    found = tune(tmp_path, [*start, *played(*scale, (76, 2), (73, 2), (69, 4))])
    assert found.original_key == "Amaj"
    assert found.remarks[0].startswith(
        "the file states C major, whose scale has 64% of the notes; A major is assumed"
    )
    in_c = [(0, meter(4, 2)), (0, key(0)), *played((60, 2), (64, 2), (66, 1), (67, 3))]
    assert tokens(tmp_path, in_c) == "M:4/4 K:Cmaj C 2 E 2 ^F G 3 |"


def test_pitches_are_spelled_as_the_key_asks(tmp_path: Path) -> None:
    start = [(0, meter(4, 2)), (0, key(-2))]  # B flat: its third below is a G, its sharp an E
    notes = [(70, 2), (66, 2), (63, 2), (64, 2)]  # B flat, F sharp or G flat, E flat, E
    assert tokens(tmp_path, [*start, *played(*notes)]) == "M:4/4 K:Cmaj c 2 ^G 2 F 2 ^F 2 |"


def test_a_short_first_meter_is_that_of_a_pickup(tmp_path: Path) -> None:
    events = [(0, key(2)), (0, meter(1, 3)), (0, on(69)), (EIGHTH, off(69)), (0, meter(6, 3)),
              *played(*JIG)]  # fmt: skip
    assert tokens(tmp_path, events) == "M:6/8 K:Cmaj G | C 3 D E 2 | G E C B, 3 |"


def test_a_rest_of_half_a_bar_before_the_first_note_makes_a_pickup(tmp_path: Path) -> None:
    found = tune(tmp_path, [*START, *played((None, 11), (69, 1), *JIG)])
    assert " ".join(found.tokens) == "M:6/8 K:Cmaj G | C 3 D E 2 | G E C B, 3 |"
    assert found.remarks[:3] == (
        AS_MAJOR,
        "the silent bars before the first note were left out",
        "the rest before the first note was left out; it begins a pickup",
    )
    assert tokens(tmp_path, [*START, *played((None, 1), (62, 5))]) == "M:6/8 K:Cmaj z C 5 |"


def test_meter_and_key_change_where_the_file_says_so(tmp_path: Path) -> None:
    events = [*START, *played((62, 6)), (0, meter(2, 2)), (0, key(1)), *played((67, 2), (66, 2))]
    assert tokens(tmp_path, events) == "M:6/8 K:Cmaj C 6 | M:2/4 K:Fmaj F 2 E 2 |"


def test_the_first_voice_with_notes_or_the_one_that_is_asked_for(tmp_path: Path) -> None:
    tracks = [
        [(0, named("Set")), *START],
        [(0, named("Flute")), *played((74, 6))],
        [(0, named("Drums")), *played((40, 6), channel=10)],
        [*played((50, 6), channel=2), *played((52, 6), channel=3)],
    ]
    found = tune(tmp_path, *tracks)
    assert (found.title, " ".join(found.tokens)) == ("Set", "M:6/8 K:Cmaj c 6 |")
    assert found.remarks == (
        "voices track 4 channel 2 (1 bar) and track 4 channel 3 (1 bar) were left out; --voice "
        "reads another one",
        AS_MAJOR,
        "percussion (channel 10) was left out",
        AS_PLAYED,
    )
    assert tokens(tmp_path, *tracks, voice="flute") == "M:6/8 K:Cmaj c 6 |"
    assert tokens(tmp_path, *tracks, voice="3") == "M:6/8 K:Cmaj D, 6 |"
    refused = read(tmp_path, *tracks, voice="Tuba")
    assert isinstance(refused, Rejected)
    assert refused.reason == (
        "the file has no voice 'Tuba'; its voices are Flute, track 4 channel 2 and track 4 "
        "channel 3"
    )


def test_a_file_of_drums_or_of_nothing_is_told(tmp_path: Path) -> None:
    drums = read(tmp_path, [*START, *played((40, 6), channel=10)])
    nothing = read(tmp_path, START)
    assert isinstance(drums, Rejected)
    assert isinstance(nothing, Rejected)
    assert drums.reason == "the file has percussion alone; give a file with notes of a pitch"
    assert nothing.reason == "the file has no notes; give a file with a tune"


def test_days_of_silence_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, [*START, (2**27, on(62)), (240, off(62))])
    assert isinstance(found, Rejected)
    assert found.reason == (
        "the file lasts more than 10,000 bars; divide it into tunes, or cut out its silence"
    )


def test_what_is_too_long_for_a_tune_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, [*START, *played(*[(62, 1)] * 5_001)])
    assert isinstance(found, Rejected)
    assert found.reason == (
        "the voice has 5,001 notes, and more than 5,000 are no tune; divide the file into tunes"
    )


def test_running_status_and_silent_velocity_are_read(tmp_path: Path) -> None:
    events = [
        *START,
        (0, b"\x90\x3e\x50"),
        (720, b"\x3e\x00"),
        (0, b"\x40\x50"),
        (720, b"\x40\x00"),
    ]
    assert tokens(tmp_path, events) == "M:6/8 K:Cmaj C 3 D 3 |"


WHOLE = midi_file([[*START, *played(*JIG)]])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (WHOLE[:-5], "this MIDI file is cut off; save or get it again"),
        (WHOLE[:8], "this MIDI file is cut off; save or get it again"),
        (WHOLE[:12] + b"\xe8\x28" + WHOLE[14:], "counts time in frames of film, not in beats"),
        (WHOLE[:8] + b"\0\2" + WHOLE[10:], "has the rare format 2; save it in format 0 or 1"),
        (WHOLE + bytes(200_000), "the file has more than 200,000 bytes; give one tune a file"),
    ],
)
def test_what_is_not_whole_or_too_large_is_refused(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(data)
    with pytest.raises(InputError) as raised:
        list(read_sources([path]))
    assert str(raised.value).startswith(f"{path}: ")
    assert reason in str(raised.value)


@given(st.integers(14, len(WHOLE) - 1), st.binary(min_size=1, max_size=4))
def test_no_midi_file_is_too_broken_to_be_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, there: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "broken.mid"
    path.write_bytes(WHOLE[:at] + there + WHOLE[at + len(there) :])
    with suppress(InputError):
        (found,) = read_sources([path])
        assert isinstance(found, Transcription | Rejected)


# The grid

SIXTEENTHS = st.lists(st.integers(0, 15), min_size=1, max_size=16, unique=True).map(sorted)


@given(SIXTEENTHS, st.lists(st.floats(-0.03, 0.03), min_size=16, max_size=16))
def test_sixteenths_come_back_from_a_human_hand(places: list[int], shifts: list[float]) -> None:
    exact = [Fraction(place, 4) for place in places]
    human = [max(time + Fraction(s), Fraction(0)) for time, s in zip(exact, shifts, strict=False)]
    cells = cells_of_bar(Fraction(0), Fraction(4), human)
    moved = [next(c for c in cells if c.start <= time < c.end).nearest(time) for time in human]
    assert moved == exact
