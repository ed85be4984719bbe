"""Upgrading an index of an older schema version, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tunetrace.arguments import public
from tunetrace.indexer.store.database.connection import changing, version_of
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.schema import OLDEST_UPGRADED, SCHEMA_VERSION
from tunetrace.indexer.store.upgrade import upgrade
from tunetrace.progress import Progress, silent
from tunetrace.records import Record


@dataclass(frozen=True, slots=True, repr=False)
class MigrationReport(Record):
    """What an upgrade of an index did."""

    path: str
    """The index."""
    version_before: int
    """The schema version that it had."""
    version: int
    """The schema version that it has now."""
    migrations: tuple[str, ...]
    """What was done, a sentence for each version in between; empty if nothing was to be done."""
    bytes_before: int
    """How many bytes the index took before."""
    bytes: int
    """How many bytes it takes now."""


@public
def migrate_index(
    path: str | Path | None = None, *, progress: Progress = silent
) -> MigrationReport:
    """Upgrade an index of an older schema version to the one that this tunetrace reads.

    path: as for open_index. All is one transaction: if it is cut off, the index is as it was.
    Nobody else can read the index meanwhile. IndexFileError if there is no index, if it is too old
    or too new, or if it cannot be changed.
    """
    storage = storage_of(path)
    before = version_of(storage)
    size = storage.size()
    if not OLDEST_UPGRADED <= before <= SCHEMA_VERSION:
        raise storage.outdated(before)
    ran: list[str] = []
    if before != SCHEMA_VERSION:
        with changing(storage, shrink="the index is upgraded", upgrades=True) as connection:
            # Another process may have upgraded it since.
            ran = upgrade(connection, storage.version(connection), progress)
            progress("shrinking the file", 0)
    return MigrationReport(
        storage.shown, before, SCHEMA_VERSION, tuple(ran), size, storage.size()
    )  # fmt: skip
