"""The corpus and a batch sorted as one stream: every longest match of the batch at once.

The suffixes of both are sorted together (a generalised suffix array), and the longest common prefix
of each two neighbours is computed (the LCP array; Kasai et al. 2001). Any two suffixes share the
least LCP value between them. So the longest match of a suffix with one of another group is a
running minimum of LCP values, which starts again at each change of group.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.suffix import Positions, Symbols, suffix_array
from tunetrace.tokenizer.vocabulary import SEPARATOR


@dataclass(frozen=True, slots=True)
class MatchLengths:
    """The longest match of each asked position with a position of another group: (m,) each."""

    below: Positions
    """Its length in symbols with the nearest suffix of another group before it in the order."""
    above: Positions
    """Its length with the nearest one after it."""
    below_at: Positions
    """The position of the nearest one before it; -1 if there is none."""

    @property
    def longest(self) -> Positions:
        """The longer of the two: (m,)."""
        return np.maximum(self.below, self.above)


class JointArrays:
    """A stream of n symbols, its suffix array and its LCP array: (n,) each.

    The stream has a SEPARATOR, which no match crosses, before and after each tune.
    """

    def __init__(self, symbols: Symbols) -> None:
        from pydivsufsort import kasai

        self.symbols = symbols
        self.suffixes: Positions = suffix_array(symbols.tobytes())
        self.reach = _distances(symbols == SEPARATOR)
        """How many symbols there are from each position to the next SEPARATOR."""
        lcp = cast(Positions, kasai(symbols, self.suffixes))
        self.shared = np.minimum(lcp, self.reach[self.suffixes])
        """How many symbols before a SEPARATOR the suffix of each rank shares with the next one."""

    @cached_property
    def ranks(self) -> Positions:
        """The rank of the suffix at each position."""
        ranks = np.empty_like(self.suffixes)
        ranks[self.suffixes] = np.arange(len(ranks), dtype=np.int32)
        return ranks

    def matches(self, groups: NDArray[np.int32], asked: slice) -> MatchLengths:
        """The longest matches with positions of another group.

        groups: (n,) the group of each position; a match within a group does not count. asked: the
        positions to answer for, in order; they must hold all positions of a group or none.
        """
        start, stop, _ = asked.indices(len(self.symbols))
        # Neighbouring suffixes of one group are a run. A suffix shares with the one before its run
        # the least LCP value between the two.
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
        """The half-open ranges of ranks whose suffixes begin with these figures: two (m,).

        positions, lengths: (m,) where each figure is found; none of them crosses a SEPARATOR.
        """
        ranks = self.ranks[positions]
        first = self._minima.nearest_lower(ranks, lengths, is_before=True) + 1
        return first, self._minima.nearest_lower(ranks, lengths, is_before=False) + 1

    @cached_property
    def _minima(self) -> _Minima:
        return _Minima(self.shared)


def _distances(is_marked: NDArray[np.bool_]) -> Positions:
    """The distance from each place to the next marked one, which may be itself: (n,) int32.

    If no marked place follows, the end counts as one.
    """
    places = np.arange(len(is_marked), dtype=np.int32)
    marked = np.where(is_marked, places, np.int32(len(is_marked)))
    return np.minimum.accumulate(marked[::-1])[::-1] - places


def _running_minimum(values: Positions, is_first: NDArray[np.bool_]) -> Positions:
    """The least value since the last place where is_first is True: (n,).

    Each run is shifted below the one before it, so that one accumulation serves all runs.
    """
    drop = np.cumsum(is_first, dtype=np.int64) * (int(values.max(initial=0)) + 1)
    return (np.minimum.accumulate(values - drop) + drop).astype(np.int32)


class _Minima:
    """The minima of blocks of 2, 4, 8 … values, to find the nearest lower value."""

    def __init__(self, values: Positions) -> None:
        self._levels = [values]
        while len(self._levels[-1]) > 1:
            finer = self._levels[-1]
            if len(finer) % 2:
                finer = np.append(finer, np.int32(-1))  # fills the last block; lower than all
            self._levels.append(np.minimum(finer[::2], finer[1::2]))

    def nearest_lower(self, places: Positions, values: Positions, *, is_before: bool) -> Positions:
        """The nearest place with a value below one's own: (m,).

        is_before: the last one before each place, -1 if there is none. Otherwise the first one from
        each place on, which must exist.

        Go up to larger blocks until one has a lower value, then go down to that value.

        On each level the search starts at the edge of a block. If the other block of its pair lies
        behind that edge, the block is looked at alone. Then the search goes up to the pair's edge.
        """
        edge = places.astype(np.int64)
        asked = np.arange(len(places))
        stopped: list[tuple[NDArray[np.intp], NDArray[np.int64]]] = []  # which, at which block
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
        which, at = stopped[-1]
        for depth in range(len(stopped) - 2, -1, -1):
            near = 2 * at + is_before
            level = self._levels[depth]  # one block may be past its end
            values_near = level[np.minimum(near, len(level) - 1)]
            is_near = (near < len(level)) & (values_near < values[which])
            at = np.where(is_near, near, near ^ 1)
            which = np.concatenate([which, stopped[depth][0]])
            at = np.concatenate([at, stopped[depth][1]])
        found[which] = at
        return found
