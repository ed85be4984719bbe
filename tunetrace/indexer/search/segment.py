"""A segment in memory: its stream in one view, searchable, and the tune of each position."""

from __future__ import annotations

import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.suffix import (
    Positions,
    SuffixIndex,
    Symbols,
    gram_firsts,
    suffix_array,
)
from tunetrace.tokenizer.vocabulary import SEPARATOR

Mask = NDArray[np.bool_]

_MANY: Final = 4
"""If positions are more than the symbols of the segment divided by this, the tune of every position
is worked out first, which is faster than to look for each."""

_FEW: Final = 256
"""The tunes of up to this many positions are found by bisection, those of more by their blocks."""

_BLOCK: Final = 7
"""A block has 2 to the power of this many symbols: about as many as a tune has."""

_CROWD: Final = 16
"""If a block has more SEPARATORs than this, the tunes of all positions are found by bisection."""


class Segment(SuffixIndex):
    """Some tunes, their stream in one view and its suffix array.

    A tune is always given by its id, and a mask of tunes is (last id + 1,) bool, by id.
    """

    def __init__(
        self,
        tune_ids: NDArray[np.int32],
        text: bytes | mmap.mmap,
        suffixes: Positions,
        bounds: Positions,
        grams: Positions | None = None,
    ) -> None:
        """tune_ids: (tunes,) ascending, in the order of the stream. text, suffixes: as SuffixIndex.
        bounds: (tunes + 1,) where the SEPARATORs of the stream are. grams: what gram_firsts gives;
        None if it is not known. ValueError if they do not fit together.
        """
        super().__init__(text, suffixes)
        self._grams = grams
        self.tune_ids = tune_ids
        self.bounds = bounds
        if len(bounds) != len(tune_ids) + 1:
            raise ValueError("its stream does not have as many tunes as the segment lists")
        if bounds[0] != 0 or bounds[-1] != len(suffixes) - 1:
            raise ValueError("its tunes do not fill its stream")
        self._ids = self.tune_ids.data  # bisect on it is faster than on the array
        self._bounds = bounds.data
        # The tune of a position, by the number of separators up to it.
        self._tune_after = np.concatenate([self.tune_ids[:1], self.tune_ids])

    @classmethod
    def of(cls, tune_ids: Iterable[int], stream: bytes) -> Segment:
        """The segment of some tunes, given by their stream, which is sorted here."""
        suffixes = suffix_array(stream)
        ids = np.fromiter(tune_ids, dtype=np.int32)
        return cls(ids, stream, suffixes, separators(stream))

    @cached_property
    def gram_firsts(self) -> NDArray[np.int32]:
        """Where in the suffix array each different run of GRAM symbols begins: (n,), ascending."""
        return gram_firsts(self.words, self.suffixes) if self._grams is None else self._grams

    def tunes_of_all(self) -> NDArray[np.int32]:
        """The tune id of every position: (n,). A SEPARATOR belongs to the tune after it, the last
        one to the tune before it."""
        counts = np.diff(self.bounds)
        counts[-1] += 1
        return np.repeat(self.tune_ids, counts)

    def tunes_at(self, positions: NDArray[np.integer]) -> NDArray[np.int32]:
        """The tune ids of positions: (n,), in their order."""
        if len(positions) * _MANY > len(self.suffixes):
            return self.tunes_of_all().take(positions)
        return self._tune_after.take(self.separators_up_to(positions), mode="clip")

    def separators_up_to(self, positions: NDArray[np.integer]) -> NDArray[np.integer]:
        """How many SEPARATORs are at each position or before it: (n,)."""
        if len(positions) <= _FEW or self._blocks is None:
            return self.bounds.searchsorted(positions, side="right")
        of_blocks, following = self._blocks
        counts: NDArray[np.int32] = of_blocks[positions >> _BLOCK]
        # The same block may have a few more before the position.
        while (is_more := following[counts] <= positions).any():
            counts += is_more
        return counts

    @cached_property
    def _blocks(self) -> tuple[NDArray[np.int32], NDArray[np.int32]] | None:
        """How many SEPARATORs there are up to the first symbol of each block, and, by how many
        there are before it, where each SEPARATOR is: (blocks,), (tunes + 2,).

        None if a block has too many of them to look at each.
        """
        before_blocks = np.bincount((self.bounds + ((1 << _BLOCK) - 1)) >> _BLOCK)
        if before_blocks.max() > _CROWD:
            return None
        none = np.iinfo(np.int32).max
        return np.cumsum(before_blocks).astype(np.int32), np.append(self.bounds, np.int32(none))

    def tune_at(self, position: int) -> int:
        """The tune id of one position."""
        return self._ids[bisect_right(self._bounds, position) - 1]

    def places(self, positions: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The tunes of positions, and which symbol of its tune each position is: two (n,)."""
        after = self.separators_up_to(positions)
        return self._tune_after.take(after), positions - self.bounds.take(after - 1) - 1

    def positions_of(
        self, tunes: NDArray[np.integer], symbols: NDArray[np.integer]
    ) -> NDArray[np.integer]:
        """Where symbols of tunes are in the stream: (n,), of (n,) tunes and (n,) symbols."""
        return self.bounds[self.tune_ids.searchsorted(tunes)] + 1 + symbols

    def symbols_of(self, tune: int) -> bytes:
        """The symbols of a tune."""
        at = bisect_left(self._ids, tune)
        return self.text[self._bounds[at] + 1 : self._bounds[at + 1]]

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
        kept = np.append(np.repeat(is_kept, np.diff(self.bounds)), True)
        place = np.cumsum(kept, dtype=np.int32) - 1
        symbols = self.symbols[kept]
        return Segment(
            self.tune_ids[is_kept],
            symbols.tobytes(),
            place[self.suffixes[kept[self.suffixes]]],
            separators(symbols),
        )

    def __contains__(self, tune: int) -> bool:
        at = bisect_left(self._ids, tune)
        return at < len(self._ids) and self._ids[at] == tune


def separators(stream: bytes | Symbols) -> Positions:
    """Where the SEPARATORs of a stream are: (tunes + 1,)."""
    symbols = np.frombuffer(stream, dtype=np.uint8)
    return np.flatnonzero(symbols == SEPARATOR).astype(np.int32)
