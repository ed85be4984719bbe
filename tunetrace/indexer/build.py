"""Building an index: beside the place where it belongs, and renamed into it when it is whole.

So whoever opens that place finds the old index or the new one and nothing between.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from tunetrace._version import __version__
from tunetrace.corpus.readers import Format, exists
from tunetrace.corpus.registry import DEFAULT_CORPORA
from tunetrace.errors import IndexFileError
from tunetrace.indexer import schema
from tunetrace.indexer.collector import collector_paused
from tunetrace.indexer.sources import CorpusSource, find_sources
from tunetrace.indexer.storage import (
    check_file,
    identity,
    kept_from_changes,
    may_be_replaced,
    unwritable,
)
from tunetrace.indexer.streams import SEGMENT_SYMBOLS, insert
from tunetrace.indexer.writer import (
    Progress,
    Writer,
    gather,
    nothing_usable,
    read_corpus,
    silent,
)
from tunetrace.unfinished import beside as unfinished
from tunetrace.unfinished import remove_leftovers


def build_index(
    path: Path,
    sources: Sequence[str | Path] = (),
    *,
    force: bool = False,
    name: str | None = None,
    format: Format | None = None,
    progress: Progress = silent,
    segment_symbols: int = SEGMENT_SYMBOLS,
) -> None:
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
            check_file(path)  # which undoes what was cut off, and so changes it
    before = identity(path)
    opened = find_sources(sources or DEFAULT_CORPORA, format, progress, name=name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None
    remove_leftovers(path)
    beside = unfinished(path)
    try:
        _write(beside, opened, progress, segment_symbols)
        with kept_from_changes(path):
            if exists(path) and not force:
                raise _in_the_way(path)
            if identity(path) != before:
                raise IndexFileError(
                    f"{path}: the index was changed while this one was built, and stays; build "
                    "again to replace it"
                )
            beside.replace(path)
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


def _in_the_way(path: Path) -> IndexFileError:
    return IndexFileError(
        f"{path}: there is an index already; replace it with --force, or add to it with "
        "'tunetrace index add'"
    )


def _write(
    path: Path, sources: Sequence[CorpusSource], progress: Progress, segment_symbols: int
) -> None:
    # A creator, since in a URL `?` and `%` of a path would mean something else.
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(path))
    try:
        with engine.connect() as connection, collector_paused():
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "page_size = 8192"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            connection.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")
            schema.metadata.create_all(connection)
            insert(
                connection,
                schema.meta,
                [("tunetrace_version", __version__), ("vocabulary", "[]")],
            )
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
            connection.commit()
    finally:
        engine.dispose()
    with path.open("r+b") as written:
        os.fsync(written.fileno())
