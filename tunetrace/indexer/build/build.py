"""Building an index: beside the place where it belongs, which it takes when it is whole.

Where there is no index it is renamed into its place. Where there is one, SQLite copies the new one
over it in one transaction: others may have that file open, and a file that is renamed over it would
be taken for theirs. Either way whoever opens that place finds the old index or the new one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from tunetrace._version import __version__
from tunetrace.corpus.readers import Format
from tunetrace.files import exists
from tunetrace.corpus.registry import DEFAULT_CORPORA
from tunetrace.errors import IndexFileError
from tunetrace.indexer.store import schema
from tunetrace.collector import collector_paused
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import IndexInfo, Reject
from tunetrace.indexer.build.sources import (CorpusSource, find_sources)
from tunetrace.indexer.store.connection import (PATIENCE, Database, database_uri, has_pages, identity, is_busy, journal, may_be_replaced, unread, unwritable)
from tunetrace.indexer.store.streams import (SEGMENT_SYMBOLS, insert, store_state)
from tunetrace.progress import (Progress, silent)
from tunetrace.indexer.build.writer import (Writer, gather, nothing_usable, read_corpus)
from tunetrace.files import beside as unfinished
from tunetrace.files import remove_leftovers


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What building an index gave: what is in it, and the tunes that were set aside."""

    info: IndexInfo
    set_aside: tuple[Reject, ...]


def build_index(
    path: Path,
    sources: Sequence[str | Path] = (),
    *,
    force: bool = False,
    name: str | None = None,
    format: Format | None = None,
    progress: Progress = silent,
    segment_symbols: int = SEGMENT_SYMBOLS,
) -> BuildReport:
    """Build the index of sources at path.

    sources: files, folders, `-` for standard input, names of corpora; none for the default
    corpora. force: replace an index that is there. name: what to call the corpus of the only
    source. Raises IndexFileError where an index is there
    without force or the place cannot be written, InputError where the only source cannot be read
    or no tune is usable.
    """
    if not path.name or (exists(path) and path.is_dir()):
        raise IndexFileError(f"{path}: this is a folder; name a file in it with --index")
    if exists(path) and not may_be_replaced(path):
        raise IndexFileError(f"{path}: this is no index of tunetrace; name another place")
    if exists(path) and not force:
        raise _in_the_way(path)
    if exists(path):
        with suppress(IndexFileError):
            _undo_what_was_cut_off(path)
    before = identity(path)
    opened = find_sources(sources or DEFAULT_CORPORA, format, progress, name=name)
    place = Path(os.path.realpath(path))  # a link stays, and what it leads to is replaced
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None
    remove_leftovers(place)
    beside = unfinished(place)
    try:
        report = _write(beside, path, opened, progress, segment_symbols)
        with _held(path) as old:
            if exists(path) and not force:
                raise _in_the_way(path)
            if identity(path) != before:
                raise IndexFileError(
                    f"{path}: the index was changed while this one was built, and stays; build "
                    "again to replace it"
                )
            if old is None:
                journal(path).unlink(missing_ok=True)
                beside.replace(place)
            else:
                with closing(sqlite3.connect(database_uri(beside, "mode=ro"), uri=True)) as new:
                    new.backup(old)
    except OSError as error:
        raise unwritable(path, error) from None
    except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
        raise IndexFileError(
            f"{path}: cannot be written ({getattr(error, 'orig', error)}); make room there, or "
            "name another place with --index"
        ) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return report


def _in_the_way(path: Path) -> IndexFileError:
    return IndexFileError(
        f"{path}: there is an index already; replace it with --force, or add to it with "
        "'tunetrace index add'"
    )


def _undo_what_was_cut_off(path: Path) -> None:
    """Have what a change that was killed left half-done undone, which changes the file."""
    database = Database(path)
    try:
        with database.connected():
            pass
    finally:
        database.close()


@contextmanager
def _held(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The index at path, which nobody else may read or change; None where SQLite cannot have it.

    It is absent then, or so damaged that nobody can open it, or not to be written. A change that is
    under way is waited for, and one that was cut off is undone.
    """
    if not has_pages(path):
        yield None
        return
    uri = database_uri(path, "mode=rw")
    with closing(
        sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
    ) as connection:
        held: sqlite3.Connection | None = connection
        try:
            connection.execute("BEGIN EXCLUSIVE")
            # In this mode the lock is kept when the transaction ends, until it is closed.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if is_busy(error):
                raise unread(path, error) from None
            held = None
        yield held


def _write(
    beside: Path,
    path: Path,
    sources: Sequence[CorpusSource],
    progress: Progress,
    segment_symbols: int,
) -> BuildReport:
    """Write beside its place the index that will be at path."""
    # A creator, since in a URL `?` and `%` of a path would mean something else.
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(beside))
    try:
        with engine.connect() as connection, collector_paused():
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "page_size = 8192"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            connection.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")
            schema.metadata.create_all(connection)
            # What follows is one transaction, at whose end it is all on the disk.
            connection.exec_driver_sql("PRAGMA synchronous = FULL")
            insert(
                connection,
                schema.meta,
                [("tunetrace_version", __version__), ("vocabulary", "[]")],
            )
            store_state(connection)
            writer = Writer(connection, progress, segment_symbols)
            tunes, rejected = 0, []
            for source in sources:
                read = read_corpus(source, is_only=len(sources) == 1, progress=progress)
                gathered = gather(source, read, writer.vocabulary)
                tunes += len(gathered.tunes)
                rejected += gathered.rejected
                writer.add(gathered)
            if not tunes:
                raise nothing_usable(rejected)
            writer.close()
            with Index(path, connection) as index:
                report = BuildReport(index.info(), index.rejects())
            connection.commit()
    finally:
        engine.dispose()
    return report
