"""A segment in memory: the stream of its tunes, searchable, and which tune each position is in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.suffix import SuffixIndex
from tunetrace.tokenizer.vocabulary import SEPARATOR

Mask = NDArray[np.bool_]

_FEW = 4096
"""Up to so many positions a search for each beats the map of all."""


class Segment(SuffixIndex):
    """Some tunes, their stream and its suffix array.

    tune_ids: (tunes,) int32, in the order of the stream, ascending, as bytes. Tunes are named by
    id throughout: masks are (last id + 1,) bool, by tune id.
    """

    def __init__(self, tune_ids: bytes, stream: bytes, suffixes: bytes) -> None:
        super().__init__(stream, suffixes)
        self.tune_ids: NDArray[np.int32] = np.frombuffer(tune_ids, dtype="<i4").astype(
            np.int32, copy=False
        )
        # Of the positions' own type: a search would convert all of them anew each time.
        self._separators = np.flatnonzero(self.symbols == SEPARATOR).astype(np.int32)
        if len(self._separators) != len(self.tune_ids) + 1:
            raise ValueError("the stream does not hold the tunes of its segment")
        self._ids = self.tune_ids.data  # bisect on it is faster than on the array
        self._bounds = self._separators.data
        # The tune of a position by how many separators stand up to it.
        self._tune_after = np.concatenate([self.tune_ids[:1], self.tune_ids])

    @cached_property
    def tune_of_positions(self) -> NDArray[np.int32]:
        """The tune id of every position; a SEPARATOR has that of the tune it begins or ends."""
        places = np.cumsum(self.symbols == SEPARATOR, dtype=np.int32)
        places[-1] -= 1  # after the last tune none begins
        return self._tune_after[places]

    def tunes_at(self, positions: NDArray[np.int32]) -> NDArray[np.integer]:
        """The tune ids of positions: (n,), in their order."""
        if len(positions) > _FEW:
            return self.tune_of_positions[positions]
        return self._tune_after.take(self._separators.searchsorted(positions, side="right"))

    def tune_at(self, position: int) -> int:
        """The tune id of one position."""
        return self._ids[bisect_right(self._bounds, position) - 1]

    def places(self, positions: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The tunes of positions, by id, and the tokens there, counted from the tune's first: two
        (n,)."""
        after = self._separators.searchsorted(positions, side="right")
        return self._tune_after.take(after), positions - self._separators.take(after - 1) - 1

    def tokens_of(self, tune: int) -> tuple[int, bytes]:
        """Where a tune begins in the stream, and its symbols."""
        at = bisect_left(self._ids, tune)
        start, stop = int(self._separators[at]) + 1, int(self._separators[at + 1])
        return start, self.stream[start:stop]

    def counts_in_tunes(self, counted: Mask) -> NDArray[np.int64]:
        """How many of its symbols count in each tune: (tunes,), in their order.

        counted: (256,) bool, which symbols count; SEPARATOR does not.
        """
        return np.add.reduceat(counted[self.symbols], self._separators[:-1], dtype=np.int64)

    def admitted_positions(self, admitted: Mask | None) -> Mask | None:
        """A mask over tunes as a mask over positions."""
        return None if admitted is None else admitted[self.tune_of_positions]

    def __contains__(self, tune: int) -> bool:
        at = bisect_left(self._ids, tune)
        return at < len(self._ids) and self._ids[at] == tune
