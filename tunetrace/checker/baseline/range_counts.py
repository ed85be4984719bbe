"""Counting in stretches: how many values of a stretch of a row are less than a given one.

A percentile among peers is such a count, where people's tunes stand in a row by meter and length
and the peers are a stretch of it. A batch asks for hundreds of thousands of them, so that they are
answered together, each in as many steps as the values have bits; a few are counted as they are.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FEW: Final = 32
"""Up to so many stretches are counted sooner than the row is made ready."""


class RangeCounts:
    """A row of values, to be counted in.

    Method: a wavelet matrix (Claude and Navarro 2012) over the ranks of the values. Level by level,
    from the highest bit of the ranks to the lowest, the row is sorted stably by one bit; where a
    stretch begins and ends after that, and how many of it went to the front, is read off a running
    count of zero bits.
    """

    def __init__(self, values: ArrayLike) -> None:
        """values: (n,) numbers without NaN."""
        self._values = np.asarray(values)

    @cached_property
    def _levels(self) -> tuple[NDArray[np.generic], list[NDArray[np.int32]]]:
        """The different values, sorted; and for each bit of their ranks, from the highest, how many
        zeros stand before each place of the row: (n + 1,)."""
        distinct, ranks = np.unique(self._values, return_inverse=True)
        levels: list[NDArray[np.int32]] = []
        for bit in reversed(range(max(len(distinct) - 1, 0).bit_length())):
            is_zero = (ranks >> bit) & 1 == 0
            levels.append(np.concatenate(([0], np.cumsum(is_zero))).astype(np.int32))
            ranks = np.concatenate((ranks[is_zero], ranks[~is_zero]))
        return distinct, levels

    def less(self, first: ArrayLike, stop: ArrayLike, than: ArrayLike) -> NDArray[np.int64]:
        """How many values from first up to stop are less than a value, for many stretches at once.

        first, stop: (k,) places in the row; than: (k,) values. Returns (k,) counts.
        """
        low, high = np.asarray(first, dtype=np.int64), np.asarray(stop, dtype=np.int64)
        wanted = np.asarray(than)
        if len(wanted) <= _FEW:
            stretches = zip(low.tolist(), high.tolist(), wanted, strict=True)
            counted = [np.count_nonzero(self._values[i:j] < value) for i, j, value in stretches]
            return np.array(counted, dtype=np.int64)
        return self._less(low, high, wanted)

    def _less(
        self, low: NDArray[np.int64], high: NDArray[np.int64], than: NDArray[np.generic]
    ) -> NDArray[np.int64]:
        distinct, levels = self._levels
        rank = np.searchsorted(distinct, than, side="left")
        is_above_all = rank == len(distinct)
        counts = np.where(is_above_all, high - low, 0)
        for bit, zeros in zip(reversed(range(len(levels))), levels, strict=True):
            has_bit = (rank >> bit) & 1 == 1
            zeros_low, zeros_high = zeros[low], zeros[high]
            # Those that have a zero where the rank has a one are less, whatever follows.
            counts += np.where(has_bit & ~is_above_all, zeros_high - zeros_low, 0)
            low = np.where(has_bit, zeros[-1] + low - zeros_low, zeros_low)
            high = np.where(has_bit, zeros[-1] + high - zeros_high, zeros_high)
        return counts
