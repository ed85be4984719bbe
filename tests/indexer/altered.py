"""The arrays of an index, read and altered so that their checksums agree with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.schema import array, piece


def alter_array(
    path: Path,
    purpose: str,
    name: str,
    change: Callable[[NDArray[Any]], NDArray[Any]] | None,
) -> None:
    """Alter an array of every segment, or of the whole index; delete it if there is no change."""
    engine = storage_of(path).engine("change")
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        select = sa.select(array.c.id, array.c.dtype)
        rows = connection.execute(select.where(array.c.purpose == purpose, array.c.name == name))
        found = rows.all()
        assert found, f"the index has no array {name} for {purpose}"
        for number, dtype in found:
            of_array = piece.c.array_id == number
            pieces = sa.select(piece.c.content).where(of_array).order_by(piece.c.place)
            stored = np.frombuffer(b"".join(connection.scalars(pieces)), dtype)
            connection.execute(sa.delete(piece).where(of_array))
            if change is None:
                connection.execute(sa.delete(array).where(array.c.id == number))
                continue
            content = change(stored.copy()).astype(dtype, copy=False).tobytes()
            if content:
                row = {"array_id": number, "place": 0, "content": content}
                connection.execute(sa.insert(piece).values(row))
            told = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            connection.execute(sa.update(array).where(array.c.id == number).values(told))
        connection.commit()
    engine.dispose()
