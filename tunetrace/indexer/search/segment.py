"""A segment in memory: its stream in one view, searchable, and the tune of each position."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.suffix import SuffixIndex, gram_firsts
from tunetrace.tokenizer.vocabulary import SEPARATOR

Mask = NDArray[np.bool_]

_FEW = 4096
"""Up to this many positions, a search for each is faster than the map of all positions."""


class Segment(SuffixIndex):
    """Some tunes, their stream in one view and its suffix array.

    tune_ids: (tunes,) int32, little-endian, as bytes: ascending, in the order of the stream. A tune
    is always given by its id, and a mask of tunes is (last id + 1,) bool, by id. grams: what
    gram_firsts gives, int32, little-endian, as bytes; None if it is not known.
    """

    def __init__(
        self, tune_ids: bytes, stream: bytes, suffixes: bytes, grams: bytes | None = None
    ) -> None:
        super().__init__(stream, suffixes)
        self._grams = grams
        self.tune_ids: NDArray[np.int32] = np.frombuffer(tune_ids, dtype="<i4").astype(
            np.int32, copy=False
        )
        # int32 like the positions, or each search would convert them all.
        self._separators = np.flatnonzero(self.symbols == SEPARATOR).astype(np.int32)
        if len(self._separators) != len(self.tune_ids) + 1:
            raise ValueError("its stream does not have as many tunes as the segment lists")
        if grams is not None and not 0 <= self.gram_firsts.max(initial=0) < len(stream):
            raise ValueError("its runs of symbols are not those of its suffix array")
        self._ids = self.tune_ids.data  # bisect on it is faster than on the array
        self._bounds = self._separators.data
        # The tune of a position, by the number of separators up to it.
        self._tune_after = np.concatenate([self.tune_ids[:1], self.tune_ids])

    @cached_property
    def gram_firsts(self) -> NDArray[np.int32]:
        """Where in the suffix array each different run of GRAM symbols begins: (n,), ascending."""
        if self._grams is None:
            return gram_firsts(self.stream, self.suffixes)
        return np.frombuffer(self._grams, dtype="<i4").astype(np.int32, copy=False)

    @cached_property
    def tune_of_positions(self) -> NDArray[np.int32]:
        """The tune id of every position: (n,). A SEPARATOR belongs to the tune after it, the last
        one to the tune before it."""
        places = np.cumsum(self.symbols == SEPARATOR, dtype=np.int32)
        places[-1] -= 1
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
        """The tunes of positions, and which symbol of its tune each position is: two (n,)."""
        after = self._separators.searchsorted(positions, side="right")
        return self._tune_after.take(after), positions - self._separators.take(after - 1) - 1

    def positions_of(
        self, tunes: NDArray[np.integer], symbols: NDArray[np.integer]
    ) -> NDArray[np.integer]:
        """Where symbols of tunes are in the stream: (n,), of (n,) tunes and (n,) symbols."""
        return self._separators[self.tune_ids.searchsorted(tunes)] + 1 + symbols

    def symbols_of(self, tune: int) -> bytes:
        """The symbols of a tune."""
        at = bisect_left(self._ids, tune)
        return self.stream[self._bounds[at] + 1 : self._bounds[at + 1]]

    def admitted_positions(self, admitted: Mask | None) -> Mask | None:
        """The mask of positions (n,) that a mask of tunes stands for."""
        return None if admitted is None else admitted[self.tune_of_positions]

    def without(self, tunes: Iterable[int]) -> Segment | None:
        """A segment of its other tunes; itself if it has none of these, None if no tune is left.

        Suffixes keep their order. Where two agree up to the end of a tune, the order of what
        follows may be another one, which no search looks at.
        """
        is_kept = ~np.isin(self.tune_ids, np.fromiter(tunes, dtype=np.int32))
        if is_kept.all():
            return self
        if not is_kept.any():
            return None
        # A separator goes with the tune after it; the last one is kept.
        kept = np.append(np.repeat(is_kept, np.diff(self._separators)), True)
        place = np.cumsum(kept, dtype=np.int32) - 1
        return Segment(
            self.tune_ids[is_kept].astype("<i4").tobytes(),
            self.symbols[kept].tobytes(),
            place[self.suffixes[kept[self.suffixes]]].astype("<i4").tobytes(),
        )

    def __contains__(self, tune: int) -> bool:
        at = bisect_left(self._ids, tune)
        return at < len(self._ids) and self._ids[at] == tune
