"""Where the indexes of tests are kept: in files, or in the schemas of a PostgreSQL database.

A test gives an index a path that ends in `.db`, whichever it is. In the second case that path
stands for a schema of its own, and what the index is called is the path too.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine import URL, make_url

from tests.programs import needed
from tunetrace.indexer.store.database import sqlite
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.database.postgres import IndexServer, server_of
from tunetrace.text import printable

STORAGES: Final = ("file", "postgresql")

ENVIRONMENT: Final = "TUNETRACE_POSTGRESQL"
"""The variable that names a database in which tests may make schemas."""

FOLDER: Final = "TUNETRACE_TEST_SERVER"
"""The variable that names the folder of the server that the tests start, for all processes."""

SECRET: Final = "hush-4711"
"""The password in the URLs of tests, which nothing may print."""

USER: Final = "tester"
DATABASE: Final = "tunes"

_SETTINGS: Final = ("max_connections=300", "shared_buffers=64MB", "listen_addresses=127.0.0.1")
_FASTER: Final = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off",
)  # fmt: skip


def programs() -> Path:
    """The folder of PostgreSQL's programs; where there is none the test is skipped."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))  # where Debian keeps them
    return found[-1].parent if found else Path(needed("initdb")).parent


class Server:
    """A server of PostgreSQL that tests start, in a folder of its own."""

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        """is_durable: what is committed outlives a crash of the server, as by default."""
        self.folder = folder
        self._settings = (*_SETTINGS, *(() if is_durable else _FASTER))
        self._data = folder / "data"
        self._port = folder / "port"

    def make(self) -> None:
        """Make its files, and start it."""
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        if os.geteuid() == 0:  # as whom PostgreSQL does not run
            shutil.chown(self.folder, "postgres")
        password = self.folder / "password"
        password.write_text(SECRET)
        password.chmod(0o644)
        # With a collation that people have, so that an order that depends on it is noticed.
        self._run("initdb", "-D", self._data, "-U", USER, "-E", "UTF8", "--auth-local=trust",
                  "--auth-host=scram-sha-256", f"--pwfile={password}", "--locale=C.UTF-8",
                  "--locale-provider=icu", "--icu-locale=en-US", "--no-sync")  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port.write_text(str(free.getsockname()[1]))
        self.start()
        with psycopg.connect(**connecting(self.url("postgres")), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    def start(self) -> None:
        """Start it again."""
        settings = [f"-c {one}" for one in (*self._settings, f"port={self._port.read_text()}")]
        self._run("pg_ctl", "-D", self._data, "-l", self.folder / "log", "-w", "start",
                  "-o", " ".join([*settings, f"-k {self.folder}"]))  # fmt: skip

    def stop(self, how: str = "fast") -> None:
        """Stop it, and end all that is under way. how: `immediate` is as if it crashed."""
        self._run("pg_ctl", "-D", self._data, "-m", how, "-w", "stop")

    def url(self, database: str = DATABASE) -> URL:
        """The URL of a database, by the server's socket."""
        query = {"host": str(self.folder), "port": self._port.read_text()}
        return URL.create("postgresql+psycopg", USER, SECRET, database=database, query=query)

    def url_by_network(self, password: str | None = SECRET) -> URL:
        """The URL of the database of tests by TCP, where the password is asked for."""
        port = int(self._port.read_text())
        return URL.create("postgresql+psycopg", USER, password, "127.0.0.1", port, DATABASE)

    def _run(self, program: str, *arguments: str | Path) -> None:
        user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        subprocess.run(
            [programs() / program, *arguments], cwd=self.folder, check=True, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **user,  # type: ignore[call-overload]
        )  # fmt: skip


def prepare() -> None:
    """Name the folder of the server for all processes of a run of tests."""
    os.environ[FOLDER] = str(Path(tempfile.gettempdir(), f"tunetrace-tests-{os.getpid()}"))


def end() -> None:
    """Stop the server of this run of tests, if one was started."""
    folder = Path(os.environ.pop(FOLDER))
    if (folder / "port").exists():
        Server(folder).stop()
    shutil.rmtree(folder, ignore_errors=True)


_url: URL | None = None  # of the database that paths stand for schemas of, if they do


def database() -> URL:
    """The database of tests: that of TUNETRACE_POSTGRESQL, or of a server that is started."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return make_url(named)
    programs()
    folder = Path(os.environ[FOLDER])
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "port").exists():
            Server(folder).make()
    return Server(folder).url()


def connecting(url: URL) -> dict[str, Any]:
    """What psycopg connects to the database of a URL with."""
    return {**url.translate_connect_args(username="user", database="dbname"), **url.query}


class NamedByPath(IndexServer):
    """An index on the server that answers and messages call by the path that a test gave it."""

    def __init__(self, url: URL, path: Path) -> None:
        super().__init__(url, schema_of(path))
        self.path = path

    @cached_property
    def place(self) -> Path:  # type: ignore[override]
        return self.path

    @property
    def shown(self) -> str:
        return printable(str(self.path))

    @property
    def name(self) -> str:
        return printable(self.path.name)

    def absolute(self) -> NamedByPath:
        return NamedByPath(self._url, self.path.absolute())


def schema_of(path: Path) -> str:
    """The schema of the index that a path stands for."""
    return f"t{hashlib.blake2b(os.fsencode(path.absolute()), digest_size=12).hexdigest()}"


_made: set[Path] = set()  # the paths that stand for schemas which may be there


def in_database(patch: pytest.MonkeyPatch) -> None:
    """Let paths stand for schemas from now on, until the patch is undone."""
    url, file = database(), sqlite.IndexFile

    def kept(path: Path) -> Any:
        if path.suffix != ".db":
            return file(path)
        _made.add(path.absolute())
        return NamedByPath(url, path)

    patch.setattr(sqlite, "IndexFile", kept)
    patch.setattr("tests.storages._url", url)


def drop(folder: Path | None = None) -> None:
    """Delete the schemas of the paths below a folder, or of all."""
    gone = [path for path in _made if folder is None or path.is_relative_to(folder)]
    _made.difference_update(gone)
    if gone and _url is not None:
        with psycopg.connect(**connecting(_url), autocommit=True) as connection:
            connection.execute("SET client_min_messages = error")
            connection.execute("SET lock_timeout = '10s'")
            names = ", ".join(schema_of(path) for path in gone)
            connection.execute(f"DROP SCHEMA IF EXISTS {names} CASCADE")


def outside(argument: str | Path) -> str:
    """How a process that is not ours calls the index of a path: a database by its URL."""
    if _url is None or not str(argument).endswith(".db"):
        return str(argument)
    named = _url.update_query_dict({"schema": schema_of(Path(argument))})
    return named.render_as_string(hide_password=False)


def inside(text: str, arguments: Sequence[str | Path]) -> str:
    """What another process prints, with the paths of arguments for the URLs that it was given."""
    for argument in arguments:
        if outside(argument) != str(argument):
            text = text.replace(server_of(outside(argument)).shown, str(argument))
    return text


def alter(path: Path, *statements: str) -> None:
    """Run SQL in an index, as another program might."""
    engine = storage_of(path).engine("change")
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
    engine.dispose()


def rows(path: Path, statement: str) -> Sequence[tuple[Any, ...]]:
    """The rows that an SQL statement finds in an index."""
    engine = storage_of(path).engine("read")
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text(statement))]
    engine.dispose()
    return found
