"""Percentiles: how a transcription's measures compare with those of real tunes like it.

People borrow too, so a measure says little by itself. A transcription is compared with its peers:
tunes of the index in the same meter and of about the same length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunetrace.checker.batch.arrays import rows
from tunetrace.indexer.store.arrays.baseline import BaselineTunes
from tunetrace.records import Record

LEAST_PEERS: Final = 100
"""A transcription has at least this many peers, if the index has as many tunes."""

_ANY_LENGTH: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, repr=False)
class Percentiles(Record):
    """How a transcription compares with real tunes of its meter and length."""

    peers: int
    """The number of tunes that it is compared with."""
    meter: str | None
    """The meter of the peers; None for any meter."""
    least_notes: int | None
    """The shortest length of a peer; None for any length."""
    most_notes: int | None
    """The longest length of a peer; None for any length."""
    below: dict[str, float]
    """For each measure, by its name, the share of the peers that have less of it."""


class Peers:
    """Real tunes in order of meter and length, so that the peers of a tune are neighbours."""

    def __init__(self, tunes: BaselineTunes) -> None:
        # Tunes without a meter have the number 0.
        meters = sorted({meter for meter in tunes.meter if meter})
        self._meters = {meter: number for number, meter in enumerate(meters, 1)}
        numbers = np.array([self._meters[meter] if meter else 0 for meter in tunes.meter])
        keys = (numbers << 32) + tunes.notes
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._names = list(tunes.values)
        self._values = np.array([tunes.values[name] for name in self._names])[:, order]

    def percentiles(
        self, meters: Sequence[str | None], notes: ArrayLike, values: Mapping[str, ArrayLike]
    ) -> list[Percentiles]:
        """Compare transcriptions with their peers.

        meters, notes: one of each for a transcription. values: the same of every measure, by its
        name; one that is missing is not compared.
        Peers have the same meter and 3/4 to 4/3 of the notes. If these are fewer than 100, the
        peers are all tunes of the meter, and if these are fewer than 100 as well, all tunes.
        """
        lengths = np.asarray(notes, dtype=np.int64)
        least, most = -(-3 * lengths // 4), 4 * lengths // 3
        meter = np.array([self._meters.get(some or "", -1) for some in meters], dtype=np.int64)
        near = self._ranges(meter, least, most)
        of_meter = self._ranges(meter, np.zeros_like(least), np.full_like(most, _ANY_LENGTH))
        every = np.array([[0], [len(self._keys)]])
        has_near, has_meter = (stop - first >= LEAST_PEERS for first, stop in (near, of_meter))
        ranges = np.where(has_near, near, np.where(has_meter, of_meter, every))
        # In the precision of the baseline. Otherwise equal values would differ.
        names = [name for name in self._names if name in values]
        wanted = np.array([values[name] for name in names], dtype=np.float32)
        below = self._shares_below(ranges, wanted, [self._names.index(name) for name in names])
        return [
            Percentiles(
                peers=peers,
                meter=of if is_near or is_of_meter else None,
                least_notes=shortest if is_near else None,
                most_notes=longest if is_near else None,
                below=dict(zip(names, shares, strict=True)),
            )
            for of, (peers, is_near, is_of_meter, shortest, longest, shares) in zip(
                meters,
                rows(ranges[1] - ranges[0], has_near, has_meter, least, most, below.T),
                strict=True,
            )
        ]

    def _ranges(
        self, meter: NDArray[np.int64], least: NDArray[np.int64], most: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Where the tunes of a meter with least to most notes begin and stop: (2, n)."""
        first = np.searchsorted(self._keys, (meter << 32) + least, side="left")
        stop = np.searchsorted(self._keys, (meter << 32) + most, side="right")
        return np.array([first, stop])

    def _shares_below(
        self, ranges: NDArray[np.int64], wanted: NDArray[np.float32], measures: Sequence[int]
    ) -> NDArray[np.float64]:
        """The share of each range that is less than a value: (measures, n).

        ranges: (2, n). wanted: (measures, n). measures: their rows among all values. Each different
        range is sorted once.
        """
        of_measures = self._values[measures]
        below = np.empty(wanted.shape)
        order = np.lexsort(ranges)
        begins = np.flatnonzero(np.diff(ranges[:, order], prepend=-1).any(axis=0))
        for those in np.split(order, begins[1:]) if len(begins) else ():
            first, stop = ranges[:, those[0]].tolist()
            peers = of_measures[:, first:stop]
            if len(those) == 1:  # to count is faster than to sort
                below[:, those[0]] = np.count_nonzero(peers < wanted[:, those], axis=1)
            else:
                for measure, values in enumerate(np.sort(peers, axis=1)):
                    below[measure, those] = np.searchsorted(values, wanted[measure, those])
            below[:, those] /= stop - first
        return below


_peers: WeakKeyDictionary[BaselineTunes, Peers] = WeakKeyDictionary()


def peers_in(tunes: BaselineTunes) -> Peers:
    """The peers among real tunes, put in order once for each open index."""
    if tunes not in _peers:
        _peers[tunes] = Peers(tunes)
    return _peers[tunes]
