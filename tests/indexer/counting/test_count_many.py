"""Index.count_many: what each figure's own answer says, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.commands import KESH, MORRISONS, index_of
from tunetrace import (
    Filters,
    Index,
    IndexFileError,
    QueryError,
    add_to_index,
    open_index,
    remove_from_index,
)

MakeIndex = Callable[..., Index]

TUNES = (
    "M:4/4\nK:Cmaj\nC 2 D E C 2 D E | C D E F G A B c |",
    "M:4/4\nK:Cmaj\nC 2 D E 2 | z 2 C D |",
    "M:6/8\nK:Cdor\nC D E C D 2 |",
)


def one_by_one(
    index: Index, figures: Sequence[str], *given: Any, **named: Any
) -> list[tuple[int, int]]:
    """The counts that each figure's own answer has."""
    found = [index.figure(figure, *given, limit=0, **named) for figure in figures]
    return [(matches.tunes, matches.hits) for matches in found]


def test_each_figure_is_counted_as_it_is_by_itself(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    found = index.count_many(["C 2 D E", "C D", "D", "C D E", "=B", "c 2"])
    # D E is not found in D E 2, nor D in D 2.
    assert found.rows() == [(1, 2), (3, 3), (3, 6), (2, 2), (0, 0), (0, 0)]
    assert (found.tunes, found.hits) == ((1, 3, 3, 2, 0, 0), (2, 3, 6, 2, 0, 0))
    assert (found.of, found.view) == (3, "tokens")
    opened = index.count_many(["C 2 D E", "C D"], open_end=True)
    assert opened.rows() == [(2, 3), (3, 4)]


@pytest.mark.parametrize("planted", [False, True])
def test_filters_open_ends_and_views_mean_what_they_do_for_one_figure(
    make_index: MakeIndex, planted: bool
) -> None:
    index = make_index(*TUNES)
    if planted:
        index.figures.plant()
    figures = ["C 2 D E", "C D", "D", "| z 2", "C * E", "{C D} E", "C? D"]
    for filters in (
        Filters(),
        Filters(meter="4/4"),
        Filters(key="dor"),
        Filters(bar=1, onset=Fraction(0)),
    ):
        for open_end in (False, True):
            expected = one_by_one(index, figures, filters, open_end=open_end)
            assert index.count_many(figures, filters, open_end=open_end).rows() == expected
    for view, some in (
        ("melody", ["0 2 4", "0 {2 4}"]),
        ("intervals", ["+2 +2", "0"]),
        ("rhythm", ["2 1 1", "|", "| 1 1"]),
        ("contour", ["U U", "UUD", "R"]),
    ):
        some = [figure for figure in some if figure != "|"]
        assert index.count_many(some, view=view).rows() == one_by_one(index, some, view=view)


def test_figures_in_abc_and_in_a_key_are_read_as_one_is(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    mixed = ["C D E", "K:G GAB", "CDE", "  C   D\tE "]
    assert index.count_many(mixed).rows() == one_by_one(index, mixed)
    assert index.count_many(["G A B"], in_key="G").rows() == one_by_one(
        index, ["G A B"], in_key="G"
    )


def test_a_figure_may_be_a_list_of_symbols(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    texts = ["C 2 D E", "C D"]
    expected = index.count_many(texts)
    assert index.count_many([text.split() for text in texts]) == expected
    assert index.count_many(tuple(text.split()) for text in texts) == expected
    assert index.count_many("C D").rows() == expected.rows()[1:]
    assert index.count_many([]).rows() == []


@pytest.mark.parametrize("wrong", ["C\0", "\0", "C Ĉ", "C qqqqqqqqq"])
def test_a_word_that_only_begins_like_a_token_is_none(make_index: MakeIndex, wrong: str) -> None:
    index = make_index(*TUNES)
    with pytest.raises(QueryError) as of_one:
        index.figure(wrong)
    with pytest.raises(QueryError) as of_many:
        index.count_many(["C D", wrong])
    assert str(of_many.value) == f"figure 2: {of_one.value}"


def test_a_line_break_in_a_figure_is_a_space_in_it(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    assert index.count_many(["C D", "C \n D", "C\nD"]).rows() == [(3, 3)] * 3


def test_corpora_that_were_added_and_removed(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH)
    other = tmp_path / "other.abc"
    other.write_text(MORRISONS)
    add_to_index(other, path)
    figures = ["C D E", "C 3", "E 3 | E"]
    with open_index(path) as index:
        assert len(index.figures.segments) == 2
        assert index.count_many(figures).rows() == one_by_one(index, figures)
        index.figures.plant()
        both = index.count_many(figures)
        assert both.rows() == one_by_one(index, figures)
        remove_from_index("other", path)
        with pytest.raises(IndexFileError, match="was changed"):
            index.count_many(figures)
    with open_index(path) as index:
        index.figures.plant()
        assert index.count_many(figures).rows() == one_by_one(index, figures)
        assert index.count_many(figures).of == both.of - 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"figures": None},
         "figures cannot be None; give a list of figures, each as text or as a list of symbols"),
        ({"figures": b"C D"},
         "figures cannot be b'C D'; give a list of figures, each as text or as a list of symbols"),
        ({"figures": ["C D", 3]},
         "one of figures cannot be 3; give text, as a str, or a list of texts"),
        ({"figures": ["C D", ["E", None]]},
         "one of one of figures cannot be None; give text, as a str"),
        ({"figures": ["C D", ""]},
         "figure 2: the figure is empty; give tokens separated by spaces, such as 'G, C C 2'"),
        ({"figures": ["C D", "| 2"]}, "figure 2: the figure '| 2' has no note; add a note"),
        ({"figures": ["C <s>"]},
         "figure 1: '<s>' cannot be in a figure; filter with --meter or --key instead"),
        ({"figures": ["0 2"], "view": "melody", "open_end": True},
         "an open end has no meaning in the view melody, where a note is never longer than it is "
         "written; leave it out"),
        ({"figures": ["C"], "view": "notes"},
         "view cannot be 'notes'; give one of tokens, melody, intervals, rhythm, contour"),
        ({"figures": ["C"], "filters": {"bar": 1}},
         "filters cannot be of the type dict; give Filters, such as Filters(meter='6/8')"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_in_a_sentence(
    make_index: MakeIndex, given: dict[str, Any], sentence: str
) -> None:
    index = make_index(*TUNES)
    with pytest.raises(QueryError) as refused:
        index.count_many(**given)
    assert str(refused.value) == sentence


def test_a_closed_index_is_refused(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    index.close()
    with pytest.raises(IndexFileError, match="closed"):
        index.count_many(["C"])


def test_figures_of_real_tunes(v2_index: Index) -> None:
    figures = []
    for tune in range(1, 3000, 100):
        tokens = v2_index.tokens(tune)[2:]
        for start in (0, 7, 21):
            figures += [" ".join(tokens[start : start + length]) for length in (1, 3, 8, 20)]
    usable = []
    for figure in figures:
        try:
            v2_index.figure(figure, limit=0)
        except QueryError:  # one without a note
            continue
        usable.append(figure)
    assert len(usable) > 250
    assert v2_index.count_many(usable).rows() == one_by_one(v2_index, usable)
