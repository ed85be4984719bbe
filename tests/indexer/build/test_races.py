"""What happens to an index while another process builds it anew, changes it, or fills the disk."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, PYTHON, call, environment
from tests.conftest import ROOT
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
from tunetrace.indexer.build import build, change
from tunetrace.indexer.store.database.connection import Database
from tunetrace.indexer.store.database.naming import storage_of

NO_ROOM_TO_SHRINK = """
import resource
import sqlalchemy
from tunetrace.cli import main

@sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
def no_room(connection, cursor, statement, *others):
    if statement == "VACUUM":
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

main()
"""
"""Runs a command; from when it shrinks an index on, no file may have more than 8 KiB."""

CHANGED = "changed after it was opened; open the index again"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of The Kesh and Morrison's, a corpus each."""
    (tmp_path / "kesh.abc").write_text(KESH)
    (tmp_path / "morrisons.abc").write_text(MORRISONS)
    build_index([tmp_path / "kesh.abc", tmp_path / "morrisons.abc"], tmp_path / "i.db")
    return tmp_path / "i.db"


def questions(opened: Index) -> list[object]:
    (tune,) = opened.resolve("morrisons:7")
    return [
        opened.bar("C 3 *"),
        opened.bar("C * * *", Filters(corpus="kesh")),
        opened.figure("C D E", limit=3),
        opened.info(),
        opened.rejects(),
        opened.catalogue.wording(tune),
        opened.catalogue.settings(tune),
    ]


def test_every_answer_is_of_the_index_that_was_opened(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A change just before each time that a question turns to the file, in turn.
    connected = Database.connected
    changes = 0
    for moment in range(12):
        turns = iter(range(100))

        def changed_before(
            database: Database, turns: object = turns, moment: int = moment
        ) -> object:
            if next(turns) == moment:  # type: ignore[call-overload]
                remove_from_index(["morrisons"], index)
            return connected(database)

        with open_index(index) as opened:
            expected = questions(opened)
        opened = open_index(index)
        with monkeypatch.context() as patch:
            patch.setattr(Database, "connected", changed_before)
            said: object = None
            with suppress(IndexFileError):
                said = questions(opened)
        assert said in (None, expected)
        if next(turns) > moment:  # it was changed
            changes += 1
            with pytest.raises(IndexFileError, match=CHANGED):
                opened.info()
        opened.close()
        add_to_index([index.with_name("morrisons.abc")], index)
        assert verify_index(index, full=True).faults == ()
    assert changes > 5


@pytest.mark.file
def test_an_answer_under_way_is_not_changed_under_its_feet(index: Path) -> None:
    database = Database(storage_of(index))
    writer = sqlite3.connect(index, isolation_level=None, timeout=0.1)
    with database.connected() as connection:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM title")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            writer.execute("COMMIT")
        found = connection.exec_driver_sql("SELECT count(*) FROM title").scalar()
    writer.execute("ROLLBACK")
    writer.close()
    database.close()
    assert found == 2


@pytest.mark.file
def test_a_build_waits_for_a_change_that_is_under_way_and_leaves_it(
    index: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.abc").write_text(KESH.replace("G3 GAB", "B3 BAG"))
    other = sqlite3.connect(index, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE corpus SET licence = 'none'")
    other.execute("UPDATE meta SET value = value + 1 WHERE name = 'generation'")
    with ThreadPoolExecutor() as threads:
        building = threads.submit(build_index, [tmp_path / "other.abc"], index, force=True)
        time.sleep(0.5)
        assert not building.done()
        assert index.with_name("i.db-journal").exists()  # nobody has taken it away
        other.execute("COMMIT")
        other.close()
        with pytest.raises(
            IndexFileError, match="changed the index meanwhile, so it was not replaced"
        ):
            building.result()
    assert verify_index(index, full=True).faults == ()
    with open_index(index) as opened:
        assert [corpus.licence for corpus in opened.info().corpora] == ["none", "none"]


@pytest.mark.parametrize("other", ["add", "build"])
def test_a_build_does_not_replace_what_was_done_meanwhile(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    (tmp_path / "other.abc").write_text(KESH.replace("G3 GAB", "B3 BAG"))
    remove_unused = build.remove_unused

    def changed_meanwhile(*arguments: object) -> None:
        monkeypatch.undo()
        if other == "add":
            add_to_index([tmp_path / "other.abc"], index)
        else:
            build_index([tmp_path / "other.abc"], index, force=True)
        remove_unused(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(build, "remove_unused", changed_meanwhile)
    with pytest.raises(IndexFileError, match="changed the index meanwhile, so it was not replaced"):
        build_index([tmp_path / "kesh.abc"], index, force=True)
    with open_index(index) as opened:
        assert "other" in [corpus.name for corpus in opened.info().corpora]
    assert {path.name for path in tmp_path.glob("i.db*")} <= {"i.db"}


@pytest.mark.file
def test_an_addition_to_an_index_that_another_has_replaced_is_refused(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.abc").write_text(KESH.replace("G3 GAB", "B3 BAG"))
    decide = change._decide

    def replaced_meanwhile(*arguments: object) -> object:
        path = tmp_path / "new.db"
        build_index([tmp_path / "other.abc"], path)
        path.replace(index)  # as a copy of an index from elsewhere does, which asks no one
        return decide(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(change, "_decide", replaced_meanwhile)
    with pytest.raises(IndexFileError, match="another process replaced the index meanwhile"):
        add_to_index([tmp_path / "other.abc"], index)
    monkeypatch.undo()
    assert verify_index(index, full=True).faults == ()
    with open_index(index) as opened:
        assert [corpus.name for corpus in opened.info().corpora] == ["other"]


@pytest.mark.file
def test_an_index_whose_place_another_took_leaves_that_one_s_journal_alone(index: Path) -> None:
    other = index.with_name("other.db")
    build_index([index.with_name("kesh.abc")], other)
    with open_index(index) as opened:
        other.replace(index)  # as a copy of an index from elsewhere does, which asks no one
        writer = sqlite3.connect(index, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE corpus SET licence = 'none'")
        journal = index.with_name("i.db-journal").read_bytes()
        assert journal
        with pytest.raises(IndexFileError, match=CHANGED):
            opened.info()
        assert index.with_name("i.db-journal").read_bytes() == journal
        writer.execute("COMMIT")
        writer.close()
    assert verify_index(index, full=True).faults == ()


@pytest.mark.file
@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit")
@pytest.mark.parametrize("command", ["build", "add"])
@pytest.mark.parametrize("blocks", [8, 80, 250, 400])  # the index has 192 before
def test_a_file_that_may_not_grow_is_one_sentence(
    index: Path, tmp_path: Path, command: str, blocks: int
) -> None:
    book = tmp_path / "book.abc"
    book.write_text("\n".join(KESH.replace("X:3", f"X:{n}") for n in range(2000)))
    place = index if command == "add" else tmp_path / "new.db"
    before = index.read_bytes()
    # The limit, in blocks of 1 KiB, is the shell's; the signal that goes with it Python ignores.
    limited = ["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "bash", *PYTHON]
    ended = subprocess.run(
        [*limited, "index", command, book, "--index", place],
        capture_output=True, text=True, cwd=ROOT, env=environment(), check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"tunetrace: {place}: the index cannot be ")
    assert ended.stderr.count("\n") == 1
    assert index.read_bytes() == before
    assert verify_index(index, full=True).faults == ()


@pytest.mark.file
@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit")
@pytest.mark.parametrize(
    "arguments", [("index", "compact"), ("baseline",), ("index", "remove", "kesh")], ids=" ".join
)
def test_a_change_that_has_no_room_says_so(index: Path, arguments: tuple[str, ...]) -> None:
    (index.parent / "third.abc").write_text(KESH.replace("G3 GAB", "B3 BAG"))
    add_to_index([index.parent / "third.abc"], index)  # so that there is something to compact
    before = index.read_bytes()
    ended = subprocess.run(
        ["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", *PYTHON, *arguments, "--index", index],
        capture_output=True, text=True, cwd=ROOT, env=environment(), check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    # SQLite's name for a write that fails for another reason than a full disk.
    assert ended.stderr.startswith(
        f"tunetrace: {index}: the index cannot be changed (disk I/O error); check"
    )
    assert ended.stderr.count("\n") == 1
    assert index.read_bytes() == before
    assert verify_index(index, full=True).faults == ()


@pytest.mark.file
@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit")
def test_a_compaction_without_room_to_shrink_says_what_it_did(index: Path) -> None:
    call("index", "build", "airds", "--force", "--index", index)
    (index.parent / "third.abc").write_text(KESH.replace("G3 GAB", "B3 BAG"))
    add_to_index([index.parent / "third.abc"], index)
    ended = subprocess.run(
        [sys.executable, "-c", NO_ROOM_TO_SHRINK, "index", "compact", "--index", index],
        capture_output=True, text=True, cwd=ROOT, env=environment(), check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        f"tunetrace: {index}: the segments are merged, but the index could not be made smaller ("
    )
    assert ended.stderr.count("\n") == 1
    with open_index(index) as opened:
        assert opened.info().segments == 1
    assert verify_index(index, full=True).faults == ()
