"""Opening an index: where it is, reading it, and changing it in one transaction."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from tunetrace.errors import IndexFileError
from tunetrace.garbage import collector_paused
from tunetrace.indexer.store import sqlite
from tunetrace.indexer.store.meta import DamagedError, raise_generation
from tunetrace.text import printable

Connection = sa.Connection
"""A connection to an index. Outside the store it is only handed on."""

ENVIRONMENT: Final = "TUNETRACE_INDEX"
"""The environment variable that names the default index."""


def default_path() -> Path:
    """Where the index is if nothing names another: TUNETRACE_INDEX, else the user's data."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("tunetrace", appauthor=False)) / "tunetrace.db"


def closed(path: Path) -> IndexFileError:
    """The error for a question to an index that was closed."""
    return IndexFileError(
        f"{printable(str(path))}: this Index was closed; open it again with tunetrace.open_index"
    )


class Database:
    """An index that any number of threads read.

    It is refused once it was changed: the arrays in memory and the rows in the file would no longer
    be of one index.
    """

    def __init__(self, path: Path, change: Connection | None = None) -> None:
        """IndexFileError if there is no index at path.

        change: the connection of a change that is under way. Everything is read through it then.
        """
        self.path = path
        self._change = change
        self._is_closed = False
        self._generation: int | None = None
        self._hidden: dict[int, int] = {}
        if change is None:
            sqlite.check_file(path)
            self._file = sqlite.file_number(path)
            self._engine = sqlite.engine_of(path, "ro")

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection that sees one state of the index.

        IndexFileError if it was changed since it was first asked, if it is no whole index of this
        version, and once it is closed.
        """
        if self._is_closed:
            raise closed(self.path)
        if self._change is not None:
            yield self._change
            return
        try:
            with self._engine.connect() as connection:
                is_known = self._generation is not None
                begin = partial(
                    sqlite.begin_reading, connection, self.path, self._file, is_known=is_known
                )
                generation = begin()
                if self._hidden and not sqlite.is_hiding(connection):
                    sqlite.hide(connection, self._hidden)
                    generation = begin()
                if not is_known:
                    self._generation = generation
                elif generation != self._generation:
                    raise sqlite.changed(self.path)
                yield connection
        except sqlite.DatabaseErrors as error:
            raise sqlite.unreadable(self.path, error) from None
        except DamagedError:
            raise sqlite.damaged(self.path) from None

    def hide(self, tokens: Mapping[int, int]) -> None:
        """Hide tunes from all later questions.

        tokens: how many each has, by its id, without headers.
        """
        self._hidden = dict(tokens)

    def close(self) -> None:
        """Let go of the index."""
        self._is_closed = True
        if self._change is None:
            self._engine.dispose()


@contextmanager
def changing(path: Path, *, shrink: bool = False) -> Iterator[Connection]:
    """A connection inside one transaction, which ends with the block: committed, or undone.

    shrink: give back what is free in the file afterwards, before anybody else may change it. Raises
    IndexFileError if the file is no index of this version, or cannot be changed.
    """
    sqlite.check_file(path)
    file = sqlite.file_number(path)
    engine = sqlite.engine_of(path, "rw")
    is_committed = False
    try:
        # Where anything fails, closing the connection undoes the transaction.
        with engine.connect() as connection, collector_paused():
            sqlite.begin_changing(connection, keeps_lock=shrink)
            if sqlite.file_number(path) != file:
                raise _replaced_meanwhile(path)
            sqlite.check_whole(connection, path)
            before = sqlite.changed_rows(connection)
            yield connection
            if sqlite.changed_rows(connection) != before:
                raise_generation(connection)
            connection.commit()
            is_committed = True
            if shrink:
                sqlite.shrink(connection)
    except sqlite.DatabaseErrors as error:
        reason = sqlite.reason_of(error)
        if is_committed:
            raise IndexFileError(
                f"{path}: the segments are merged, but the file could not be made smaller "
                f"({reason}); free some disk space and compact the index again"
            ) from None
        if sqlite.file_number(path) != file:
            raise _replaced_meanwhile(path) from None
        if sqlite.is_damage(error):
            raise sqlite.damaged(path) from None
        raise IndexFileError(
            f"{path}: the index cannot be changed ({reason}); check that the file is writable, "
            "that the disk has room, and that no other process is changing the index"
        ) from None
    except DamagedError:
        raise sqlite.damaged(path) from None
    finally:
        engine.dispose()


def _replaced_meanwhile(path: Path) -> IndexFileError:
    return IndexFileError(
        f"{path}: another process replaced the index meanwhile, so nothing was changed; try again"
    )
