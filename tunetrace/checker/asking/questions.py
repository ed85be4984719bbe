"""What a check asks of segments about a stream of transcriptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.asking.segments import AskedSegment
from tunetrace.indexer.bars.segment import AskedBars
from tunetrace.indexer.music.segment import FoundForms, find_forms
from tunetrace.indexer.search.joint import (
    Barred,
    Ends,
    Figures,
    Hits,
    Longest,
    LongestSearch,
    hits_in,
)
from tunetrace.indexer.search.segment import Mask

Numbers = NDArray[np.int32]


@dataclass
class LongestAsked:
    """The longest matches of a stream."""

    text: bytes
    """Its symbols."""
    ends: Ends
    _search: LongestSearch | None = field(default=None, init=False)

    def in_segment(self, segment: AskedSegment) -> Longest:
        if self._search is None:
            admitted = segment.of.admitted
            barred = None if admitted is None else Barred.except_for(admitted, len(self.text))
            self._search = LongestSearch(self.text, self.ends, barred)
        return self._search.in_segment(segment.text)

    def merged(self, answers: Iterable[Longest]) -> Longest:
        found = Longest.none(len(self.text))
        for one in answers:
            found = found.merged(one)
        return found


@dataclass
class HitsAsked:
    """The hits of figures of a stream, as hits_in gives them."""

    text: bytes
    """The stream."""
    firsts: Numbers
    """(m,) where each figure begins in it."""
    lengths: Numbers
    """(m,) how many symbols each has."""
    most: int | None
    """Of a figure no more hits than this in one tune; None for all."""
    _figures: Figures | None = field(default=None, init=False)

    def in_segment(self, segment: AskedSegment) -> Hits:
        if self._figures is None:
            self._figures = Figures(self.text, self.firsts, self.lengths)
        of = segment.of
        return hits_in(
            segment.text, self._figures, of.goes_on, admitted=of.admitted, most=self.most
        )

    def merged(self, answers: Iterable[Hits]) -> Hits:
        return Hits.merged(list(answers))


@dataclass(frozen=True)
class BarsAsked:
    """Whether bars are there, and whether at the same place: (bars,) each."""

    asked: AskedBars
    parts: Numbers
    """(bars,) the part of each bar."""
    numbers: Numbers
    """(bars,) its number in the part."""

    def in_segment(self, segment: AskedSegment) -> tuple[Mask, Mask]:
        bars = segment.find_bars(self.asked)
        return bars >= 0, segment.bars.are_placed(bars, self.parts, self.numbers)

    def merged(self, answers: Iterable[tuple[Mask, Mask]]) -> tuple[Mask, Mask]:
        are_there, are_placed = np.zeros((2, len(self.parts)), dtype=bool)
        for there, placed in answers:
            are_there |= there
            are_placed |= placed
        return are_there, are_placed


@dataclass(frozen=True)
class SharedBarsAsked:
    """Whether bars are in tunes: (m,)."""

    asked: AskedBars
    bars: NDArray[np.int64]
    """(m,) which of the asked bars."""
    tunes: Numbers
    """(m,) in which tune each is sought, by its id."""

    def in_segment(self, segment: AskedSegment) -> Mask:
        return segment.bars.are_in_tunes(segment.find_bars(self.asked)[self.bars], self.tunes)

    def merged(self, answers: Iterable[Mask]) -> Mask:
        are_shared = np.zeros(len(self.bars), dtype=bool)
        for one in answers:
            are_shared |= one
        return are_shared


@dataclass(frozen=True)
class TokensAsked:
    """The first tokens of notes of tunes in a view of events, as SegmentPlaces.tokens_at gives
    them."""

    tunes: Numbers
    symbols: Numbers
    """The first symbol of each note, of the same shape."""

    def in_segment(self, segment: AskedSegment) -> Numbers:
        return segment.places.tokens_at(self.tunes, self.symbols)

    def merged(self, answers: Iterable[Numbers]) -> Numbers:
        found = np.zeros_like(self.symbols)
        for one in answers:
            found += one
        return found


@dataclass(frozen=True)
class FormsAsked:
    """Where forms are found, which are the same music."""

    hashes: NDArray[np.int64]
    """(forms,) as music_hashes gives them."""

    def in_segment(self, segment: AskedSegment) -> FoundForms:
        return find_forms(segment.music, self.hashes, segment.of.admitted)

    def merged(self, answers: Iterable[FoundForms]) -> FoundForms:
        return FoundForms.merged(list(answers))


@dataclass(frozen=True)
class SymbolsAsked:
    """The tokens of tunes, as symbols, by the ids of the tunes."""

    tunes: frozenset[int]

    def in_segment(self, segment: AskedSegment) -> Mapping[int, bytes]:
        tokens = segment.tokens
        return {tune: tokens.symbols_of(tune) for tune in self.tunes if tune in tokens}

    def merged(self, answers: Iterable[Mapping[int, bytes]]) -> Mapping[int, bytes]:
        return {tune: symbols for one in answers for tune, symbols in one.items()}
