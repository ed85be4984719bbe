"""The matcher for slices: all figures of a stream are looked up together, segment by segment.

What is asked of a segment needs that segment and the stream alone, so that the memory that a slice
takes does not grow with the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Numbers, ranges
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.indexer.index import Index
from tunetrace.indexer.music.sameness import SameMusic
from tunetrace.indexer.search.joint import (
    Barred,
    Ends,
    Figures,
    Hits,
    Longest,
    LongestSearch,
    hits_in,
)
from tunetrace.indexer.search.places import SymbolPlaces
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS, View
from tunetrace.tokenizer.layout.bars import Layout


class JointMatcher:
    """The tunes of an index in a view, to be matched with one stream after another.

    admitted: which tunes count, as a mask by id; None for all.
    """

    def __init__(self, index: Index, admitted: Mask | None = None, view: View = TOKENS) -> None:
        self.index = index
        self.view = view
        self.admitted = admitted
        self.search = index.in_view(view)

    @cached_property
    def symbol_places(self) -> SymbolPlaces | None:
        """Where the symbols of the view are; None if they are tokens."""
        return None if self.view.units is None else self.index.places_in(self.view)

    @cached_property
    def bars(self) -> tuple[Mapping[Any, int], NDArray[np.int64], NDArray[np.int64]]:
        """The number of each bar by its key; and the pairs of a bar and a place, and of a bar and
        a tune, each pair packed into one number and sorted."""
        known: Mapping[Any, int]
        in_view = self.symbol_places
        known, places = self.index.bar_table.everything() if in_view is None else in_view.bar_table
        if self.admitted is not None:
            places = places[self.admitted[places[:, 1]]]
            occurring = set(places[:, 0].tolist())
            known = {key: number for key, number in known.items() if number in occurring}
        bars, tunes, parts, numbers = places.T
        packed = packed_places(bars, parts, numbers)
        return known, np.unique(packed), np.unique(bars << 32 | tunes)


class JointLongest:
    """The longest matches of a stream, as they were found in all segments together."""

    def __init__(self, found: Longest) -> None:
        self.longest: Numbers = found.lengths
        self._has_ended = found.has_ended

    def match_has_ended(self, firsts: Numbers) -> Mask:
        return self._has_ended[firsts]


def ends_of(stream: BatchStream, goes_on: Mask) -> Ends:
    """Where spans of a stream may begin, and where its notes end. goes_on: as for Ends."""
    begins = np.zeros(len(stream.symbols), dtype=bool)
    begins[stream.note_begins] = begins[stream.note_leads] = True
    ends = np.zeros(len(stream.symbols) + 1, dtype=bool)
    ends[stream.note_ends] = True
    return Ends(begins, ends, goes_on)


class JointMatches(JointLongest):
    """A stream matched with an index."""

    def __init__(self, matcher: JointMatcher, stream: BatchStream) -> None:
        self._matcher = matcher
        self._stream = stream
        self.model = matcher.index.backoff_in(matcher.view)
        self.symbol_places = matcher.symbol_places
        self.family_of = matcher.index.family_of
        search, admitted = matcher.search, matcher.admitted
        barred = None if admitted is None else Barred.except_for(admitted, len(stream.symbols))
        asked = LongestSearch(stream.text, ends_of(stream, search.goes_on), barred)
        super().__init__(asked.among(search.segments))

    def find(self, firsts: Numbers, stops: Numbers, most: int | None) -> Hits:
        figures = Figures(self._stream.text, firsts, stops - firsts)
        search, admitted = self._matcher.search, self._matcher.admitted
        return Hits.merged(
            [
                hits_in(segment, figures, search.goes_on, admitted=admitted, most=most)
                for segment in search.segments
            ]
        )

    def same_music(self, layouts: Sequence[Layout]) -> list[SameMusic]:
        return self._matcher.index.same_music(layouts, self._matcher.admitted)

    @cached_property
    def _bars(self) -> NDArray[np.int64]:
        """The number of each bar in the corpus, 0 if it is not there: (bars,)."""
        known, _, _ = self._matcher.bars
        return np.array([known.get(key, 0) for key in self._stream.bar_keys], dtype=np.int64)

    def bars_found(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        places = packed_places(self._bars, self._stream.bar_parts, self._stream.bar_numbers)
        return self._bars > 0, _are_in(places, self._matcher.bars[1])

    def bars_shared(self, of: Numbers, tunes: Numbers) -> Numbers:
        firsts, stops = self._stream.first_bars[of], self._stream.first_bars[of + 1]
        pair = np.repeat(np.arange(len(of), dtype=np.int32), stops - firsts)
        bars = self._bars[ranges(firsts, stops - firsts)]
        is_there = _are_in(bars << 32 | tunes[pair], self._matcher.bars[2])
        return np.bincount(pair[is_there], minlength=len(of)).astype(np.int32)


def _are_in(wanted: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether numbers are among known ones: (m,). known: sorted."""
    if not len(known):
        return np.zeros(len(wanted), dtype=bool)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.asarray(known[at] == wanted)


def packed_places(
    bars: NDArray[np.int64], parts: NDArray[np.integer], numbers: NDArray[np.integer]
) -> NDArray[np.int64]:
    """A bar, a part and a number in the part as one number.

    It is unique up to 65,536 parts of 65,536 bars, which no music has.
    """
    return (bars.astype(np.int64) << 32) | (parts.astype(np.int64) << 16) | numbers
