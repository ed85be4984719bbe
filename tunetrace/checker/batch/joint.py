"""The matcher that sorts: the suffixes of a corpus and of a stream in one order.

Symbols that make a note longer come before all others. A match ends with a note of the stream. The
nearest corpus suffix after it goes on with a symbol that is not smaller than the stream's: its note
has ended too. The nearest one before it has a longer note only if all suffixes before it have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Numbers, ranges
from tunetrace.checker.batch.matcher import FigureHits
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.indexer.bars.segment import SegmentBars
from tunetrace.indexer.index import Index
from tunetrace.indexer.music.sameness import SameMusic
from tunetrace.indexer.search.joint import JointArrays, MatchLengths
from tunetrace.indexer.search.places import SymbolPlaces
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS, View
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary


class SymbolOrder:
    """An order of the symbols in which those that make a note longer come first.

    places: (256,) uint8, the place of each symbol; boundaries have SEPARATOR's place, the last one.
    going_on: the number of symbols that make a note longer; their places are below it.
    """

    def __init__(self, vocabulary: Vocabulary, view: View = TOKENS) -> None:
        alphabet = view.alphabet(vocabulary)
        first = alphabet.continuing
        others = [symbol for symbol in range(256) if symbol not in first]
        self.places = np.empty(256, dtype=np.uint8)
        self.places[[*first, *others]] = np.arange(256, dtype=np.uint8)
        self.places[list(alphabet.boundaries)] = SEPARATOR
        self.going_on = len(first)


class JointMatcher:
    """The tunes of an index as one stream in a view, to be sorted together with other streams.

    admitted: which tunes count; None for all. symbols: (n,) uint8, the place of each symbol in the
    order. tune_of: (n,) the id of the tune at each position.
    """

    def __init__(self, index: Index, admitted: Mask | None = None, view: View = TOKENS) -> None:
        self.index = index
        self.view = view
        self.order = SymbolOrder(index.vocabulary, view)
        streams: list[NDArray[np.uint8]] = [np.empty(0, dtype=np.uint8)]
        tunes: list[Numbers] = [np.empty(0, dtype=np.int32)]
        for segment in index.in_view(view).segments:
            symbols, of = segment.symbols, segment.tune_of_positions
            if admitted is not None:
                # A separator belongs to the tune after it; the last one of the stream is kept.
                kept = admitted[of]
                kept[-1] = True
                symbols, of = symbols[kept], of[kept]
            streams.append(self.order.places[symbols])
            tunes.append(of)
        self.admitted = admitted
        self.symbols = np.concatenate(streams)
        self.tune_of = np.concatenate(tunes)

    @cached_property
    def starts(self) -> Numbers:
        """The position before the first symbol of each tune, by its id."""
        firsts = np.flatnonzero(np.diff(self.tune_of, prepend=-1)).astype(np.int32)
        starts = np.zeros(int(self.tune_of.max(initial=0)) + 1, dtype=np.int32)
        starts[self.tune_of[firsts]] = firsts
        return starts

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
    """The longest matches of a stream that was sorted together with a corpus.

    order: the order of the symbols of the joint stream.
    """

    def __init__(self, joint: JointArrays, matches: MatchLengths, order: SymbolOrder) -> None:
        self.longest: Numbers = matches.longest
        self._joint = joint
        self._matches = matches
        self._order = order

    def match_has_ended(self, firsts: Numbers) -> NDArray[np.bool_]:
        longest, matches = self.longest[firsts], self._matches
        has_ended: NDArray[np.bool_] = matches.above[firsts] == longest
        asked = np.flatnonzero(~has_ended)  # for these, the suffix before decides
        following = self._joint.symbols[matches.below_at[firsts[asked]] + longest[asked]]
        has_ended[asked] = following >= self._order.going_on
        return has_ended


class JointMatches(JointLongest):
    """A stream sorted together with a corpus."""

    def __init__(self, matcher: JointMatcher, stream: BatchStream) -> None:
        self._matcher = matcher
        self._stream = stream
        self.model = matcher.index.backoff_in(matcher.view)
        self.symbol_places = matcher.symbol_places
        self.family_of = matcher.index.family_of
        self._offset = len(matcher.symbols)
        together = np.concatenate([matcher.symbols, matcher.order.places[stream.symbols]])
        joint = JointArrays(together)
        is_stream = np.zeros(len(together), dtype=np.int32)
        is_stream[self._offset :] = 1
        lengths = joint.matches(is_stream, slice(self._offset, None))
        super().__init__(joint, lengths, matcher.order)

    def find(self, firsts: Numbers, stops: Numbers) -> _JointFigures:
        lengths = stops - firsts
        low, high = self._joint.intervals(firsts + np.int32(self._offset), lengths)
        low = _past_longer_notes(self._joint, low, high, lengths, self._order.going_on)
        return _JointFigures(self._matcher, self._joint, low, (high - low).astype(np.int64))

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


@dataclass(frozen=True, slots=True)
class _JointFigures:
    """Figures as ranges of the joint suffix array, by their first ranks and sizes: (figures,)."""

    matcher: JointMatcher
    joint: JointArrays
    low: Numbers
    sizes: NDArray[np.int64]

    def hits(self, some: slice) -> FigureHits:
        of = np.repeat(np.arange(len(self.low), dtype=np.int32)[some], self.sizes[some])
        positions = self.joint.suffixes[ranges(self.low[some], self.sizes[some])]
        is_corpus = positions < len(self.matcher.symbols)
        of, positions = of[is_corpus], positions[is_corpus]
        in_order = np.lexsort((positions, of))
        of, positions = of[in_order], positions[in_order]
        tunes = self.matcher.tune_of[positions]
        return FigureHits(of, tunes, positions - self.matcher.starts[tunes] - 1)


def _past_longer_notes(
    joint: JointArrays, low: Numbers, high: Numbers, lengths: Numbers, going_on: int
) -> Numbers:
    """The first rank of each interval whose last note has ended; longer notes come before it."""
    stop = high
    while (is_open := low < stop).any():
        middle = (low + stop) >> 1
        suffixes = joint.suffixes[np.minimum(middle, len(joint.symbols) - 1)]
        goes_on = joint.symbols[suffixes + lengths] < going_on
        low = np.where(is_open & goes_on, middle + 1, low)
        stop = np.where(is_open & ~goes_on, middle, stop)
    return low
