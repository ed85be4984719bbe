"""Many figures looked up in segments together: as looking at every pair of positions says."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace.indexer.search import joint
from tunetrace.indexer.search.joint import (
    Barred,
    Ends,
    Figures,
    Hits,
    Longest,
    LongestSearch,
    hits_in,
)
from tunetrace.indexer.search.segment import Segment
from tunetrace.tokenizer.vocabulary import SEPARATOR

GOES_ON = np.arange(256) == 0
"""The symbol 0 lengthens the note before it."""

Tunes = list[bytes]

a_tune = st.lists(st.sampled_from([0, 1, 2, 254]), max_size=24).map(bytes)
corpora = st.lists(a_tune, min_size=1, max_size=6)
"""Tunes of four symbols, which have much in common."""


def stream_of(tunes: Tunes) -> bytes:
    end = bytes([SEPARATOR])
    return end + b"".join(tune + end for tune in tunes)


def in_segments(tunes: Tunes, cuts: list[int]) -> list[Segment]:
    """Segments of tunes with the ids 1, 2 …, cut before some of them."""
    bounds = [0, *sorted({cut for cut in cuts if 0 < cut < len(tunes)}), len(tunes)]
    return [
        Segment.of(range(first + 1, stop + 1), stream_of(tunes[first:stop]))
        for first, stop in pairwise(bounds)
        if first < stop
    ]


def shared(left: bytes, right: bytes) -> int:
    """How many symbols two strings have in common from the start."""
    return next((k for k, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))  # fmt: skip  # noqa: B905, E501


def places(tunes: Tunes) -> list[tuple[int, int]]:
    """Every symbol: the id of its tune, and which it is."""
    return [(tune, at) for tune, symbols in enumerate(tunes, 1) for at in range(len(symbols))]


@pytest.mark.parametrize("few", [0, 10**6])
@given(corpora, corpora, st.lists(st.integers(1, 5), max_size=3), st.data())
def test_the_longest_match_is_the_longest_with_any_tune_of_another_group(
    few: int, corpus: Tunes, asked: Tunes, cuts: list[int], data: st.DataObject
) -> None:
    text = stream_of(asked)[1:]
    groups = np.array([0, *(data.draw(st.integers(0, 2)) for _ in corpus)], dtype=np.int32)
    own = np.array([data.draw(st.integers(0, 2)) for _ in text], dtype=np.int32)
    begins = np.ones(len(text), dtype=bool)
    ends = np.array([data.draw(st.booleans()) for _ in range(len(text) + 1)])
    before, joint._FEW = joint._FEW, few
    try:
        matches = LongestSearch(text, Ends(begins, ends, GOES_ON), Barred(groups, own))
        found = matches.among(in_segments(corpus, cuts))
    finally:
        joint._FEW = before
    for at, group in enumerate(own.tolist()):
        ahead = text[at : text.index(SEPARATOR, at)]
        lengths = {
            (tune, place): shared(ahead, corpus[tune - 1][place:])
            for tune, place in places(corpus)
            if groups[tune] != group
        }
        longest = max(lengths.values(), default=0)
        assert found.lengths[at] == longest
        following = [
            corpus[tune - 1][place + longest : place + longest + 1]
            for (tune, place), length in lengths.items()
            if length == longest
        ]
        ended = any(not symbol or not GOES_ON[symbol[0]] for symbol in following)
        assert found.has_ended[at] == (longest > 0 and bool(ends[at + longest]) and ended)


@given(corpora, st.lists(st.integers(1, 5), max_size=2), st.permutations(range(3)))
def test_matches_in_segments_are_merged_in_any_order_and_grouping(
    corpus: Tunes, cuts: list[int], order: list[int]
) -> None:
    text = stream_of([symbols[::-1] for symbols in corpus])[1:]
    everywhere = np.ones(len(text) + 1, dtype=bool)
    matches = LongestSearch(text, Ends(everywhere[1:], everywhere, GOES_ON))
    segments = in_segments(corpus, cuts)
    whole = matches.among(in_segments(corpus, []))
    each = [matches.in_segment(segment) for segment in segments]
    each += [Longest.none(len(text))] * (3 - len(each))
    first, second, third = (pickle.loads(pickle.dumps(each[k])) for k in order)
    for merged in (first.merged(second).merged(third), first.merged(second.merged(third))):
        assert merged.lengths.tolist() == whole.lengths.tolist()
        assert merged.has_ended.tolist() == whole.has_ended.tolist()


@given(corpora, st.lists(st.integers(1, 5), max_size=3), st.data())
def test_hits_are_those_of_every_place(corpus: Tunes, cuts: list[int], data: st.DataObject) -> None:
    admitted = np.array([False, *(data.draw(st.booleans()) for _ in corpus)])
    most = data.draw(st.sampled_from([None, 1, 2]))
    text = stream_of([*corpus, bytes([1, 2, 1])])
    bounds = [
        (first, stop)
        for first in range(len(text))
        for stop in range(first + 1, len(text) + 1)
        if SEPARATOR not in text[first:stop]
    ]
    chosen = data.draw(st.lists(st.sampled_from(bounds), max_size=8)) if bounds else []
    firsts, stops = np.array(chosen, dtype=np.int32).reshape(-1, 2).T
    figures = Figures(text, firsts, stops - firsts)
    before, joint._TOGETHER = joint._TOGETHER, 4
    try:
        found = Hits.merged(
            [
                hits_in(segment, figures, GOES_ON, admitted=admitted, most=most)
                for segment in in_segments(corpus, cuts)
            ]
        )
    finally:
        joint._TOGETHER = before
    expected = []
    for number, (first, stop) in enumerate(chosen):
        figure = text[first:stop]
        for tune, symbols in enumerate(corpus, 1):
            hits = [
                at
                for at in range(len(symbols))
                if symbols[at:].startswith(figure) and symbols[at + len(figure) :][:1] != b"\0"
            ]
            expected += [(number, tune, at) for at in hits[:most] if admitted[tune]]
    assert list(zip(*(column.tolist() for column in (found.of, found.tunes, found.symbols)), strict=True)) == expected  # fmt: skip  # noqa: E501


def test_many_barred_suffixes_in_a_row_are_passed_over() -> None:
    corpus = [bytes([1] * 300), bytes([2]), bytes([1, 2, 1])]
    (segment,) = in_segments(corpus, [])
    text = bytes([1] * 5 + [SEPARATOR])
    ends = Ends(np.ones(6, dtype=bool), np.ones(7, dtype=bool), GOES_ON)
    barred = Barred.except_for(np.array([False, False, True, True]), len(text))
    found = LongestSearch(text, ends, barred).in_segment(segment)
    assert found.lengths.tolist() == [1, 1, 1, 1, 1, 0]
