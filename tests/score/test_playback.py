"""How tunes are played: times, swing and MIDI by hand."""

from __future__ import annotations

import io

import mido
import pytest
from hypothesis import given

from tests.score.played import difference, from_tokens, midi_by_mido
from tests.strategies import bodies
from tunetrace import engrave
from tunetrace.tokenizer.transcription import Transcription

JIG = "X:1\nT:Jig\nM:6/8\nL:1/8\nK:G\nD|:GAB c3:|"
HORNPIPE = "X:1\nT:Café\nM:4/4\nL:1/8\nK:Em\nE2 GB [M:2/4] e4|"


def test_notes_are_played_with_repeats_and_their_ids() -> None:
    assert engrave(JIG).playback.notes == (
        (0, 0.5, 62, "s1-n2"),
        (0.5, 0.5, 67, "s1-n4"),
        (1, 0.5, 69, "s1-n5"),
        (1.5, 0.5, 71, "s1-n6"),
        (2, 1.5, 72, "s1-n7"),
        (3.5, 0.5, 67, "s1-n4"),
        (4, 0.5, 69, "s1-n5"),
        (4.5, 0.5, 71, "s1-n6"),
        (5, 1.5, 72, "s1-n7"),
    )


def test_bars_have_their_names_their_text_and_all_times_at_which_they_begin() -> None:
    assert [bar.to_dict() for bar in engrave(JIG, id="t").playback.bars] == [
        {"id": "t-b0", "name": "part 1, pickup", "text": "D", "at": [0], "length": 0.5,
         "phase": 2.5},
        {"id": "t-b1", "name": "part 1, bar 1", "text": "G A B c 3", "at": [0.5, 3.5],
         "length": 3, "phase": 0},
    ]  # fmt: skip


def test_what_a_player_needs_besides() -> None:
    playback = engrave(JIG).playback
    assert (playback.id, playback.title, playback.bpm, playback.beat) == ("s1", "Jig", 112, 1.5)
    assert engrave(HORNPIPE).playback.beat == 1


def test_tied_notes_are_one_note() -> None:
    text = "X:1\nM:2/4\nL:1/8\nK:C\nc4-|c2 c2|A5-A [Ac]-[Ac]|"
    assert [note[:3] for note in engrave(text).playback.notes] == [
        (0, 3, 72), (3, 1, 72), (4, 3, 69), (7, 1, 69), (7, 1, 72),
    ]  # fmt: skip


def test_a_grace_note_is_played_before_its_note_ends() -> None:
    notes = engrave("X:1\nM:2/4\nL:1/8\nK:C\n{d}c4|").playback.notes
    assert [note[2:] for note in notes] == [(74, "s1-g2-0"), (72, "s1-n2")]
    assert notes[0][0] == 0
    assert sum(notes[1][:2]) == 2


# Swing


@pytest.mark.parametrize(
    ("quarters", "swung"), [(0, 0), (0.5, 2 / 3), (1, 1), (1.25, 1 + 1 / 3), (1.5, 5 / 3), (2, 2)]
)
def test_in_a_hornpipe_the_first_of_two_eighths_has_two_thirds(
    quarters: float, swung: float
) -> None:
    assert engrave(HORNPIPE).playback.swung(quarters) == pytest.approx(swung)


def test_in_a_jig_the_beat_is_counted_from_the_bar_and_not_from_the_pickup() -> None:
    swung = engrave(JIG).playback.swung
    beat = [swung(0.5 + third / 2) - 0.5 for third in range(4)]
    assert beat == pytest.approx([0, 0.6, 0.975, 1.5])
    # The pickup is the last third of a beat that begins a quarter before the tune.
    assert swung(0) == pytest.approx(-1 + 0.975)


def test_free_music_is_not_swung() -> None:
    playback = engrave("X:1\nM:none\nL:1/8\nK:C\nC2 DE|").playback
    assert playback.swing is None
    assert playback.swung(0.7) == 0.7


@given(bodies)
def test_swing_moves_no_bar_line_of_bars_that_add_up(tokens: list[str]) -> None:
    tune = Transcription((), None, "4/4", "Cmaj", "Cmaj", ("M:4/4", "K:Cmaj", *tokens), "")
    playback = engrave(tune).playback
    starts = {at: bar.phase for bar in playback.bars for at in bar.at}
    for at, phase in starts.items():
        if phase == int(phase):
            assert playback.swung(at) == pytest.approx(at)


# MIDI


def messages(content: bytes) -> list[tuple[int, str]]:
    """What a MIDI file says, with times in ticks from its beginning."""
    file = mido.MidiFile(file=io.BytesIO(content))
    now, found = 0, []
    for message in file.tracks[0]:
        now += message.time
        said = message.type
        if message.type.startswith("note"):
            said = f"{'on' if message.type == 'note_on' else 'off'} {message.note}"
        elif message.type == "time_signature":
            said = f"{message.numerator}/{message.denominator}"
        elif message.type == "key_signature":
            said = f"key {message.key}"
        elif message.type == "set_tempo":
            said = f"{message.tempo} microseconds"
        elif message.type == "track_name":
            said = message.name.encode("latin-1").decode()
        found.append((now, said))
    return found


def test_a_midi_file_has_name_tempo_keys_and_meters() -> None:
    """A quarter at 176 beats a minute lasts 340,909 microseconds; 960 ticks are a quarter."""
    assert messages(engrave(HORNPIPE).midi()) == [
        (0, "Café"), (0, "text"), (0, "340909 microseconds"), (0, "key Em"), (0, "4/4"),
        (0, "on 64"), (960, "off 64"), (960, "on 67"), (1440, "off 67"), (1440, "on 71"),
        (1920, "2/4"), (1920, "off 71"), (1920, "on 76"), (3840, "off 76"), (3840, "end_of_track"),
    ]  # fmt: skip


def test_signs_inside_a_bar_hold_in_the_bars_after_it_and_not_in_its_repetition() -> None:
    text = "X:1\nM:4/4\nL:1/8\nK:C\n|:C4 [K:D] D4|E8|F8:|"
    keys = [one for one in messages(engrave(text).midi()) if one[1].startswith("key")]
    assert keys == [(0, "key C"), (1920, "key D"), (11520, "key C"), (13440, "key D")]


def test_a_pickup_has_a_meter_of_its_own_in_midi() -> None:
    meters = [one for one in messages(engrave(JIG).midi()) if "/" in one[1]]
    assert meters == [(0, "1/8"), (480, "6/8")]


def test_a_swung_midi_file_has_its_notes_later() -> None:
    notes = [one for one in messages(engrave(HORNPIPE).midi(is_swung=True)) if "o" in one[1][:2]]
    assert notes == [
        (0, "on 64"), (960, "off 64"), (960, "on 67"), (1600, "off 67"), (1600, "on 71"),
        (1920, "off 71"), (1920, "on 76"), (3840, "off 76"),
    ]  # fmt: skip


def test_a_swung_pickup_that_would_begin_early_begins_at_0() -> None:
    """It begins 24 ticks early: a beat before the first bar, less 0.975 quarters of 960 ticks."""
    notes = [one for one in messages(engrave(JIG).midi(is_swung=True)) if one[1][:2] == "on"]
    begun = [time for time, _ in notes]
    assert begun == [0, 504, 504 + 576, 504 + 936, 504 + 1440, 3384, 3384 + 576, 4320, 4824]


@pytest.mark.parametrize(
    ("key", "signature"),
    [("D", "D"), ("Bm", "Bm"), ("Ador", "G"), ("Dmix", "G"), ("Ebmaj", "Eb"), ("C#m", "C#m")],
)
def test_the_sharps_of_every_mode_are_kept(key: str, signature: str) -> None:
    content = engrave(f"X:1\nM:2/4\nL:1/8\nK:{key}\nA4|").midi()
    assert (0, f"key {signature}") in messages(content)


@given(bodies)
def test_a_midi_file_of_any_tune_has_its_notes(tokens: list[str]) -> None:
    tune = Transcription((), None, "4/4", "Cmaj", "Cmaj", ("M:4/4", "K:Cmaj", *tokens), "")
    engraved = engrave(tune)
    assert difference(from_tokens(engraved), midi_by_mido(engraved.midi()), 1e-3) == ""


def test_a_tempo_that_is_too_slow_for_midi_is_its_slowest() -> None:
    # 120 beats a minute of 1/256 each are 128 s for a quarter note, more than 24 bits can say.
    data = engrave("X:1\nT:x\nM:1/256\nL:1/128\nK:G\nG|A|B|c|").midi()
    tempos = [one.tempo for one in mido.MidiFile(file=io.BytesIO(data)) if one.type == "set_tempo"]
    assert tempos == [16_777_215]
