"""A copy of an index gives the same answers, and is compared before it takes its place."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.commands import KESH, PYTHON, call, environment, index_of
from tests.conftest import ROOT, V2_SAMPLE
from tests.indexer.build.test_migrate import (
    answers,
    arrays,
    content,
    counters,
    new_index,
    plain,
)  # fmt: skip
from tests.storages import SECRET, connecting, database
from tunetrace import (
    ChangeReport,
    IndexFileError,
    add_to_index,
    build_index,
    copy_index,
    open_index,
    verify_index,
)
from tunetrace.indexer.build import copy
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.database.sqlite import IndexFile
from tunetrace.indexer.store.database.storage import Connection

pytestmark = pytest.mark.file

OTHER = KESH.replace("G3 GAB", "B3 BAG")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of several segments, with gaps in the ids, a baseline and families."""
    return new_index(tmp_path_factory.mktemp("made"))


@pytest.fixture
def source(made: Path, tmp_path: Path) -> Path:
    """The same index, which may be changed."""
    (tmp_path / "source.db").write_bytes(made.read_bytes())
    return tmp_path / "source.db"


def state(path: Path) -> object:
    """All that a file has but the generation, with the ids of its arrays."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT * FROM array ORDER BY id").fetchall()
        named = connection.execute("SELECT * FROM meta WHERE name != 'generation'").fetchall()
        return content(path), arrays(path), counters(path), rows, sorted(named)


def generation(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        select = "SELECT value FROM meta WHERE name = 'generation'"
        return str(connection.execute(select).fetchone()[0])


def test_a_copy_is_what_the_index_is(source: Path, tmp_path: Path) -> None:
    before, target = source.read_bytes(), tmp_path / "folder" / "copy.db"
    report = copy_index(source, target)
    assert source.read_bytes() == before
    assert state(target) == state(source)
    assert generation(target) != generation(source)
    assert verify_index(target, full=True).faults == ()
    assert plain(answers(target), target) == plain(answers(source), source)
    with open_index(target) as index:
        assert report.info == index.info()
    with closing(sqlite3.connect(source)) as connection:
        tables = [name for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'alembic_version'"
        )]  # fmt: skip
        rows = sum(
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables
        )
        (size,) = connection.execute("SELECT sum(bytes) FROM array").fetchone()
    assert report.source == str(source)
    assert report.rows == rows - 1  # without the generation
    assert report.bytes == size


@pytest.mark.slow
def test_a_copy_of_a_large_index_is_what_the_index_is(shared: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "source.db", tmp_path / "copy.db"
    build_index([shared / V2_SAMPLE], source)
    copy_index(source, target)
    assert state(target) == state(source)
    assert verify_index(target).faults == ()


def test_what_is_added_to_a_copy_gets_the_ids_that_it_would_get_in_the_index(
    source: Path, tmp_path: Path
) -> None:
    (tmp_path / "more.abc").write_text(OTHER)
    target = tmp_path / "copy.db"
    copy_index(source, target)
    for path in (source, target):
        add_to_index([tmp_path / "more.abc"], path)
    # The time at which the corpus was added may differ by a second.
    for path in (source, target):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE corpus SET added = ''")
    assert state(target) == state(source)


def test_the_command_says_what_it_copied(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    ended = call("index", "copy", source, target)
    assert (ended.code, ended.err) == (0, "")
    first, *rest = ended.out.splitlines()
    assert first.startswith(f"copied from {source}: ")
    assert first.endswith(" MB of arrays, compared")
    info = call("index", "info", "--index", target)
    assert info.out.splitlines()[: len(rest)] == rest
    said = call("index", "copy", source, target, "--force", "--json").json
    assert said.keys() == {"source", "rows", "bytes", "info"}
    assert said["info"]["path"] == str(target)


# What is refused


def test_an_index_is_not_copied_to_its_own_place(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = source.read_bytes()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.db").symlink_to(source)
    (tmp_path / "same.db").hardlink_to(source)
    (tmp_path / "folder").mkdir()
    for target in (source, "source.db", "folder/../source.db", "link.db", "same.db"):
        refusal = call("index", "copy", source, target, "--force").refusal
        assert refusal == (
            f"{target}: an index cannot be copied to its own place; give another place"
        )
    assert source.read_bytes() == before


def test_an_index_is_only_replaced_by_a_copy_if_that_is_asked_for(
    source: Path, tmp_path: Path
) -> None:
    target = index_of(tmp_path, KESH, name="target")
    before = target.read_bytes()
    assert "there is an index already" in call("index", "copy", source, target).refusal
    assert target.read_bytes() == before
    opened = open_index(target)
    copy_index(source, target, force=True)
    assert state(target) == state(source)
    with pytest.raises(IndexFileError, match="changed after it was opened"):
        opened.info()
    opened.close()


def test_no_other_file_is_replaced(source: Path, tmp_path: Path) -> None:
    text = tmp_path / "kesh.abc"
    text.write_text(KESH * 100)
    for target in (text, tmp_path):
        assert call("index", "copy", source, target, "--force").refusal.startswith(f"{target}: ")
    assert text.read_text() == KESH * 100
    assert "there is no index" in call("index", "copy", tmp_path / "none.db", text).refusal


DAMAGES = [
    "UPDATE piece SET content = substr(content, 2) WHERE array_id = 3",
    "UPDATE piece SET content = zeroblob(length(content)) WHERE array_id = 3",
    "UPDATE piece SET content = 'text' WHERE array_id = 3",
    "UPDATE piece SET place = 1 WHERE array_id = 3",
    "DELETE FROM piece WHERE array_id = 3",
    "INSERT INTO piece VALUES (3, 1, x'00')",
    "INSERT INTO piece VALUES (999, 0, x'00')",
    "UPDATE array SET bytes = bytes + 1 WHERE id = 3",
    "UPDATE array SET sha256 = 'none' WHERE id = 3",
    "DELETE FROM array WHERE id = 3",
    "UPDATE tune SET number = 'text' WHERE id = 1",
    "UPDATE tune SET text = x'00' WHERE id = 1",
    "UPDATE tune SET text = CAST(x'ff' AS TEXT) WHERE id = 1",
    "UPDATE counter SET last = 'text'",
    "DROP TABLE title",
    "DROP TABLE piece",
]


@pytest.mark.parametrize("statement", DAMAGES)
def test_a_damaged_index_is_not_copied(source: Path, tmp_path: Path, statement: str) -> None:
    target = index_of(tmp_path, KESH, name="target")
    before = target.read_bytes()
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute(statement)
    for force in ([], ["--force"]):
        place = target if force else tmp_path / "copy.db"
        assert call("index", "copy", source, place, *force).refusal == (
            f"{source}: the index is damaged; build it again with 'tunetrace index build --force'"
        )
    assert target.read_bytes() == before
    assert not list(tmp_path.glob("*copy*"))


class Forgetful(IndexFile):
    """A place that keeps something else than what is written."""

    statement = ""

    @contextmanager
    def replacing(self, *, force: bool) -> Iterator[Connection]:
        with super().replacing(force=force) as connection:
            connection.exec_driver_sql(self.statement)
            yield connection


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("tune", "CREATE TRIGGER other AFTER INSERT ON tune WHEN new.id = 2 "
                 "BEGIN UPDATE tune SET text = text || ' ' WHERE id = 2; END"),
        ("title", "CREATE TRIGGER other BEFORE INSERT ON title WHEN new.tune_id = 2 "
                  "BEGIN SELECT RAISE(IGNORE); END"),
        ("piece", "CREATE TRIGGER other AFTER INSERT ON piece WHEN new.array_id = 9 "
                  "BEGIN UPDATE piece SET content = zeroblob(length(content)) "
                  "WHERE array_id = 9; END"),
        ("corpus", "CREATE TRIGGER other AFTER INSERT ON tune WHEN new.id = 2 "
                   "BEGIN UPDATE corpus SET licence = 'none' WHERE id = 1; END"),
    ],
)  # fmt: skip
def test_a_copy_that_is_not_equal_is_thrown_away(
    source: Path, tmp_path: Path, table: str, statement: str
) -> None:
    place = type("Place", (Forgetful,), {"statement": statement})(tmp_path / "copy.db")
    with pytest.raises(IndexFileError) as raised:
        copy.copy_index.__wrapped__(source, place)  # type: ignore[attr-defined]
    assert str(raised.value) == (
        f"{place.path}: the table '{table}' of the copy is not that of {source}, so the copy was "
        "thrown away; check the disk and copy again"
    )
    assert not list(tmp_path.glob("*copy*"))


# Others, and what goes wrong


def test_a_copy_is_of_one_state_of_the_index(source: Path, tmp_path: Path) -> None:
    book, target = tmp_path / "more.abc", tmp_path / "copy.db"
    book.write_text(OTHER)
    expected = state(source)
    adding: list[Future[ChangeReport]] = []
    with ThreadPoolExecutor() as threads:

        def add(what: str, tunes: int) -> None:
            if not adding:
                adding.append(threads.submit(add_to_index, [book], source))
                while not source.with_name("source.db-journal").exists():
                    time.sleep(0.01)  # until it writes

        copy_index(source, target, progress=add)
        (added,) = adding
        assert added.result().changes[0].change == "added"
    assert state(target) == expected
    assert state(source) != expected


def test_a_copy_does_not_replace_what_was_changed_meanwhile(source: Path, tmp_path: Path) -> None:
    target = index_of(tmp_path, KESH, name="target")
    (tmp_path / "more.abc").write_text(OTHER)
    changes: list[ChangeReport] = []

    def add(what: str, tunes: int) -> None:
        if not changes:
            changes.append(add_to_index([tmp_path / "more.abc"], target))

    with pytest.raises(IndexFileError, match="changed the index meanwhile, so it was not replaced"):
        copy_index(source, target, force=True, progress=add)
    with open_index(target) as index:
        assert [corpus.name for corpus in index.info().corpora] == ["target", "more"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit")
@pytest.mark.parametrize("blocks", [8, 60, 150])
def test_a_copy_without_room_is_not_there(source: Path, tmp_path: Path, blocks: int) -> None:
    place = tmp_path / "place"
    ended = subprocess.run(
        ["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "bash", *PYTHON, "index", "copy",
         source, place / "copy.db"],
        capture_output=True, text=True, cwd=ROOT, env=environment(), check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"tunetrace: {place / 'copy.db'}: the index cannot be written (")
    assert ended.stderr.count("\n") == 1
    assert not any(place.iterdir())


# Databases


@pytest.fixture
def schemas() -> Iterator[Callable[[str], str]]:
    """Gives the URL of a schema of the database of tests, by a name; it is gone in the end."""
    url, made = database(), set[str]()

    def url_of(name: str) -> str:
        made.add(f"test_copy_{name}")
        named = url.update_query_dict({"schema": f"test_copy_{name}"})
        return named.render_as_string(hide_password=False)

    yield url_of
    with psycopg.connect(**connecting(url), autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute(f"DROP SCHEMA IF EXISTS {', '.join(made)} CASCADE")


def test_an_index_goes_into_a_database_and_back(
    source: Path, tmp_path: Path, schemas: Callable[[str], str]
) -> None:
    first, second, back = schemas("first"), schemas("second"), tmp_path / "back.db"
    reports = [
        copy_index(source, first), copy_index(first, second), copy_index(second, back)
    ]  # fmt: skip
    assert state(back) == state(source)
    assert {(report.rows, report.bytes) for report in reports} == {
        (reports[0].rows, reports[0].bytes)
    }
    expected = plain(answers(source), source)
    for url in (first, second):
        shown = storage_of(url).shown
        assert plain(answers(url, source), shown) == expected
        assert verify_index(url, full=True).faults == ()
        assert SECRET not in shown
    assert reports[2].source == storage_of(second).shown
    assert SECRET not in repr(reports)


def test_a_copy_in_a_database_is_only_replaced_if_that_is_asked_for(
    source: Path, tmp_path: Path, schemas: Callable[[str], str]
) -> None:
    url, other = schemas("first"), index_of(tmp_path, KESH, name="other")
    shown = storage_of(url).shown
    copy_index(other, url)
    assert call("index", "copy", source, url).refusal == (
        f"{shown}: there is an index already; replace it with --force, or add to it with "
        "'tunetrace index add'"
    )
    with open_index(url) as index:
        assert index.info().tunes == 1
        ended = call("index", "copy", source, url, "--force")
        assert (ended.code, ended.err) == (0, "")
        with pytest.raises(IndexFileError, match="changed after it was opened"):
            index.info()
    assert ended.out.splitlines()[1] == shown
    assert SECRET not in ended.out
    assert call("index", "copy", url, url, "--force").refusal == (
        f"{shown}: an index cannot be copied to its own place; give another place"
    )


@pytest.mark.parametrize(
    "statement",
    [
        *DAMAGES,
        "UPDATE tune SET corpus_id = 99 WHERE id = 1",
        "DELETE FROM segment WHERE id = 1",
    ],
)
def test_a_damaged_index_is_not_copied_into_a_database(
    source: Path, schemas: Callable[[str], str], statement: str
) -> None:
    url = schemas("damaged")
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute(statement)
    assert call("index", "copy", source, url).refusal == (
        f"{source}: the index is damaged; build it again with 'tunetrace index build --force'"
    )
    assert "there is no index" in call("index", "info", "--index", url).refusal
