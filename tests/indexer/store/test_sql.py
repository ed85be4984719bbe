"""SQL is in the store alone, and every statement of it would run on PostgreSQL too."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tests.commands import KESH, MORRISONS, call, index_of
from tests.conftest import ROOT
from tests.storages import alter
from tunetrace import (
    Filters,
    QueryError,
    add_to_index,
    build_index,
    check,
    compact_index,
    measure_baseline,
    open_index,
    remove_from_index,
    tune,
    verify_index,
)
from tunetrace.indexer import store
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.database.connection import Database
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.meta import generation_of
from tunetrace.indexer.store.schema import Prepared

STORE = ROOT / "tunetrace" / "indexer" / "store"
SQL = re.compile(
    r"\b(SELECT .* FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA|BEGIN|VACUUM)\b"
)
OF_ONE_DATABASE = ("sqlite.py", "postgres.py", "upgrade.py")
POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


def modules(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


def texts(tree: ast.Module) -> list[str]:
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [value for value in constants if isinstance(value, str)]


def test_there_is_no_sql_outside_the_store() -> None:
    for path, tree in modules(ROOT / "tunetrace"):
        if path.is_relative_to(STORE):
            continue
        assert not imported(tree) & {"sqlalchemy", "sqlite3", "psycopg"}, path
        assert [text for text in texts(tree) if SQL.search(text)] == [], path


def test_statements_that_only_one_database_knows_are_in_its_module() -> None:
    for path, tree in modules(STORE):
        if path.name in OF_ONE_DATABASE or path.parent.name == "migrations":
            continue
        assert not imported(tree) & {"sqlite3", "psycopg"}, path
        if path.name == "hiding.py":  # what both know, and SQLAlchemy does not
            continue
        assert [text for text in texts(tree) if SQL.search(text)] == [], path
        if path.name != "schema.py":  # whose statement SQLAlchemy has compiled
            assert "exec_driver_sql" not in path.read_text(), path


@contextmanager
def statements() -> Iterator[list[Any]]:
    """The statements that SQLAlchemy executes in a block."""
    executed: list[Any] = []

    def take(connection: sa.Connection, statement: Any, *others: object) -> None:
        executed.append(statement)

    sa.event.listen(sa.Engine, "before_execute", take)
    try:
        yield executed
    finally:
        sa.event.remove(sa.Engine, "before_execute", take)


def use_everything(folder: Path) -> None:
    """Build an index, change it, look it over, and ask it whatever can be asked."""
    folder.joinpath("kesh.abc").write_text(KESH)
    folder.joinpath("other.abc").write_text(
        f"{MORRISONS}\n{KESH.replace('G3', 'A3')}\n\nX:9\nK:?\n"
    )
    path = folder / "i.db"
    build_index([folder / "kesh.abc"], path)
    add_to_index([folder / "other.abc"], path)
    folder.joinpath("other.abc").write_text(f"{MORRISONS}\n{KESH.replace('G3', 'B3')}")
    add_to_index([folder / "other.abc"], path, replace=True)
    measure_baseline(path)
    for is_full in (False, True):
        verify_index(path, full=is_full)
    with open_index(path) as index:
        index.info()
        index.rejects("other")
        index.bar("C 3 C D E")
        index.bar("C *")
        index.figure("C D E", Filters(meter="6/8", key="maj", corpus="kesh", title="kesh"))
        index.catalogue.setting_groups()
        check(f"{KESH}\n\n{MORRISONS}", index)
        for reference in ("kesh:3", 1, "The Kesh", "Kes"):
            tune(reference, index)
        for reference in ("The Keshh", "or"):
            with pytest.raises(QueryError):
                tune(reference, index)
        with pytest.raises(QueryError):
            index.figure("C", Filters(meter="3/8", key="dor"))
    remove_from_index("kesh", path)
    compact_index(path)
    build_index([folder / "kesh.abc"], path, force=True)


def prepared() -> list[Prepared]:
    found = pkgutil.walk_packages(store.__path__, f"{store.__name__}.")
    every = [importlib.import_module(one.name) for one in found]
    return [one for module in every for one in vars(module).values() if isinstance(one, Prepared)]


@pytest.mark.file
def test_every_statement_is_one_of_postgresql_too(tmp_path: Path) -> None:
    with statements() as executed:
        use_everything(tmp_path)
    written = [one for one in executed if not isinstance(one, str | sa.schema.DDLElement)]
    assert len({str(one) for one in written}) > 30
    assert len(prepared()) > 3
    functions: set[str] = set()
    for statement in (
        *written,
        *(one.statement for one in prepared()),
        *(sa.insert(table) for table in schema.metadata.sorted_tables),
    ):
        text = str(statement.compile(dialect=POSTGRESQL))
        assert "?" not in text
        assert "rowid" not in text
        parts = sa.sql.visitors.iterate(statement)
        functions |= {part.name for part in parts if isinstance(part, sa.sql.functions.Function)}
    # Those that every database has.
    assert functions <= {"count", "max", "replace"}


def test_the_tables_are_tables_of_postgresql_too() -> None:
    created: list[str] = []

    def take(statement: Any, *others: object, **named: object) -> None:
        created.append(str(statement.compile(dialect=POSTGRESQL)))

    engine = sa.create_mock_engine("postgresql://", take)
    schema.metadata.create_all(engine, checkfirst=False)
    tables = "\n".join(created)
    assert tables.count("CREATE TABLE") == len(schema.metadata.sorted_tables)
    assert "SERIAL" not in tables  # ids are given by the transaction that has the lock
    assert "content BYTEA NOT NULL" in tables
    for wide in ("bytes", "tokens", "last"):
        assert f"{wide} BIGINT NOT NULL" in tables, wide
    for table in schema.metadata.sorted_tables:
        for column in table.columns:
            written = column.type.compile(POSTGRESQL)
            is_text = isinstance(column.type, sa.String)
            assert is_text == written.endswith(' COLLATE "C"'), column


# The generation


def generation(path: Path) -> int:
    database = Database(storage_of(path))
    try:
        with database.connected() as connection:
            found = generation_of(connection)
    finally:
        database.close()
    assert found is not None
    return found


def test_every_change_raises_the_generation(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH, MORRISONS, name="two")
    (tmp_path / "third.abc").write_text(KESH.replace("G3", "A3"))
    seen = [generation(path)]
    add_to_index(tmp_path / "third.abc", path)
    seen.append(generation(path))
    add_to_index(tmp_path / "third.abc", path)  # it is there
    assert generation(path) == seen[-1]
    compact_index(path)
    seen.append(generation(path))
    measure_baseline(path)
    seen.append(generation(path))
    remove_from_index("third", path)
    seen.append(generation(path))
    assert seen == sorted(set(seen))
    build_index(tmp_path / "third.abc", path, force=True)
    assert generation(path) not in seen


@pytest.mark.file
def test_two_copies_that_are_changed_apart_have_two_generations(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH, MORRISONS, name="two")
    (tmp_path / "third.abc").write_text(KESH.replace("G3", "A3"))
    shutil.copy(path, tmp_path / "copy.db")
    for copy in (path, tmp_path / "copy.db"):
        add_to_index(tmp_path / "third.abc", copy)
    assert generation(path) != generation(tmp_path / "copy.db")


def test_an_index_that_lost_its_generation_can_be_asked_and_changed(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH, MORRISONS, name="two")
    alter(path, "UPDATE meta SET value = '[]' WHERE name <> 'schema_version'")
    assert call("figure", "C D E", "--index", path).code == 0
    remove_from_index("two", path)
    assert generation(path) > 0


def test_a_few_and_many_tunes_are_verified_alike(tmp_path: Path) -> None:
    book = "\n\n".join(KESH.replace("X:3", f"X:{n}") for n in range(2500))
    (tmp_path / "book.abc").write_text(book)
    build_index(tmp_path / "book.abc", tmp_path / "i.db")
    for is_full in (False, True):
        report = verify_index(tmp_path / "i.db", full=is_full)
        assert (report.faults, report.tunes) == ((), 2500 if is_full else 1000)
