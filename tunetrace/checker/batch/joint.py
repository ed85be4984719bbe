"""The matcher for slices: all figures of a stream are looked up together, segment by segment.

What is asked of a segment needs that segment and the stream alone, so that the memory that a slice
takes does not grow with the index, and other processes may answer for segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.asking.near import near_in
from tunetrace.checker.asking.questions import (
    BarsAsked,
    FormsAsked,
    HitsAsked,
    LongestAsked,
    SharedBarsAsked,
    SymbolsAsked,
    TokensAsked,
)
from tunetrace.checker.asking.segments import AskedIndex, SegmentsAsked
from tunetrace.checker.batch.arrays import Numbers
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.indexer.bars.segment import AskedBars
from tunetrace.indexer.music.sameness import SameMusic, music_hashes
from tunetrace.indexer.music.segment import same_music
from tunetrace.indexer.near.search import Near, melodies_of
from tunetrace.indexer.search.joint import Ends, Hits, Longest
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.layout.bars import Layout


class JointMatcher:
    """The segments of an index, to be matched with one stream after another."""

    def __init__(self, asked: AskedIndex, elsewhere: SegmentsAsked | None = None) -> None:
        """asked: the index in this process. elsewhere: its segments in other processes, which are
        asked instead."""
        self.index = asked.index
        self.view = asked.view
        self.goes_on = asked.goes_on
        self.segments: SegmentsAsked = asked if elsewhere is None else elsewhere
        self._here = asked if elsewhere is None else None

    def near(self, layouts: Sequence[Layout]) -> Iterator[list[Near]]:
        """The tunes most like each of several transcriptions, best first."""
        if self._here is not None:
            return SimilarSearch(self.index).near(layouts, self._here.admitted)
        return near_in(self.segments, list(melodies_of(layouts)), self.index.tunes)

    def symbols_elsewhere(self, tunes: Iterable[int]) -> Mapping[int, bytes]:
        """The tokens of tunes as symbols, by their ids; nothing if this process has them."""
        return {} if self._here is not None else self.segments.ask(SymbolsAsked(frozenset(tunes)))


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
        self._ask = matcher.segments.ask
        self.model = matcher.index.backoff_in(matcher.view)
        self.family_of = matcher.index.family_of
        super().__init__(self._ask(LongestAsked(stream.text, ends_of(stream, matcher.goes_on))))

    def find(self, firsts: Numbers, stops: Numbers, most: int | None) -> Hits:
        return self._ask(HitsAsked(self._stream.text, firsts, stops - firsts, most))

    def first_tokens(self, tunes: Numbers, symbols: Numbers) -> Numbers:
        if self._matcher.view.units is None:
            return symbols
        return self._ask(TokensAsked(tunes, symbols))

    def same_music(self, layouts: Sequence[Layout]) -> list[SameMusic]:
        forms = music_hashes(layouts)
        return same_music(forms, self._ask(FormsAsked(forms[:, 2])))

    @cached_property
    def _asked_bars(self) -> AskedBars:
        return self._stream.asked_bars(self._matcher.index.vocabulary)

    def bars_found(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        stream = self._stream
        return self._ask(BarsAsked(self._asked_bars, stream.bar_parts, stream.bar_numbers))

    def bars_shared(self, of: Numbers, tunes: Numbers) -> Numbers:
        pair, which = self._stream.bars_of_pairs(of)
        is_shared = self._ask(SharedBarsAsked(self._asked_bars, which, tunes[pair]))
        return np.bincount(pair[is_shared], minlength=len(of)).astype(np.int32)
