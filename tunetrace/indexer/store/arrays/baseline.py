"""The baseline as it is stored: the measures of every tune of the index, a column each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.indexer.store import schema
from tunetrace.indexer.store.arrays.pieces import delete_arrays, load_arrays, store_arrays
from tunetrace.indexer.store.meta import DamagedError

STORED: Final = (
    "longest_notes", "copied_8", "copied_12", "copied_16", "copied_24", "copied_32", "creativity",
    "originality", "bars_in_corpus", "bars_same_position",
)  # fmt: skip
"""The measures that an index of this schema version stores."""

_PURPOSE: Final = "baseline"

OPTIONAL: Final = "similarity"
"""The measure that is stored if it was asked for: the probability of the most similar tune."""


@dataclass(frozen=True, eq=False)
class BaselineTunes:
    """What was measured of the tunes of an index, in any order."""

    meter: Sequence[str | None]
    """(n,) the meter of each tune; None if it states none."""
    notes: NDArray[np.int32]
    """(n,) the number of its notes."""
    values: Mapping[str, NDArray[np.float32]]
    """For each measure, by its name: (n,) its values, in the precision of comparisons."""

    def __post_init__(self) -> None:
        rows = {len(self.meter), len(self.notes), *map(len, self.values.values())}
        if len(rows) != 1 or 0 in rows:
            raise ValueError("a baseline has at least one tune, and columns of one length")


def load_baseline(connection: sa.Connection, hidden: Collection[int] = ()) -> BaselineTunes | None:
    """The baseline of an index, None if it has none; DamagedError if it is not whole.

    hidden: the ids of tunes that are left out. The others were measured against them too.
    """
    stored = load_arrays(connection, None, _PURPOSE)
    if not stored:
        return None
    columns = dict(stored[None].by_name)
    if columns.keys() - {OPTIONAL} != {"tune", "notes", *STORED}:
        raise DamagedError("the baseline has the wrong columns")
    try:
        tunes, notes, values = columns.pop("tune"), columns.pop("notes"), columns
        if {len(tunes)} != {len(notes), *map(len, values.values())}:
            raise ValueError
        is_seen = ~np.isin(tunes, list(hidden))
        if not is_seen.any():
            return None
        notes = notes[is_seen]
        values = {name: column[is_seen] for name, column in values.items()}
        tune = schema.tune.c
        rows = connection.execute(sa.select(tune.id, tune.meter).order_by(tune.id)).all()
        if [row.id for row in rows] != tunes[is_seen].tolist():
            raise DamagedError("the baseline was measured on other tunes")
        return BaselineTunes([row.meter for row in rows], notes, values)
    except ValueError:
        raise DamagedError("the columns of the baseline have different lengths") from None


def store_baseline(
    connection: sa.Connection,
    tunes: NDArray[np.int32],
    notes: NDArray[np.int32],
    values: Mapping[str, NDArray[np.float32]],
) -> None:
    """Replace the baseline. tunes: (n,) the ids of all tunes, in ascending order."""
    delete_baseline(connection)
    store_arrays(connection, None, _PURPOSE, {"tune": tunes, "notes": notes, **values})


def delete_baseline(connection: sa.Connection) -> None:
    """Delete the baseline, which is wrong after every change of the tunes."""
    delete_arrays(connection, None, _PURPOSE)
