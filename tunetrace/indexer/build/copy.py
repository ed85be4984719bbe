"""Copying an index to another place, into a file or a database, and comparing the copy."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tunetrace.arguments import public
from tunetrace.errors import IndexFileError
from tunetrace.garbage import collector_paused
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import IndexInfo
from tunetrace.indexer.store.copying import copy_rows, sums_of
from tunetrace.indexer.store.database.connection import Database
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.database.storage import Connection, Storage
from tunetrace.progress import Progress, silent
from tunetrace.records import Record


@dataclass(frozen=True, slots=True, repr=False)
class CopyReport(Record):
    """What copying an index gave."""

    source: str
    """The index that was copied."""
    rows: int
    """How many rows all its tables have. Each was compared."""
    bytes: int
    """How many bytes its arrays have. Each array was compared with its checksum."""
    info: IndexInfo
    """What is in the copy."""


@public
def copy_index(
    source: str | Path, target: str | Path, *, force: bool = False, progress: Progress = silent
) -> CopyReport:
    """Copy an index to another place: a file or a PostgreSQL database, both as for open_index.

    The copy has the same tunes, ids, baseline and families, and gives the same answers. It takes
    its place once it was read again and is equal to what was read. force: replace an index that is
    there. What others change in the source meanwhile is not in the copy.

    IndexFileError if there is no index at source, if it is damaged or of another version, if an
    index is in the way, or if the copy cannot be written.
    """
    here, there = storage_of(source), storage_of(target)
    if here.is_same_place(there):
        raise IndexFileError(
            f"{there.shown}: an index cannot be copied to its own place; give another place"
        )
    failures: tuple[type[Exception], ...] = (OSError, *there.errors)
    with closing(Database(here)) as database, database.connected() as connection:
        try:
            with there.replacing(force=force) as new, collector_paused():
                return _copy(here, connection, there, new, progress)
        except failures as error:
            raise there.unwritable(error) from None


def _copy(
    here: Storage, connection: Connection, there: Storage, new: Connection, progress: Progress
) -> CopyReport:
    """Copy all rows and compare them."""
    read = copy_rows(here, connection, new, progress)
    written = sums_of(new, progress)
    for table, one in read.items():
        if one != written[table]:
            raise IndexFileError(
                f"{there.shown}: the table '{table}' of the copy is not that of {here.shown}, so "
                "the copy was thrown away; check the disk and copy again"
            )
    with Index(there, new) as index:
        return CopyReport(
            here.shown,
            sum(one.rows for one in read.values()),
            sum(one.bytes for one in read.values()),
            index.info(),
        )
