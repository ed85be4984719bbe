"""Which bars of a tune are over which of another, and which of their notes differ."""

from __future__ import annotations

from dataclasses import replace

from tests.checker.batches import source
from tunetrace.checker.records import SharedStretch, Source
from tunetrace.checker.similar.records import AlignedBar, AlignedNotes, Alignment
from tunetrace.reports.scores.pairs import ALONE, aligned_rows, shared_rows
from tunetrace.score.aligned import Over, Under
from tunetrace.tokenizer.layout.bars import Layout, lay_out


def layout(tokens: str) -> Layout:
    return lay_out(tokens.split())


def sharing(*stretches: tuple[int, int, int]) -> Source:
    """A source. Of each stretch: its first note in the tune, the one after its last, and its first
    token in the source."""
    found = tuple(SharedStretch(0, 0, first, stop, token) for first, stop, token in stretches)
    return replace(source(1, 20.0), stretches=found)


def test_a_bar_is_over_the_bar_that_has_its_notes() -> None:
    own = layout("M:2/4 K:Cmaj C 2 D 2 | E 2 F 2 | G 2 A 2")
    other = layout("M:2/4 K:Cmaj B 2 B 2 | E 2 F 2 | G 4")
    # Notes 2 to 4 (E F G) are shared, from token 7 of the source on.
    rows = shared_rows(own, sharing((2, 5, 7)), other)
    assert rows.under == [
        Under(1, ["E", "2", "F", "2"], set(), {}),
        Under(2, ["G", "4"], set(), {}),
    ]
    # A, the last note, is not shared; its token is 14.
    assert rows.over == Over({14}, {14: ALONE})


def test_notes_that_only_the_source_has_are_named_once_in_a_row() -> None:
    own = layout("M:4/4 K:Cmaj C 2 D 2 E 2 F 2")
    other = layout("M:4/4 K:Cmaj C 2 B A D 2 E 2")
    rows = shared_rows(own, sharing((0, 1, 2), (1, 3, 6)), other)
    assert rows.over == Over({8}, {8: ALONE})  # F
    assert rows.under == [Under(0, ["C", "2", "B", "A", "D", "2", "E", "2"], {2, 3}, {2: ALONE})]


def test_a_source_in_another_mode_keeps_its_sound() -> None:
    own = layout("M:4/4 K:Cmaj C 2 _E 2 E 2 F 2")
    # In C minor E, A and B are flat; the accidental of the second E holds until the bar line.
    other = layout("M:4/4 K:Cmin C 2 E 2 =E 2 E 2 | C 2 A 2 F 2 A 2")
    (under,) = shared_rows(own, sharing((0, 2, 2)), other).under
    assert under.tokens == ["C", "2", "_E", "2", "=E", "2", "E", "2"]
    (under,) = shared_rows(own, sharing((0, 1, 11)), other).under
    assert under.tokens == ["C", "2", "_A", "2", "F", "2", "A", "2"]


def test_a_chord_that_differs_has_all_its_notes_and_one_word() -> None:
    own = layout("M:2/4 K:Cmaj [ C E ] 2 D 2")
    other = layout("M:2/4 K:Cmaj C 2 D 2")
    rows = shared_rows(own, sharing((1, 2, 4)), other)
    assert rows.over == Over({3, 4}, {2: ALONE})
    assert rows.under == [Under(0, ["C", "2", "D", "2"], {0}, {0: ALONE})]


def test_a_near_copy_is_below_each_bar_with_a_word_where_it_differs() -> None:
    own = layout("M:2/4 K:Cmaj C 2 D 2 | E F G A | B 4")
    bars = (
        AlignedBar(1, 1, None, "C 2 D 2", 1, 1, None, "C 2 ^D 2", (
            AlignedNotes("C 2", "C 2", None), AlignedNotes("D 2", "^D 2", "accidental"))),
        AlignedBar(1, 2, None, "E F G A", 1, 2, None, "E | G A", (
            AlignedNotes("E", "E", None), AlignedNotes("F", "", "added"),
            AlignedNotes("G A", "| G A", None))),
        AlignedBar(1, 3, None, "B 4", None, None, None, "", (AlignedNotes("B 4", "", "absent"),)),
    )  # fmt: skip
    rows = aligned_rows(own, Alignment(0, bars, ()))
    # D is token 4, F 8 and B 12.
    assert rows.over == Over({4, 8, 12}, {8: "added", 12: "not in it"})
    assert rows.under == [
        Under(0, ["C", "2", "^D", "2"], {2}, {2: "accidental"}),
        Under(1, ["E", "|", "G", "A"], set(), {}),
        Under(2, [], set(), {}),
    ]
    assert rows.words == {"accidental", "added", "not in it"}
