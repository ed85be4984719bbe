"""Matching by sorting: the suffixes of a corpus and of a stream in one order.

Symbols that lengthen a note are sorted before all others. So where a match ends with a note, the
nearest suffix of the corpus after it in the order goes on with a symbol that is no smaller than the
stream's own: its note has ended too. The nearest one before it goes on only where all before it do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.matching import FigureHits
from tunetrace.checker.batch.stream import BatchStream, Numbers
from tunetrace.indexer.index import Index
from tunetrace.indexer.sameness import SameMusic
from tunetrace.indexer.search.joint import JointArrays, MatchLengths
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS
from tunetrace.indexer.statistics.backoff import BackoffModel
from tunetrace.tokenizer.bars import Layout
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary


class SymbolOrder:
    """Symbols put in an order in which those that make a note longer come first.

    places: (256,) uint8, the place of each symbol; that of a header or a frame is SEPARATOR's, the
    last one. going_on: how many go on with a note; their places are below it.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        alphabet = TOKENS.alphabet(vocabulary)
        first = alphabet.continuing
        others = [symbol for symbol in range(256) if symbol not in first]
        self.places = np.empty(256, dtype=np.uint8)
        self.places[[*first, *others]] = np.arange(256, dtype=np.uint8)
        self.places[list(alphabet.boundaries)] = SEPARATOR
        self.going_on = len(first)


class JointMatcher:
    """The tunes of an index, to be sorted together with streams.

    admitted: which tunes count; None for all. vocabulary: its tokens; order: of their symbols.
    symbols: (n,) uint8, the tunes
    of all segments as one stream, each symbol as its place in the order. tune_of: (n,) the tune at
    each position, by its id.
    """

    def __init__(self, index: Index, admitted: Mask | None = None) -> None:
        self.index = index
        self.vocabulary = index.vocabulary
        self.order = SymbolOrder(index.vocabulary)
        streams: list[NDArray[np.uint8]] = [np.empty(0, dtype=np.uint8)]
        tunes: list[Numbers] = [np.empty(0, dtype=np.int32)]
        for segment in index.figures.segments:
            symbols, of = segment.symbols, segment.tune_of_positions
            if admitted is not None:
                # The separator before a tune is the tune's; the last one of the stream stays.
                kept = admitted[of]
                kept[-1] = True
                symbols, of = symbols[kept], of[kept]
            streams.append(self.order.places[symbols])
            tunes.append(of)
        self.admitted = admitted
        self.symbols = np.concatenate(streams)
        self.tune_of = np.concatenate(tunes)

    @cached_property
    def _starts(self) -> Numbers:
        """The position before each tune's first token, by its id."""
        firsts = np.flatnonzero(np.diff(self.tune_of, prepend=-1)).astype(np.int32)
        starts = np.zeros(int(self.tune_of.max(initial=0)) + 1, dtype=np.int32)
        starts[self.tune_of[firsts]] = firsts
        return starts

    def tokens_at(self, positions: Numbers) -> Numbers:
        """The tokens at positions, counted from the first of their tunes."""
        return positions - self._starts[self.tune_of[positions]] - 1

    @property
    def model(self) -> BackoffModel:
        """What is to be expected by chance: a model of all tunes of the index."""
        return self.index.backoff

    def match(self, stream: BatchStream) -> JointMatches:
        return JointMatches(self, stream)

    @cached_property
    def _bars(self) -> tuple[dict[str, int], NDArray[np.int64], NDArray[np.int64]]:
        """The number of each bar, by its text; every bar with each of its places, and with each of
        its tunes, packed and sorted."""
        texts, places = self.index.bar_table()
        if self.admitted is not None:
            places = places[self.admitted[places[:, 1]]]
            occurring = set(places[:, 0].tolist())
            texts = {text: number for text, number in texts.items() if number in occurring}
        bars, tunes, parts, numbers = places.T
        return (
            texts,
            np.unique(packed_places(bars, parts, numbers)),
            np.unique(bars << 32 | tunes),
        )

    def numbers_of_bars(self, stream: BatchStream) -> NDArray[np.int64]:
        """The numbers of a stream's bars, 0 for one that the corpus lacks: (bars,)."""
        texts, _, _ = self._bars
        return np.array([texts.get(text, 0) for text in stream.bar_texts], dtype=np.int64)

    def has_place(self, packed: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether bars occur at places, packed: (m,)."""
        return _are_in(packed, self._bars[1])

    def has_bar(self, bars: NDArray[np.int64], tunes: Numbers) -> NDArray[np.bool_]:
        """Whether bars, by their numbers, occur in tunes, by their ids: (m,)."""
        return _are_in(bars << 32 | tunes, self._bars[2])


class JointLongest:
    """The longest matches in a joint stream of SymbolOrder's places. order: that."""

    def __init__(self, joint: JointArrays, matches: MatchLengths, order: SymbolOrder) -> None:
        self.longest: Numbers = matches.longest
        self._joint = joint
        self._matches = matches
        self._order = order

    def match_has_ended(self, firsts: Numbers) -> NDArray[np.bool_]:
        longest, matches = self.longest[firsts], self._matches
        has_ended: NDArray[np.bool_] = matches.above[firsts] == longest
        asked = np.flatnonzero(~has_ended)  # what the suffix before goes on with
        following = self._joint.symbols[matches.below_at[firsts[asked]] + longest[asked]]
        has_ended[asked] = following >= self._order.going_on
        return has_ended


class JointMatches(JointLongest):
    """A stream sorted together with a corpus."""

    def __init__(self, matcher: JointMatcher, stream: BatchStream) -> None:
        self._matcher = matcher
        self._stream = stream
        self.model = matcher.model
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
        low = _past_longer_notes(self._joint, low, high, lengths, self._matcher.order.going_on)
        return _JointFigures(self._matcher, self._joint, low, high)

    def same_music(self, layouts: Sequence[Layout]) -> list[SameMusic]:
        return self._matcher.index.same_music(layouts, self._matcher.admitted)

    @cached_property
    def _bars(self) -> NDArray[np.int64]:
        return self._matcher.numbers_of_bars(self._stream)

    def bars_found(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        bars, stream = self._bars, self._stream
        at = self._matcher.has_place(packed_places(bars, stream.bar_parts, stream.bar_numbers))
        return bars > 0, at

    def bars_shared(self, of: Numbers, tunes: Numbers) -> Numbers:
        firsts, stops = self._stream.first_bars[of], self._stream.first_bars[of + 1]
        counts = stops - firsts
        pair = np.repeat(np.arange(len(of), dtype=np.int32), counts)
        skipped = np.cumsum(counts) - counts
        bars = self._bars[np.arange(len(pair)) + np.repeat(firsts - skipped, counts)]
        is_there = self._matcher.has_bar(bars, tunes[pair])
        return np.bincount(pair[is_there], minlength=len(of)).astype(np.int32)


@dataclass(frozen=True, slots=True)
class _JointFigures:
    """Figures as half-open ranges of the joint suffix array: (figures,) each."""

    matcher: JointMatcher
    joint: JointArrays
    low: Numbers
    high: Numbers

    @property
    def sizes(self) -> NDArray[np.int64]:
        return (self.high - self.low).astype(np.int64)

    def hits(self, some: slice) -> FigureHits:
        sizes = self.sizes[some]
        of = np.repeat(np.arange(len(self.low), dtype=np.int32)[some], sizes)
        skipped = np.cumsum(sizes) - sizes
        ranks = np.arange(len(of)) + np.repeat(self.low[some] - skipped, sizes)
        positions = self.joint.suffixes[ranks]
        is_corpus = positions < len(self.matcher.symbols)
        of, positions = of[is_corpus], positions[is_corpus]
        in_order = np.lexsort((positions, of))
        of, positions = of[in_order], positions[in_order]
        return FigureHits(of, self.matcher.tune_of[positions], self.matcher.tokens_at(positions))


def _past_longer_notes(
    joint: JointArrays, low: Numbers, high: Numbers, lengths: Numbers, going_on: int
) -> Numbers:
    """The first ranks of intervals where the last note has ended: those that go on come first."""
    low, stop = low.copy(), high.copy()
    while (is_open := low < stop).any():
        middle = (low + stop) >> 1
        following = joint.symbols[joint.suffixes[np.minimum(middle, len(joint.symbols) - 1)]
                                  + lengths]  # fmt: skip
        goes_on = is_open & (following < going_on)
        low = np.where(goes_on, middle + 1, low)
        stop = np.where(is_open & ~goes_on, middle, stop)
    return low


def _are_in(wanted: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which numbers are among known ones, which are sorted: (m,)."""
    if not len(known):
        return np.zeros(len(wanted), dtype=bool)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.asarray(known[at] == wanted)


def packed_places(
    bars: NDArray[np.int64], parts: NDArray[np.integer], numbers: NDArray[np.integer]
) -> NDArray[np.int64]:
    """A bar, a part and a number in it as one number.

    No two share one below 65,536 parts of as many bars; a tune beyond that is no music.
    """
    return (bars.astype(np.int64) << 32) | (parts.astype(np.int64) << 16) | numbers
