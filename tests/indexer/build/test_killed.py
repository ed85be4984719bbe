"""A change that was cut off is undone by the next process that opens the index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import KESH
from tests.faults.places import answers, write_tunes
from tunetrace import build_index, open_index, verify_index

pytestmark = pytest.mark.file

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
