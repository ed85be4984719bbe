"""Tunes as they are written on a staff: accidentals, values, beams, tuplets and signs by hand."""

from __future__ import annotations

import pytest

from tunetrace import InputError, QueryError, engrave
from tunetrace.score.staff.records import Event, Section, StaffBar
from tunetrace.score.staff.signature import sharps_of
from tunetrace.score.staff.tempo import beat_of
from tunetrace.score.staff.values import PLAIN, Ratio, Value

SIGNS = {None: "", -2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


def bars(body: str, meter: str = "4/4", key: str = "C") -> list[StaffBar]:
    """The bars of a tune in eighths."""
    return engrave(f"X:1\nM:{meter}\nL:1/8\nK:{key}\n{body}").staff.measures


def notes(body: str, meter: str = "4/4", key: str = "C") -> str:
    """Each note with the accidental shown, its octave, and how it sounds; ( begins a tie."""
    found = []
    for bar in bars(body, meter, key):
        for event in bar.events:
            for note in event.notes:
                tie = "(" * note.is_tied + ")" * note.ends_tie
                found.append(
                    f"{SIGNS[note.shown]}{note.letter}{note.octave}{note.alteration:+d}{tie}"
                )
        found.append("|")
    return " ".join(found)


def groups(events: list[Event], name: str) -> list[int]:
    """How many events each beam or tuplet joins."""
    numbers = [getattr(event, name) for event in events]
    return [numbers.count(number) for number in sorted({n for n in numbers if n is not None})]


# Accidentals


def test_an_accidental_of_abc_holds_in_every_octave_and_is_shown_where_the_staff_needs_it() -> None:
    assert notes("^F f F =f|F", "none") == "^F0+1 ^F1+1 F0+1 =F1+0 | F0+0 |"


def test_a_natural_in_one_octave_is_shown_in_the_other_too() -> None:
    assert notes("=F f", key="D") == "=F0+0 =F1+0 |"


def test_the_signature_sounds_and_is_not_shown() -> None:
    assert notes("F c d", key="D") == "F0+1 C1+1 D1+0 |"


def test_a_tie_over_a_bar_line_carries_the_accidental_without_showing_it() -> None:
    """The tokens write the natural of the last note, which the tie makes doubtful."""
    assert notes("^f2-|f f", "none") == "^F1+1( | F1+1) =F1+0 |"


def test_a_tie_to_another_note_or_over_a_repeat_sign_is_none() -> None:
    assert notes("c2-d2|", "2/4") == "C1+0 D1+0 |"
    assert notes("|:c4-:|c4|", "2/4") == "C1+0 | C1+0 |"


def test_ties_inside_a_chord_are_those_of_its_notes() -> None:
    assert notes("[E-c]2[Ec]2|", "2/4") == "E0+0( C1+0 E0+0) C1+0 |"


def test_a_key_that_no_signature_can_write_has_its_accidentals_before_the_notes() -> None:
    """D flat minor has eight flats: B is double flat."""
    assert sharps_of("Dbmin") == 0
    assert notes("D B d", key="Dbm") == "_D0-1 __B0-2 _D1-1 |"


@pytest.mark.parametrize(
    ("key", "sharps"), [("Cmaj", 0), ("Dmaj", 2), ("Edor", 2), ("Gmin", -2), ("dor", -2), (None, 0)]
)
def test_the_sharps_of_a_signature(key: str | None, sharps: int) -> None:
    assert sharps_of(key) == sharps


def test_accidentals_that_a_key_adds_stand_before_the_notes() -> None:
    assert notes("C c|c", key="D =c") == "=C0+0 =C1+0 | =C1+0 |"


def test_a_change_of_key_inside_a_bar_holds_from_there() -> None:
    bar, after = bars("F F[K:G]F F|F4|", "4/4")
    assert [note.alteration for event in bar.events for note in event.notes] == [0, 0, 1, 1]
    assert [event.signs.sharps for event in bar.events] == [None, None, 1, None]
    assert (bar.signs.sharps, after.signs.sharps) == (0, None)


# Grace notes


def test_grace_notes_are_in_the_key_and_are_not_events() -> None:
    (bar,) = bars("{fg}a2 {^c}[Ac]2|", "2/4", "D")
    graces = [
        [(note.letter, note.octave, note.alteration, note.accidental) for note in event.graces]
        for event in bar.events
    ]
    assert graces == [[("F", 1, 1, None), ("G", 1, 0, None)], [("C", 1, 1, 1)]]


def test_grace_notes_and_ties_of_another_key_move_with_the_notes() -> None:
    staff = engrave("X:1\nM:2/4\nL:1/8\nK:D\n{f}a2-a2|", "G").staff
    (bar,) = staff.measures
    assert [note[1:4] for event in bar.events for note in event.graces] == [("B", 1, 0)]
    assert [note[1:] for event in bar.events for note in event.notes] == [
        ("D", 2, 0, None, True, False),
        ("D", 2, 0, None, False, True),
    ]


def test_what_a_grace_note_alters_holds_for_itself_and_the_staff_says_so() -> None:
    (bar,) = bars("{^f}g2 f2|", "2/4")
    assert [n[1:5] for event in bar.events for n in event.graces] == [("F", 1, 1, 1)]
    assert [n[1:5] for event in bar.events for n in event.notes] == [
        ("G", 1, 0, None),
        ("F", 1, 0, 0),
    ]


def test_text_of_the_model_has_no_grace_notes() -> None:
    staff = engrave("M:2/4\nK:Cmaj\nC 2 D 2 |").staff
    assert all(event.graces == () for bar in staff.measures for event in bar.events)


# Values


def test_lengths_become_note_values() -> None:
    (bar,) = bars("A3/2B/ c>d e5|", "none")
    assert [event.values for event in bar.events] == [
        (Value(8, 1),),
        (Value(16, 0),),
        (Value(8, 1),),
        (Value(16, 0),),
        (Value(2, 0), Value(8, 0)),
    ]


def test_tuplets_have_their_ratio_by_the_meter() -> None:
    (simple,) = bars("(3ABc (2de f2|")
    assert [event.ratio for event in simple.events] == [Ratio(3, 2)] * 3 + [Ratio(2, 3)] * 2 + [
        PLAIN
    ]
    (compound,) = bars("(4ABcd (5ABcde|", "6/8")
    assert {event.ratio for event in compound.events} == {Ratio(4, 3), Ratio(5, 3)}
    assert groups(compound.events, "tuplet") == [4, 5]


def test_lengths_in_thirds_are_tuplets_too() -> None:
    (bar,) = bars("C2/3D2/3E2/3 F2 C/3D/3E/3C/3D/3E/3|")
    assert groups(bar.events, "tuplet") == [3, 3, 3]
    assert [event.values for event in bar.events[:4]] == [(Value(8, 0),)] * 3 + [(Value(4, 0),)]


# Beams


@pytest.mark.parametrize(
    ("meter", "body", "sizes"),
    [
        ("6/8", "ABc def", [3, 3]),
        ("6/8", "A2B cde", [3]),
        ("9/8", "ABc def gab", [3, 3, 3]),
        ("4/4", "ABcd efga", [4, 4]),
        ("4/4", "A/B/cdB efga", [3, 2, 4]),
        ("4/4", "ABzd ef g2", [2, 2]),
        ("4/4", "(3ABc d2 ABcd", [3, 4]),
        ("4/4", "ABcd (3efg ab", [4, 3, 2]),
        ("3/4", "ABcdef", [2, 2, 2]),
        ("2/4", "A/B/c/d/ e2", [4]),
        ("3/8", "ABc", [3]),
    ],
)
def test_beams_join_the_notes_of_a_beat(meter: str, body: str, sizes: list[int]) -> None:
    (bar,) = bars(f"{body}|", meter)
    assert groups(bar.events, "beam") == sizes


@pytest.mark.parametrize(
    ("meter", "music"),
    [
        ("6/8", "B2B d2d | G3 GAB | GA/2B/2c d3 |"),
        ("4/4", "EBBA B2 EB | B2 AB dBAG | A3B c>d e<f | (3ABc d2 (3efg a2 |"),
        ("4/4", "D2 | {c}EBBA B2 (3{d}EBA | [FA]2 z2 A2>B2 |"),
        ("2/2", "edcB A2 (3ABc | (5ABcde f4 |"),
        ("3/4", "AB cd ef | A3B c2 |"),
    ],
)
def test_abc_has_spaces_at_the_beats_and_the_beams(meter: str, music: str) -> None:
    """As collections write it; and with no space at all the tokens are the same."""
    head = f"X:1\nT:\nM:{meter}\nL:1/8\nK:Cmaj\n"
    crowded = engrave(head + music.replace(" ", ""))
    assert crowded.abc() == head + music + "\n"


def test_the_beams_of_a_pickup_are_counted_from_the_end_of_its_bar() -> None:
    pickup, _ = bars("ABc|A4 B4|")
    assert pickup.phase == 5
    assert groups(pickup.events, "beam") == [3]
    pickup, _ = bars("BcdA|A3 B3|", "6/8")
    assert groups(pickup.events, "beam") == [3]  # B stands alone


@pytest.mark.parametrize(
    ("meter", "eighths"),
    [((6, 8), 3), ((9, 8), 3), ((3, 8), 3), ((4, 4), 2), ((2, 2), 4), ((3, 4), 2), (None, 2)],
)
def test_the_length_of_a_beat(meter: tuple[int, int] | None, eighths: int) -> None:
    assert beat_of(meter) == eighths


# Repeats


def test_sections_are_cut_where_the_order_of_playing_needs_it() -> None:
    staff = engrave("X:1\nM:2/4\nL:1/8\nK:C\nC|D4|1 E3:|2 F4||\n|:G4|A4:|").staff
    assert staff.sections == [
        Section(0, 2, None),
        Section(2, 3, "1"),
        Section(3, 4, "2"),
        Section(4, 6, None),
    ]
    assert staff.played == [0, 1, 0, 2, 3, 3]
    assert [bar.opens_repeat for bar in staff.measures] == [False] * 4 + [True, False]
    repeats = [bar.place for bar in staff.measures if bar.closes_repeat]
    assert repeats == [2, 5]
    assert [bar.place for bar in staff.measures if bar.closes_part] == [3]
    assert [bar.is_last for bar in staff.measures] == [False] * 5 + [True]


def test_the_numbers_of_an_ending_are_written_out() -> None:
    staff = engrave("X:1\nM:2/4\nL:1/8\nK:C\n|:C4|1,3 D4:|2 E4:|4 F4|").staff
    assert [section.ending for section in staff.sections] == [None, "1, 3", "2", "4"]
    assert staff.played == [0, 1, 0, 2, 0, 1, 0, 3]


# Keys and mistakes


def test_a_tune_is_in_its_own_key_or_in_the_key_that_is_asked_for() -> None:
    text = "X:1\nM:2/4\nL:1/8\nK:Em\nE2B2|"
    assert [n[1:4] for b in engrave(text).staff.measures for e in b.events for n in e.notes] == [
        ("E", 0, 0),
        ("B", 0, 0),
    ]
    moved = engrave(text, "F#").staff
    assert moved.key == "F#min"
    assert [n[1:4] for b in moved.measures for e in b.events for n in e.notes] == [
        ("F", 0, 1),
        ("C", 1, 1),
    ]
    assert moved.measures[0].signs.sharps == 3


@pytest.mark.parametrize(
    ("key", "tonic", "first", "number"),
    [
        ("G", "A", "A", 69),  # a step up, not a seventh down
        ("A", "G", "G", 67),
        ("G", "C", "C", 72),
        ("D", "A", "A", 57),  # a fourth down
        ("Ador", "E", "E", 64),
        ("Bb", "F", "F", 65),
        ("Eb", "Bb", "B", 58),
        ("C", "G", "G", 67),  # folk-rnn's octave
    ],
)
def test_a_tune_is_moved_by_a_fourth_at_most(key: str, tonic: str, first: str, number: int) -> None:
    body = {"G": "G", "A": "A", "D": "D", "Ador": "A", "Bb": "B", "Eb": "E", "C": "C"}[key]
    moved = engrave(f"X:1\nM:4/4\nL:1/8\nK:{key}\n{body}4 {body}4|", tonic)
    note = moved.staff.measures[0].events[0].notes[0]
    assert (note.letter, note.midi) == (first, number)


def test_grace_notes_move_by_the_same_interval() -> None:
    moved = engrave("X:1\nM:4/4\nL:1/8\nK:G\n{a}G4 G4|", "A")
    event = moved.staff.measures[0].events[0]
    assert (event.graces[0].midi, event.notes[0].midi) == (83, 69)


@pytest.mark.parametrize("tonic", ["H", "Em", "", "g", "C##", "G\n"])
def test_a_tonic_that_there_is_not_is_refused(tonic: str) -> None:
    with pytest.raises(QueryError, match="is not a tonic; write a letter from A to G"):
        engrave("X:1\nK:C\nCDE|", tonic)


def test_a_tonic_in_which_a_note_has_three_sharps_is_refused() -> None:
    with pytest.raises(QueryError, match=r"in G# the note .* would need three sharps or flats"):
        engrave("X:1\nT:Odd\nM:4/4\nL:1/8\nK:C\n^^F ^^B|", "G#")


@pytest.mark.parametrize("name", ["1s", "s-1", "", 's"', "s 1"])
def test_an_id_that_html_cannot_have_everywhere_is_refused(name: str) -> None:
    with pytest.raises(QueryError, match="is not an id; write a letter"):
        engrave("X:1\nK:C\nCDE|", id=name)


def test_a_tune_that_is_too_long_is_refused() -> None:
    with pytest.raises(InputError, match=r"^Long has 20,003 tokens; at most 20,000 are engraved$"):
        engrave("T:Long\nM:4/4\nK:Cmaj\n" + "C " * 20_001)


@pytest.mark.parametrize(
    ("music", "said"),
    [
        ("C " * 1001 + "|", "a bar of 1,001 notes; at most 1,000 are engraved; add bar lines"),
        ("C 1000 |", "a note of 125 whole notes; at most 64 are engraved"),
        ("C 512 | " * 400, "music of 25,600 whole notes; at most 20,000 are engraved"),
    ],
)
def test_music_without_end_is_refused(music: str, said: str) -> None:
    with pytest.raises(InputError, match=f"^Long has {said}$"):
        engrave(f"T:Long\nM:4/4\nK:Cmaj\n{music}")
    assert engrave("T:Long\nM:4/4\nK:Cmaj\nC 512 |").playback.notes[0][1] == 256
