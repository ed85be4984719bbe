"""An addition that is killed: the index is as it was before, or as it is after, and whole."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import KESH
from tests.indexer.build.forked import Forked
from tunetrace import add_to_index, build_index, open_index, verify_index

pytestmark = pytest.mark.file

KILLS = 50
SEED = 20

CUT_OFF = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 2")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE tune SET text = upper(text), title = 'gone'")
connection.execute("DELETE FROM title")
os._exit(9)
"""
"""A change of which some pages are in the file when its process ends, with SQLite's own means."""

FIGURES = ("C D E", "{c C} *", "E | C")


def answers(path: Path) -> list[object]:
    with open_index(path) as index:
        info = index.info()
        found = [index.figure(figure, limit=20) for figure in FIGURES]
        return [info.tunes, info.bars, info.segments, index.bar("C D * * * * * *"), *found]


def write_tunes(path: Path, seed: int, count: int) -> None:
    """Write tunes of eight random bars."""
    chance = random.Random(seed)
    tunes = []
    for number in range(count):
        bars = ["".join(chance.choices("CDEFGABcde", k=8)) for _ in range(8)]
        tunes.append(f"X:{number}\nT:T{number}\nM:4/4\nL:1/8\nK:C\n{'|'.join(bars)}|\n")
    path.write_text("\n".join(tunes))


def test_an_addition_killed_at_any_moment_leaves_an_index_that_is_whole(tmp_path: Path) -> None:
    base, book = tmp_path / "base.abc", tmp_path / "book.abc"
    write_tunes(base, 1, 200)
    write_tunes(book, 2, 800)
    whole, path = tmp_path / "whole.db", tmp_path / "i.db"
    build_index([base], whole)
    before = answers(whole)
    journal = path.with_name("i.db-journal")
    with Forked(f"tunetrace.add_to_index([{str(book)!r}], {str(path)!r})") as adder:
        for _ in range(2):  # the second is as fast as those to come
            shutil.copy(whole, path)
            adder.start()
            began = time.monotonic()
            adder.wait_until(journal.exists)
            until_writing = time.monotonic() - began
            adder.wait()
            writing = time.monotonic() - began - until_writing
        after = answers(path)
        assert after != before

        chance = random.Random(SEED)
        cut_off = 0
        for kill in range(KILLS):
            journal.unlink(missing_ok=True)
            shutil.copy(whole, path)
            adder.start()
            if kill % 2:  # any moment at all
                time.sleep(chance.uniform(0, until_writing + writing))
            else:  # a moment while the index is being written
                adder.wait_until(journal.exists)
                time.sleep(chance.uniform(0, writing) if kill else 0)
            adder.kill()
            cut_off += journal.exists() and journal.stat().st_size > 0
            assert verify_index(path, full=True).faults == (), kill
            assert answers(path) in (before, after), kill
    assert cut_off, "no addition was killed while it was writing"

    if answers(path) == before:
        add_to_index([book], path)
    assert answers(path) == after


def test_a_change_that_was_cut_off_is_undone_by_whoever_comes_next(
    tmp_path: Path,
) -> None:
    path = tmp_path / "i.db"
    write_tunes(tmp_path / "base.abc", 1, 300)
    build_index([tmp_path / "base.abc"], path)
    before = answers(path)
    ended = subprocess.run([sys.executable, "-c", CUT_OFF, path], check=False)
    assert ended.returncode == 9
    assert (tmp_path / "i.db-journal").exists()
    assert answers(path) == before
    assert verify_index(path, full=True).faults == ()


def test_a_new_index_is_not_given_what_the_old_one_had_to_undo(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    write_tunes(tmp_path / "base.abc", 1, 300)
    build_index([tmp_path / "base.abc"], path)
    subprocess.run([sys.executable, "-c", CUT_OFF, path], check=False)
    (tmp_path / "kesh.abc").write_text(KESH)
    build_index([tmp_path / "kesh.abc"], path, force=True)
    assert not (tmp_path / "i.db-journal").exists()
    with open_index(path) as index:
        assert index.info().tunes == 1
    assert verify_index(path, full=True).faults == ()


def test_what_cannot_be_undone_is_said(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    (tmp_path / "a.abc").write_text("X:1\nK:C\nCDEF|\n")
    build_index([tmp_path / "a.abc"], path)
    (tmp_path / "i.db-journal").mkdir()  # as if somebody kept it from being read
    with pytest.raises(Exception, match="cannot be undone") as raised:
        open_index(path)
    assert str(path) in str(raised.value)
