"""Strata: real tunes in groups of one meter and similar length, to compare like with like.

A reel of 32 bars shares more with other tunes than a waltz of 16 bars, only because it is longer
and there are more reels. So a batch is compared with real tunes of its own meters and lengths.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_IN_STRATUM: Final = 30
"""A stratum has at least this many tunes, if real tunes are as many."""

BANDS_IN_OCTAVE: Final = 2
"""The bands of lengths up to twice a length: 64 to 90 notes, 91 to 127, and so on."""


def length_bands(notes: ArrayLike) -> NDArray[np.int64]:
    """The band of each length in notes; a length below 1 is in the band of 1."""
    octaves = np.log2(np.maximum(np.asarray(notes, dtype=np.float64), 1))
    bands: NDArray[np.int64] = np.floor(BANDS_IN_OCTAVE * octaves).astype(np.int64)
    return bands


class Strata:
    """A division of real tunes by meter and length.

    Neighbouring bands of a meter are joined until each stratum has 30 tunes. Meters with fewer than
    30 tunes are joined and divided in the same way. If these have fewer than 30 tunes together,
    they are compared with strata of all tunes. members: the tunes of each stratum, by their places.
    """

    def __init__(self, meters: Sequence[str | None], notes: ArrayLike) -> None:
        """meters, notes: the meter, or None, and the length of each of real tunes."""
        bands = length_bands(notes)
        places: dict[str | None, list[int]] = {}
        for place, meter in enumerate(meters):
            places.setdefault(meter, []).append(place)
        self.members: list[NDArray[np.int64]] = []
        self._of_meter: dict[str | None, tuple[int, list[int]]] = {}
        rare: list[int] = []
        for meter, found in places.items():
            if len(found) < LEAST_IN_STRATUM:
                rare += found
            else:
                self._of_meter[meter] = self._divide(np.array(found), bands)
        if len(rare) < LEAST_IN_STRATUM:
            rare = list(range(len(meters)))
        self._of_rare = self._divide(np.array(rare), bands)

    def _divide(self, places: NDArray[np.int64], bands: NDArray[np.int64]) -> tuple[int, list[int]]:
        """Divide tunes by length; gives the first stratum, and the first bands of the next ones."""
        first = len(self.members)
        begins: list[int] = []
        counts: list[int] = []
        for band, count in zip(*np.unique(bands[places], return_counts=True), strict=True):
            if not counts or counts[-1] >= LEAST_IN_STRATUM:
                begins.append(int(band))
                counts.append(0)
            counts[-1] += int(count)
        if len(counts) > 1 and counts[-1] < LEAST_IN_STRATUM:
            begins.pop()
        stratum = np.searchsorted(begins[1:], bands[places], side="right")
        self.members += [places[stratum == k] for k in range(len(begins))]
        return first, begins[1:]

    def of(self, meters: Sequence[str | None], notes: ArrayLike) -> NDArray[np.int64]:
        """The stratum that each transcription is compared with."""
        found = []
        for meter, band in zip(meters, length_bands(notes).tolist(), strict=True):
            first, begins = self._of_meter.get(meter, self._of_rare)
            found.append(first + bisect_right(begins, band))
        return np.array(found, dtype=np.int64)
