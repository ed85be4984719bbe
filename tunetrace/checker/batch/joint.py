"""The matcher for slices: all figures of a stream are looked up together, segment by segment.

What is asked of a segment needs that segment and the stream alone, so that the memory that a slice
takes does not grow with the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Numbers
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.indexer.bars.segment import SegmentBars
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
    def bars(self) -> Sequence[SegmentBars]:
        """The bars of the tunes that count, by segment."""
        every = self.index.bars_in(self.view)
        if self.admitted is None:
            return every
        return [some.select(np.flatnonzero(self.admitted[some.ids])) for some in every]


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
    def _bars(self) -> list[tuple[SegmentBars, NDArray[np.int64]]]:
        """The bars of each segment, and which of them each bar of the stream is; -1 for none."""
        asked = self._stream.asked_bars(self._matcher.index.vocabulary)
        return [(segment, segment.find(asked)[asked.of]) for segment in self._matcher.bars]

    def bars_found(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        stream = self._stream
        are_there, are_placed = np.zeros((2, len(stream.bar_keys)), dtype=bool)
        for segment, bars in self._bars:
            are_there |= bars >= 0
            are_placed |= segment.are_placed(bars, stream.bar_parts, stream.bar_numbers)
        return are_there, are_placed

    def bars_shared(self, of: Numbers, tunes: Numbers) -> Numbers:
        pair, which = self._stream.bars_of_pairs(of)
        is_shared = np.zeros(len(pair), dtype=bool)
        for segment, bars in self._bars:
            is_shared |= segment.are_in_tunes(bars[which], tunes[pair])
        return np.bincount(pair[is_shared], minlength=len(of)).astype(np.int32)
