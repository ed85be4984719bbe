"""An index in a schema of a PostgreSQL database: its transactions, locks and errors.

Every transaction that reads first locks the table `meta` in the mode in which all may share it.
Whoever puts a new index in place locks it for itself first, and so waits for the questions that are
under way; later ones wait, and find the new index by its name. Every transaction that changes the
index first takes an advisory lock, so that there is one at a time.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from tunetrace.errors import IndexFileError
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

DRIVERS: Final = ("postgresql+psycopg", "postgresql")
"""How the URL of an index may begin."""

SCHEMA: Final = "tunetrace"
"""The schema of an index whose URL names none."""

_URL_FORM: Final = "postgresql+psycopg://USER@HOST/DATABASE"
_LONGEST_NAME: Final = 63
"""PostgreSQL cuts off longer names, in bytes."""

_CONNECT_SECONDS: Final = 10
"""How long a server may take to answer, unless the URL says so itself."""

_SECRETS: Final = ("password", "sslpassword")
"""The options of a connection that no one is to see."""

_OWN: Final = set(schema.metadata.tables)
"""The tables that an index may have."""

_FEWEST: Final = 4
"""With fewer of these tables it is another program's schema."""

_IS_HIDING: Final = "tunetrace hides tunes"

_NO_TABLE: Final = {"42P01", "3F000"}
_NO_LOCK: Final = "55P03"
_DEADLOCKS: Final = {"40P01", "40001"}
_REFUSED: Final = "42501"
_DISK_FULL: Final = "53100"
_IN_USE: Final = "2BP01"
_READ_ONLY: Final = "25006"
_DAMAGE: Final = ("22", "23", "42", "3F", "XX")
"""The classes of errors that only an index that was altered gives."""
_OUT_OF_REACH: Final = ("08", "28", "3D", "53", "57P")
"""The classes of errors of a server that cannot be reached or does not let one in."""


class _Connection(psycopg.Connection[Any]):
    """A connection that may be let go of without a word, as a file may."""

    def __del__(self, *others: object) -> None:  # which warns otherwise
        pass


class IndexServer(Storage):
    """The schema of a database on a server that holds an index."""

    errors = (psycopg.Error, sa.exc.DBAPIError)

    def __init__(self, url: URL, schema_name: str) -> None:
        """url: of the database, with the password if it has one."""
        self._url = url
        self._schema = schema_name

    def __repr__(self) -> str:
        return f"IndexServer({self.shown!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IndexServer) and self.place == other.place

    def __hash__(self) -> int:
        return hash(self.place)

    # What it is called

    @cached_property
    def place(self) -> str:
        url = self._url.difference_update_query(_SECRETS)
        if self._schema != SCHEMA:
            url = url.update_query_dict({"schema": self._schema})
        bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database,
                          url.query)  # fmt: skip
        return bare.render_as_string(hide_password=False)

    @property
    def shown(self) -> str:
        return printable(self.place)

    @property
    def name(self) -> str:
        of_schema = "" if self._schema == SCHEMA else f"/{self._schema}"
        return printable(f"{self._url.database}{of_schema}")

    def told(self, message: str) -> str:
        # The driver's own words, in parentheses, may name the server and its users.
        return re.sub(r" \(.*\);", ";", super().told(message))

    def absolute(self) -> IndexServer:
        return self

    @property
    def cache_folders(self) -> tuple[Path, ...]:
        host = self._url.host or self._url.query.get("host", "")
        port = self._url.port or self._url.query.get("port", "")
        named = repr((host, str(port), self._url.database, self._schema))
        return (user_folder(hashlib.blake2b(named.encode(), digest_size=16).hexdigest()),)

    # Connecting

    def _connect(self) -> _Connection:
        """A connection on which transactions begin where the code says so."""
        options: dict[str, Any] = {
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "tunetrace",
            **self._url.translate_connect_args(username="user", database="dbname"),
            **self._url.query,
            "client_encoding": "utf8",
        }
        connection = _Connection.connect(autocommit=True, **options)
        connection.execute(
            "SELECT set_config('search_path', %s, false), set_config('lock_timeout', %s, false)",
            (self._quoted, f"{LOCK_WAIT_SECONDS * 1000:.0f}ms"),
        )
        return connection

    def engine(self, mode: Literal["read", "change"]) -> sa.Engine:
        return sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            max_overflow=-1,
            use_native_hstore=False,  # to look for it takes a question to the server
            execution_options={schema.STORAGE: self},
        )

    @property
    def _quoted(self) -> str:
        return _quoted(self._schema)

    # Which index it is

    def exists(self) -> bool:
        try:
            with self._connect() as connection:
                return bool(self._tables(connection))
        except psycopg.Error as error:
            raise self.unreadable(error) from None

    def identity(self) -> int | None:
        return None

    def size(self) -> int:
        select = (
            "SELECT coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)::bigint FROM pg_class "
            "JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = %s"
        )
        try:
            with self._connect() as connection:
                ((size,),) = connection.execute(select, (self._schema,)).fetchall()
        except psycopg.Error as error:
            raise OSError(self.reason(error)) from None
        return int(size)

    def check(self) -> None:
        try:
            with self._connect() as connection:
                tables = self._tables(connection)
        except psycopg.Error as error:
            raise self.unreadable(error) from None
        if not tables:
            raise self._absent()
        if len(tables & _OWN) < _FEWEST:
            raise self._foreign(tables)

    def _absent(self) -> IndexFileError:
        return IndexFileError(
            f"{self.shown}: there is no index; build one with 'tunetrace index build', or give the "
            "URL of another index with --index"
        )

    def _foreign(self, tables: set[str]) -> IndexFileError:
        first = printable(sorted(tables - _OWN or tables)[0])
        return IndexFileError(
            f"{self.shown}: the schema {printable(self._schema)} has tables of another program, "
            f"such as '{first}'; name another schema with ?schema=NAME at the end of the URL"
        )

    def _tables(self, connection: psycopg.Connection) -> set[str] | None:
        """The names of the tables and views of the schema; None if there is no such schema."""
        found = connection.execute(
            "SELECT relname FROM pg_namespace LEFT JOIN pg_class ON relnamespace = pg_namespace.oid"
            " AND relkind IN ('r', 'p', 'v', 'm', 'f') WHERE nspname = %s",
            (self._schema,),
        ).fetchall()
        return {str(name) for (name,) in found if name is not None} if found else None

    def version(self, connection: sa.Connection) -> int:
        version = connection.scalar(sa.select(schema.alembic_version.c.version_num)) or ""
        if not (version.isascii() and version.isdigit()):
            raise self.damaged()
        return int(version)

    def faults(self, connection: sa.Connection, *, is_full: bool) -> Iterator[str]:
        for table in schema.metadata.sorted_tables:
            missing = []
            for key in table.foreign_keys:
                other = key.column.table.alias()
                is_there = sa.exists().where(other.c[key.column.name] == key.parent)
                missing.append(key.parent.is_not(None) & ~is_there)
            if missing:
                select = sa.select(sa.func.count()).select_from(table).where(sa.or_(*missing))
                count = connection.scalar(select)
                if count:
                    yield f"{count:,} rows of {table.name} refer to rows that are missing"

    # Reading

    def begin_reading(
        self, connection: sa.Connection, identity: int | None, *, is_known: bool
    ) -> int | None:
        try:
            try:
                self._begin_reading(connection)
            except sa.exc.DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # The server ended the connection since the last question. Another one is made.
                connection.rollback()
                self._begin_reading(connection)
        except sa.exc.ProgrammingError as error:
            if _code(error) in _NO_TABLE:
                raise (self.changed() if is_known else self.damaged()) from None
            raise
        if not is_known:
            self.check_whole(connection)
        return generation_of(connection)

    def _begin_reading(self, connection: sa.Connection) -> None:
        # A lock is taken before the transaction sees anything, so that it sees what the lock keeps.
        _run(
            connection,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
            f"LOCK TABLE {self._quoted}.meta IN ACCESS SHARE MODE",
        )

    def hide(self, connection: sa.Connection, counts: Mapping[int, tuple[int, int]]) -> None:
        connection.rollback()  # which has seen the tables under the names that the views get
        _run(connection, "BEGIN")
        _run(connection, make_hidden("pg_temp"))
        with _driver(connection).cursor() as cursor, cursor.copy(
            f"COPY pg_temp.{HIDDEN} ({COLUMNS}) FROM STDIN"
        ) as copy:  # fmt: skip
            for row in rows_hidden(counts):
                copy.write_row(row)
        for statement in hide_rows(self._quoted, "pg_temp"):
            _run(connection, statement)
        connection.commit()
        connection.info[_IS_HIDING] = True

    def is_hiding(self, connection: sa.Connection) -> bool:
        return _IS_HIDING in connection.info

    # Changing

    def begin_changing(self, connection: sa.Connection, *, keeps_lock: bool) -> None:
        if keeps_lock:
            _run(connection, f"SELECT pg_advisory_lock({self._lock})")
            connection.commit()
        _run(
            connection,
            f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({self._lock})",
        )

    @property
    def _lock(self) -> int:
        """The number of the advisory lock of an index in its database."""
        name = hashlib.blake2b(f"tunetrace {self._schema}".encode(), digest_size=8)
        return int.from_bytes(name.digest(), "big", signed=True)

    def has_changed(self, connection: sa.Connection) -> bool:
        select = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
        return bool(_run(connection, select).scalar_one())

    def shrink(self, connection: sa.Connection) -> None:
        _run(connection, f"VACUUM (ANALYZE) {self._in_schema(schema.metadata.tables)}")

    def _in_schema(self, tables: Iterator[str] | Mapping[str, Any] | set[str]) -> str:
        return ", ".join(f"{self._quoted}.{_quoted(table)}" for table in sorted(tables))

    # Replacing

    @contextmanager
    def replacing(self, *, force: bool) -> Iterator[sa.Connection]:
        engine = self.engine("change")
        try:
            # Where anything fails, closing the connection undoes the transaction.
            with engine.connect() as connection:
                before = self._may_be_replaced(connection, force=force)
                building = _quoted(f"tunetrace_building_{secrets.token_hex(8)}")
                self._make_tables(connection, building)
                yield connection
                _run(connection, "ANALYZE " + ", ".join(
                    f"{building}.{_quoted(table)}" for table in schema.metadata.tables
                ))  # fmt: skip
                _run(connection, f"SELECT pg_advisory_xact_lock({self._lock})")
                if self._may_be_replaced(connection, force=force) != before:
                    raise self.changed_meanwhile()
                self._put_in_place(connection, building)
                connection.commit()
        finally:
            engine.dispose()

    def _make_tables(self, connection: sa.Connection, building: str) -> None:
        """Begin a transaction, and make an empty index in it, in a new schema."""
        encoding = _run(connection, "SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise IndexFileError(
                f"{self.shown}: the database has the encoding {encoding}; name a database that has "
                "UTF8"
            )
        _run(connection, "BEGIN ISOLATION LEVEL READ COMMITTED")
        _run(connection, f"CREATE SCHEMA {building}")
        _run(connection, f"SET LOCAL search_path TO {building}")
        schema.metadata.create_all(connection, checkfirst=False)
        # To compress numbers takes longer than to write them.
        _run(connection, "ALTER TABLE piece ALTER COLUMN content SET STORAGE EXTERNAL")
        store_meta(connection)

    def _may_be_replaced(self, connection: sa.Connection, *, force: bool) -> str | None:
        """The generation of the index that is there; None if there is none, or it has none.

        IndexFileError if it is not to be replaced, or something else is there.
        """
        tables = self._tables(_driver(connection))
        if not tables:
            return None
        if len(tables & _OWN) < _FEWEST or tables - _OWN:
            raise self._foreign(tables)
        if not force:
            raise self.in_the_way()
        if "meta" not in tables:
            return None
        select = f"SELECT value FROM {self._quoted}.meta WHERE name = 'generation'"
        found = _run(connection, select).scalar()
        return None if found is None else str(found)

    def _put_in_place(self, connection: sa.Connection, building: str) -> None:
        """Give a new index the name of the old one, and the rights that others have to it."""
        tables = self._tables(_driver(connection))
        granted: list[str] = []
        if tables and "meta" in tables:  # whoever asks is waited for, before the others are locked
            _run(connection, f"LOCK TABLE {self._quoted}.meta IN ACCESS EXCLUSIVE MODE")
        if tables is not None:
            granted = [row[0] for row in connection.exec_driver_sql(_GRANTS, (self._schema,) * 2)]
        if tables:
            _run(connection, f"DROP TABLE {self._in_schema(tables)}")
        if tables is not None:
            _run(connection, f"DROP SCHEMA {self._quoted}")
        _run(connection, f"ALTER SCHEMA {building} RENAME TO {self._quoted}")
        for grant in granted:
            _run(connection, grant)

    # Errors

    def is_damage(self, error: Exception) -> bool:
        code = _code(error) or ""
        return code.startswith(_DAMAGE) and code != _REFUSED

    def reason(self, error: Exception) -> str:
        reason = str(getattr(error, "orig", error))
        for secret in (self._url.password, *map(self._url.query.get, _SECRETS)):
            if secret:
                reason = reason.replace(str(secret), "***")
        lines = reason.splitlines() or [type(error).__name__]
        return printable(lines[0].removeprefix("connection failed: ").strip())

    def unreadable(self, error: Exception) -> IndexFileError:
        if self.is_damage(error):
            return self.damaged()
        return self._refusal(error, "read", "USAGE of its schema and SELECT on its tables")

    def unwritable(self, error: Exception) -> IndexFileError:
        return self._refusal(error, "written", "CREATE on the database, or own the schema")

    def unchangeable(self, error: Exception) -> IndexFileError:
        rights = "SELECT, INSERT, UPDATE and DELETE on its tables"
        return self._refusal(error, "changed", rights)

    def _refusal(self, error: Exception, what: str, rights: str) -> IndexFileError:
        """The error for an index that cannot be read, written or changed.

        rights: which it takes.
        """
        code = _code(error)
        if code == _NO_LOCK or code in _DEADLOCKS:
            return IndexFileError(
                f"{self.shown}: another process is changing the index; try again later"
            )
        if isinstance(error, OSError):
            reason, advice = (error.strerror or "unwritable").lower(), "see what the disk has"
        else:
            reason, advice = self.reason(error), "see what the log of the server says"
        if code == _REFUSED:
            advice = f"you need {rights}"
        elif code == _DISK_FULL:
            advice = "free disk space on the server"
        elif code == _IN_USE:
            advice = "delete first what was made of its tables"
        elif code == _READ_ONLY:
            advice = "name a server that takes changes"
        elif not isinstance(error, OSError) and (code or "08").startswith(_OUT_OF_REACH):
            return IndexFileError(
                f"{self.shown}: the database cannot be reached ({reason}); check that the server "
                "runs and that the URL names its host, port, database and user, with the password "
                "in PGPASSWORD or ~/.pgpass"
            )
        return IndexFileError(f"{self.shown}: the index cannot be {what} ({reason}); {advice}")


_GRANTS: Final = """
SELECT format('GRANT %%s ON SCHEMA %%I TO %%s', privilege_type, nspname,
              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
FROM pg_namespace, aclexplode(nspacl) WHERE nspname = %s
UNION ALL
SELECT format('GRANT %%s ON TABLE %%I.%%I TO %%s', privilege_type, nspname, relname,
              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace, aclexplode(relacl)
WHERE relkind = 'r' AND nspname = %s
"""
"""The statements that give others the rights that they have to a schema and its tables."""


def server_of(url: str) -> IndexServer:
    """The place of an index, given by its URL; IndexFileError if that is none of a database."""
    driver = url.partition("://")[0]
    if driver not in DRIVERS:
        raise IndexFileError(
            f"'{printable(driver)}://' is no place of an index; give the path of a file, or "
            f"{_URL_FORM}"
        )
    try:
        parsed = make_url(url).set(drivername=DRIVERS[0])
    except (sa.exc.ArgumentError, ValueError):  # whose words may have the password
        raise IndexFileError(
            f"the URL of the index cannot be read; write it as {_URL_FORM}, with signs such as @ "
            "and / in a name as %40 and %2F"
        ) from None
    query = dict(parsed.query)
    name = query.pop("schema", SCHEMA)
    twice = [key for key, value in parsed.query.items() if not isinstance(value, str)]
    if twice:
        raise IndexFileError(
            f"the URL of the index has '{printable(twice[0])}' more than once; give it once"
        )
    server = IndexServer(parsed.set(query=query), str(name))
    if not parsed.database:
        raise IndexFileError(
            f"{server.shown}: the URL of the index names no database; write it as {_URL_FORM}"
        )
    if not 0 < len(str(name).encode(errors="replace")) <= _LONGEST_NAME or "\0" in str(name):
        raise IndexFileError(
            f"{server.shown}: the schema in the URL needs a name of at most {_LONGEST_NAME} bytes"
        )
    return server


def _run(connection: sa.Connection, statement: str) -> sa.CursorResult[Any]:
    """Run a statement without parameters. A name in it may have the sign of a parameter."""
    return connection.exec_driver_sql(statement.replace("%", "%%"))


def _quoted(name: str) -> str:
    """A name as SQL has it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _code(error: Exception) -> str | None:
    """PostgreSQL's code of an error of the driver's or SQLAlchemy's; None for others."""
    code = getattr(getattr(error, "orig", error), "sqlstate", None)
    return code if isinstance(code, str) else None


def _driver(connection: sa.Connection) -> psycopg.Connection:
    return cast(psycopg.Connection, connection.connection.driver_connection)
