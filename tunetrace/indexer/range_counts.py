"""Counting in stretches: how many values of a stretch of a row are less than a given one.

A percentile among peers is such a count, where people's tunes stand in a row by meter and length
and the peers are a stretch of it. A batch asks for hundreds of thousands of them, so that they are
answered together, each in as many steps as the values have bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class RangeCounts:
    """A row of values, ready to be counted in.

    Method: a wavelet matrix (Claude and Navarro 2012) over the ranks of the values. Level by level,
    from the highest bit of the ranks to the lowest, the row is sorted stably by one bit; where a
    stretch begins and ends after that, and how many of it went to the front, is read off a running
    count of zero bits.
    """

    def __init__(self, values: ArrayLike) -> None:
        """values: (n,) numbers without NaN."""
        self._distinct, ranks = np.unique(np.asarray(values), return_inverse=True)
        self._bits = max(len(self._distinct) - 1, 0).bit_length()
        self._zeros: list[NDArray[np.int32]] = []
        for bit in reversed(range(self._bits)):
            is_zero = (ranks >> bit) & 1 == 0
            self._zeros.append(np.concatenate(([0], np.cumsum(is_zero))).astype(np.int32))
            ranks = np.concatenate((ranks[is_zero], ranks[~is_zero]))

    def less(self, first: ArrayLike, stop: ArrayLike, than: ArrayLike) -> NDArray[np.int64]:
        """How many values from first up to stop are less than a value, for many stretches at once.

        first, stop: (k,) places in the row; than: (k,) values. Returns (k,) counts.
        """
        low, high = np.asarray(first, dtype=np.int64), np.asarray(stop, dtype=np.int64)
        rank = np.searchsorted(self._distinct, np.asarray(than), side="left")
        is_above_all = rank == len(self._distinct)
        counts = np.where(is_above_all, high - low, 0)
        for level, zeros in enumerate(self._zeros):
            has_bit = (rank >> (self._bits - 1 - level)) & 1 == 1
            zeros_low, zeros_high = zeros[low], zeros[high]
            # Those that have a zero where the rank has a one are less, whatever follows.
            counts += np.where(has_bit & ~is_above_all, zeros_high - zeros_low, 0)
            low = np.where(has_bit, zeros[-1] + low - zeros_low, zeros_low)
            high = np.where(has_bit, zeros[-1] + high - zeros_high, zeros_high)
        return counts
