"""An index in a PostgreSQL database: how it is named, who may use it, and what can go wrong."""

from __future__ import annotations

import pickle
import re
import secrets
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import URL

from tests.commands import KESH, MORRISONS, Ended, call
from tests.storages import SECRET, Server, connecting, database
from tunetrace import (
    Filters,
    Index,
    IndexFileError,
    add_to_index,
    build_index,
    open_index,
    remove_from_index,
    verify_index,
)
from tunetrace.indexer.build import build
from tunetrace.indexer.store.arrays import pieces
from tunetrace.indexer.store.database.connection import Database, changing
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.indexer.store.database.postgres import IndexServer, server_of
from tunetrace.indexer.store.schema import SCHEMA_VERSION

pytestmark = pytest.mark.file  # each of them says itself where its index is


@pytest.fixture
def url() -> Iterator[URL]:
    """The URL of an index that is not there yet."""
    name = f'test {secrets.token_hex(4)} "%s" ä'
    yield database().update_query_dict({"schema": name})
    run(f"DROP SCHEMA IF EXISTS {quoted(name)} CASCADE")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A tunebook of the Kesh."""
    path = tmp_path / "kesh.abc"
    path.write_text(KESH)
    return path


@pytest.fixture
def index(url: URL, book: Path) -> str:
    """The URL of an index of the Kesh and Morrison's, a corpus each."""
    (book.parent / "morrisons.abc").write_text(MORRISONS)
    build_index([book, book.parent / "morrisons.abc"], text(url))
    return text(url)


def text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def schema_of(index: str) -> str:
    return quoted(str(server_of(index)._schema))


def run(*statements: str, of: URL | None = None) -> list[tuple[object, ...]]:
    """Run SQL in the database; gives the rows of the last statement."""
    with psycopg.connect(**connecting(of or database()), autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def waits_for(mode: str) -> None:
    """Wait until a transaction waits for a lock of a mode."""
    while not run(f"SELECT 1 FROM pg_locks WHERE mode = '{mode}' AND NOT granted"):
        time.sleep(0.01)


def questions(index: str) -> list[Ended]:
    """What each command that reads an index says of one."""
    return [
        call(*arguments, "--index", index, stdin=KESH.encode())
        for arguments in (
            ("figure", "C D E"), ("bar", "C 3 C D E"), ("check",), ("index", "info"),
            ("index", "verify"), ("similar", "1"), ("baseline",),
        )
    ]  # fmt: skip


# Names


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (f"mysql://me:{SECRET}@host/tunes",
         "'mysql://' is no place of an index; give the path of a file, or "
         "postgresql+psycopg://USER@HOST/DATABASE"),
        (f"postgresql+asyncpg://me:{SECRET}@host/tunes", "'postgresql+asyncpg://' is no place of"),
        (f"postgresql://me:{SECRET}@host",
         "postgresql+psycopg://me@host: the URL of the index names no database; write it as "
         "postgresql+psycopg://USER@HOST/DATABASE"),
        (f"postgresql://me:{SECRET}@host:port/tunes",
         "the URL of the index cannot be read; write it as postgresql+psycopg://USER@HOST/DATABASE,"
         " with signs such as @ and / in a name as %40 and %2F"),
        (f"postgresql://me:{SECRET}@host/tunes?schema={'x' * 64}", "of at most 63 bytes"),
        (f"postgresql://me:{SECRET}@host/tunes?schema=a&schema=b",
         "the URL of the index has 'schema' more than once; give it once"),
    ],
)  # fmt: skip
def test_a_url_that_names_no_index_is_refused_in_one_sentence(given: str, sentence: str) -> None:
    refusal = call("index", "info", "--index", given).refusal
    assert sentence in refusal
    assert call("index", "info", env={"TUNETRACE_INDEX": given}).refusal == refusal


def test_an_index_is_named_without_its_password() -> None:
    given = f"postgresql://me:{SECRET}@host:99/tunes?sslmode=require&password={SECRET}&schema=Mine"
    server = storage_of(given)
    shown = "postgresql+psycopg://me@host:99/tunes?schema=Mine&sslmode=require"
    assert isinstance(server, IndexServer)
    assert {server.shown, server.place, str(storage_of(shown).place)} == {shown}
    assert (server.name, server.absolute()) == ("tunes/Mine", server)
    assert server == storage_of(shown)
    assert SECRET not in repr(server) + str(server) + f"{[server]}"
    assert pickle.loads(pickle.dumps(server)) == server
    plain = storage_of(f"postgresql+psycopg://me:{SECRET}@host/tunes?schema=tunetrace")
    assert (plain.shown, plain.name) == ("postgresql+psycopg://me@host/tunes", "tunes")


def test_without_the_driver_one_sentence_names_what_to_install() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "import tunetrace\n"
        "try: tunetrace.open_index('postgresql://host/tunes')\n"
        "except tunetrace.IndexFileError as error: print(error)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stdout == (
        "an index in a database needs psycopg, which is not installed; install "
        "tunetrace[postgresql]\n"
    )


def test_an_index_may_have_a_schema_of_any_name(index: str) -> None:
    assert [ended.code for ended in questions(index)] == [0] * 7
    with open_index(index) as opened:
        assert opened.figure("C D E").tunes == 1
        assert opened.info().path == server_of(index).place
        assert opened.path == server_of(index).place
    assert verify_index(index, full=True).faults == ()


def test_one_database_has_several_indexes(index: str, url: URL, tmp_path: Path) -> None:
    other = url.update_query_dict({"schema": f"test {secrets.token_hex(4)}"})
    try:
        build_index([tmp_path / "kesh.abc"], text(other))
        remove_from_index("kesh", index)
        assert [open_index(one).tunes for one in (index, text(other))] == [1, 1]
        with open_index(text(other)) as opened:
            assert [corpus.name for corpus in opened.info().corpora] == ["kesh"]
    finally:
        run(f"DROP SCHEMA {schema_of(text(other))} CASCADE")


# What is not as it should be


def test_where_there_is_no_index_all_say_so(url: URL) -> None:
    for ended in questions(text(url)):
        assert ended.refusal == (
            f"{server_of(text(url)).shown}: there is no index; build one with 'tunetrace index "
            "build', or give the URL of another index with --index"
        )


def test_tables_of_another_program_are_left_alone(url: URL, book: Path) -> None:
    name = schema_of(text(url))
    run(f"CREATE SCHEMA {name}", f"CREATE TABLE {name}.bookmark (address text)")
    build = call("index", "build", book, "--force", "--index", text(url))
    for ended in (*questions(text(url)), build):
        assert ended.refusal.endswith(
            "has tables of another program, such as 'bookmark'; name another schema with "
            "?schema=NAME at the end of the URL"
        )
    assert run(f"SELECT count(*) FROM {name}.bookmark") == [(0,)]


def test_an_index_with_tables_of_another_program_is_read_and_not_replaced(
    index: str, book: Path
) -> None:
    run(f"CREATE TABLE {schema_of(index)}.bookmark (address text)")
    assert call("figure", "C D E", "--index", index).code == 0
    refusal = call("index", "build", book, "--force", "--index", index).refusal
    assert "has tables of another program, such as 'bookmark'" in refusal
    run(f"DROP TABLE {schema_of(index)}.bookmark",
        f"CREATE VIEW {schema_of(index)}_names AS SELECT title FROM {schema_of(index)}.tune"
        .replace('"_names', '_names"'))  # fmt: skip
    refusal = call("index", "build", book, "--force", "--index", index).refusal
    assert "other objects depend on them); delete first what was made of its tables" in refusal
    assert verify_index(index).faults == ()


def test_an_empty_schema_takes_an_index(url: URL, book: Path) -> None:
    run(f"CREATE SCHEMA {schema_of(text(url))}")
    assert call("index", "info", "--index", text(url)).refusal.count("there is no index") == 1
    assert build_index([book], text(url)).info.tunes == 1


def test_an_index_of_another_schema_version_is_refused_with_both_versions(index: str) -> None:
    run(f"UPDATE {schema_of(index)}.alembic_version SET version_num = '0099'")
    for ended in questions(index):
        assert (
            f"schema version 99, but this tunetrace reads version {SCHEMA_VERSION}" in ended.refusal
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {}.piece SET content = content || '\\x00'::bytea",
        "DELETE FROM {}.piece",
        "DELETE FROM {}.meta",
        "UPDATE {}.meta SET value = '{{' WHERE name = 'vocabulary'",
        "DROP TABLE {}.title, {}.tune CASCADE",
        "DROP TABLE {}.array CASCADE",
        "ALTER TABLE {}.tune RENAME text TO words",
    ],
)
def test_an_index_whose_content_was_altered_is_refused(index: str, statement: str) -> None:
    run(statement.replace("{}", schema_of(index)).replace("{{", "{"))
    for command in (("check",), ("figure", "C D E")):
        ended = call(*command, "--index", index, stdin=KESH.encode())
        if ended.code:
            assert "the index is damaged" in ended.refusal or "there is no index" in ended.refusal
    assert call("index", "verify", "--full", "--index", index).code == 2


def test_rows_that_refer_to_missing_rows_are_found(index: str) -> None:
    name = schema_of(index)
    run(f"ALTER TABLE {name}.title DROP CONSTRAINT title_tune_id_fkey",
        f"UPDATE {name}.title SET tune_id = 99 WHERE tune_id = 1",
        f"DROP INDEX {name}.title_title_key")  # fmt: skip
    faults = verify_index(index).faults
    assert "1 rows of title refer to rows that are missing" in faults
    assert "the index title_title_key is missing" in faults


# Rights


@pytest.fixture
def reader(index: str) -> Iterator[str]:
    """The URL of an index for a user who may read it."""
    name = f"reader_{secrets.token_hex(4)}"
    schema = schema_of(index)
    run(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'",
        f"GRANT USAGE ON SCHEMA {schema} TO {name}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name}")  # fmt: skip
    of = server_of(index)
    yield text(of._url.set(username=name).update_query_dict({"schema": of._schema}))
    run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_who_may_read_an_index_can_ask_it_and_not_change_it(
    index: str, reader: str, book: Path
) -> None:
    with Index(reader, hidden=["kesh:3"]) as opened:
        assert (opened.figure("C D E").tunes, opened.tunes) == (0, 1)
    shown = server_of(reader).shown
    refusal = call("index", "remove", "kesh", "--index", reader).refusal
    assert re.sub(r"table \w+", "table NAME", refusal) == (
        f"{shown}: the index cannot be changed (permission denied for table NAME); you need "
        "SELECT, INSERT, UPDATE and DELETE on its tables"
    )
    assert call("index", "build", book, "--force", "--index", reader).refusal == (
        f"{shown}: the index cannot be written (permission denied for database "
        f"{database().database}); you need CREATE on the database, or own the schema"
    )
    run(f"REVOKE SELECT ON {schema_of(index)}.tune FROM {server_of(reader)._url.username}")
    assert call("figure", "C D E", "--index", reader).refusal == (
        f"{shown}: the index cannot be read (permission denied for table tune); you need USAGE of "
        "its schema and SELECT on its tables"
    )
    run(f"REVOKE USAGE ON SCHEMA {schema_of(index)} FROM {server_of(reader)._url.username}")
    assert "the index cannot be read (permission denied for schema" in (
        call("figure", "C D E", "--index", reader).refusal
    )


def test_who_may_read_an_index_may_read_the_one_that_replaces_it(
    index: str, reader: str, book: Path
) -> None:
    build_index([book], index, force=True)
    with open_index(reader) as opened:
        assert opened.tunes == 1


def test_an_index_is_read_in_a_transaction_that_cannot_write(index: str) -> None:
    database = Database(storage_of(index))
    with database.connected() as connection:
        shown = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in
                 ("transaction_read_only", "transaction_isolation", "search_path")]  # fmt: skip
    database.close()
    assert shown == ["on", "repeatable read", schema_of(index)]


# Secrets and the cache


def test_arrays_are_cached_where_the_user_alone_may_look(
    index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNETRACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pieces, "CACHED_BYTES", 1)
    with open_index(index) as opened:
        assert opened.figure("C D E").tunes == 1
    (folder,) = (tmp_path / "cache" / "arrays").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir())
    server = server_of(index)
    for part in (server._schema, server._url.database, str(server._url.host), SECRET):
        assert not part or part not in str(folder.relative_to(tmp_path))
    run(f"UPDATE {schema_of(index)}.piece SET content = ''")  # the files are read, not this
    with open_index(index) as opened:
        assert opened.figure("C D E").tunes == 1


def test_a_report_names_the_index_without_the_password(
    index: str, book: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "report"
    given = ("--index", index, "-o", folder, "--workers", "1")
    assert call("report", book, *given).code == 0
    written = [file.read_bytes() for file in folder.iterdir()]
    assert any(server_of(index).shown.encode() in content for content in written)
    assert not any(SECRET.encode() in content for content in written)


# Changes


def test_nothing_is_left_of_a_build_that_fails(
    index: str, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object) -> None:
        raise ValueError("as if it were killed")

    monkeypatch.setattr(build, "remove_unused", failing)
    with pytest.raises(ValueError, match="killed"):
        build_index([book], index, force=True)
    assert run("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tunetrace_building%'") == []
    assert open_index(index).tunes == 2


def test_a_question_under_way_is_answered_from_the_index_that_was_replaced(
    index: str, book: Path
) -> None:
    asked = Database(storage_of(index))
    with ThreadPoolExecutor() as threads, asked.connected() as connection:
        count = "SELECT count(*) FROM tune"
        building = threads.submit(build_index, [book], index, force=True)
        waits_for("AccessExclusiveLock")
        later = threads.submit(lambda: open_index(index).tunes)
        waits_for("AccessShareLock")
        assert not building.done()
        assert connection.exec_driver_sql(count).scalar() == 2
        connection.rollback()
        assert building.result().info.tunes == 1
        assert later.result() == 1
    with pytest.raises(IndexFileError, match="changed after it was opened"), asked.connected():
        pass
    asked.close()


def test_a_change_waits_for_another_and_builds_on_it(index: str, tmp_path: Path) -> None:
    (tmp_path / "other.abc").write_text(KESH.replace("G3 GAB", "B3 BAG"))
    with ThreadPoolExecutor() as threads:
        with changing(storage_of(index)) as connection:
            connection.exec_driver_sql("UPDATE corpus SET licence = 'none'")
            adding = threads.submit(add_to_index, [tmp_path / "other.abc"], index)
            waits_for("ExclusiveLock")
            with open_index(index) as opened:  # which need not wait
                assert [corpus.licence for corpus in opened.info().corpora] == [None, None]
        assert adding.result().info.tunes == 3
    with open_index(index) as opened:
        assert [corpus.licence for corpus in opened.info().corpora] == ["none", "none", None]


def test_a_change_that_others_keep_out_for_too_long_is_refused(
    index: str, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with changing(storage_of(index)):
        monkeypatch.setattr("tunetrace.indexer.store.database.postgres.LOCK_WAIT_SECONDS", 0.2)
        for command in (("index", "remove", "kesh"), ("index", "build", str(book), "--force")):
            assert call(*command, "--index", index).refusal == (
                f"{server_of(index).shown}: another process is changing the index; try again later"
            )


def test_an_index_that_was_deleted_is_no_longer_what_was_opened(index: str) -> None:
    with open_index(index) as opened:
        run(f"DROP SCHEMA {schema_of(index)} CASCADE")
        with pytest.raises(IndexFileError, match="changed after it was opened"):
            opened.info()


def test_a_connection_that_the_server_ended_is_made_again(index: str) -> None:
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mine'"
    mine = text(server_of(index)._url.update_query_dict(
        {"schema": server_of(index)._schema, "application_name": "mine"}
    ))  # fmt: skip
    with Index(mine, hidden=["kesh:3"]) as opened:
        before = opened.figure("C", Filters(corpus="morrisons")), opened.info()
        assert run(end)
        assert (opened.figure("C", Filters(corpus="morrisons")), opened.info()) == before
    asked = Database(storage_of(mine))

    def cut_off() -> None:
        with asked.connected() as connection:
            run(end)
            connection.exec_driver_sql("SELECT count(*) FROM tune")

    with pytest.raises(IndexFileError, match="the database cannot be reached"):
        cut_off()
    with asked.connected() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM tune").scalar() == 2
    asked.close()


def test_titles_of_any_length_and_letters_are_indexed(url: URL, tmp_path: Path) -> None:
    long = "".join(chr(0x4E00 + k % 20000) for k in range(7 * 3000 // 3))
    titles = [long, "\N{MUSICAL SYMBOL G CLEF} Clef", "%s %% \\N \\."]
    (tmp_path / "odd.abc").write_text("\n".join(KESH.replace("The Kesh", one) for one in titles))
    files = tmp_path / "i.db"
    build_index([tmp_path / "odd.abc"], text(url))
    build_index([tmp_path / "odd.abc"], files)
    with open_index(text(url)) as one, open_index(files) as other:
        for tune in (1, 2, 3):
            assert one.catalogue.wording(tune) == other.catalogue.wording(tune)
        assert one.resolve(long) == other.resolve(long) == [1]
        assert one.info().fingerprint == other.info().fingerprint
    assert verify_index(text(url), full=True).faults == ()


# A server of one's own, which goes away


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """A server that tests may stop."""
    database()  # which skips the test where there are no programs
    with tempfile.TemporaryDirectory() as folder:  # whose path is short enough for a socket's
        Path(folder).chmod(0o755)
        server = Server(Path(folder) / "own")
        server.make()
        yield server
        server.stop()


def test_a_wrong_password_is_never_shown(own: Server, book: Path) -> None:
    build_index([book], text(own.url_by_network()))
    shown = server_of(text(own.url_by_network())).shown
    for password, reason in ((f"{SECRET}!", "password authentication failed"),
                             (None, "no password supplied")):  # fmt: skip
        given = text(own.url_by_network(password))
        for ended in (*questions(given), call("index", "build", book, "--index", given)):
            assert ended.refusal.startswith(f"{shown}: the database cannot be reached (")
            assert reason in ended.refusal
            assert ended.refusal.endswith("with the password in PGPASSWORD or ~/.pgpass")
    ended = call("index", "info", "--index", shown, env={"PGPASSWORD": SECRET})
    assert ended.code == 0


def test_a_database_or_a_user_that_is_absent_is_named(own: Server) -> None:
    absent = call("index", "info", "--index", text(own.url("nowhere"))).refusal
    assert "the database cannot be reached (" in absent
    assert 'database "nowhere" does not exist' in absent
    nobody = text(own.url().set(username="nobody"))
    assert 'role "nobody" does not exist' in call("index", "info", "--index", nobody).refusal
    assert (
        'invalid connection option "colour"'
        in call("index", "info", "--index", f"{text(own.url())}&colour=red").refusal
    )


def test_a_server_that_goes_away_and_comes_back_is_found_again(own: Server, book: Path) -> None:
    index = text(own.url().update_query_dict({"schema": "again"}))
    build_index([book], index)
    with open_index(index) as opened:
        own.stop()
        with pytest.raises(IndexFileError, match="the database cannot be reached"):
            opened.info()
        for ended in questions(index):
            assert "the database cannot be reached" in ended.refusal
        own.start()
        assert opened.info().tunes == 1
    assert verify_index(index, full=True).faults == ()


def test_a_server_that_goes_away_in_a_change_leaves_the_index_as_it_was(
    own: Server, book: Path
) -> None:
    index = text(own.url().update_query_dict({"schema": "cut off"}))
    build_index([book], index)
    (book.parent / "morrisons.abc").write_text(MORRISONS)

    def progress(what: str, tunes: int) -> None:
        if what == "sorting the suffixes":
            own.stop()

    with pytest.raises(IndexFileError, match="the database cannot be reached"):
        add_to_index([book.parent / "morrisons.abc"], index, progress=progress)
    own.start()
    with pytest.raises(IndexFileError, match="the database cannot be reached"):
        build_index([book.parent / "morrisons.abc"], index, force=True, progress=progress)
    own.start()
    assert open_index(index).tunes == 1
    assert verify_index(index, full=True).faults == ()


# Several at once

ADD = """
import sys
from tunetrace import add_to_index
for book in sys.argv[2:]:
    add_to_index([book], sys.argv[1])
"""


def test_several_writers_and_readers_lose_nothing(url: URL, tmp_path: Path) -> None:
    books = []
    for number in range(9):
        path = tmp_path / f"book{number}.abc"
        firsts = [f"G3 {one}AB|{'ABcdefgab'[number]}3" for one in "GABcdefgabCD"]
        tunes = (KESH.replace("X:3", f"X:{k}").replace("G3 GAB", one)
                 for k, one in enumerate(firsts))  # fmt: skip
        path.write_text("\n".join(tunes))
        books.append(path)
    index = text(url)
    build_index([books[0]], index)
    begun = [
        subprocess.Popen([sys.executable, "-c", ADD, index, *books[k : 9 : 2]],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for k in (1, 2)
    ]  # fmt: skip
    seen: list[int] = []
    faults: list[BaseException] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            try:
                with open_index(index) as opened:
                    info = opened.info()
                    assert info.tunes == opened.tunes == 12 * len(info.corpora)
                    assert opened.figure("C D E").of == opened.tunes
                    seen.append(info.tunes)
            except IndexFileError as error:
                if "changed after it was opened" not in str(error):
                    faults.append(error)
            except BaseException as error:
                faults.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    ended = [process.communicate() for process in begun]
    is_over.set()
    for reader in readers:
        reader.join()
    assert ended == [("", "")] * 2
    assert faults == []
    assert seen == sorted(seen) or len(set(seen)) > 1
    assert verify_index(index, full=True).faults == ()

    alone = tmp_path / "alone.db"
    build_index(books, alone)
    with open_index(index) as one, open_index(alone) as other:
        assert one.tunes == other.tunes == 9 * 12
        assert {corpus.sha256 for corpus in one.info().corpora} == {
            corpus.sha256 for corpus in other.info().corpora
        }
        for figure in ("C D E", "{C D} * E", "E | C"):
            counts = [(found.tunes, found.hits) for found in
                      (one.figure(figure), other.figure(figure))]  # fmt: skip
            assert counts[0] == counts[1]
        ids = [tune for segment in one.figures.segments for tune in segment.tune_ids.tolist()]
        assert sorted(ids) == list(range(1, 9 * 12 + 1))
