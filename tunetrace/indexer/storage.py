"""Opening an index file: what it must be to be trusted, and where it is looked for."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from tunetrace.corpus.readers import printable
from tunetrace.errors import IndexFileError
from tunetrace.indexer.schema import APPLICATION_ID, SCHEMA_VERSION

ENVIRONMENT: Final = "TUNETRACE_INDEX"

PATIENCE: Final = 60.0
"""Seconds for which a command waits while another changes the index."""


def default_path() -> Path:
    """Where the index is when nothing names another: TUNETRACE_INDEX, else the user's data."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("tunetrace", appauthor=False)) / "tunetrace.db"


_MAGIC: Final = b"SQLite format 3\0"


def may_be_replaced(path: Path) -> bool:
    """Whether a file is an index, be it cut off or of another version, and no one else's."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError:
        return False
    is_ours = header[68:72] in (b"", APPLICATION_ID.to_bytes(4, "big"))
    return header[: len(_MAGIC)] == _MAGIC[: len(header)] and is_ours


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


class Database:
    """The file of an index, opened for reading by any number of threads.

    It holds what it did when it was opened: once it was changed it is not read any more, since
    the arrays in memory and the rows in the file would no longer be of one index.
    """

    def __init__(self, path: Path) -> None:
        """IndexFileError where the file is not a whole index."""
        check_file(path)
        self.path = path
        self._identity = identity(path)
        uri = f"{path.absolute().as_uri()}?mode=ro"

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(
                uri, uri=True, timeout=PATIENCE, check_same_thread=False, isolation_level=None
            )

        # SQLAlchemy takes a URL without a file for a database in memory, whose pool is not for
        # threads.
        self._engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool)

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the file.

        IndexFileError where that is not what it was when it was opened, or is damaged.
        """
        try:
            with self._engine.connect() as connection:
                # From the first read to its end a transaction keeps others from changing the file.
                # Through the driver, since each question begins so.
                cursor = connection.connection.cursor()
                cursor.execute("BEGIN")
                cursor.execute("SELECT 1 FROM meta").fetchone()
                if identity(self.path) != self._identity:
                    raise IndexFileError(
                        f"{printable(str(self.path))}: the index was changed after it had been "
                        "opened; open it again"
                    )
                yield connection
        except (sa.exc.DatabaseError, sqlite3.DatabaseError):
            raise damaged(self.path) from None

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def identity(path: Path) -> tuple[int, ...] | None:
    """What tells a file from any that takes its place and from itself after a change."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def check_file(path: Path) -> None:
    """See that a file is a whole index of this version; IndexFileError where it is not.

    What a change that was killed left half-done is undone first.
    """
    if path.name and _journal(path).exists() and may_be_replaced(path):
        _undo(path)
    _check_header(path)


@contextmanager
def kept_from_changes(path: Path) -> Iterator[None]:
    """Keep others from changing the index at path, if one is there, while another takes its place.

    A change that is under way is waited for, one that was cut off is undone, and nothing is left
    that SQLite would undo in the index that comes.
    """
    connection: sqlite3.Connection | None = None
    if path.exists() and os.name != "nt":  # where a file that is open cannot be replaced
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE, isolation_level=None
        )
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            connection.close()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise IndexFileError(
                    f"{printable(str(path))}: another process is changing the index; try again"
                ) from None
            connection = None  # damaged or not to be written, so that nobody changes it
    try:
        _journal(path).unlink(missing_ok=True)
        yield
    finally:
        if connection is not None:
            connection.close()


def _journal(path: Path) -> Path:
    """Where SQLite keeps what it needs to undo a change."""
    return path.with_name(f"{path.name}-journal")


def _undo(path: Path) -> None:
    """Have SQLite undo a change that was cut off; it waits while one is being written."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:
        raise IndexFileError(
            f"{printable(str(path))}: a change of the index was cut off and cannot be undone "
            f"({error}); see that the file and its folder are writable"
        ) from None
    except sqlite3.DatabaseError:
        raise damaged(path) from None


def _check_header(path: Path) -> None:
    """Read SQLite's file header (https://www.sqlite.org/fileformat.html, section 1.3)."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
            size = file.seek(0, os.SEEK_END)
    except FileNotFoundError:
        raise IndexFileError(
            f"{path}: there is no index; build one with 'tunetrace index build', "
            "or name another with --index"
        ) from None
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise IndexFileError(f"{path}: the index cannot be read ({reason}); name a file") from None
    if not header.startswith(_MAGIC):
        raise IndexFileError(f"{path}: this is no index of tunetrace; name another with --index")
    if len(header) < 100 or size < _page_size(header) * int.from_bytes(header[28:32], "big"):
        raise IndexFileError(
            f"{path}: the index is cut off; build it again with 'tunetrace index build --force'"
        )
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise IndexFileError(
            f"{path}: this is a database of another program; name an index of tunetrace"
        )
    version = int.from_bytes(header[60:64], "big")
    if version != SCHEMA_VERSION:
        raise IndexFileError(
            f"{path}: the index has schema version {version} and this tunetrace reads "
            f"{SCHEMA_VERSION}; build it again with 'tunetrace index build --force'"
        )


def _page_size(header: bytes) -> int:
    size = int.from_bytes(header[16:18], "big")
    return 65_536 if size == 1 else size
