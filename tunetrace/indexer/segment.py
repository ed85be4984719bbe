"""A segment in memory: the stream of its tunes, searchable, and which tune each position is in."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.suffix import SuffixIndex
from tunetrace.tokenizer.vocabulary import SEPARATOR

Mask = NDArray[np.bool_]

_FEW = 4096
"""Up to so many positions a search for each beats the map of all."""


class Segment(SuffixIndex):
    """The tunes first_tune, first_tune + 1, ... and their suffix array.

    Tunes are counted by id throughout: masks are (tunes in the index + 1,) bool, by tune id.
    """

    def __init__(self, first_tune: int, stream: bytes, suffixes: bytes) -> None:
        super().__init__(stream, suffixes)
        self.first_tune = first_tune
        # Of the positions' own type: a search would convert all of them anew each time.
        self._separators = np.flatnonzero(self.symbols == SEPARATOR).astype(np.int32)

    @cached_property
    def _tunes(self) -> NDArray[np.int32]:
        """The tune id of every position; a SEPARATOR has that of the tune it begins or ends."""
        ids = np.cumsum(self.symbols == SEPARATOR, dtype=np.int32)
        ids += self.first_tune - 1
        ids[-1] -= 1  # after the last tune none begins
        return ids

    def tunes_at(self, positions: NDArray[np.int32]) -> NDArray[np.integer]:
        """The tune ids of positions: (n,), in their order."""
        if len(positions) > _FEW:
            return self._tunes[positions]
        found: NDArray[np.integer] = np.searchsorted(self._separators, positions, side="right")
        return found + (self.first_tune - 1)

    def tokens_of(self, tune: int) -> tuple[int, bytes]:
        """Where a tune begins in the stream, and its symbols."""
        at = tune - self.first_tune
        start, stop = int(self._separators[at]) + 1, int(self._separators[at + 1])
        return start, self.stream[start:stop]

    def admitted_positions(self, admitted: Mask | None) -> Mask | None:
        """A mask over tunes as a mask over positions."""
        return None if admitted is None else admitted[self._tunes]

    def __contains__(self, tune: int) -> bool:
        return self.first_tune <= tune < self.first_tune + len(self._separators) - 1
