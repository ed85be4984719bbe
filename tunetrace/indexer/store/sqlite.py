"""What only SQLite has: the file of an index, its pragmas, its locks and its journal.

Nothing but SQLite opens an index. To close any other descriptor of the file would drop the locks
that this process holds on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, cast

import sqlalchemy as sa

from tunetrace.errors import IndexChangedError, IndexFileError
from tunetrace.files import exists
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.meta import generation_of, store_meta
from tunetrace.text import printable

LOCK_WAIT_SECONDS: Final = 60.0
"""How long a command waits while another one changes the index."""

_ENDING_SECONDS: Final = 1.0
"""How long a journal that cannot be undone may be that of a change that is just ending."""

_PAUSE_SECONDS: Final = 0.02
"""The pause between two tries to read while there is a journal."""

_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_OUT_OF_REACH: Final = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS,
}  # fmt: skip
"""SQLite's errors that say nothing about the content of the file."""

OperationalErrors: Final = (sqlite3.OperationalError, sa.exc.OperationalError)
"""What the driver and SQLAlchemy raise where a file cannot be read or written."""

DatabaseErrors: Final = (sqlite3.DatabaseError, sa.exc.DatabaseError, UnicodeDecodeError)
"""What reading or writing may raise. SQLite may quote a damaged file, which is no text then."""


# Errors


def damaged(path: Path) -> IndexFileError:
    """The error for an index that does not hold what was written."""
    return IndexFileError(
        f"{printable(str(path))}: the index is damaged; build it again with "
        "'tunetrace index build --force'"
    )


def changed(path: Path) -> IndexChangedError:
    """The error for a question to an index that is no longer what was opened."""
    return IndexChangedError(
        f"{printable(str(path))}: the index was changed after it was opened; open the index again"
    )


def unwritable(path: Path, error: Exception) -> IndexFileError:
    """The error for a place where no index can be written."""
    reason, advice = reason_of(error), "free disk space, or give"
    if isinstance(error, OSError):
        reason, advice = (error.strerror or "unwritable").lower(), "give"
    return IndexFileError(
        f"{path}: the index cannot be written ({reason}); {advice} another file with --index"
    )


def unreadable(path: Path, error: Exception) -> IndexFileError:
    """The error for an index that SQLite could not read."""
    name = printable(str(path))
    if is_damage(error):
        return damaged(path)
    if is_busy(error):
        return IndexFileError(f"{name}: another process is changing the index; try again later")
    return IndexFileError(
        f"{name}: the index cannot be read ({reason_of(error)}); check that the disk works and "
        "that you may read the file and its folder"
    )


def is_busy(error: Exception) -> bool:
    """Whether SQLite waited in vain for another process or thread."""
    return (_code(error) or 0) & 0xFF in _BUSY


def is_damage(error: Exception) -> bool:
    """Whether SQLite's error is about the content of the file, not about access to it."""
    code = _code(error)
    return code is None or code & 0xFF not in _BUSY | _OUT_OF_REACH


def reason_of(error: Exception) -> object:
    """The driver's own words for an error."""
    return getattr(error, "orig", error)


def _code(error: Exception) -> int | None:
    """SQLite's extended code of an error of the driver's or SQLAlchemy's; None for others."""
    code = getattr(reason_of(error), "sqlite_errorcode", None)
    return code if isinstance(code, int) else None


# Which file it is


def check_file(path: Path) -> None:
    """See that there is a database of tunetrace at path; IndexFileError if not.

    check_whole sees whether it is whole and of this version.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise IndexFileError(
            f"{path}: there is no index; build one with 'tunetrace index build', "
            "or give the path of another index with --index"
        ) from None
    except OSError as error:
        raise _out_of_reach(path, error.strerror or "unreadable") from None
    if not stat.S_ISREG(mode):
        raise _out_of_reach(path, "is a directory" if stat.S_ISDIR(mode) else "is not a file")
    try:
        application = _application(path)
    except sqlite3.DatabaseError as error:
        reason = str(error) if os.access(path, os.R_OK) else "permission denied"
        raise _out_of_reach(path, reason) from None
    if application is None:
        raise IndexFileError(
            f"{path}: this file is not a tunetrace index; give the path of an index with --index"
        )
    if application != schema.APPLICATION_ID:
        raise IndexFileError(
            f"{path}: this file is a database of another program; give the path of a tunetrace "
            "index"
        )


def _out_of_reach(path: Path, reason: str) -> IndexFileError:
    return IndexFileError(
        f"{path}: the index cannot be read ({reason.lower()}); give the path of a file"
    )


def _application(path: Path) -> int | None:
    """The program whose database a file is, by SQLite's application_id; None if it is no database.

    The file is read without a lock. Another program's file stays as it is, and a file that is cut
    off can be read too.
    """
    with closing(sqlite3.connect(_uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        connection.execute("PRAGMA writable_schema = ON")  # or a file that is cut off cannot open
        try:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
        except sqlite3.DatabaseError as error:
            if _code(error) == sqlite3.SQLITE_NOTADB:
                return None
            raise
    return int(application) if pages else None


_MAGIC: Final = b"SQLite format 3\0"
_HEADER_BYTES: Final = 100


def may_be_replaced(path: Path) -> bool:
    """Whether a file is an index. It may be cut off or of another version."""
    try:
        if not path.is_file():
            return False
        if path.stat().st_size >= _HEADER_BYTES:
            return _application(path) == schema.APPLICATION_ID
        # SQLite takes no locks on less than a header, so that none can be lost here.
        return _MAGIC.startswith(path.read_bytes()[: len(_MAGIC)])
    except (OSError, sqlite3.DatabaseError):
        return False


def check_whole(connection: sa.Connection, path: Path) -> None:
    """See that an index has all its pages and is of this version; IndexFileError if not.

    To be asked inside a transaction.
    """
    try:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        page_size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        is_cut_off = exists(path) and path.stat().st_size % page_size != 0
    except sa.exc.DatabaseError as error:
        if _code(error) != sqlite3.SQLITE_CORRUPT:
            raise
        is_cut_off = True  # SQLite read nothing but the header
    if is_cut_off:
        raise IndexFileError(
            f"{path}: the index is cut off; build it again with 'tunetrace index build --force'"
        )
    if version != schema.SCHEMA_VERSION:
        raise IndexFileError(
            f"{path}: the index has schema version {version}, but this tunetrace reads version "
            f"{schema.SCHEMA_VERSION}; build it again with 'tunetrace index build --force'"
        )


def faults_of_file(connection: sa.Connection, *, is_full: bool) -> Iterator[str]:
    """What SQLite's own check of pages, indexes, types and foreign keys finds, in sentences."""
    check = "integrity_check" if is_full else "quick_check"
    for (found,) in connection.exec_driver_sql(f"PRAGMA {check}(10)"):
        if found != "ok":
            what = " ".join(found.replace("*** in database main ***", "").split())
            yield f"SQLite finds the file damaged: {what}"
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check")
    for table, count in Counter(row[0] for row in rows).items():
        yield f"{count:,} rows of {table} refer to rows that are missing"


# Reading


def engine_of(path: Path, mode: str) -> sa.Engine:
    """An engine for a file, with a connection for each thread. mode: ro, rw, or rwc to make it.

    Transactions begin and end where the code says so.
    """
    connect = partial(
        sqlite3.connect, _uri(path, f"mode={mode}"), uri=True, timeout=LOCK_WAIT_SECONDS,
        check_same_thread=False, isolation_level=None,
    )  # fmt: skip
    # SQLAlchemy takes a URL without a file for a database in memory, and has no pool for threads
    # then. A URL with a file would read `?` and `%` in its name as something else.
    return sa.create_engine(
        "sqlite://", creator=connect, poolclass=sa.pool.QueuePool, max_overflow=-1
    )


def _uri(path: Path, options: str) -> str:
    return f"{path.absolute().as_uri()}?{options}"


def begin_reading(
    connection: sa.Connection, path: Path, file: int | None, *, is_known: bool
) -> int | None:
    """Begin a transaction in which nobody changes the index; gives the index's generation.

    file: the file_number of the index; IndexFileError if another file has taken its place.
    is_known: whether it was seen before that the index is whole. A change that was cut off is
    undone first.
    """
    begun = time.monotonic()
    while True:
        try:
            _driver(connection).execute("BEGIN")
            if not is_known:
                check_whole(connection, path)
            generation = generation_of(connection)
            break
        except OperationalErrors as error:
            waited = time.monotonic() - begun
            if is_damage(error) or is_busy(error) or waited > LOCK_WAIT_SECONDS:
                raise
            is_to_be_undone = _code(error) == sqlite3.SQLITE_READONLY_ROLLBACK
            if not is_to_be_undone and not journal(path).exists():
                raise
        # A change was cut off and left its journal; or a change is just ending; or the journal is
        # that of another file, which has taken the place of the opened one.
        connection.rollback()
        _undo(path, is_last_try=waited > _ENDING_SECONDS)
        if file_number(path) != file:
            raise changed(path)
        time.sleep(_PAUSE_SECONDS)
    if file_number(path) != file:
        raise changed(path)
    return generation


def generation_at(path: Path) -> int | None:
    """The generation of the index that is at path now; None if none can be read there.

    A change that was cut off is undone first.
    """
    if not exists(path):
        return None
    engine = engine_of(path, "rw")
    try:
        with engine.connect() as connection:
            return readable_generation(connection)
    except sa.exc.OperationalError:  # it is no file that can be opened
        return None
    finally:
        engine.dispose()


def readable_generation(connection: sa.Connection) -> int | None:
    """The generation of an index that may be damaged; None if it cannot be read."""
    try:
        return generation_of(connection)
    except DatabaseErrors as error:
        if is_busy(error):
            raise
        return None


def journal(path: Path) -> Path:
    """Where SQLite keeps what it needs to undo a change: beside the file that a link leads to."""
    return Path(f"{os.path.realpath(path)}-journal")


def _undo(path: Path, *, is_last_try: bool) -> None:
    """Let SQLite undo a change that was cut off. It waits while a change is being written."""
    try:
        uri = _uri(path, "mode=rw")
        with closing(sqlite3.connect(uri, uri=True, timeout=LOCK_WAIT_SECONDS)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:
        if is_busy(error):
            raise
        if is_last_try:
            raise IndexFileError(
                f"{printable(str(path))}: an unfinished change of the index cannot be undone "
                f"({error}); check that the file and its folder are writable"
            ) from None


# Hiding


_IS_HIDING: Final = "tunetrace hides tunes"
_HIDDEN: Final = "(SELECT id FROM temp.hidden_tune)"
_OF_CORPUS: Final = "FROM temp.hidden_tune WHERE corpus_id = corpus.id"

_HIDING: Final = (
    "UPDATE hidden_tune SET corpus_id = "
    "(SELECT corpus_id FROM main.tune WHERE id = hidden_tune.id)",
    "CREATE TEMP TABLE hidden_hit AS SELECT bar_id, tune_id FROM main.bar_hit "
    f"WHERE tune_id IN {_HIDDEN}",
    "CREATE INDEX temp.hidden_hit_tune ON hidden_hit (tune_id)",
    "UPDATE hidden_tune SET bars = (SELECT count(*) FROM hidden_hit WHERE tune_id = id)",
    "CREATE TEMP TABLE hidden_bar (id INTEGER PRIMARY KEY)",
    "INSERT INTO hidden_bar SELECT DISTINCT bar_id FROM hidden_hit WHERE NOT EXISTS (SELECT 1 FROM "
    f"main.bar_hit AS other WHERE other.bar_id = hidden_hit.bar_id AND tune_id NOT IN {_HIDDEN})",
    "DROP TABLE hidden_hit",
    "CREATE TEMP VIEW bar AS SELECT * FROM main.bar "
    "WHERE id NOT IN (SELECT id FROM temp.hidden_bar)",
    *(
        f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} WHERE {column} NOT IN {_HIDDEN}"
        for table, column in (
            ("tune", "id"), ("title", "tune_id"), ("bar_hit", "tune_id"), ("music", "tune_id")
        )
    ),
    "CREATE TEMP VIEW corpus AS SELECT id, name, source, licence, version, sha256, added, "
    f"tunes - (SELECT count(*) {_OF_CORPUS}) AS tunes, "
    f"tokens - (SELECT coalesce(sum(tokens), 0) {_OF_CORPUS}) AS tokens, "
    f"bars - (SELECT coalesce(sum(bars), 0) {_OF_CORPUS}) AS bars, set_aside FROM main.corpus "
    f"WHERE main.corpus.tunes = 0 OR main.corpus.tunes > (SELECT count(*) {_OF_CORPUS})",
)  # fmt: skip


def hide(connection: sa.Connection, tokens: Mapping[int, int]) -> None:
    """Hide tunes from whatever is asked through a connection, until it is closed.

    Views take the names of the tables: SQLite looks among temporary ones first. To be called inside
    a transaction, which it ends. tokens: how many each tune has, by its id, without headers.
    """
    driver = _driver(connection)
    driver.execute(
        "CREATE TEMP TABLE hidden_tune (id INTEGER PRIMARY KEY, tokens, corpus_id, bars)"
    )
    driver.executemany("INSERT INTO hidden_tune (id, tokens) VALUES (?, ?)", tokens.items())
    for statement in _HIDING:
        driver.execute(statement)
    driver.commit()
    connection.info[_IS_HIDING] = True


def is_hiding(connection: sa.Connection) -> bool:
    """Whether hide was called with a connection."""
    return _IS_HIDING in connection.info


# Writing


@contextmanager
def new_file(path: Path) -> Iterator[sa.Connection]:
    """A connection to a new, empty index, in a transaction that ends with the block."""
    engine = engine_of(path, "rwc")
    try:
        with engine.connect() as connection:
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "page_size = 8192"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            connection.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")
            schema.metadata.create_all(connection)
            # All that follows is on the disk when the transaction ends.
            connection.exec_driver_sql("PRAGMA synchronous = FULL")
            connection.exec_driver_sql("BEGIN")
            store_meta(connection)
            yield connection
            connection.commit()
    finally:
        engine.dispose()


def begin_changing(connection: sa.Connection, *, keeps_lock: bool) -> None:
    """Begin a transaction that changes an index, once no other one does.

    keeps_lock: keep all others out when it ends too, until the connection is closed.
    """
    # Changed pages stay in memory until the end, so that others can read until then.
    connection.exec_driver_sql("PRAGMA cache_spill = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if keeps_lock:
        connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")


def changed_rows(connection: sa.Connection) -> int:
    """How many rows a connection has changed so far."""
    return _driver(connection).total_changes


def shrink(connection: sa.Connection) -> None:
    """Give back what is free in the file."""
    connection.exec_driver_sql("VACUUM")


def file_number(path: Path) -> int | None:
    """A number that tells the file at a path from another that takes its place; None if absent."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


@contextmanager
def locked(path: Path) -> Iterator[sa.Connection | None]:
    """The index at path, which nobody else may read or change; None if SQLite cannot lock it.

    It is None for a file that is absent, not writable, or too damaged to be opened. A change that
    is under way is waited for. A change that was cut off is undone.
    """
    try:
        is_database = _application(path) is not None
    except sqlite3.DatabaseError:
        is_database = False
    if not is_database:
        yield None
        return
    engine = engine_of(path, "rw")
    try:
        with engine.connect() as connection:
            is_locked = True
            try:
                connection.exec_driver_sql("BEGIN EXCLUSIVE")
                # In this mode the lock is kept after the transaction, until the file is closed.
                connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
                connection.commit()
            except sa.exc.DatabaseError as error:
                if is_busy(error):
                    raise unreadable(path, error) from None
                is_locked = False
            yield connection if is_locked else None
    finally:
        engine.dispose()


def copy_over(connection: sa.Connection, new: Path) -> None:
    """Copy the new index over the one that is open, in one transaction."""
    with closing(sqlite3.connect(_uri(new, "mode=ro"), uri=True)) as source:
        source.backup(_driver(connection))


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)
