"""The corpus and a batch as one stream: every longest match of the batch at once.

The suffixes of both are sorted together (a generalised suffix array), and the longest prefix that
neighbours in it share is known (the LCP array; Kasai et al. 2001). What a suffix shares with any
other is then the least of the LCP values between the two, so that its longest match with a tune
of another group is a running minimum that begins anew where the group does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.suffix import suffix_array
from tunetrace.tokenizer.vocabulary import SEPARATOR

Symbols = NDArray[np.uint8]
Positions = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class MatchLengths:
    """The longest match from each position asked for with a position of another group.

    below, above: (m,) int32, in symbols, with the nearest suffix of another group before and after
    it in the order of suffixes; below_at: (m,) int32, where the former stands, -1 for nowhere.
    """

    below: Positions
    above: Positions
    below_at: Positions

    @property
    def longest(self) -> Positions:
        """(m,) the longer of both."""
        return np.maximum(self.below, self.above)


class JointArrays:
    """A stream, its suffix array and its LCP array.

    symbols: (n,) uint8, with a SEPARATOR, which no match passes, before and after each tune and
    where else nothing may pass. suffixes: (n,) the suffix array; ranks: its inverse; reach: (n,)
    how many symbols stand from a position on up to the next SEPARATOR; shared: (n,) how many
    symbols a suffix of the array shares with the one after it, none of them a SEPARATOR.
    """

    def __init__(self, symbols: Symbols) -> None:
        from pydivsufsort import kasai

        self.symbols = symbols
        self.suffixes: Positions = suffix_array(symbols.tobytes())
        self.reach = _distances(symbols == SEPARATOR)
        lcp = cast(Positions, kasai(symbols, self.suffixes))
        self.shared = np.minimum(lcp, self.reach[self.suffixes])

    @cached_property
    def ranks(self) -> Positions:
        ranks = np.empty_like(self.suffixes)
        ranks[self.suffixes] = np.arange(len(ranks), dtype=np.int32)
        return ranks

    def matches(self, groups: NDArray[np.int32], asked: slice) -> MatchLengths:
        """The longest matches with positions of another group.

        groups: (n,) the group of each position, of which a match must not be. asked: of which
        positions of the stream, in whose order the answer is; all of a group, or none.
        """
        start, stop, _ = asked.indices(len(self.symbols))
        # The suffixes of one group that follow one another are a run; what one of them shares with
        # the suffix before the run is the least of what is shared from there on.
        if stop - start == len(self.symbols):
            ranks = np.arange(len(self.symbols), dtype=np.int32)
        else:
            is_asked = (self.suffixes >= start) & (self.suffixes < stop)
            ranks = np.flatnonzero(is_asked).astype(np.int32)
        positions = self.suffixes[ranks]
        in_order = groups[positions]
        is_first = np.ones(len(ranks), dtype=bool)
        is_first[1:] = (np.diff(ranks) > 1) | (in_order[1:] != in_order[:-1])
        before = self.shared[np.maximum(ranks - 1, 0)] * (ranks > 0)
        below = _running_minimum(before, is_first)
        above = _running_minimum(self.shared[ranks][::-1], np.roll(is_first, -1)[::-1])[::-1]
        places = np.arange(len(ranks), dtype=np.int32)
        first = ranks[np.maximum.accumulate(np.where(is_first, places, np.int32(0)))]
        below_at = np.where(first > 0, self.suffixes[np.maximum(first - 1, 0)], np.int32(-1))
        at = positions - np.int32(start)
        found = [np.empty_like(positions) for _ in range(3)]
        for column, values in zip(found, (below, above, below_at), strict=True):
            column[at] = values
        return MatchLengths(*found)

    def intervals(self, positions: Positions, lengths: Positions) -> tuple[Positions, Positions]:
        """The half-open ranges of the suffix array that begin with what stands at positions.

        positions, lengths: (m,) the figures, none of which passes a SEPARATOR. Returns two (m,).
        """
        ranks = self.ranks[positions]
        first = self._minima.lower_before(ranks, lengths) + 1
        return first, self._minima.lower_from(ranks, lengths) + 1

    @cached_property
    def _minima(self) -> _Minima:
        return _Minima(self.shared)


def _distances(is_wall: NDArray[np.bool_]) -> Positions:
    """How far it is from each place to the next wall, itself or the end: (n,) int32."""
    places = np.arange(len(is_wall), dtype=np.int32)
    wall = np.where(is_wall, places, np.int32(len(is_wall)))
    return np.minimum.accumulate(wall[::-1])[::-1] - places


def _running_minimum(values: Positions, is_first: NDArray[np.bool_]) -> Positions:
    """The least value since the last place where is_first: (n,).

    One accumulation for all, since each run is shifted below the one before it.
    """
    drop = np.cumsum(is_first, dtype=np.int64) * (int(values.max(initial=0)) + 1)
    return (np.minimum.accumulate(values - drop) + drop).astype(np.int32)


class _Minima:
    """The minima of blocks of 2, 4, 8 … values, by which the nearest lower value is found."""

    def __init__(self, values: Positions) -> None:
        self._levels = [values]
        while len(self._levels[-1]) > 1:
            finer = self._levels[-1]
            if len(finer) % 2:
                finer = np.append(finer, np.int32(-1))  # a value lower than all ends the last block
            self._levels.append(np.minimum(finer[::2], finer[1::2]))

    def lower_before(self, places: Positions, values: Positions) -> Positions:
        """The last place before each of these that holds less than its value, else -1: (m,)."""
        return self._nearest_lower(places, values, is_before=True)

    def lower_from(self, places: Positions, values: Positions) -> Positions:
        """The first place from each of these on that holds less than its value: (m,).

        There must be one.
        """
        return self._nearest_lower(places, values, is_before=False)

    def _nearest_lower(self, places: Positions, values: Positions, is_before: bool) -> Positions:
        """Climb to larger blocks while they hold nothing lower, then go down to the value.

        On each level what is left to search begins, or ends, at the edge of a block; a block whose
        sibling is behind that edge is looked at, and the edge of the pair is climbed to.
        """
        edge = places.astype(np.int64)
        asked = np.arange(len(places))
        stopped: list[tuple[NDArray[np.intp], NDArray[np.int64]]] = []  # who, at which block
        for level in self._levels:
            is_odd = (edge & 1).astype(bool) | (len(level) == 1)
            block = edge - 1 if is_before else edge
            is_lower = is_odd & (level[np.minimum(block, len(level) - 1)] < values[asked])
            stopped.append((asked[is_lower], block[is_lower]))
            edge = (edge if is_before else edge + is_odd)[~is_lower] >> 1
            asked = asked[~is_lower]
            is_left = edge > 0 if is_before else edge < len(level)
            asked, edge = asked[is_left], edge[is_left]
            if not len(asked):
                break
        found = np.full(len(places), -1, dtype=np.int32)
        who, at = stopped[-1]
        for depth in range(len(stopped) - 2, -1, -1):
            near = 2 * at + is_before
            at = np.where(self._child(depth, near) < values[who], near, near ^ 1)
            who = np.concatenate([who, stopped[depth][0]])
            at = np.concatenate([at, stopped[depth][1]])
        found[who] = at
        return found

    def _child(self, depth: int, block: NDArray[np.int64]) -> Positions:
        """The minima of blocks, some of them past the end of an odd level."""
        level = self._levels[depth]
        return np.where(block < len(level), level[np.minimum(block, len(level) - 1)], np.int32(-1))
