"""Many figures looked up in a segment together: their longest matches, and their hits.

Each step of a binary search is one array operation for all figures. Eight symbols are compared at
once, as one number. The runs of GRAM symbols, which the index keeps, take the place of the first
steps. What is asked of one segment needs that segment alone, and what several segments answer is
merged: longest matches by their maximum, hits in the order of the segments. Both merges may be done
in any grouping, so that processes that each have some of the segments can answer together.
Method: binary search in a suffix array (Manber and Myers 1993).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.segment import Mask, Segment
from tunetrace.indexer.search.suffix import GRAM, Positions, words
from tunetrace.tokenizer.vocabulary import SEPARATOR

Numbers = NDArray[np.int32]
Words = NDArray[np.uint64]
"""Eight symbols as one number each, the first one in the highest byte."""

_WORD: Final = 8
"""The symbols of a word."""

_FIRST: Final = np.array([0, *(2**64 - 2 ** (8 * left) for left in range(7, -1, -1))], np.uint64)
"""(9,) masks of the first 0, 1 … 8 symbols of a word."""

_TOGETHER: Final = 1 << 22
"""About this many places are looked at together, which bounds the memory that they take."""

_FEW: Final = 16
"""The runs of GRAM symbols are read if there are at most this many times as many as figures."""

_STEPS: Final = 64
"""After so many steps past barred suffixes, the ends of their runs are looked up."""


class Figures:
    """Figures of a stream, to be looked up in segments.

    text: the stream, n symbols. firsts, lengths: (m,) where each figure begins in it and how many
    symbols it has. They are kept in the order of their first symbols, so that neighbours are looked
    up at neighbouring places, which the CPU's cache favours.
    """

    def __init__(self, text: bytes, firsts: Numbers, lengths: Numbers) -> None:
        self.text = text
        keys = _in_order(words(text)[firsts])
        self.order = keys.argsort()
        """(m,) which of the figures given is at each place."""
        self.firsts: Numbers = firsts[self.order]
        self.lengths: Numbers = lengths[self.order]
        self._keys = keys[self.order]

    def keys(self, chosen: NDArray[np.intp], depth: int) -> Words:
        """The eight symbols of some figures from a depth on."""
        return self._keys[chosen] if depth == 0 else self._words(self.firsts[chosen] + depth)

    def _words(self, places: Numbers) -> Words:
        return _in_order(self._of_text[places])

    @cached_property
    def _of_text(self) -> NDArray[np.uint64]:
        return words(self.text)

    def intervals(self, segment: Segment, *, one_will_do: bool = False) -> tuple[Numbers, Numbers]:
        """The half-open ranges of ranks whose suffixes begin with each figure: two (m,), in order.

        The range of a figure that the segment lacks is empty, and is where the figure would be.
        one_will_do: a range of one suffix may be given where only the beginning of the figure is
        known to be the same.
        """
        if len(self.firsts) * _FEW > len(segment.gram_firsts):
            low, high = _gram_intervals(segment, self._keys, self.lengths)
            asked = np.flatnonzero((low < high) & (self.lengths > GRAM))
        else:
            low, high = np.zeros((2, len(self.firsts)), dtype=np.int32)
            high += np.int32(len(segment.suffixes))
            asked = np.arange(len(low))
        depth = 0
        while len(asked):
            if one_will_do:
                asked = asked[high[asked] - low[asked] > 1]
            mask = _FIRST[np.minimum(self.lengths[asked] - depth, _WORD)]
            keys = self.keys(asked, depth) & mask
            stop = high[asked]
            start = low[asked] = _bisect(segment, low[asked], stop, keys, depth)
            found = _in_order(segment.words[segment.suffixes[np.minimum(start, stop - 1)] + depth])
            is_there = (start < stop) & (found & mask == keys)
            high[asked[~is_there]] = start[~is_there]
            asked, start, stop = asked[is_there], start[is_there], stop[is_there]
            last = keys[is_there] | ~mask[is_there]
            high[asked] = _bisect(segment, start, stop, last, depth, is_after=True)
            depth += _WORD
            asked = asked[self.lengths[asked] > depth]
        return low, high


def _gram_intervals(segment: Segment, keys: Words, lengths: Numbers) -> tuple[Numbers, Numbers]:
    """The ranges of ranks whose suffixes begin with the first symbols of figures, GRAM at most: two
    (m,). keys: the first eight symbols of each."""
    firsts = segment.gram_firsts
    runs = _in_order(segment.words[segment.suffixes[firsts]]) & _FIRST[GRAM]
    mask = _FIRST[np.minimum(lengths, GRAM)]
    wanted = keys & mask
    low = runs.searchsorted(wanted)
    high = runs.searchsorted(wanted | (_FIRST[GRAM] & ~mask), side="right")
    begins = np.append(firsts, np.int32(len(segment.suffixes)))
    return begins[low], begins[high]


def _in_order(found: NDArray[np.uint64]) -> Words:
    """Words of a stream, as `suffix.words` has them, as numbers in the order of their symbols."""
    return found.astype("<u8", copy=False).view(">u8").astype(np.uint64)


def _bisect(
    segment: Segment,
    low: Numbers,
    high: Numbers,
    keys: Words,
    depth: int,
    *,
    is_after: bool = False,
) -> Numbers:
    """The first rank of each range whose suffix is not below a key: (m,).

    low, high: (m,) the ranges, of suffixes with `depth` symbols in common. keys: (m,) what their
    symbols from there on are compared with. is_after: the first rank above the key.
    """
    low, high = low.copy(), high.copy()
    every, suffixes = segment.words, segment.suffixes
    asked = np.flatnonzero(low < high)
    while len(asked):
        start, stop = low[asked], high[asked]
        middle = (start + stop) >> 1
        found = _in_order(every[suffixes[middle] + depth])
        is_below = found <= keys[asked] if is_after else found < keys[asked]
        start = np.where(is_below, middle + 1, start)
        stop = np.where(is_below, stop, middle)
        low[asked], high[asked] = start, stop
        asked = asked[start < stop]
    return low


# The longest matches


@dataclass(frozen=True, slots=True)
class Barred:
    """Tunes in groups. A position matches no tune of its own group."""

    groups: Numbers
    """(last id + 1,) the group of each tune, by its id."""
    own: Numbers
    """(n,) the group of each position of the stream."""

    @classmethod
    def except_for(cls, admitted: Mask, positions: int) -> Barred:
        """No position of a stream matches a tune that is not admitted."""
        return cls((~admitted).astype(np.int32), np.ones(positions, dtype=np.int32))


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the notes of a stream begin and end, to tell whether a note is longer in a corpus."""

    begins: Mask
    """(n,) whether a match from there on is asked for its end."""
    ends: Mask
    """(n + 1,) whether a note ends before this position."""
    goes_on: Mask
    """(256,) whether each symbol lengthens the note before it."""


@dataclass(frozen=True, slots=True)
class Longest:
    """The longest match of each position of a stream: (n,) each."""

    lengths: Numbers
    """In symbols; 0 if the symbol is not in the corpus."""
    has_ended: Mask
    """Whether a match of this length is followed by a symbol that does not lengthen its last note.
    It is found out where a note of the stream ends with the match, and False elsewhere."""

    @classmethod
    def none(cls, positions: int) -> Longest:
        """The matches of some positions in no segment at all."""
        return cls(np.zeros(positions, dtype=np.int32), np.zeros(positions, dtype=bool))

    def merged(self, other: Longest) -> Longest:
        """The longest matches in two corpora together."""
        ended = (self.has_ended & (self.lengths >= other.lengths)) | (
            other.has_ended & (other.lengths >= self.lengths)
        )
        return Longest(np.maximum(self.lengths, other.lengths), ended)


class LongestSearch:
    """A stream whose longest matches are asked for, of segments one after another.

    text: n symbols, with SEPARATOR where no match may cross.
    """

    def __init__(self, text: bytes, ends: Ends, barred: Barred | None = None) -> None:
        self._ends = ends
        self._barred = barred
        self._symbols = np.frombuffer(text, dtype=np.uint8)
        reach = _distances(self._symbols == SEPARATOR)
        asked = np.flatnonzero(reach).astype(np.int32)
        self._figures = Figures(text, asked, reach[asked])

    def among(self, segments: Iterable[Segment]) -> Longest:
        """The longest matches in several segments together."""
        none = Longest.none(len(self._symbols))
        return reduce(Longest.merged, map(self.in_segment, segments), none)

    def in_segment(self, segment: Segment) -> Longest:
        """The longest matches in a segment."""
        figures, found = self._figures, Longest.none(len(self._symbols))
        low, _ = figures.intervals(segment, one_will_do=True)
        # The longest match is with one of the two neighbours of where the figure is or would be.
        below, above = low - np.int32(1), low
        if self._barred is not None:
            below = _past_barred(segment, below, -1, self._barred, figures.firsts)
            above = _past_barred(segment, above, 1, self._barred, figures.firsts)
        neighbours = [self._with(segment, ranks) for ranks in (below, above)]
        lengths = np.maximum(*(shared for _, shared in neighbours))
        found.lengths[figures.firsts] = lengths
        ends = self._ends
        asked = np.flatnonzero(
            ends.begins[figures.firsts] & ends.ends[figures.firsts + lengths] & (lengths > 0)
        )
        has_ended = np.zeros(len(asked), dtype=bool)
        for places, shared in neighbours:
            following = segment.symbols.take(places[asked] + lengths[asked], mode="clip")
            has_ended |= (shared[asked] == lengths[asked]) & ~ends.goes_on[following]
        left = np.flatnonzero(~has_ended)
        if len(left):
            some = asked[left]
            has_ended[left] = self._any_ended(segment, figures.firsts[some], lengths[some])
        found.has_ended[figures.firsts[asked]] = has_ended
        return found

    def _with(self, segment: Segment, ranks: Numbers) -> tuple[Positions, Numbers]:
        """The suffixes at ranks, and how many symbols the figures share with them: two (m,).

        ranks: one for each figure; outside the suffix array nothing is shared.
        """
        figures = self._figures
        is_there = (ranks >= 0) & (ranks < len(segment.suffixes))
        places = segment.suffixes[np.where(is_there, ranks, 0)]
        shared = np.zeros(len(ranks), dtype=np.int32)
        asked, depth = np.flatnonzero(is_there), 0
        while len(asked):
            left = figures.lengths[asked] - depth
            found = _in_order(segment.words[places[asked] + depth])
            same = np.minimum(_common_symbols(found, figures.keys(asked, depth)), left)
            shared[asked] += same
            depth += _WORD
            asked = asked[(same == _WORD) & (left > _WORD)]
        return places, shared

    def _any_ended(self, segment: Segment, firsts: Numbers, lengths: Numbers) -> Mask:
        """Whether each figure has a hit that no symbol follows that lengthens its last note."""
        figures = Figures(self._figures.text, firsts, lengths)
        low, high = figures.intervals(segment)
        ended = np.zeros(len(firsts), dtype=bool)
        for some, places in _places(segment, low, high):
            of = figures.order[some]
            is_hit = ~self._ends.goes_on[segment.symbols[places + lengths[of]]]
            if self._barred is not None:
                some_firsts = firsts[of[is_hit]]
                is_hit[is_hit] = ~_are_barred(segment, places[is_hit], self._barred, some_firsts)
            ended[of[is_hit]] = True
        return ended


def _common_symbols(left: Words, right: Words) -> Numbers:
    """How many symbols words have in common from the start: (m,)."""
    differing = left ^ right
    # The highest bit that differs is in the first symbol that does.
    same = np.full(len(differing), _WORD, dtype=np.int32)
    for count in range(_WORD - 1, -1, -1):
        same[differing > ~_FIRST[count + 1]] = count
    return same


def _distances(is_marked: Mask) -> Numbers:
    """The distance from each place to the next marked one, which may be itself: (n,) int32.

    If no marked place follows, the end counts as one.
    """
    places = np.arange(len(is_marked), dtype=np.int32)
    marked = np.where(is_marked, places, np.int32(len(is_marked)))
    return np.minimum.accumulate(marked[::-1])[::-1] - places


def _are_barred(segment: Segment, places: Positions, barred: Barred, firsts: Numbers) -> Mask:
    """Whether each place is in a tune of the group of a position of the stream: (m,)."""
    are_barred: Mask = barred.groups[segment.tunes_at(places)] == barred.own[firsts]
    return are_barred


def _past_barred(
    segment: Segment, ranks: Numbers, step: int, barred: Barred, firsts: Numbers
) -> Numbers:
    """The nearest rank from each one on whose suffix is not barred: (m,).

    step: 1 to go up, -1 to go down. It is -1, or the number of suffixes, where there is none.
    """
    ranks, size = ranks.copy(), len(segment.suffixes)
    asked = np.arange(len(ranks))
    for _ in range(_STEPS):
        asked = asked[(ranks[asked] >= 0) & (ranks[asked] < size)]
        if not len(asked):
            return ranks
        places = segment.suffixes[ranks[asked]]
        asked = asked[_are_barred(segment, places, barred, firsts[asked])]
        ranks[asked] += np.int32(step)
    asked = asked[(ranks[asked] >= 0) & (ranks[asked] < size)]
    if len(asked):
        groups = barred.groups[segment.tunes_at(segment.suffixes)]
        changes = np.flatnonzero(groups[1:] != groups[:-1]) + 1
        firsts_of_runs = np.concatenate([[0], changes, [size]]).astype(np.int32)
        at = firsts_of_runs.searchsorted(ranks[asked], side="right")
        beyond = firsts_of_runs[at] if step > 0 else firsts_of_runs[at - 1] - np.int32(1)
        is_own = groups[ranks[asked]] == barred.own[firsts[asked]]
        ranks[asked] = np.where(is_own, beyond, ranks[asked])
    return ranks


# Hits


@dataclass(frozen=True, slots=True)
class Hits:
    """The hits of figures, in the order of figures, tunes, symbols: (hits,) each."""

    of: Numbers
    """The figure."""
    tunes: Numbers
    """The id of the tune."""
    symbols: Numbers
    """The first symbol of the hit, counted in the tune."""

    def first_in_tunes(self, most: int) -> Hits:
        """Of each figure the first hits in each tune, no more than these."""
        return self.select(rank_in_runs(self.of, self.tunes) < most)

    def select(self, chosen: Mask) -> Hits:
        """The hits that a mask chooses."""
        return Hits(self.of[chosen], self.tunes[chosen], self.symbols[chosen])

    @classmethod
    def merged(cls, found: Sequence[Hits]) -> Hits:
        """The hits in several segments, which are given in the order of their tunes."""
        none = np.empty(0, dtype=np.int32)
        columns = zip(
            (none, none, none), *((one.of, one.tunes, one.symbols) for one in found), strict=True
        )
        of, tunes, symbols = map(np.concatenate, columns)
        in_order = of.argsort(kind="stable")
        return cls(of[in_order], tunes[in_order], symbols[in_order])


def hits_in(
    segment: Segment,
    figures: Figures,
    goes_on: Mask,
    *,
    admitted: Mask | None = None,
    most: int | None = None,
) -> Hits:
    """The hits of figures in a segment, by their numbers among those given.

    goes_on: (256,) whether each symbol lengthens the note before it; a place where one follows is
    no hit. admitted: which tunes count, as a mask by id; None for all. most: of a figure no more
    hits than this in one tune, the first ones; None for all.
    """
    low, high = figures.intervals(segment)
    by_number = np.argsort(figures.order)
    low, high, lengths = low[by_number], high[by_number], figures.lengths[by_number]
    return hits_between(segment, low, high, lengths, goes_on, admitted=admitted, most=most)


def hits_between(
    segment: Segment,
    low: Numbers,
    high: Numbers,
    lengths: Numbers,
    goes_on: Mask,
    *,
    admitted: Mask | None = None,
    most: int | None = None,
) -> Hits:
    """The hits of figures in a segment, given by the half-open ranges of ranks whose suffixes begin
    with them: (m,). lengths: (m,) of the figures. goes_on, admitted, most: as for hits_in."""
    pieces = []
    for of, places in _places(segment, low, high):
        is_hit = ~goes_on[segment.symbols[places + lengths[of]]]
        # Sorted as one number: a figure's hits in the order of the stream.
        packed = np.sort(of[is_hit] << 32 | places[is_hit])
        some, at = (packed >> 32).astype(np.int32), packed.astype(np.int32)
        found = Hits(some, *segment.places(at))
        if admitted is not None:
            found = found.select(admitted[found.tunes])
        pieces.append(found if most is None else found.first_in_tunes(most))
    return pieces[0] if len(pieces) == 1 else Hits.merged(pieces)


def rank_in_runs(*columns: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many rows equal to it come directly before each row: (n,)."""
    begins = np.ones(len(columns[0]), dtype=bool)
    begins[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    places = np.arange(len(begins))
    ranks: NDArray[np.int64] = places - np.maximum.accumulate(np.where(begins, places, 0))
    return ranks


def _places(
    segment: Segment, low: Numbers, high: Numbers
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The suffixes of ranges of ranks in pieces: which range, and where: two (m,) each time."""
    sizes = (high - low).astype(np.int64)
    found = np.flatnonzero(sizes)
    cuts = np.flatnonzero(np.diff(np.cumsum(sizes[found]) // _TOGETHER)) + 1
    for some in np.split(found, cuts) if len(found) else ():
        counts = sizes[some]
        before = np.cumsum(counts) - counts
        ranks = np.arange(int(counts.sum())) + np.repeat(low[some] - before, counts)
        yield np.repeat(some, counts), segment.suffixes[ranks].astype(np.int64)
