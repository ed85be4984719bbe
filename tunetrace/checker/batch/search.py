"""A matcher that searches: each question is a bisection in the suffix arrays of the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Numbers, rows
from tunetrace.checker.batch.matcher import FigureHits
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.indexer.bars.found import find_bars
from tunetrace.indexer.index import Index
from tunetrace.indexer.music.sameness import SameMusic
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.suffix import longest_matches
from tunetrace.tokenizer.layout.bars import Layout

_FEW_HITS: Final = 64
_NO_HITS: Final[Numbers] = np.empty(0, dtype=np.int32)

FoundHits = tuple[Numbers, Numbers]
"""The tunes and the first symbols of the hits of one figure."""


class SearchLongest:
    """A stream matched with the segments of an index.

    admitted: which tunes count, as a mask by id; None for all. positions: the same as a mask of the
    positions of each segment.
    """

    def __init__(
        self,
        figures: FigureSearch,
        stream: BatchStream,
        admitted: Mask | None = None,
        positions: Sequence[Mask | None] = (),
    ) -> None:
        self._figures = figures
        self._admitted = admitted
        self._symbols = stream.text
        self._found: dict[bytes, FoundHits] = {}
        self._counts: dict[bytes, tuple[int, int]] = {}
        self.longest: Numbers = np.zeros(len(self._symbols), dtype=np.int32)
        # The symbol that follows one of the longest matches in the corpus.
        self._following: NDArray[np.uint8] = np.zeros(len(self._symbols), dtype=np.uint8)
        for segment, mask in zip_longest(figures.segments, positions):
            lengths, places = longest_matches(self._symbols, segment, mask)
            is_longer = lengths > self.longest
            self.longest[is_longer] = lengths[is_longer]
            following = segment.symbols.take(places + lengths, mode="clip")
            self._following[is_longer] = following[is_longer]

    def match_has_ended(self, firsts: Numbers) -> NDArray[np.bool_]:
        has_ended = ~self._figures.goes_on[self._following[firsts]]
        # Another match of this length may be followed by another symbol.
        for k in np.flatnonzero(~has_ended).tolist():
            first = int(firsts[k])
            has_ended[k] = self.count(first, first + int(self.longest[first]))[1] > 0
        return has_ended

    def places(self, first: int, stop: int) -> FoundHits:
        """The hits of the figure from first up to stop. Each figure is searched for once."""
        figure = self._symbols[first:stop]
        if figure not in self._found:
            found = self._figures.find(figure, admitted=self._admitted)
            tunes, symbols = _joined([some.segment.places(some.positions) for some in found])
            if len(tunes) > 1:
                in_order = np.lexsort((symbols, tunes))
                tunes, symbols = tunes[in_order], symbols[in_order]
            self._found[figure] = tunes, symbols
        return self._found[figure]

    def count(self, first: int, stop: int) -> tuple[int, int]:
        """The number of tunes and of hits of the figure from first up to stop."""
        figure = self._symbols[first:stop]
        if figure not in self._counts:
            self._counts[figure] = self._figures.count(figure, admitted=self._admitted)
        return self._counts[figure]

    def occurs_in_more(self, first: int, stop: int, tunes: int) -> bool:
        """Whether the figure from first up to stop is found in more than this number of tunes."""
        figure = self._symbols[first:stop]
        few = self._figures.find(figure, admitted=self._admitted, most=_FEW_HITS)
        # For a common figure a few hits are enough.
        return self._figures.distinct_tunes(few) > tunes or self.count(first, stop)[0] > tunes

    def find(self, firsts: Numbers, stops: Numbers) -> _SearchedFigures:
        return _SearchedFigures([self.places(*bounds) for bounds in rows(firsts, stops)])


class SearchMatches(SearchLongest):
    """A stream matched with an index. bars: the hits of each of its bars."""

    def __init__(
        self,
        index: Index,
        stream: BatchStream,
        admitted: Mask | None,
        positions: Sequence[Mask | None],
    ) -> None:
        view = stream.view
        super().__init__(index.in_view(view), stream, admitted, positions)
        self._index = index
        self._stream = stream
        self.model = index.backoff_in(view)
        self.family_of = index.family_of
        self.symbol_places = None if view.units is None else index.places_in(view)
        asked = stream.asked_bars(index.vocabulary)
        self.bars = find_bars(index.bars_in(view), asked, admitted)

    def same_music(self, layouts: Sequence[Layout]) -> list[SameMusic]:
        return self._index.same_music(layouts, self._admitted)

    def bars_found(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        stream, bars = self._stream, self.bars
        return bars.are_there(), bars.are_placed(stream.bar_parts, stream.bar_numbers)

    def bars_shared(self, of: Numbers, tunes: Numbers) -> Numbers:
        pair, bars = self._stream.bars_of_pairs(of)
        is_shared = self.bars.are_in_tunes(bars, tunes[pair])
        return np.bincount(pair[is_shared], minlength=len(of)).astype(np.int32)


@dataclass(frozen=True, slots=True)
class _SearchedFigures:
    places: list[FoundHits]

    @property
    def sizes(self) -> NDArray[np.int64]:
        return np.array([len(tunes) for tunes, _ in self.places], dtype=np.int64)

    def hits(self, some: slice) -> FigureHits:
        numbers = np.arange(len(self.places), dtype=np.int32)[some]
        tunes, symbols = _joined(self.places[some])
        return FigureHits(np.repeat(numbers, self.sizes[some]), tunes, symbols)


def _joined(found: list[FoundHits]) -> FoundHits:
    tunes, symbols = zip((_NO_HITS, _NO_HITS), *found, strict=True)
    return np.concatenate(tunes), np.concatenate(symbols)
