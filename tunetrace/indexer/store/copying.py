"""The rows of an index, copied to another one and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from tunetrace.indexer.store import schema
from tunetrace.indexer.store.database.storage import Storage
from tunetrace.indexer.store.meta import DamagedError
from tunetrace.indexer.store.schema import insert_rows
from tunetrace.progress import Progress

_TOGETHER: Final = 1000
"""How many rows are read at once; of pieces of arrays one, which has up to PIECE_BYTES."""

_SUM: Final = 1 << 256

TABLES: Final = tuple(
    table for table in schema.metadata.sorted_tables if table is not schema.alembic_version
)
"""The tables that are copied, each after those that it refers to. A new index has its version."""


@dataclass(slots=True)
class TableSum:
    """What is compared of a table."""

    rows: int = 0
    bytes: int = 0
    """The bytes of its values that are bytes."""
    digest: int = 0
    """The sum of the SHA-256 of each row. So it depends on no order: databases sort texts in their
    own ways."""

    def add(self, row: tuple[Any, ...]) -> None:
        """Take in a row."""
        whole = hashlib.sha256()
        for value in row:
            if isinstance(value, bytes):
                self.bytes += len(value)
                whole.update(b"%d bytes:" % len(value))
                whole.update(value)
            else:
                whole.update(f"{value!r},".encode())
        self.rows += 1
        self.digest = (self.digest + int.from_bytes(whole.digest(), "big")) % _SUM


def copy_rows(
    storage: Storage, source: sa.Connection, target: sa.Connection, progress: Progress
) -> dict[str, TableSum]:
    """Copy all rows but the generation into a new index; the sum of each table as it was read.

    storage: that of source. IndexFileError if it cannot be read, or if a value or an array is not
    what was stored.
    """
    meta = schema.meta
    misfits = (sa.exc.IntegrityError, target.dialect.loaded_dbapi.IntegrityError)
    target.execute(sa.delete(meta).where(meta.c.name != "generation"))
    target.execute(sa.delete(schema.counter))
    sums: dict[str, TableSum] = {}
    try:
        for table in TABLES:
            one = sums[table.name] = TableSum()
            arrays = _Arrays(source) if table is schema.piece else None
            for rows in _batches(source, table):
                for row in rows:
                    one.add(row)
                    if arrays is not None:
                        arrays.add(*row)
                try:
                    insert_rows(target, table, rows)
                except misfits:  # rows that refer to none, or are there twice
                    raise DamagedError(f"the rows of {table.name} do not fit together") from None
                except storage.errors as error:
                    raise _NotWrittenError(error) from None
                progress(f"copying the table {table.name}: {one.rows:,} rows", 0)
            if arrays is not None:
                arrays.finish()
    except storage.errors as error:
        raise storage.unreadable(error) from None
    except DamagedError:
        raise storage.damaged() from None
    except _NotWrittenError as error:
        raise error.error from None
    return sums


def sums_of(connection: sa.Connection, progress: Progress) -> dict[str, TableSum]:
    """The sum of each table of an index, as copy_rows gives it."""
    sums = {}
    for table in TABLES:
        one = sums[table.name] = TableSum()
        for rows in _batches(connection, table):
            for row in rows:
                one.add(row)
            progress(f"comparing the table {table.name}: {one.rows:,} rows", 0)
    return sums


class _NotWrittenError(Exception):
    """An error of the index that is written, where both are of one kind of database."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class _Arrays:
    """The arrays of an index, whose pieces come one after the other."""

    def __init__(self, connection: sa.Connection) -> None:
        column = schema.array.c
        select = sa.select(column.id, column.bytes, column.sha256)
        self._stated = {row[0]: (row[1], row[2]) for row in connection.execute(select)}
        self._array: int | None = None
        self._start()

    def _start(self) -> None:
        self._place = self._bytes = 0
        self._sha256 = hashlib.sha256()

    def add(self, array: int, place: int, content: bytes) -> None:
        """Take in the next piece; DamagedError if an array is not what was stored."""
        if array != self._array:
            self._check()
            self._array = array
            self._start()
        if place != self._place:
            raise DamagedError(f"piece {self._place} of the array {array} is missing")
        if array not in self._stated:
            raise DamagedError(f"there are pieces of an array {array} that is missing")
        self._place += 1
        self._bytes += len(content)
        self._sha256.update(content)

    def _check(self) -> None:
        if self._array is None:
            return
        if self._stated.pop(self._array) != (self._bytes, self._sha256.hexdigest()):
            raise DamagedError(f"the array {self._array} does not match its checksum")

    def finish(self) -> None:
        """Check the last array, and that those without a piece are empty."""
        self._check()
        if any(size for size, _ in self._stated.values()):
            raise DamagedError("the pieces of an array are missing")


def _batches(connection: sa.Connection, table: sa.Table) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a table, some at a time, in the order of its primary key.

    DamagedError for a value of another type than the column's.
    """
    select = sa.select(table).order_by(*table.primary_key.columns)
    if table is schema.meta:
        select = select.where(table.c.name != "generation")
    together = 1 if table is schema.piece else _TOGETHER
    allowed = [
        (column.type.python_type, type(None)) if column.nullable else (column.type.python_type,)
        for column in table.columns
    ]
    known: set[tuple[type, ...]] = set()
    found = connection.execute(select, execution_options={"yield_per": together})
    for rows in found.partitions():
        batch = [tuple(row) for row in rows]
        for kinds in {tuple(map(type, row)) for row in batch} - known:
            if not all(kind in some for kind, some in zip(kinds, allowed, strict=True)):
                raise DamagedError(f"the table {table.name} has values of wrong types")
            known.add(kinds)
        yield batch
