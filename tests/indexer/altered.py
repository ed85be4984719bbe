"""The arrays of an index file, read and altered so that their checksums agree with them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def alter_array(
    path: Path,
    purpose: str,
    name: str,
    change: Callable[[NDArray[Any]], NDArray[Any]] | None,
) -> None:
    """Alter an array of every segment, or of the whole index; delete it if there is no change."""
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = connection.execute(
            "SELECT id, dtype FROM array WHERE purpose = ? AND name = ?", (purpose, name)
        ).fetchall()
        assert rows, f"the index has no array {name} for {purpose}"
        for number, dtype in rows:
            pieces = connection.execute(
                "SELECT content FROM piece WHERE array_id = ? ORDER BY place", (number,)
            ).fetchall()
            stored = np.frombuffer(b"".join(piece for (piece,) in pieces), dtype)
            connection.execute("DELETE FROM piece WHERE array_id = ?", (number,))
            if change is None:
                connection.execute("DELETE FROM array WHERE id = ?", (number,))
                continue
            content = change(stored.copy()).astype(dtype, copy=False).tobytes()
            if content:
                connection.execute("INSERT INTO piece VALUES (?, 0, ?)", (number, content))
            connection.execute(
                "UPDATE array SET bytes = ?, sha256 = ? WHERE id = ?",
                (len(content), hashlib.sha256(content).hexdigest(), number),
            )
