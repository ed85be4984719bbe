"""Opening an index file: what it must be to be trusted, and where it is looked for.

Nothing but SQLite opens an index: to close any other descriptor of the file would drop the locks
that this process holds on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, cast

import sqlalchemy as sa

from tunetrace.errors import IndexFileError
from tunetrace.indexer.store.schema import APPLICATION_ID, SCHEMA_VERSION
from tunetrace.text import printable

ENVIRONMENT: Final = "TUNETRACE_INDEX"

PATIENCE: Final = 60.0
"""Seconds for which a command waits while another changes the index."""

_MOMENT: Final = 1.0
"""Seconds for which a journal that cannot be undone may be that of a change that is just ending."""

_PAUSE: Final = 0.02
"""Seconds between two tries to read what a journal is in the way of."""

_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_OUT_OF_REACH: Final = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS,
}  # fmt: skip
"""SQLite's errors that say nothing of what is in the file."""

DatabaseErrors: Final = (sqlite3.DatabaseError, sa.exc.DatabaseError, UnicodeDecodeError)
"""What asking a file may raise; the last where a damaged one has SQLite quote what is no text."""


def default_path() -> Path:
    """Where the index is when nothing names another: TUNETRACE_INDEX, else the user's data."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("tunetrace", appauthor=False)) / "tunetrace.db"


def database_uri(path: Path, options: str) -> str:
    """The URI by which SQLite opens a file of any name; options: `mode=ro`, say."""
    return f"{path.absolute().as_uri()}?{options}"


def damaged(path: Path) -> IndexFileError:
    """The error for an index that does not hold what was written."""
    return IndexFileError(
        f"{printable(str(path))}: the index is damaged; build it again with "
        "'tunetrace index build --force'"
    )


def unwritable(path: Path, error: OSError) -> IndexFileError:
    """The error for a place where no index can be written."""
    reason = (error.strerror or "unwritable").lower()
    return IndexFileError(f"{path}: cannot be written ({reason}); name another place with --index")


def is_busy(error: Exception) -> bool:
    """Whether SQLite waited in vain for another process or thread."""
    return (_code(error) or 0) & 0xFF in _BUSY


def is_damage(error: Exception) -> bool:
    """Whether SQLite's error is about what is in the file, and not about how it is reached."""
    code = _code(error)
    return code is None or code & 0xFF not in _BUSY | _OUT_OF_REACH


def _code(error: Exception) -> int | None:
    """SQLite's extended code of an error of the driver's or SQLAlchemy's; None for others."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return code if isinstance(code, int) else None


def unread(path: Path, error: Exception) -> IndexFileError:
    """What SQLite's error in reading an index means to whoever asked."""
    name = printable(str(path))
    if is_damage(error):
        return damaged(path)
    if is_busy(error):
        return IndexFileError(f"{name}: another process is changing the index; try again")
    return IndexFileError(
        f"{name}: the index cannot be read ({getattr(error, 'orig', error)}); see that the disk "
        "is in order and that the file and its folder may be read"
    )


class Database:
    """The file of an index, opened for reading by any number of threads.

    It holds what it did when it was first asked: once it was changed it is not read any more, since
    the arrays in memory and the rows in the file would no longer be of one index.
    """

    def __init__(self, path: Path, change: sa.Connection | None = None) -> None:
        """IndexFileError where there is no index at path.

        change: the connection of a change that is under way; all is read through it, as it stands
        there, and no other is opened.
        """
        self.path = path
        self._change = change
        self._is_closed = False
        self._identity: tuple[object, ...] | None = None
        if change is not None:
            return
        check_file(path)
        uri = database_uri(path, "mode=ro")

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(
                uri, uri=True, timeout=PATIENCE, check_same_thread=False, isolation_level=None
            )

        # SQLAlchemy takes a URL without a file for a database in memory, whose pool is not for
        # threads. Every thread that asks has a connection.
        self._engine = sa.create_engine(
            "sqlite://", creator=connect, poolclass=sa.pool.QueuePool, max_overflow=-1
        )

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the file.

        IndexFileError where that is not what it was when it was first asked, where it is no whole
        index of this version, and once it is closed.
        """
        if self._is_closed:
            raise closed(self.path)
        if self._change is not None:
            yield self._change
            return
        try:
            with self._engine.connect() as connection:
                # Through the driver, since each question begins so.
                self._begin(cast(sqlite3.Cursor, connection.connection.cursor()))
                yield connection
        except DatabaseErrors as error:
            raise unread(self.path, error) from None

    def _begin(self, cursor: sqlite3.Cursor) -> None:
        """Begin a transaction, which keeps others from changing the file from its first read on."""
        begun = time.monotonic()
        while True:
            try:
                cursor.execute("BEGIN")
                if self._identity is None:
                    check_whole(cursor, self.path)
                found = _identity_within(cursor, self.path)
                break
            except sqlite3.OperationalError as error:
                waited = time.monotonic() - begun
                if is_damage(error) or is_busy(error) or waited > PATIENCE:
                    raise
                is_to_be_undone = _code(error) == sqlite3.SQLITE_READONLY_ROLLBACK
                if not is_to_be_undone and not journal(self.path).exists():
                    raise
            # There is the journal of a change that was cut off, or there was one that is ending;
            # or it is that of another file, which has taken the place of ours.
            cursor.connection.rollback()
            _undo(self.path, is_last_try=waited > _MOMENT)
            there = identity(self.path)
            if self._identity is not None and there != self._identity[0]:
                raise _changed(self.path)
            time.sleep(_PAUSE)
        if self._identity is None:
            self._identity = found
        elif found != self._identity:
            raise _changed(self.path)

    def close(self) -> None:
        """Let go of the file."""
        self._is_closed = True
        if self._change is None:
            self._engine.dispose()


def _changed(path: Path) -> IndexFileError:
    return IndexFileError(
        f"{printable(str(path))}: the index was changed after it had been opened; open it again"
    )


def closed(path: Path) -> IndexFileError:
    """The error for a question to an index that was closed."""
    return IndexFileError(f"{printable(str(path))}: the index is closed; open it again")


def identity(path: Path) -> tuple[int, ...] | None:
    """What tells a file from any that takes its place and, on most disks, from itself changed."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _identity_within(cursor: sqlite3.Cursor, path: Path) -> tuple[object, ...]:
    """What tells an index from any that takes its place and from itself after a change.

    To be asked in a transaction. The times of files are coarse on some disks.
    """
    state = cursor.execute("SELECT value FROM meta WHERE name = 'state'").fetchone()
    return identity(path), state


def check_file(path: Path) -> None:
    """See that there is a database of tunetrace's at path; IndexFileError where there is none.

    Whether it is whole, and of this version, is told by check_whole.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise IndexFileError(
            f"{path}: there is no index; build one with 'tunetrace index build', "
            "or name another with --index"
        ) from None
    except OSError as error:
        raise _unreachable(path, error.strerror or "unreadable") from None
    if not stat.S_ISREG(mode):
        raise _unreachable(path, "is a directory" if stat.S_ISDIR(mode) else "is no file")
    try:
        application = _application(path)
    except sqlite3.DatabaseError as error:
        reason = str(error) if os.access(path, os.R_OK) else "permission denied"
        raise _unreachable(path, reason) from None
    if application is None:
        raise IndexFileError(f"{path}: this is no index of tunetrace; name another with --index")
    if application != APPLICATION_ID:
        raise IndexFileError(
            f"{path}: this is a database of another program; name an index of tunetrace"
        )


def _unreachable(path: Path, reason: str) -> IndexFileError:
    return IndexFileError(f"{path}: the index cannot be read ({reason.lower()}); name a file")


def _application(path: Path) -> int | None:
    """Whose database a file is, by SQLite's application_id; None where it is no database.

    It is looked at as it lies there, without a lock: another program's is left as it is, and one
    that is cut off is told too.
    """
    uri = database_uri(path, "mode=ro&immutable=1")
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.execute("PRAGMA writable_schema = ON")  # else what is cut off is not opened
        try:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
        except sqlite3.DatabaseError as error:
            if _code(error) == sqlite3.SQLITE_NOTADB:
                return None
            raise
    return int(application) if pages else None


def journal(path: Path) -> Path:
    """Where SQLite keeps what it needs to undo a change: beside the file that a link leads to."""
    return Path(f"{os.path.realpath(path)}-journal")


def has_pages(path: Path) -> bool:
    """Whether a file is a database that is not empty, be it damaged."""
    try:
        return _application(path) is not None
    except sqlite3.DatabaseError:
        return False


_MAGIC: Final = b"SQLite format 3\0"
_HEADER_BYTES: Final = 100


def may_be_replaced(path: Path) -> bool:
    """Whether a file is an index, be it cut off or of another version, and no one else's."""
    try:
        if not path.is_file():
            return False
        if path.stat().st_size >= _HEADER_BYTES:
            return _application(path) == APPLICATION_ID
        # Less than a header is no database to SQLite, which has no lock on it that could be lost.
        return _MAGIC.startswith(path.read_bytes()[: len(_MAGIC)])
    except (OSError, sqlite3.DatabaseError):
        return False


def check_whole(cursor: sqlite3.Cursor, path: Path) -> None:
    """See that the index of an open transaction has all its pages and is of this version.

    IndexFileError where it is not.
    """
    try:
        (version,) = cursor.execute("PRAGMA user_version").fetchone()
        (page_size,) = cursor.execute("PRAGMA page_size").fetchone()
        found = identity(path)
        is_cut_off = found is not None and found[1] % page_size != 0
    except sqlite3.DatabaseError as error:
        if _code(error) != sqlite3.SQLITE_CORRUPT:
            raise
        is_cut_off = True  # nothing else is looked at to read this from the header
    if is_cut_off:
        raise IndexFileError(
            f"{path}: the index is cut off; build it again with 'tunetrace index build --force'"
        )
    if version != SCHEMA_VERSION:
        raise IndexFileError(
            f"{path}: the index has schema version {version} and this tunetrace reads "
            f"{SCHEMA_VERSION}; build it again with 'tunetrace index build --force'"
        )


def _undo(path: Path, *, is_last_try: bool) -> None:
    """Have SQLite undo a change that was cut off; it waits while one is being written."""
    try:
        uri = database_uri(path, "mode=rw")
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:
        if is_busy(error):
            raise
        if is_last_try:
            raise IndexFileError(
                f"{printable(str(path))}: a change of the index was cut off and cannot be undone "
                f"({error}); see that the file and its folder are writable"
            ) from None
