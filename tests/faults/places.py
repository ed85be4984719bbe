"""The places where an index is while something goes wrong: a file, or a schema of a database."""

from __future__ import annotations

import random
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy.engine import URL

from tests.storages import connecting
from tunetrace import IndexFileError, copy_index, open_index, verify_index

FIGURES = ("C D E", "{c C} *", "E | C")


def write_tunes(path: Path, seed: int, count: int) -> Path:
    """Write tunes of eight random bars; gives the path."""
    chance = random.Random(seed)
    tunes = []
    for number in range(count):
        bars = ["".join(chance.choices("CDEFGABcde", k=8)) for _ in range(8)]
        tunes.append(f"X:{number}\nT:T{number}\nM:4/4\nL:1/8\nK:C\n{'|'.join(bars)}|\n")
    path.write_text("\n".join(tunes))
    return path


def answers(name: str | Path) -> list[Any]:
    """Whole answers on an index, in which neither its place nor a time is named."""
    with open_index(name) as index:
        info = index.info().to_dict()
        del info["path"]
        for corpus in info["corpora"]:
            del corpus["added"]
        found = [index.figure(figure, limit=20).to_dict() for figure in FIGURES]
        melody = index.figure("0 2 4", view="melody", limit=20).to_dict()
        return [info, index.bar("C D * * * * * *").to_dict(), *found, melody]


def state(name: str) -> Any:
    """What is at a place: the answers of a whole index, None, or all of an index of schema 6.

    The index is verified in full.
    """
    try:
        faults = verify_index(name, full=True).faults
    except IndexFileError as error:
        if "there is no index" in str(error):
            return None
        if "the index has schema version 6" not in str(error):
            raise
        return _dump(name)
    assert faults == ()
    return answers(name)


def _dump(path: str) -> list[Any]:
    """All rows of a file, with texts as bytes, since these need not be UTF-8."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        select = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = [name.decode() for (name,) in connection.execute(select)]
        return [connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names]


class Place(Protocol):
    """Where an index is."""

    where: str
    """In the words of the table."""
    name: str
    """What tunetrace calls it."""

    def put(self, index: Path | None) -> None:
        """Put the index of a file there, and nothing else; None for no index."""

    @property
    def is_written(self) -> bool:
        """Whether something is written there that is no whole index yet."""

    def left(self) -> list[str]:
        """What is there besides the index."""


class File:
    """A file in a folder of its own."""

    where = "file"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.name = str(folder / "i.db")

    def put(self, index: Path | None) -> None:
        shutil.rmtree(self._folder)
        self._folder.mkdir()
        if index is not None:
            shutil.copy(index, self.name)

    @property
    def is_written(self) -> bool:
        return bool(self._others())

    def left(self) -> list[str]:
        return sorted(path.name for path in self._others() if not _undoes_nothing(path))

    def _others(self) -> list[Path]:
        names = ("i.db", "i.db.arrays")
        return [path for path in self._folder.iterdir() if path.name not in names]


def _undoes_nothing(path: Path) -> bool:
    """Whether a file is a journal of SQLite without a header: the change that made it had not
    written anything when it was killed. SQLite ignores it, and the next change takes it over."""
    if not path.name.endswith("-journal"):
        return False
    with suppress(FileNotFoundError):  # it has just been removed
        return path.read_bytes()[:1] in (b"", b"\0")
    return True


class Schema:
    """A schema of a database."""

    where = "PostgreSQL"

    def __init__(self, url: URL) -> None:
        """url: of the database."""
        self.schema = f"fault_{secrets.token_hex(6)}"
        # By its name the server tells which connections are those of this place.
        named = {"schema": self.schema, "application_name": self.schema}
        self.name = url.update_query_dict(named).render_as_string(hide_password=False)
        self._url = url
        self._connection = self._connected()

    def put(self, index: Path | None) -> None:
        if index is None:
            self._rows(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
        else:
            copy_index(index, self.name, force=True)

    @property
    def is_written(self) -> bool:
        return self._has("backend_xid IS NOT NULL")

    def left(self) -> list[str]:
        select = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tunetrace_building_%'"
        schemas = [str(name) for (name,) in self._rows(select)]
        return schemas + (["a connection"] if self._has("true") else [])

    def close(self) -> None:
        """Delete the schema, and close the connection."""
        self.put(None)
        self._connection.close()

    def _has(self, what: str) -> bool:
        """Whether the server has a connection to this place of which something is so."""
        name = f"application_name = '{self.schema}'"
        return bool(self._rows(f"SELECT 1 FROM pg_stat_activity WHERE {name} AND {what}"))

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows that a statement gives; the server may have been away."""
        try:
            cursor = self._connection.execute(statement.encode())
        except psycopg.OperationalError:
            self._connection.close()
            self._connection = self._connected()
            cursor = self._connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []

    def _connected(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(**connecting(self._url), autocommit=True)
        connection.execute("SET client_min_messages = error")
        return connection


@contextmanager
def in_schema(url: URL) -> Iterator[Schema]:
    """A schema of a database, which is gone in the end."""
    with closing(Schema(url)) as place:
        yield place
