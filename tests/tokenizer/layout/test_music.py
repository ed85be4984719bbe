"""What is said of a tune as music, each on the smallest tune that shows it."""

from __future__ import annotations

from fractions import Fraction

from tests.conftest import POST
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.music import Music, NotePlace, RepeatedBar, describe_music


def music(text: str, key: str = "Cmaj") -> Music:
    return describe_music(lay_out(text.split()), key)


def test_the_post_says_of_its_tune_what_it_says() -> None:
    """Every remark of the post on its transcription, but the resemblance of bars (below)."""
    said = music(POST.read_text())
    assert said.adds_up
    first, second = said.parts
    assert [(part.bars, part.pickup, part.final) for part in said.parts] == [
        (8, "B,", "C"), (8, "D", "C"),
    ]  # fmt: skip
    assert first.ends_on_tonic
    assert second.ends_on_tonic
    assert first.is_repeated
    assert first.misses_repeat_sign
    assert second.is_repeated
    assert not second.misses_repeat_sign
    assert said.highest == NotePlace("e", 2, 6)
    assert said.lowest == NotePlace("G,", 1, 1)
    (sharp,) = said.accidentals
    assert (sharp.note, sharp.hits, sharp.part, sharp.bar) == ("^F", 1, 2, 4)
    assert said.repeated == (RepeatedBar("G, C C 2 G, C E C", ((1, 1), (1, 5))),)


def test_a_bar_that_does_not_add_up_says_by_how_much() -> None:
    said = music("M:2/4 C 4 | C 3 | D 4 | D 5/2 D 2 |")
    assert said.adds_up is False
    assert [(bad.part, bad.bar, bad.eighths, bad.expected) for bad in said.bars_not_adding_up] == [
        (1, 2, 3, 4), (1, 4, Fraction(9, 2), 4),
    ]  # fmt: skip
    assert said.bars_not_adding_up[0].text == "C 3"
    assert music("C 4 | C 3 |").adds_up is None


def test_repeat_signs_are_missed_where_one_closes_and_none_opens() -> None:
    for text, misses in (
        ("M:2/4 C 4 :|", [True]),
        ("M:2/4 |: C 4 :|", [False]),
        ("M:2/4 c |: C 4 | C 3 :|", [False]),
        ("M:2/4 C 4 | D 4 |", [False]),
        ("M:2/4 |: C 4 :| D 4 :|", [False, True]),
        ("M:2/4 |: C 4 |1 D 4 :| |2 E 4 |", [False]),
    ):
        assert [part.misses_repeat_sign for part in music(text).parts] == misses, text


def test_endings_are_counted_and_the_last_note_is_that_of_the_last() -> None:
    (part,) = music("M:2/4 |: C 4 |1 D 4 :| |2 E 4 |").parts
    assert (part.endings, part.bars, part.final, part.ends_on_tonic) == (2, 2, "E", False)


def test_the_tonic_is_one_in_any_octave_and_as_it_is_spelled() -> None:
    for text, key, ends in (
        ("c 4 |", "Cdor", True),
        ("C, 4 |", "Cmin", True),
        ("^C 4 |", "Cmaj", False),
        ("=C 4 |", "Cmix", True),
        ("D 4 |", "Cmaj", False),
    ):
        (part,) = music(f"M:2/4 {text}", key).parts
        assert part.ends_on_tonic is ends, text


def test_height_heeds_the_signature_and_accidentals() -> None:
    # In C minor e is flat, so that ^d, its enharmonic twin, is no higher, and =e is.
    assert music("M:2/4 e ^d =e 2 |", "Cmin").highest == NotePlace("=e", 1, 1)
    assert music("M:2/4 e ^d d 2 |", "Cmin").highest == NotePlace("e", 1, 1)


def test_bars_of_two_parts_that_are_alike_are_varied() -> None:
    said = music("M:4/4 C D E F G A B c :| C D E F G A B d :|")
    (varied,) = said.varied
    assert (varied.bar, varied.parts) == (1, (1, 2))
    assert varied.shared == 7 / 8  # seven of eight tokens match in order
    assert music("M:2/4 C D E F :| G A B c :|").varied == ()
    assert music("M:2/4 C D E F :| C D E F :|").varied == ()


def test_the_range_is_in_semitones_and_follows_the_key() -> None:
    assert music("M:2/4 C 2 c 2 |").range_semitones == 12
    # e is flat in C minor, and where it is written flat in C major.
    assert music("M:2/4 C 2 e 2 |").range_semitones == 16
    assert music("M:2/4 C 2 e 2 |", "Cmin").range_semitones == 15
    assert music("M:2/4 C 2 _e 2 |").range_semitones == 15
    assert music("M:2/4 z 4 |").range_semitones is None


def test_final_notes_have_their_degree_unless_they_are_altered() -> None:
    for text, key, degree in (
        ("M:2/4 C 4 |", "Cmaj", 1),
        ("M:2/4 c 4 |", "Cdor", 1),
        ("M:2/4 G, 4 |", "Cmaj", 5),
        ("M:2/4 B 4 |", "Cmix", 7),
        ("M:2/4 _B 4 |", "Cmix", 7),
        ("M:2/4 =B 4 |", "Cmix", None),
        ("M:2/4 ^C 4 |", "Cmaj", None),
        ("M:2/4 z 4 |", "Cmaj", None),
    ):
        (part,) = music(text, key).parts
        assert part.final_degree == degree, text
        assert part.ends_on_tonic == (None if part.final is None else degree == 1), text
