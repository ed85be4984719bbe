"""Two tunes bar under bar: what lies under what, and how it is named, worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given

import tunetrace
from tests import strategies
from tests.checker.similar.tunes import MAGGIE, WASHERWOMAN, written
from tests.commands import index_of
from tunetrace import Alignment
from tunetrace.checker.similar.alignment.bars import bar_under_bar
from tunetrace.checker.similar.alignment.differences import Differences
from tunetrace.checker.similar.alignment.in_time import InTime
from tunetrace.checker.similar.alignment.notes import Line
from tunetrace.checker.similar.alignment.rows import bars_in_words, differences_of, rows_of
from tunetrace.checker.similar.alignment.stretches import stretches
from tunetrace.checker.similar.likeness import likeness_of
from tunetrace.tokenizer.layout.bars import lay_out


def words(text: str) -> list[str]:
    return text.split()


BEGINNING = words("M:4/4 K:Cmaj C 2 E G c 2 G E | D 2 F A d 2 A F |")
END = words("E 2 G B e 2 d c | B A G B c 4 |")
"""Bars before and after the bar that is compared, so that the tunes are alike."""


def aligned(own: Sequence[str], other: Sequence[str], up: int = 0) -> Alignment:
    mine, theirs = Line(lay_out(own)), Line(lay_out(other))
    found = stretches(mine, theirs, up)
    likeness = likeness_of(mine, theirs, found, up, (None, None))
    steps, ratio = likeness.steps, likeness.length_ratio
    groups = Differences(mine, theirs, steps, ratio).groups(
        InTime(mine, theirs, steps, ratio).align(found)
    )
    return bar_under_bar(mine, theirs, groups, steps)


@pytest.mark.parametrize(
    ("own", "other", "differences"),
    [
        ("F 2 E D C 4", "F 2 E D C 4", []),
        # An octave is a difference of its own, and a row of notes is one.
        ("f 2 E D C 4", "F 2 E D C 4", [("f 2", "F 2", "octave")]),
        ("F 2 E, D, C 4", "F 2 E D C 4", [("E, D,", "E D", "octave")]),
        ("f 2 E, D C 4", "F 2 E D C 4", [("f 2", "F 2", "octave"), ("E,", "E", "octave")]),
        ("^F 2 E D C 4", "F 2 E D C 4", [("^F 2", "F 2", "accidental")]),
        # The accidental holds until the end of the bar, written or not.
        ("^F E F D C 4", "^F E ^F D C 4", []),
        ("F 2 E D C C C C", "F 2 E D C 4", [("C C C C", "C 4", "split")]),
        ("F 2 E D C 4", "F F E D C 2 C 2",
         [("F 2", "F F", "joined"), ("C 4", "C 2 C 2", "joined")]),
        ("(3 F G F E D C 4", "F 2 E D C 4", [("(3 F G F", "F 2", "triplet")]),
        ("F 2 E D C 4", "(3 F G F E D C 4", [("F 2", "(3 F G F", "triplet")]),
        ("F E D 2 C 4", "F 2 D 2 C 4", [("F E", "F 2", "passing")]),
        ("F 2 D 2 C 4", "F E D 2 C 4", [("F 2", "F E", "passing")]),
        ("F /2 G /2 F E D C 4", "F 2 E D C 4", [("F /2 G /2 F", "F 2", "ornament")]),
        ("F 2 E D C 4", "F A E D C 4", [("F 2", "F A", "ornament")]),
        ("F 3/2 E /2 D 2 C 4", "F E D 2 C 4", [("F 3/2 E /2", "F E", "rhythm")]),
        ("F > E D 2 C 4", "F E D 2 C 4", [("F > E", "F E", "rhythm")]),
        ("A 2 E D C 4", "F 2 E D C 4", [("A 2", "F 2", "note")]),
        ("F 2 G A C 4", "F 2 E D C 4", [("G A", "E D", "note")]),
        ("F 2 G 2 C 4", "F 2 E D C 4", [("G 2", "E D", "note")]),
        ("F 2 E D G C 4", "F 2 E D C 4", [("G", "", "added")]),
        ("F 2 E D C 4", "F 2 E D G C 4", [("", "G", "left out")]),
        # Rests belong to the note before them.
        ("F z E D C 4", "F 2 E D C 4", [("F z", "F 2", "rhythm")]),
        ("[ F A ] 2 E D C 4", "A 2 E D C 4", []),
    ],
)  # fmt: skip
def test_a_difference_in_a_bar_is_named(
    own: str, other: str, differences: list[tuple[str, str, str]]
) -> None:
    alignment = aligned(
        [*BEGINNING, *own.split(), "|", *END], [*BEGINNING, *other.split(), "|", *END]
    )
    for place, bar in enumerate(alignment.bars, 1):
        found = [(one.text, one.other, one.difference) for one in bar.notes if one.difference]
        assert found == (differences if place == 3 else []), place
        assert (bar.other_part, bar.other_bar) == (1, place)
    assert alignment.unmatched == ()


def test_the_other_tune_is_moved_to_the_degree_of_the_asked_one() -> None:
    own = words("M:4/4 K:Cmaj F 2 A c f 2 c A | G 2 _B d g 2 d B | A 2 c ^e a 2 g f |")
    other = words("M:4/4 K:Cmaj C 2 E G c 2 G E | D 2 F A d 2 A F | E 2 G ^B e 2 d c |")
    alignment = aligned(own, other, up=-3 % 7)
    assert alignment.steps == 3
    assert [bar.other_text for bar in alignment.bars] == [
        "F 2 A c f 2 c A", "G 2 B d g 2 d B", "A 2 c ^e a 2 g f",
    ]  # fmt: skip
    # The fourth degree of C has another scale: its fourth note sounds a semitone too high.
    assert [one.difference for one in alignment.bars[1].notes if one.difference] == [
        "accidental", "accidental",
    ]  # fmt: skip


def test_a_changed_end_of_a_part_is_another_ending() -> None:
    other = [*BEGINNING, *END]
    own = [
        *BEGINNING,
        *words("E 2 G B e 2 d c | B A G F E 4 |"),
    ]
    last = aligned(own, other).bars[-1]
    assert [(one.text, one.other, one.difference) for one in last.notes] == [
        ("B", "B", None), ("A", "A", None), ("G", "G", None), ("F E 4", "B c 4", "ending"),
    ]  # fmt: skip


def test_a_second_ending_lies_over_the_only_one_of_the_other_tune() -> None:
    own = [
        *BEGINNING,
        *words("|: E 2 G B e 2 d c |1 B A G B c 4 :| |2 B A G B c 2 z 2 |"),
    ]
    other = [*BEGINNING, *END]
    bars = aligned(own, other).bars
    assert [(bar.bar, bar.ending, bar.other_bar) for bar in bars[-2:]] == [(2, 1, 4), (2, 2, 4)]
    assert bars[-1].other_text == "B A G B c 4"


def test_what_is_in_one_tune_alone_is_said(tmp_path: Path) -> None:
    with tunetrace.open_index(index_of(tmp_path, WASHERWOMAN, MAGGIE)) as index:
        one, _ = (line for line in WASHERWOMAN.splitlines() if line.startswith("|:"))
        strange = "|:b2b a2a|^f2^f e2e|b2b ^f2^f|a2a e2e|b2b a2a|^f2^f e2e|b2b ^f2^f|a2a e2e:|"
        own = written(WASHERWOMAN, lambda line: one if line == one else strange)
        (found, *_) = tunetrace.similar(own, index, alignment=True).tunes
    assert found.alignment is not None
    assert bars_in_words(found.alignment.unmatched) == "2.1–2.6"  # 2.7 and 2.8 are as 1.7 and 1.8
    absent = {bar.part for bar in found.alignment.bars if bar.other_part is None}
    assert absent == {2}
    (line,) = differences_of(found.alignment, "Gmaj")
    assert line == "2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8: not in it"


def test_differences_are_named_in_the_tunes_own_key() -> None:
    own = [
        *BEGINNING,
        *words("f 2 E D C C 2 C | A G F E D 4 |"),
        *END,
    ]
    other = [
        *BEGINNING,
        *words("F 2 E D C 4 | A G F E (3 D E D D 2 |"),
        *END,
    ]
    assert list(differences_of(aligned(own, other), "Gmaj")) == [
        "1.3: c' is an octave higher; G G 2 G for G 4",
        "1.4: a triplet, A 4 for (3 A B A A 2",
    ]


def test_only_the_highest_note_of_a_chord_is_named_as_moved() -> None:
    own, other = ([*BEGINNING, *words(f"{bar} E D C 4 |"), *END] for bar in ("[ F f ] 2", "F 2"))
    assert list(differences_of(aligned(own, other), "Cmaj")) == ["1.3: f is an octave higher"]


def test_another_key_from_some_bar_on_is_a_difference_of_its_notes() -> None:
    bar = words("E 2 B G A F E B |")
    own, other = [*BEGINNING, "K:Cmin", *bar], [*BEGINNING, *bar]
    found = [(one.text, one.difference) for one in aligned(own, other).bars[-1].notes]
    # In C minor every B, E and A is flat.
    assert [text for text, difference in found if difference == "accidental"] == [
        "E 2", "B", "A", "E", "B",
    ]  # fmt: skip
    assert [text for text, difference in found if difference is None] == ["G", "F"]


def test_rows_are_as_wide_as_asked_and_hold_every_bar() -> None:
    own = [*BEGINNING, *words("f 2 E D C C 2 C |"), *END]
    alignment = aligned(own, [*BEGINNING, *words("F 2 E D C 4 |"), *END])
    for width in (20, 40, 72, 500):
        rows = list(rows_of(alignment, None, width))
        assert max(len(row.text) for row in rows) <= width
        text = " ".join(row.text for row in rows)
        assert [token for token in text.split() if token != "|"] == [
            token for token in own[2:] if token != "|"
        ]
    (row,) = rows_of(alignment, None, 500)
    assert (row.place, row.other_place) == ("1.1", "1.1")
    marked = row.text.index("f 2")
    assert row.marks.index("^^^") == marked
    assert row.other[marked : marked + 3] == "F 2"


@given(own=strategies.corpora, other=strategies.corpora)
def test_an_alignment_holds_every_token_of_the_asked_tune_in_order(
    own: list[list[str]], other: list[list[str]]
) -> None:
    """Whatever the tunes are, with stray signs among them."""
    header = ["M:4/4", "K:Cmaj"]
    mine = header + [token for tune in own for token in (*tune, "|")]
    theirs = header + [token for tune in other for token in (*tune, "|")]
    if not Line(lay_out(mine)).notes or not Line(lay_out(theirs)).notes:
        return
    alignment = aligned(mine, theirs)
    for bar in alignment.bars:
        assert " ".join(one.text for one in bar.notes if one.text) == bar.text
    list(rows_of(alignment, "Gmaj", 40))
    list(differences_of(alignment, "Gmaj"))
