"""A matcher that searches: each question is a bisection in the suffix arrays of the index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Numbers, rows
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.indexer.bars.found import find_bars
from tunetrace.indexer.index import Index
from tunetrace.indexer.music.sameness import SameMusic
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.joint import Hits, hits_between
from tunetrace.indexer.search.longest import longest_matches
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.layout.bars import Layout


class SearchLongest:
    """A stream matched with the segments of an index.

    admitted: which tunes count, as a mask by id; None for all.
    """

    def __init__(
        self,
        figures: FigureSearch,
        stream: BatchStream,
        admitted: Mask | None = None,
    ) -> None:
        self._figures = figures
        self._admitted = admitted
        self._symbols = stream.text
        self._counts: dict[bytes, tuple[int, int]] = {}
        self.longest: Numbers
        # The symbol that follows one of the longest matches in the corpus.
        self.longest, self._following = longest_matches(stream.text, figures.segments, admitted)

    def match_has_ended(self, firsts: Numbers) -> NDArray[np.bool_]:
        has_ended = ~self._figures.goes_on[self._following[firsts]]
        # Another match of this length may be followed by another symbol.
        for k in np.flatnonzero(~has_ended).tolist():
            first = int(firsts[k])
            figure = self._symbols[first : first + int(self.longest[first])]
            has_ended[k] = self._figures.occurs(figure, self._admitted)
        return has_ended

    def count(self, first: int, stop: int) -> tuple[int, int]:
        """The number of tunes and of hits of the figure from first up to stop."""
        figure = self._symbols[first:stop]
        if figure not in self._counts:
            self._counts[figure] = self._figures.count(figure, admitted=self._admitted)
        return self._counts[figure]

    def occurs_in_more(self, first: int, stop: int, tunes: int) -> bool:
        """Whether the figure from first up to stop is found in more than this number of tunes."""
        return self._figures.occurs_in_more(self._symbols[first:stop], tunes, self._admitted)

    def find(self, firsts: Numbers, stops: Numbers, most: int | None) -> Hits:
        figures = [self._symbols[first:stop] for first, stop in rows(firsts, stops)]
        lengths = stops - firsts
        found = []
        for segment in self._figures.segments:
            ranges = [segment.interval(figure) for figure in figures]
            low, high = np.array(ranges, dtype=np.int32).reshape(-1, 2).T
            goes_on = self._figures.goes_on
            found.append(
                hits_between(
                    segment, low, high, lengths, goes_on, admitted=self._admitted, most=most
                )
            )
        return Hits.merged(found)


class SearchMatches(SearchLongest):
    """A stream matched with an index. bars: the hits of each of its bars."""

    def __init__(self, index: Index, stream: BatchStream, admitted: Mask | None) -> None:
        view = stream.view
        super().__init__(index.in_view(view), stream, admitted)
        self._index = index
        self._stream = stream
        self.model = index.backoff_in(view)
        self.family_of = index.family_of
        self._symbol_places = None if view.units is None else index.places_in(view)
        asked = stream.asked_bars(index.vocabulary)
        self.bars = find_bars(index.bars_in(view), asked, admitted)

    def first_tokens(self, tunes: Numbers, symbols: Numbers) -> Numbers:
        places = self._symbol_places
        return symbols if places is None else places.tokens_at(tunes, symbols)

    def same_music(self, layouts: Sequence[Layout]) -> list[SameMusic]:
        return self._index.same_music(layouts, self._admitted)

    def bars_found(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        stream, bars = self._stream, self.bars
        return bars.are_there(), bars.are_placed(stream.bar_parts, stream.bar_numbers)

    def bars_shared(self, of: Numbers, tunes: Numbers) -> Numbers:
        pair, bars = self._stream.bars_of_pairs(of)
        is_shared = self.bars.are_in_tunes(bars, tunes[pair])
        return np.bincount(pair[is_shared], minlength=len(of)).astype(np.int32)
