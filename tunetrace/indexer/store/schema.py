"""The tables of an index.

Rows where people ask questions (corpora, tunes, titles), arrays where machines do (streams, suffix
arrays, bars and where each is found, forms).

All types are portable. Integer is for numbers that stay below 2³¹, such as the ids of tunes, which
arrays hold as int32. BigInteger is for counts and numbers from files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

SCHEMA_VERSION: Final = 7
OLDEST_UPGRADED: Final = 6
"""The first schema version that `tunetrace index migrate` can upgrade."""

STORAGE: Final = "tunetrace_storage"
"""The execution option of an engine that says which storage it belongs to."""

PIECE_BYTES: Final = 1 << 22
"""An array is stored in pieces of this size."""

APPLICATION_ID: Final = int.from_bytes(b"tune", "big")
"""SQLite's application_id: it tells an index from a database of another program."""

_BIG_ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A primary key of 64 bits. SQLite wants INTEGER for it, which has 64 bits there."""

metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""tunetrace_version: what built the index. vocabulary: the tokens beyond v2 as a JSON list, from
symbol 137 up. generation: a number that every change raises."""

alembic_version = sa.Table(
    "alembic_version",
    metadata,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""The schema version in four digits, in one row. Alembic (store/upgrade.py) makes the table so."""

corpus = sa.Table(
    "corpus",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("licence", sa.String),
    sa.Column("version", sa.String),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("added", sa.String, nullable=False),
    sa.Column("tunes", sa.BigInteger, nullable=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.Column("bars", sa.BigInteger, nullable=False),
    sa.Column("set_aside", sa.BigInteger, nullable=False),
)
"""sha256: that of the transcriptions as found, in order, and of what was set aside
(writer.digest). added: an ISO date and time in UTC."""

tune = sa.Table(
    "tune",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("corpus_id", sa.ForeignKey("corpus.id"), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("meter", sa.String),
    sa.Column("key", sa.String),
    sa.Column("original_key", sa.String),
    sa.Column("work", sa.String),
    sa.Column("link", sa.String),
    sa.Column("remarks", sa.Text),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("tune_corpus_number", "corpus_id", "number"),
    sa.Index("tune_work", "work"),
)
"""No other tune gets the id of a tune that is there. remarks: a JSON list, or null."""

title = sa.Table(
    "title",
    metadata,
    sa.Column("tune_id", sa.ForeignKey("tune.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("title_key", sa.String, nullable=False),
    sa.Index("title_title_key", "title_key"),
    sqlite_with_rowid=False,
)
"""All titles of each tune, the chief one at position 0. title_key: what a title is found by."""

reject = sa.Table(
    "reject",
    metadata,
    sa.Column("id", _BIG_ID, primary_key=True, autoincrement=False),
    sa.Column("corpus_id", sa.ForeignKey("corpus.id"), nullable=False),
    sa.Column("number", sa.BigInteger),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("input", sa.String, nullable=False),
    sa.Column("line", sa.BigInteger),
    sa.Column("column", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
)
"""The tunes that were set aside, in the order in which they were met."""

segment = sa.Table(
    "segment",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first_tune", sa.Integer, nullable=False),
    sa.Column("tunes", sa.Integer, nullable=False),
)
"""A run of tunes that were indexed together. first_tune: the lowest id of its tunes. tunes: how
many it has. All else of it is in arrays."""

array = sa.Table(
    "array",
    metadata,
    sa.Column("id", _BIG_ID, primary_key=True, autoincrement=False),
    sa.Column("segment_id", sa.ForeignKey("segment.id")),
    sa.Column("purpose", sa.String, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("dtype", sa.String, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Index("array_segment_purpose", "segment_id", "purpose", "place"),
)
"""The arrays of a segment, or of the whole index, where segment_id is null. purpose: what they are
read for together, such as a view, `near` or `baseline`. place: their order, from 0. dtype: as NumPy
writes it, little-endian. sha256: that of the bytes, in hexadecimal."""

piece = sa.Table(
    "piece",
    metadata,
    sa.Column("array_id", sa.ForeignKey("array.id"), primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
"""The bytes of an array, PIECE_BYTES a row, so that no value comes near a limit of a database."""

counter = sa.Table(
    "counter",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)
"""The last id that was given to a row of a table, by the table's name. No id is given again, even
after its row was deleted."""

# Texts are compared byte by byte in every database, so that they are sorted alike.
for _column in (column for table in metadata.sorted_tables for column in table.columns):
    if isinstance(_column.type, sa.String):
        _bytewise = type(_column.type)(collation="C")
        _column.type = _column.type.with_variant(_bytewise, "postgresql")

COUNTED: Final = ("corpus", "tune", "reject", "segment", "array")
"""The tables whose ids are counted."""


def faults_of_tables(connection: sa.Connection) -> Iterator[str]:
    """Which tables and indexes a database lacks, or has otherwise than here, in sentences."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    for table in metadata.sorted_tables:
        columns = inspector.get_columns(table.name) if table.name in there else []
        if [column["name"] for column in columns] != [column.name for column in table.columns]:
            yield f"the table {table.name} is not as schema {SCHEMA_VERSION} has it"
            continue
        indexes = {index["name"] for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexes:
                yield f"the index {index.name} is missing"


class Prepared:
    """A statement that is compiled once, for what every check asks many times.

    SQLAlchemy compiles it for the dialect in use, and the driver runs the result. Compiling it at
    every execution takes twice as long as running it.
    """

    def __init__(self, statement: sa.Select[Any]) -> None:
        self.statement = statement
        self._compiled: dict[str, SQLCompiler] = {}

    def rows(self, connection: sa.Connection) -> Iterator[tuple[Any, ...]]:
        """The rows that it finds, one after the other, without a value."""
        cursor = _cursor(connection)
        cursor.execute(self._for(connection).string)
        return iter(cursor)

    def row(self, connection: sa.Connection, **values: object) -> tuple[Any, ...] | None:
        """The first row that it finds for values, given by the names that it has for them."""
        compiled = self._for(connection)
        names = compiled.positiontup
        cursor = _cursor(connection)
        cursor.execute(compiled.string, values if names is None else [values[n] for n in names])
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found

    def rows_for_each(
        self, connection: sa.Connection, values: Iterable[object]
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The rows that it finds for each of several values; it has one value."""
        compiled = self._for(connection)
        cursor = _cursor(connection)
        if compiled.positional:
            for value in values:
                cursor.execute(compiled.string, (value,))
                yield cursor.fetchall()
            return
        (name,) = compiled.params
        asked = [{name: value} for value in values]
        if len(asked) == 1:
            cursor.execute(compiled.string, asked[0])
            yield cursor.fetchall()
        elif asked:
            # All are sent before the first answer comes, since a server may be far away.
            cursor.executemany(compiled.string, asked, returning=True)
            yield cursor.fetchall()
            while cursor.nextset():
                yield cursor.fetchall()

    def _for(self, connection: sa.Connection) -> SQLCompiler:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self.statement.compile(dialect=dialect)
        return compiled


def _cursor(connection: sa.Connection) -> Any:
    """A cursor of the driver. PostgreSQL's gets what it asks for as it is, not as text."""
    is_postgresql = connection.dialect.name == "postgresql"
    return connection.connection.cursor(**({"binary": True} if is_postgresql else {}))


def insert_rows(
    connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]
) -> None:
    """Insert rows that are in the order of the table's columns.

    The statement is compiled once. SQLAlchemy would look at each value of each row otherwise.
    """
    if not rows:
        return
    compiled = sa.insert(table).compile(dialect=connection.dialect)
    if compiled.positional:
        connection.exec_driver_sql(compiled.string, rows)
    else:
        _copy(connection, table, rows)


def _copy(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows by PostgreSQL's COPY, which takes a tenth of the time of INSERT."""
    name = connection.dialect.identifier_preparer.format_table(table)
    cursor: Any = connection.connection.cursor()
    with cursor.copy(f"COPY {name} FROM STDIN WITH (FORMAT binary)") as copy:
        copy.set_types([_type_name(column.type) for column in table.columns])
        for row in rows:
            copy.write_row(row)


def _type_name(type_: sa.types.TypeEngine[Any]) -> str:
    """PostgreSQL's name for the type of a column."""
    if isinstance(type_, sa.BigInteger):
        return "int8"
    if isinstance(type_, sa.Integer):
        return "int4"
    return "bytea" if isinstance(type_, sa.LargeBinary) else "text"
