"""Counts that are ready before they are asked for, against those of the slow search."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import brute
from tests.indexer.search.test_figures import VOCABULARY, search
from tests.strategies import NOTES, corpora
from tunetrace import Index
from tunetrace.indexer.counting.many import count_many
from tunetrace.indexer.counting.tree import DEEPEST, RARE
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.tokenizer.vocabulary import SEPARATOR

END = bytes([SEPARATOR])

few_tokens = st.lists(
    st.lists(st.sampled_from(["C", "C", "C", "D", "2", "|"]), min_size=1, max_size=40),
    min_size=1,
    max_size=8,
)
"""Tunes of so few different tokens that many figures are common."""


@st.composite
def tunes_and_figures(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    """Tunes, some of them several times, and figures of which most are in them."""
    tunes = draw(st.one_of(few_tokens, corpora)) * draw(st.sampled_from([1, 1, 9]))
    cuts = st.tuples(st.sampled_from(tunes), st.integers(0, 20), st.integers(1, 24)).map(
        lambda cut: cut[0][cut[1] : cut[1] + cut[2]]
    )
    loose = st.lists(st.sampled_from([*NOTES, "2", "|", "=B"]), min_size=1, max_size=3)
    figures = draw(st.lists(st.one_of(cuts, cuts, loose), max_size=12))
    walled = [[token for token in figure if not brute.is_wall(token)] for figure in figures]
    return tunes, [figure for figure in walled if figure]


def asked(figures: list[list[str]]) -> bytes:
    """Figures in the form of count_many."""
    return b"".join(VOCABULARY.encode(figure) + END for figure in figures)


def by_hand(
    tunes: list[list[str]], figures: list[list[str]], *, open_end: bool
) -> list[tuple[int, int]]:
    """In how many tunes, and how often, each figure is found."""
    found = [brute.figure_hits(tunes, figure, open_end=open_end) for figure in figures]
    return [(len({tune for tune, _ in hits}), len(hits)) for hits in found]


def pairs(counts: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, int]]:  # type: ignore[type-arg]
    return list(zip(counts[0].tolist(), counts[1].tolist(), strict=True))


@settings(max_examples=150)
@given(tunes_and_figures(), st.booleans(), st.integers(1, 4))
def test_counts_are_those_of_brute_force_however_the_corpus_is_segmented(
    given_: tuple[list[list[str]], list[list[str]]], open_end: bool, tunes_in_segment: int
) -> None:
    tunes, figures = given_
    expected = by_hand(tunes, figures, open_end=open_end)
    index = search(tunes, tunes_in_segment)
    before = count_many(index, asked(figures), open_end=open_end)
    index.plant()
    assert pairs(before) == expected
    assert pairs(count_many(index, asked(figures), open_end=open_end)) == expected
    symbols = [VOCABULARY.encode(figure) for figure in figures]
    assert [index.count(figure, open_end) for figure in symbols] == expected


@settings(max_examples=60)
@given(tunes_and_figures(), st.booleans(), st.integers(1, 4), st.data())
def test_tunes_that_are_not_admitted_do_not_count(
    given_: tuple[list[list[str]], list[list[str]]],
    open_end: bool,
    tunes_in_segment: int,
    data: st.DataObject,
) -> None:
    tunes, figures = given_
    is_admitted = data.draw(st.lists(st.booleans(), min_size=len(tunes), max_size=len(tunes)))
    mask = np.array([False, *is_admitted])
    admitted = [tune for tune, is_in in zip(tunes, is_admitted, strict=True) if is_in]
    expected = by_hand(admitted, figures, open_end=open_end)
    index = search(tunes, tunes_in_segment)
    for _ in range(2):
        found = count_many(index, asked(figures), open_end=open_end, admitted=mask)
        assert pairs(found) == expected
        symbols = [VOCABULARY.encode(figure) for figure in figures]
        assert [index.count(figure, open_end, mask) for figure in symbols] == expected
        index.plant()


@given(tunes_and_figures())
def test_the_native_search_gives_the_ranks_of_all_suffixes_that_begin_alike(
    given_: tuple[list[list[str]], list[list[str]]],
) -> None:
    tunes, figures = given_
    (segment,) = search(tunes).segments
    suffixes = [segment.text[place:] for place in segment.suffixes.tolist()]
    for figure in [*map(VOCABULARY.encode, figures), END, END + VOCABULARY.encode(tunes[0])]:
        low = sum(suffix < figure for suffix in suffixes)
        found = sum(suffix.startswith(figure) for suffix in suffixes)
        assert segment.interval(figure) == (low, low + found)


def test_the_rows_of_a_tiny_corpus() -> None:
    # C C … C (20 of them) and C 2: after C is C 19 times, the end once, and a length once.
    index = search([["C"] * 20, ["C", "2"]])
    (tree,) = index.plant()
    assert tree.levels[:3] == [0, 3, 6]  # C, 2, the end; C C, C 2, C and the end
    c, two = VOCABULARY.encode(["C", "2"])
    rows = sorted([(c, 21, 2, 20, 1), (two, 1, 1, 1, 1), (SEPARATOR, 2, 2, 2, 2)])
    columns = (tree.symbols, tree.hits, tree.tunes, tree.closed_hits, tree.closed_tunes)
    first = [tuple(int(column[row]) for column in columns) for row in range(3)]
    assert first == rows
    # The figure C C C C, 17 places, is common; so is no longer one, of 16 and fewer.
    assert len(tree.levels) - 1 == 5
    assert tree.hits[tree.levels[3]] == 17
    assert RARE == 16


def test_a_figure_of_more_symbols_than_the_tree_has_is_counted_too() -> None:
    tunes = [["C", "D", "E"] * 12] * 20
    index = search(tunes)
    (tree,) = index.plant()
    assert len(tree.levels) - 1 == DEEPEST
    figures = [(["C", "D", "E"] * 12)[start : start + 30] for start in range(3)]
    # In 36 tokens it begins at 0, 3 and 6; or at 1 and 4; or at 2 and 5.
    expected = [(20, 60), (20, 40), (20, 40)]
    assert pairs(count_many(index, asked(figures))) == expected
    assert [index.count(VOCABULARY.encode(figure)) for figure in figures] == expected


def test_it_is_counted_beforehand_once_that_pays() -> None:
    index = search([["C", "D"]])
    figure = VOCABULARY.encode(["C"]) + END
    assert index.trees(questions=0) is None
    count_many(index, figure * 1000)
    assert index.trees(questions=0) is None
    count_many(index, figure)
    assert index.trees(questions=0) is not None


def test_many_figures_of_real_tunes_are_counted_as_one_by_one(v2_index: Index) -> None:
    # A search of its own, so that other tests meet the index as it was.
    shared = v2_index.figures
    index = FigureSearch(shared.segments, shared.vocabulary)
    pieces = [shared.segments[0].symbols_of(tune) for tune in range(1, 400, 7)]
    figures = [
        piece[start : start + length]
        for piece in pieces
        for start, length in ((5, 3), (9, 5), (20, 8), (30, 12), (12, 40))
    ]
    figures = [figure for figure in figures if figure]
    expected = [shared.count(figure) for figure in figures]
    index.plant()
    assert pairs(count_many(index, b"".join(figure + END for figure in figures))) == expected
    assert [index.count(figure) for figure in figures] == expected
    assert len(set(chain(expected))) > 50


@pytest.mark.parametrize("planted", [False, True])
def test_no_figures_have_no_counts(planted: bool) -> None:
    index = search([["C"]])
    if planted:
        index.plant()
    assert pairs(count_many(index, b"")) == []
