"""An index of an older schema version is upgraded, and is then what a new index is."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.commands import KESH, MORRISONS, PYTHON, call, environment
from tests.conftest import ROOT, V2_SAMPLE
from tests.indexer.build.schema_6 import TABLES, write_schema_6
from tests.storages import connecting, database
from tests.users import as_a_user, folder_for_all, give
from tunetrace import (
    IndexFileError,
    add_to_index,
    build_index,
    check,
    copy_index,
    find,
    find_families,
    measure_baseline,
    migrate_index,
    open_index,
    remove_from_index,
    similar,
    tune,
    verify_index,
)
from tunetrace.indexer.store.database import sqlite
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.migrations import schema_0006
from tunetrace.indexer.store.schema import OLDEST_UPGRADED, SCHEMA_VERSION, insert_rows
from tunetrace.indexer.store.upgrade import migrations, upgrade
from tunetrace.progress import silent

pytestmark = pytest.mark.file

DORIAN = (
    "X:5\nT:The Fifth\nT:Fifth, The\nM:2/4\nL:1/8\nR:polka\nK:Ador\nA2 [Ac]>e|~A2 z2|(3ABc d2|\n"
)
"""A tune with two titles, and with tokens beyond v2's."""
OTHER_KESH = KESH.replace("X:3", "X:8").replace("A3 ABd|", "A3 ABd|d2d gB|")
NONSENSE = "X:9\nK:?\nnonsense\n"


def books(folder: Path) -> list[Path]:
    """Three books: one of three tunes and one that cannot be read, one of two and one of one."""
    texts = {
        "first": [KESH, DORIAN, OTHER_KESH, NONSENSE],
        "gone": [MORRISONS, KESH.replace("G3 GAB", "B3 BAG")],
        "last": [MORRISONS.replace("E3", "B3"), "X:1\nT:Empty\nM:4/4\nK:C\n|]\n"],
    }
    for name, tunes in texts.items():
        (folder / f"{name}.abc").write_text("\n".join(tunes))
    return [folder / f"{name}.abc" for name in texts]


def new_index(folder: Path) -> Path:
    """An index of several segments, with gaps in the ids, a baseline and families."""
    path = folder / "new.db"
    first, gone, last = books(folder)
    build_index([first], path)
    add_to_index([gone], path)
    add_to_index([last], path)
    remove_from_index(["gone"], path)
    find_families(path)
    measure_baseline(path, similar=True)
    return path


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an index of this version; it is not changed."""
    return new_index(tmp_path_factory.mktemp("new"))


@pytest.fixture
def old(new: Path, tmp_path: Path) -> Path:
    """A file of schema 6 that holds the same."""
    write_schema_6(new, tmp_path / "old.db")
    return tmp_path / "old.db"


def content(path: Path) -> dict[str, Any]:
    """All that a file has: each table with its columns, keys, indexes and rows.

    Arrays are told by what they are, not by their ids. The generation is left out.
    """
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(path)) as connection:

        def rows(statement: str) -> list[Any]:
            return connection.execute(statement).fetchall()

        found["version"] = rows("PRAGMA user_version")
        found["application"] = rows("PRAGMA application_id")
        for name, is_without_rowid in rows("SELECT name, wr FROM pragma_table_list"):
            if name.startswith("sqlite_"):
                continue
            found[name] = (is_without_rowid, rows(f"PRAGMA table_xinfo('{name}')"),
                           sorted(rows(f"PRAGMA foreign_key_list('{name}')")))  # fmt: skip
            for _, index, *kind in rows(f"PRAGMA index_list('{name}')"):
                found[index] = kind, rows(f"PRAGMA index_info('{index}')")
            if name not in ("array", "piece", "meta", "counter"):
                found[f"rows of {name}"] = sorted(rows(f'SELECT * FROM "{name}"'), key=repr)
        kept = "('generation', 'tunetrace_version')"
        found["meta rows"] = sorted(rows(f"SELECT * FROM meta WHERE name NOT IN {kept}"))
    return found


def arrays(path: Path) -> dict[Any, Any]:
    """The contents of all arrays of a file, by what they are."""
    with closing(sqlite3.connect(path)) as connection:
        select = "SELECT id, segment_id, purpose, name, place, dtype, bytes, sha256 FROM array"
        return {
            (segment, purpose, name): (*of, b"".join(piece for (piece,) in connection.execute(
                "SELECT content FROM piece WHERE array_id = ? ORDER BY place", (number,))))
            for number, segment, purpose, name, *of in connection.execute(select)
        }  # fmt: skip


def counters(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, last FROM counter"))


def dump(path: Path) -> list[Any]:
    """All that a file has, first its version; texts that are none are told too."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute("SELECT * FROM sqlite_master ORDER BY name").fetchall()
        names = [name.decode() for kind, name, *_ in tables if kind == b"table"]
        return [version, tables, *(
            connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names
        )]  # fmt: skip


def answers(path: Path | str, file: Path | None = None) -> list[Any]:
    """Whole answers of many kinds. file: of the same index, where this one is in no file."""
    with open_index(path) as index:
        info = index.info().to_dict()
        del info["path"]
        tunes = _tunes(file or Path(path))
        return [
            info,
            index.rejects(),
            index.figure("C D E", limit=9),
            index.figure("C D E", limit=9, view="intervals"),
            [index.bar(text) for text in ("C 3 C D E", "C * * *", "E 3 *")],
            find('opening "C 3" and "D E"', index=index).hits,
            [tune(tune_id, index=index) for tune_id in tunes],
            check(KESH, index=index),
            similar("first:8", index=index, parts=True, alignment=True),
        ]


def _tunes(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM tune ORDER BY id")]


def plain(given: list[Any], path: Path | str) -> str:
    """Answers as text, in which no index is named."""
    return repr([one.to_dict() if hasattr(one, "to_dict") else one for one in given]).replace(
        str(path), "INDEX"
    )


def test_an_upgraded_index_is_what_a_new_one_is(old: Path, new: Path) -> None:
    generation = _generation(old)
    report = migrate_index(old)
    assert (report.version_before, report.version) == (6, 7)
    assert report.migrations == (
        "From schema 6 to 7: arrays in pieces with SHA-256; bars and forms as arrays of their "
        "segments.",
    )
    assert report.bytes == old.stat().st_size
    assert content(old) == content(new)
    assert arrays(old) == arrays(new)
    assert _generation(old) > generation
    assert verify_index(old, full=True).faults == ()
    assert plain(answers(old), old) == plain(answers(new), new)


def test_no_id_of_an_upgraded_index_is_given_again(old: Path, new: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        (last,) = connection.execute("SELECT max(id) FROM tune").fetchone()
    migrate_index(old)
    stated = counters(old)
    assert stated == {"corpus": 3, "tune": last, "reject": 2, "segment": 3,
                      "array": len(arrays(old))}  # fmt: skip
    assert stated.keys() == counters(new).keys()
    (tmp_path / "more.abc").write_text(KESH.replace("G3 GAB", "B3 BAG"))
    add_to_index([tmp_path / "more.abc"], old)
    with open_index(old) as index:
        assert index.resolve("more:3") == [last + 1]
    assert verify_index(old, full=True).faults == ()


@pytest.mark.slow
def test_a_large_upgraded_index_is_what_a_new_one_is(shared: Path, tmp_path: Path) -> None:
    built, path = tmp_path / "built.db", tmp_path / "old.db"
    build_index([shared / V2_SAMPLE], built)
    write_schema_6(built, path)
    migrate_index(path)
    assert content(path) == content(built)
    assert arrays(path) == arrays(built)
    assert counters(path) == counters(built)
    assert verify_index(path).faults == ()


def _generation(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        select = "SELECT value FROM meta WHERE name = 'generation'"
        return int(connection.execute(select).fetchone()[0])


def test_the_migrations_lead_from_the_oldest_version_to_this_one() -> None:
    scripts = migrations()
    versions = [int(script.revision) for script in scripts.walk_revisions()]
    assert versions == list(range(SCHEMA_VERSION, OLDEST_UPGRADED - 1, -1))
    (base,) = scripts.get_bases()
    made = sqlite3.connect(":memory:")
    written = sqlite3.connect(":memory:")
    written.executescript(TABLES)
    import sqlalchemy as sa
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    engine = sa.create_engine("sqlite://", creator=lambda: made)
    with engine.connect() as connection:
        operations = Operations(MigrationContext.configure(connection))
        scripts.get_revision(base).module.upgrade(operations, lambda what, tunes: None)
        connection.commit()
        for (name,) in written.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            for pragma in ("table_xinfo", "foreign_key_list", "index_list"):
                asked = f"PRAGMA {pragma}('{name}')"
                first = int(pragma == "index_list")  # without the order in which they were made
                rows = [tuple(row[first:]) for row in connection.exec_driver_sql(asked)]
                expected = [row[first:] for row in written.execute(asked)]
                assert sorted(rows, key=repr) == sorted(expected, key=repr), name
    engine.dispose()
    written.close()
    made.close()


# What is refused


def other_commands(path: Path) -> Iterator[tuple[str, ...]]:
    """Commands that read or change an index."""
    yield from (("figure", "C D E"), ("bar", "C 3 C D E"), ("check",), ("index", "info"),
                ("index", "verify"), ("index", "rejects"), ("index", "compact"),
                ("index", "add", str(path.with_name("book.abc"))), ("index", "remove", "first"),
                ("baseline",), ("families",), ("similar", "1"), ("tune", "1"))  # fmt: skip


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (5, "build it again with 'tunetrace index build --force'"),
        (6, "upgrade it with 'tunetrace index migrate --index {}'"),
        (99, "use a newer tunetrace"),
    ],
)
def test_every_other_command_refuses_another_version_and_says_what_to_do(
    old: Path, version: int, advice: str
) -> None:
    old.with_name("book.abc").write_text(KESH)
    with closing(sqlite3.connect(old)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = dump(old)
    commands = [(*one, "--index", str(old)) for one in other_commands(old)]
    commands.append(("index", "copy", str(old), str(old.with_name("copy.db"))))
    if version != 6:
        commands.append(("index", "migrate", "--index", str(old)))
    for command in commands:
        assert call(*command, stdin=KESH.encode()).refusal == (
            f"{old}: the index has schema version {version}, but this tunetrace reads version 7; "
            + advice.format(old)
        ), command
    assert dump(old) == before
    assert not old.with_name("copy.db").exists()


def test_an_index_of_this_version_stays_as_it_is(new: Path) -> None:
    before = new.read_bytes()
    ended = call("index", "migrate", "--index", new)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{new}\nthe index has schema version 7; nothing is to be done\n"
    said = call("index", "migrate", "--index", new, "--json").json
    size = len(before)
    assert said == {"path": str(new), "version_before": 7, "version": 7, "migrations": [],
                    "bytes_before": size, "bytes": size}  # fmt: skip
    assert new.read_bytes() == before


def test_the_command_says_what_it_did(old: Path) -> None:
    ended = call("index", "migrate", "--index", old)
    assert (ended.code, ended.err) == (0, "")
    first, second, third = ended.out.splitlines()
    assert first == str(old)
    assert second.startswith("From schema 6 to 7: arrays in pieces")
    assert third.startswith("schema version 6 before, 7 now; 0.")


def test_what_is_no_index_is_not_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    assert "there is no index" in call("index", "migrate", "--index", path).refusal
    path.write_text(KESH * 100)
    assert "is not a tunetrace index" in call("index", "migrate", "--index", path).refusal
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmark (url TEXT)")
    assert "of another program" in call("index", "migrate", "--index", path).refusal


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE segment SET tune_ids = substr(tune_ids, 2)",
        "UPDATE segment SET tune_ids = zeroblob(8), tune_ids_crc32 = 1696784233",
        "UPDATE segment SET tune_ids = ''",
        "UPDATE view SET stream = substr(stream, 1, 9) || x'00' || substr(stream, 11)",
        "UPDATE view SET suffixes = 'text' WHERE name = 'rhythm'",
        "UPDATE view SET grams_crc32 = 5 WHERE name = 'contour'",
        "DELETE FROM view WHERE name = 'melody'",
        "UPDATE near SET numbers = substr(numbers, 2)",
        "DELETE FROM near WHERE name = 'beats'",
        "DELETE FROM neighbours WHERE name = 'ups'",
        "UPDATE baseline SET numbers_crc32 = 0",
        "INSERT INTO baseline VALUES ('other', x'', 0)",
        "DELETE FROM bar WHERE id = 3",
        "UPDATE bar SET text = 'no tokens' WHERE id = 3",
        "UPDATE bar SET hash = 'text' WHERE id = 3",
        "UPDATE bar_hit SET tune_id = 5 WHERE tune_id = 1",
        "UPDATE bar_hit SET tune_id = 500 WHERE tune_id = 1",
        "UPDATE bar_hit SET part = 'text' WHERE tune_id = 1",
        "UPDATE bar_hit SET number = 1 << 40 WHERE tune_id = 1",
        "UPDATE music SET tune_id = 500 WHERE tune_id = 1",
        "UPDATE meta SET value = '{' WHERE name = 'vocabulary'",
        "UPDATE meta SET value = '[1]' WHERE name = 'vocabulary'",
        "DELETE FROM meta",
        "DROP TABLE bar_hit",
        "DROP TABLE near",
        "CREATE TABLE array (id INTEGER)",
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        "CREATE TABLE alembic_version AS SELECT '0007' AS version_num",
        "CREATE TABLE alembic_version AS SELECT 'none' AS version_num",
    ],
)
def test_a_damaged_index_is_refused_and_stays_as_it_is(old: Path, statement: str) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute(statement)
    before = dump(old)
    ended = call("index", "migrate", "--index", old)
    assert ended.refusal == (
        f"{old}: the index is damaged; build it again with 'tunetrace index build --force'"
    )
    assert dump(old) == before


def test_an_index_that_is_cut_off_is_not_upgraded(old: Path) -> None:
    whole = old.read_bytes()
    for size in (0, 50, 8192, len(whole) // 2, len(whole) - 8192, len(whole) - 1):
        old.write_bytes(whole[:size])
        assert call("index", "migrate", "--index", old).refusal.startswith(f"{old}: "), size


# Others, and what goes wrong


def test_an_upgrade_waits_for_those_that_read(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = sqlite3.connect(old, isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    titles = reader.execute("SELECT title FROM tune ORDER BY id").fetchall()
    monkeypatch.setattr(sqlite, "LOCK_WAIT_SECONDS", 0.1)
    with pytest.raises(IndexFileError, match=r"cannot be changed \(database is locked\)"):
        migrate_index(old)
    monkeypatch.undo()
    with ThreadPoolExecutor() as threads:
        upgrading = threads.submit(migrate_index, old)
        time.sleep(0.5)
        assert not upgrading.done()
        assert reader.execute("SELECT title FROM tune ORDER BY id").fetchall() == titles
        reader.execute("COMMIT")
        reader.close()
        assert upgrading.result().version_before == 6
    assert verify_index(old, full=True).faults == ()


def test_nobody_reads_an_index_while_it_is_upgraded(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = []

    def ask(what: str, tunes: int) -> None:
        monkeypatch.setattr(sqlite, "LOCK_WAIT_SECONDS", 0.01)
        refusals.append(call("index", "info", "--index", old).refusal)

    migrate_index(old, progress=ask)
    assert set(refusals) == {
        f"{old}: another process is changing the index; try again later"
    }  # fmt: skip


def test_of_two_upgrades_the_second_has_nothing_to_do(old: Path, new: Path) -> None:
    with ThreadPoolExecutor() as threads:
        reports = [one.result() for one in [threads.submit(migrate_index, old) for _ in range(3)]]
    assert sorted(len(report.migrations) for report in reports) == [0, 0, 1]
    assert content(old) == content(new)
    assert arrays(old) == arrays(new)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit")
@pytest.mark.parametrize("blocks", [8, 100, 250])
def test_an_upgrade_without_room_leaves_the_index_as_it_is(old: Path, blocks: int) -> None:
    before = dump(old)
    ended = subprocess.run(
        ["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "bash", *PYTHON, "index", "migrate",
         "--index", old],
        capture_output=True, text=True, cwd=ROOT, env=environment(), check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"tunetrace: {old}: the index cannot be changed (")
    assert ended.stderr.count("\n") == 1
    assert dump(old) == before


def test_an_index_that_cannot_be_written_is_not_upgraded(old: Path) -> None:
    before = dump(old)
    old.with_name("old.db-journal").mkdir()  # as if the folder were another user's
    ended = call("index", "migrate", "--index", old)
    assert ended.refusal.startswith(f"{old}: ")
    old.with_name("old.db-journal").rmdir()
    assert dump(old) == before


def test_a_file_that_is_read_only_is_not_upgraded(old: Path) -> None:
    with folder_for_all() as folder:
        path = folder / "i.db"
        shutil.copy(old, path)
        path.chmod(0o444)
        give(path)
        before = dump(path)
        # Another user may not be able to import what this takes.
        assert "there is no index" in call("index", "migrate", "--index", folder / "no.db").refusal
        refusal = as_a_user(lambda: call("index", "migrate", "--index", path)).refusal
        assert refusal.startswith(f"{path}: the index cannot be changed (")
        assert dump(path) == before


def test_the_migrations_run_in_a_database_as_in_a_file(new: Path, old: Path) -> None:
    url = database()
    name = "test_migrate"
    url_of = url.update_query_dict({"schema": name}).render_as_string(hide_password=False)
    server = storage_of(url_of)
    with psycopg.connect(**connecting(url), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    engine = server.engine("change")
    try:
        with engine.connect() as connection, closing(sqlite3.connect(old)) as file:
            connection.exec_driver_sql("BEGIN")
            schema_0006.metadata.create_all(connection)
            for table in schema_0006.metadata.sorted_tables:
                columns = ", ".join(f'"{column.name}"' for column in table.columns)
                rows = file.execute(f'SELECT {columns} FROM "{table.name}"').fetchall()
                insert_rows(connection, table, rows)
            upgrade(connection, 6, silent)
            connection.commit()
        copy_index(url_of, old.with_name("copy.db"))
    finally:
        engine.dispose()
        with psycopg.connect(**connecting(url), autocommit=True) as connection:
            connection.execute("SET client_min_messages = error")
            connection.execute(f"DROP SCHEMA {name} CASCADE")
    assert content(old.with_name("copy.db")) == content(new)
    assert arrays(old.with_name("copy.db")) == arrays(new)
