"""Many figures in one call: all are looked up in the tree together, symbol by symbol.

A search for one figure takes microseconds, most of them Python's own. Here each step is one array
operation for all figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from tunetrace.indexer.counting.tree import Numbers, SuffixTree
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.segment import Mask, Segment
from tunetrace.indexer.search.suffix import Symbols, words
from tunetrace.tokenizer.vocabulary import SEPARATOR

_PLACES: Final = 1 << 20
"""About this many places are looked at together, which bounds the memory that they take."""

_FIRST: Final = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)
"""(9,) masks of the first symbols of a word."""

_FIGURE: Final = 32
"""The bits of a tune, below those of a figure."""


@dataclass(frozen=True, slots=True)
class _Figures:
    """Figures in one stream."""

    stream: bytes
    """Their symbols, with a SEPARATOR after each."""
    symbols: Symbols
    """The same as an array."""
    starts: Numbers
    """(figures,) where each begins."""
    lengths: Numbers
    """(figures,) how many symbols it has."""


def count_many(
    search: FigureSearch, stream: bytes, *, open_end: bool = False, admitted: Mask | None = None
) -> tuple[Numbers, Numbers]:
    """In how many tunes, and how often, each of many figures is found: two (figures,).

    stream: the figures as symbols, with a SEPARATOR after each; none is empty. The answers are
    those of FigureSearch.count. Where few figures are given before the common ones are counted,
    they are counted one by one.
    """
    figures = _read(stream)
    trees = search.trees(questions=len(figures.starts))
    if trees is None:
        counts = [
            search.count(figure, open_end, admitted)
            for figure in stream.split(bytes([SEPARATOR]))[:-1]
        ]
        tunes, hits = np.array(counts, dtype=np.intp).reshape(-1, 2).T
        return tunes, hits
    tunes, hits = np.zeros((2, len(figures.starts)), dtype=np.intp)
    goes_on = np.zeros(256, dtype=bool) if open_end else search.goes_on
    for segment, tree in zip(search.segments, trees, strict=True):
        rows, depths = _find(figures, tree)
        is_known = (rows >= 0) & (depths == figures.lengths)
        if admitted is None:
            at = rows[is_known]
            tunes[is_known] += (tree.tunes if open_end else tree.closed_tunes)[at]
            hits[is_known] += (tree.hits if open_end else tree.closed_hits)[at]
            rows[is_known] = -1
        for some in _slices(rows, tree):
            chosen, places = _places(figures, some, rows[some], depths[some], tree, segment)
            is_hit = ~goes_on[segment.symbols.take(places + figures.lengths[chosen], mode="clip")]
            of_places = segment.tunes_at(places)
            if admitted is not None:
                is_hit &= admitted[of_places]
            chosen = chosen[is_hit]
            hits += np.bincount(chosen, minlength=len(hits))
            # Equal pairs of a figure and a tune are neighbours when sorted.
            pairs = np.sort(chosen << _FIGURE | of_places[is_hit])
            is_new = np.ones(len(pairs), dtype=bool)
            np.not_equal(pairs[1:], pairs[:-1], out=is_new[1:])
            tunes += np.bincount(pairs[is_new] >> _FIGURE, minlength=len(tunes))
    return tunes, hits


def _read(stream: bytes) -> _Figures:
    symbols = np.frombuffer(stream, dtype=np.uint8)
    stops = np.flatnonzero(symbols == SEPARATOR)
    starts = np.append(0, stops + 1)[:-1]
    return _Figures(stream, symbols, starts, stops - starts)


def _find(figures: _Figures, tree: SuffixTree) -> tuple[Numbers, Numbers]:
    """What SuffixTree says of each figure: two (figures,).

    The row of the figure's longest beginning that has one, and the length of that; where that is
    shorter than the figure, its places have to be looked at. Row -1 for a figure that is not found.
    """
    # Figures in order are looked up in order, which the CPU's cache favours.
    order = np.argsort(words(figures.stream)[figures.starts].byteswap())
    rows = np.full(len(order), -1, dtype=np.intp)
    depths = np.zeros(len(order), dtype=np.intp)
    left, ahead, lengths = order, figures.starts[order], figures.lengths[order]
    above = np.zeros(len(order), dtype=np.intp)
    for depth, (start, stop) in enumerate(pairwise(tree.levels), 1):
        keys = tree.keys[start:stop]
        wanted = (above << 8) + figures.symbols[ahead]
        found = keys.searchsorted(wanted)
        is_found = keys.take(found, mode="clip") == wanted
        found += start
        rows[left] = np.where(is_found, found, -1)
        depths[left] = depth
        has_more = np.flatnonzero(is_found & (lengths > depth))
        has_more = has_more[tree.has_longer[found[has_more]]]
        if not len(has_more):
            break
        left, ahead, lengths = left[has_more], ahead[has_more] + 1, lengths[has_more]
        above = found[has_more]
    return rows, depths


def _slices(rows: Numbers, tree: SuffixTree) -> Iterator[Numbers]:
    """The figures whose rows have places to be looked at, about _PLACES of them at a time."""
    numbers = np.flatnonzero(rows >= 0)
    piece = np.cumsum(tree.hits[rows[numbers]]) // _PLACES
    return iter(np.split(numbers, np.flatnonzero(np.diff(piece)) + 1)) if len(numbers) else iter(())


def _places(
    figures: _Figures,
    numbers: Numbers,
    rows: Numbers,
    depths: Numbers,
    tree: SuffixTree,
    segment: Segment,
) -> tuple[Numbers, Numbers]:
    """Where some figures are found, of the places of rows of their beginnings: two (places,).

    numbers: of the figures. Returns which figure is found, and where.
    """
    counts = tree.hits[rows]
    stops = np.cumsum(counts)
    within = np.arange(stops[-1]) - np.repeat(stops - counts, counts)
    places = segment.suffixes[np.repeat(tree.firsts[rows], counts) + within].astype(np.intp)
    found = np.repeat(numbers, counts)
    ahead = np.repeat(depths, counts)
    asked, there = words(figures.stream), tree.words
    while True:
        left = figures.lengths[found] - ahead
        if left.max(initial=0) <= 0:
            return found, places
        # Not take, which would copy all words first.
        at = np.minimum(figures.starts[found] + ahead, len(asked) - 1)
        difference = asked[at] ^ there[np.minimum(places + ahead, len(there) - 1)]
        is_same = difference & _FIRST[left.clip(0, 8)] == 0
        found, places, ahead = found[is_same], places[is_same], ahead[is_same] + 8
