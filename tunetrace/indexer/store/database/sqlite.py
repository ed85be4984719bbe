"""An index in a file: SQLite's pragmas, locks and journal, and how a new file takes its place.

Nothing but SQLite opens an index. To close any other descriptor of the file would drop the locks
that this process holds on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import stat
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, cast

import sqlalchemy as sa

from tunetrace.errors import IndexFileError
from tunetrace.files import beside, exists, remove_leftovers
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.arrays.cache import user_folder
from tunetrace.indexer.store.database.hiding import (
    COLUMNS,
    HIDDEN,
    hide_rows,
    make_hidden,
    rows_hidden,
)
from tunetrace.indexer.store.database.storage import LOCK_WAIT_SECONDS, Storage
from tunetrace.indexer.store.meta import generation_of, store_meta
from tunetrace.text import printable

CHANGED_BYTES: Final = 1 << 30
"""A change keeps as much in memory before it writes to the file."""

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

_OPERATIONAL: Final = (sqlite3.OperationalError, sa.exc.OperationalError)
"""What the driver and SQLAlchemy raise where a file cannot be read or written."""

_MAGIC: Final = b"SQLite format 3\0"
_HEADER_BYTES: Final = 100

_IS_HIDING: Final = "tunetrace hides tunes"
_ROWS_BEFORE: Final = "rows changed before"


@dataclass(frozen=True)
class IndexFile(Storage):
    """The file of an index."""

    path: Path

    # SQLite may quote a damaged file, which is no text then.
    errors = (sqlite3.DatabaseError, sa.exc.DatabaseError, UnicodeDecodeError)

    @property
    def shown(self) -> str:
        return printable(str(self.path))

    @property
    def place(self) -> Path:
        return self.path

    @property
    def name(self) -> str:
        return printable(self.path.name)

    def absolute(self) -> IndexFile:
        return IndexFile(self.path.absolute())

    @property
    def cache_folders(self) -> tuple[Path, ...]:
        place = os.path.realpath(self.path)
        digest = hashlib.blake2b(os.fsencode(place), digest_size=8).hexdigest()
        return Path(f"{place}.arrays"), user_folder(digest)

    def exists(self) -> bool:
        return exists(self.path)

    def identity(self) -> int | None:
        try:
            return self.path.stat().st_ino
        except OSError:
            return None

    def size(self) -> int:
        return self.path.stat().st_size

    def is_same_place(self, other: Storage) -> bool:
        if not isinstance(other, IndexFile):
            return False
        with suppress(OSError):
            return self.path.samefile(other.path)
        return os.path.realpath(self.path) == os.path.realpath(other.path)

    # Which file it is

    def check(self) -> None:
        path = self.path
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            raise IndexFileError(
                f"{path}: there is no index; build one with 'tunetrace index build', "
                "or give the path of another index with --index"
            ) from None
        except OSError as error:
            raise self._out_of_reach(error.strerror or "unreadable") from None
        if not stat.S_ISREG(mode):
            raise self._out_of_reach("is a directory" if stat.S_ISDIR(mode) else "is not a file")
        try:
            application = _application(path)
        except sqlite3.DatabaseError as error:
            reason = str(error) if os.access(path, os.R_OK) else "permission denied"
            raise self._out_of_reach(reason) from None
        if application is None:
            raise IndexFileError(
                f"{path}: this file is not a tunetrace index; give the path of an index with "
                "--index"
            )
        if application != schema.APPLICATION_ID:
            raise IndexFileError(
                f"{path}: this file is a database of another program; give the path of a "
                "tunetrace index"
            )

    def _out_of_reach(self, reason: str) -> IndexFileError:
        return IndexFileError(
            f"{self.path}: the index cannot be read ({reason.lower()}); give the path of a file"
        )

    def version(self, connection: sa.Connection) -> int:
        # Not that of the table: an index of an older version may have none.
        path = self.path
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
        return int(version)

    def faults(self, connection: sa.Connection, *, is_full: bool) -> Iterator[str]:
        check = "integrity_check" if is_full else "quick_check"
        for (found,) in connection.exec_driver_sql(f"PRAGMA {check}(10)"):
            if found != "ok":
                what = " ".join(found.replace("*** in database main ***", "").split())
                yield f"SQLite finds the file damaged: {what}"
        rows = connection.exec_driver_sql("PRAGMA foreign_key_check")
        for table, count in Counter(row[0] for row in rows).items():
            yield f"{count:,} rows of {table} refer to rows that are missing"

    # Reading

    def engine(self, mode: Literal["read", "change"]) -> sa.Engine:
        return self._engine("ro" if mode == "read" else "rw")

    def _engine(self, mode: str, path: Path | None = None) -> sa.Engine:
        """An engine for the file, or another one. mode: ro, rw, or rwc to make it."""
        connect = partial(
            sqlite3.connect, _uri(path or self.path, f"mode={mode}"), uri=True,
            timeout=LOCK_WAIT_SECONDS, check_same_thread=False, isolation_level=None,
        )  # fmt: skip
        # SQLAlchemy takes a URL without a file for a database in memory, and has no pool for
        # threads then. A URL with a file would read `?` and `%` in its name as something else.
        return sa.create_engine(
            "sqlite://",
            creator=connect,
            poolclass=sa.pool.QueuePool,
            max_overflow=-1,
            execution_options={schema.STORAGE: self},
        )

    def begin_reading(
        self, connection: sa.Connection, identity: int | None, *, is_known: bool
    ) -> int | None:
        begun = time.monotonic()
        while True:
            try:
                _driver(connection).execute("BEGIN")
                if not is_known:
                    self.check_whole(connection)
                generation = generation_of(connection)
                break
            except _OPERATIONAL as error:
                waited = time.monotonic() - begun
                if self.is_damage(error) or _is_busy(error) or waited > LOCK_WAIT_SECONDS:
                    raise
                is_to_be_undone = _code(error) == sqlite3.SQLITE_READONLY_ROLLBACK
                if not is_to_be_undone and not self._journal.exists():
                    raise
            # A change was cut off and left its journal; or a change is just ending; or the journal
            # is that of another file, which has taken the place of the opened one.
            connection.rollback()
            self._undo(is_last_try=waited > _ENDING_SECONDS)
            if self.identity() != identity:
                raise self.changed()
            time.sleep(_PAUSE_SECONDS)
        if self.identity() != identity:
            raise self.changed()
        return generation

    @property
    def _journal(self) -> Path:
        """Where SQLite keeps what undoes a change: beside the file that a link leads to."""
        return Path(f"{os.path.realpath(self.path)}-journal")

    def _undo(self, *, is_last_try: bool) -> None:
        """Let SQLite undo a change that was cut off. It waits while a change is being written."""
        try:
            uri = _uri(self.path, "mode=rw")
            with closing(sqlite3.connect(uri, uri=True, timeout=LOCK_WAIT_SECONDS)) as connection:
                connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.OperationalError as error:
            if _is_busy(error):
                raise
            if is_last_try:
                raise IndexFileError(
                    f"{self.shown}: an unfinished change of the index cannot be undone "
                    f"({error}); check that the file and its folder are writable"
                ) from None

    def hide(self, connection: sa.Connection, counts: Mapping[int, tuple[int, int]]) -> None:
        driver = _driver(connection)
        driver.execute(make_hidden("temp"))
        driver.executemany(
            f"INSERT INTO temp.{HIDDEN} ({COLUMNS}) VALUES (?, ?, ?)", rows_hidden(counts)
        )
        for statement in hide_rows("main", "temp"):
            driver.execute(statement)
        driver.commit()
        connection.info[_IS_HIDING] = True

    def is_hiding(self, connection: sa.Connection) -> bool:
        return _IS_HIDING in connection.info

    # Changing

    def begin_changing(self, connection: sa.Connection, *, keeps_lock: bool) -> None:
        # Changed pages stay in memory until the end, so that others can read until then. Beyond the
        # limit SQLite writes them to the file, and others wait from there on.
        page_size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        pages = CHANGED_BYTES // page_size
        connection.exec_driver_sql(f"PRAGMA cache_spill = {pages}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        if keeps_lock:
            connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
        connection.info[_ROWS_BEFORE] = _driver(connection).total_changes

    def begin_upgrading(self, connection: sa.Connection) -> None:
        # Changed pages may go to the file before the end, since nobody else can read it.
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
        connection.info[_ROWS_BEFORE] = _driver(connection).total_changes

    def has_changed(self, connection: sa.Connection) -> bool:
        return bool(_driver(connection).total_changes != connection.info[_ROWS_BEFORE])

    def shrink(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("VACUUM")

    # Replacing

    @contextmanager
    def replacing(self, *, force: bool) -> Iterator[sa.Connection]:
        path = self.path
        if not path.name or (exists(path) and path.is_dir()):
            raise IndexFileError(f"{path}: this is a folder; give the name of a file in it")
        if exists(path) and not _may_be_replaced(path):
            raise IndexFileError(
                f"{path}: this file is not a tunetrace index; give another file name"
            )
        if exists(path) and not force:
            raise self.in_the_way()
        before = self._generation_now()
        place = Path(os.path.realpath(path))  # a link stays, and what it leads to is replaced
        place.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(place)
        new = beside(place, secrets.token_hex(4))
        try:
            with self._new_file(new) as connection:
                yield connection
            self._put_in_place(new, force=force, before=before)
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)

    @contextmanager
    def _new_file(self, new: Path) -> Iterator[sa.Connection]:
        """A connection to a new, empty index, in a transaction that ends with the block."""
        engine = self._engine("rwc", new)
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

    def _generation_now(self) -> int | None:
        """The generation of the index that is there now; None if none can be read there.

        A change that was cut off is undone first.
        """
        if not exists(self.path):
            return None
        engine = self._engine("rw")
        try:
            with engine.connect() as connection:
                return self._readable_generation(connection)
        except sa.exc.OperationalError:  # it is no file that can be opened
            return None
        finally:
            engine.dispose()

    def _readable_generation(self, connection: sa.Connection) -> int | None:
        """The generation of an index that may be damaged; None if it cannot be read."""
        try:
            return generation_of(connection)
        except self.errors as error:
            if _is_busy(error):
                raise
            return None

    def _put_in_place(self, new: Path, *, force: bool, before: int | None) -> None:
        """Let a new index take its place. before: the generation of the index that was there.

        Where there is no index, the new file is renamed to its place. Where there is one, SQLite
        copies the new one over it in one transaction: others may have that file open.
        """
        with self._locked() as old:
            if exists(self.path) and not force:
                raise self.in_the_way()
            if (None if old is None else self._readable_generation(old)) != before:
                raise self.changed_meanwhile()
            if old is None:
                self._journal.unlink(missing_ok=True)
                new.replace(os.path.realpath(self.path))
            else:
                with closing(sqlite3.connect(_uri(new, "mode=ro"), uri=True)) as source:
                    source.backup(_driver(old))

    @contextmanager
    def _locked(self) -> Iterator[sa.Connection | None]:
        """The index, which nobody else may read or change; None if SQLite cannot lock it.

        It is None for a file that is absent, not writable, or too damaged to be opened. A change
        that is under way is waited for. A change that was cut off is undone.
        """
        try:
            is_database = _application(self.path) is not None
        except sqlite3.DatabaseError:
            is_database = False
        if not is_database:
            yield None
            return
        engine = self._engine("rw")
        try:
            with engine.connect() as connection:
                is_locked = True
                try:
                    connection.exec_driver_sql("BEGIN EXCLUSIVE")
                    # In this mode the lock is kept after the transaction, until the file is closed.
                    connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
                    connection.commit()
                except sa.exc.DatabaseError as error:
                    if _is_busy(error):
                        raise self.unreadable(error) from None
                    is_locked = False
                yield connection if is_locked else None
        finally:
            engine.dispose()

    # Errors

    def is_damage(self, error: Exception) -> bool:
        code = _code(error)
        return code is None or code & 0xFF not in _BUSY | _OUT_OF_REACH

    def reason(self, error: Exception) -> str:
        return str(getattr(error, "orig", error))

    def unreadable(self, error: Exception) -> IndexFileError:
        if self.is_damage(error):
            return self.damaged()
        if _is_busy(error):
            return IndexFileError(
                f"{self.shown}: another process is changing the index; try again later"
            )
        return IndexFileError(
            f"{self.shown}: the index cannot be read ({self.reason(error)}); check that the disk "
            "works and that you may read the file and its folder"
        )

    def unwritable(self, error: Exception) -> IndexFileError:
        reason, advice = self.reason(error), "free disk space, or give"
        if isinstance(error, OSError):
            reason, advice = (error.strerror or "unwritable").lower(), "give"
        return IndexFileError(
            f"{self.path}: the index cannot be written ({reason}); {advice} another place for it"
        )

    def unchangeable(self, error: Exception) -> IndexFileError:
        return IndexFileError(
            f"{self.path}: the index cannot be changed ({self.reason(error)}); check that the file "
            "is writable, that the disk has room, and that no other process is changing the index"
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


def _may_be_replaced(path: Path) -> bool:
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


def _is_busy(error: Exception) -> bool:
    """Whether SQLite waited in vain for another process or thread."""
    return (_code(error) or 0) & 0xFF in _BUSY


def _code(error: Exception) -> int | None:
    """SQLite's extended code of an error of the driver's or SQLAlchemy's; None for others."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return code if isinstance(code, int) else None


def _uri(path: Path, options: str) -> str:
    return f"{path.absolute().as_uri()}?{options}"


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)
