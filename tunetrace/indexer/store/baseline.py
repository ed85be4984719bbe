"""The baseline: people's own tunes, each checked against all others of its index.

People borrow from one another too, so that a number says little by itself. The baseline says what
it is in tunes that people made: a transcription stands somewhere among those of its meter and
length, and a batch as a whole has more or less than them (see comparison).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import sqlalchemy as sa
from numpy.typing import ArrayLike, NDArray

from tunetrace.checker.baseline.range_counts import RangeCounts
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.meta import DamagedError
from tunetrace.indexer.store.schema import insert_rows

LEAST_PEERS: Final = 100
"""A transcription is placed among no fewer tunes than this, as long as there are so many."""

STORED: Final = (
    "longest_notes", "copied_8", "copied_12", "copied_16", "copied_24", "copied_32", "creativity",
    "originality", "bars_in_corpus", "bars_same_position",
)  # fmt: skip
"""The measures of which an index of this schema version stores a column each."""

_ANY_NOTES: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a transcription lies among people's tunes: the baseline of the index.

    peers: how many tunes it is compared with; meter: theirs, None for any; least_notes and
    most_notes: how long they are, None for any length. below: for each measure by its name, the
    share of the peers that have less of it.
    """

    peers: int
    meter: str | None
    least_notes: int | None
    most_notes: int | None
    below: dict[str, float]


@dataclass(frozen=True)
class BaselineTunes:
    """What was measured of each of people's tunes, one row a tune, in any order.

    meter: (n,) of each, None where it states none; notes: (n,) how many it has; values: for each
    measure by its name (n,), in the precision in which they are compared.
    """

    meter: Sequence[str | None]
    notes: NDArray[np.int32]
    values: Mapping[str, NDArray[np.float32]]

    def __post_init__(self) -> None:
        rows = {len(self.meter), len(self.notes), *map(len, self.values.values())}
        if len(rows) != 1 or 0 in rows:
            raise ValueError("a baseline has at least one tune, and columns of one length")

    def standings(
        self,
        meter: Sequence[str | None],
        notes: ArrayLike,
        values: Mapping[str, ArrayLike],
    ) -> list[Standing]:
        """Where transcriptions lie among people's tunes, one row a transcription.

        Columns as of the baseline; values: of every measure that the baseline has. The peers are
        the tunes of the same meter that have between 3/4 and 4/3 of its notes; where these are
        fewer than 100 all of its meter, and where these are, or it states no meter, all tunes.
        """
        of_meter, lengths = self._meter_numbers(meter), np.asarray(notes, dtype=np.int64)
        least, most = -(-3 * lengths // 4), 4 * lengths // 3
        near = self._stretches(of_meter, least, most)
        same_meter = self._stretches(of_meter, np.zeros_like(least), np.full_like(most, _ANY_NOTES))
        has_near = near[1] - near[0] >= LEAST_PEERS
        has_meter = same_meter[1] - same_meter[0] >= LEAST_PEERS
        first = np.where(has_near, near[0], np.where(has_meter, same_meter[0], 0))
        stop = np.where(has_near, near[1], np.where(has_meter, same_meter[1], len(self.notes)))
        peers = stop - first
        below = np.empty((len(lengths), len(self.values)))
        for column, (name, counts) in enumerate(self._counts.items()):
            # In the baseline's own precision, or what is equal would be less or more.
            than = np.asarray(values[name], dtype=np.float32)
            below[:, column] = counts.less(first, stop, than) / peers
        return [
            Standing(
                peers=peer_count,
                meter=of if near_enough or of_its_meter else None,
                least_notes=shortest if near_enough else None,
                most_notes=longest if near_enough else None,
                below=dict(zip(self._counts, shares, strict=True)),
            )
            for of, peer_count, near_enough, of_its_meter, shortest, longest, shares in zip(
                meter, peers.tolist(), has_near.tolist(), has_meter.tolist(), least.tolist(),
                most.tolist(), below.tolist(), strict=True,
            )
        ]  # fmt: skip

    @cached_property
    def _meters(self) -> dict[str, int]:
        """A number for each meter; tunes without one come before them all, as number 0."""
        return {meter: k for k, meter in enumerate(sorted({m for m in self.meter if m}), 1)}

    def _meter_numbers(self, meters: Sequence[str | None]) -> NDArray[np.int64]:
        """-1 for those that no tune of the baseline has, and for none."""
        known = self._meters
        return np.array([known.get(m, -1) if m else -1 for m in meters], dtype=np.int64)

    @cached_property
    def _row(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The baseline in a row by meter and length: (n,) which tune, and (n,) its sorting key."""
        numbers = np.maximum(self._meter_numbers(self.meter), 0)
        keys = (numbers << 32) + np.asarray(self.notes, dtype=np.int64)
        order = np.argsort(keys, kind="stable")
        return order, keys[order]

    def _stretches(
        self, meter: NDArray[np.int64], least: NDArray[np.int64], most: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where in the row the tunes of a meter stand that have from least to most notes."""
        _, keys = self._row
        first = np.searchsorted(keys, (meter << 32) + least, side="left")
        stop = np.searchsorted(keys, (meter << 32) + most, side="right")
        return first, stop

    @cached_property
    def _counts(self) -> dict[str, RangeCounts]:
        """Each measure of the row, ready to be counted in."""
        order, _ = self._row
        return {
            name: RangeCounts(np.asarray(values, dtype=np.float32)[order])
            for name, values in self.values.items()
        }


def load_baseline(connection: sa.Connection) -> BaselineTunes | None:
    """The baseline of an index, None where it has none; DamagedError where it is not whole."""
    columns: dict[str, bytes] = {}
    for name, numbers, checksum in connection.execute(sa.select(schema.baseline)):
        if numbers is None or zlib.crc32(numbers) != checksum:
            raise DamagedError(f"the column {name} of the baseline is not what was written")
        columns[name] = numbers
    if not columns:
        return None
    if columns.keys() != {"tune", "notes", *STORED}:
        raise DamagedError("the baseline lacks columns, or has others")
    try:
        tunes = np.frombuffer(columns.pop("tune"), dtype="<i4").tolist()
        notes = np.frombuffer(columns.pop("notes"), dtype="<i4").astype(np.int32)
        values = {
            name: np.frombuffer(numbers, dtype="<f4").astype(np.float32)
            for name, numbers in columns.items()
        }
        tune = schema.tune.c
        rows = connection.execute(sa.select(tune.id, tune.meter).order_by(tune.id)).all()
        if [row.id for row in rows] != tunes:
            raise DamagedError("the baseline is of other tunes")
        return BaselineTunes([row.meter for row in rows], notes, values)
    except ValueError:
        raise DamagedError("the columns of the baseline are not of one length") from None


def store_baseline(
    connection: sa.Connection,
    tunes: NDArray[np.int32],
    notes: NDArray[np.int32],
    values: Mapping[str, NDArray[np.float32]],
) -> None:
    """Write a baseline in the place of what is there. tunes: (n,) the ids of all, ascending."""
    connection.execute(sa.delete(schema.baseline))
    columns = {"tune": tunes.astype("<i4"), "notes": notes.astype("<i4")}
    columns |= {name: column.astype("<f4") for name, column in values.items()}
    written = {name: column.tobytes() for name, column in columns.items()}
    rows = [(name, numbers, zlib.crc32(numbers)) for name, numbers in written.items()]
    insert_rows(connection, schema.baseline, rows)


def delete_baseline(connection: sa.Connection) -> None:
    """Delete the baseline, which is wrong after every change of the tunes."""
    connection.execute(sa.delete(schema.baseline))
