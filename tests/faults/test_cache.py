"""A disk that is full, and processes that are killed, while the arrays of an index are cached."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.commands import environment
from tests.conftest import ROOT, V2_SAMPLE
from tests.faults.forked import INDEXING, Forked, Writing
from tests.faults.places import answers
from tests.faults.rounds import Record, Rounds
from tunetrace import build_index

pytestmark = pytest.mark.fault

NAMESPACE: Final = ("unshare", "--user", "--map-root-user", "--mount")
"""Runs a program that may mount file systems which nobody else sees."""

SMALLEST: Final = 4096
"""The smallest disk: a page of memory, in bytes."""


@pytest.fixture
def path(shared: Path, tmp_path: Path) -> Path:
    """An index without cached arrays, of which some are large enough for files."""
    text = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")
    (tmp_path / "book.txt").write_text("\n\n".join(text[:1500]), encoding="utf-8")
    (tmp_path / "of").mkdir()
    build_index([tmp_path / "book.txt"], tmp_path / "of" / "i.db")
    shutil.rmtree(tmp_path / "of" / "i.db.arrays")
    return tmp_path / "of" / "i.db"


def cached(path: Path) -> dict[str, bytes]:
    """The files in the cache of an index."""
    return {file.name: file.read_bytes() for file in Path(f"{path}.arrays").glob("*")}


Asked = tuple[str, list[str]]
"""The answers of an index, and the names of the files in its cache."""


@contextmanager
def small_disk(path: Path) -> Iterator[Callable[[int], Asked] | None]:
    """Asks an index with a file system of a size for its cache; None where none may be mounted."""
    with subprocess.Popen(
        [*NAMESPACE, sys.executable, "-m", "tests.faults.small_disk", path],
        cwd=ROOT, env=environment({"PYTHONPATH": str(ROOT)}), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(size: int) -> Asked:
            stdin.write(f"{size}\n")
            stdin.flush()
            said, files = json.loads(stdout.readline())
            return said, files

        try:
            ask(1 << 26)
        except (BrokenPipeError, json.JSONDecodeError):
            yield None
        else:
            yield ask
        with suppress(BrokenPipeError):
            stdin.close()


def with_small_files(path: Path, size: int) -> Asked:
    """Asks an index while no file may become larger than a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        return repr(answers(path)), list(cached(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        shutil.rmtree(f"{path}.arrays", ignore_errors=True)


def test_a_full_disk_changes_no_answer(
    path: Path, record_property: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNETRACE_CACHE", os.devnull)  # there is no other place for the files
    expected = repr(answers(path))
    files = cached(path)
    shutil.rmtree(f"{path}.arrays")
    assert len(files) > 1
    room = sum(map(len, files.values())) + len(files) * SMALLEST
    with small_disk(path) as on_disk:
        where = "a small file system" if on_disk else "a limit on files"
        with Rounds("the disk is full", where, record_property, parts=("during",)) as rounds:
            for number in rounds:
                size = max(SMALLEST, int(rounds.share() * room))
                said, left = on_disk(size) if on_disk else with_small_files(path, size)
                assert said == expected, number
                assert set(left) <= files.keys(), number  # and nothing unfinished
                rounds.count("during" if len(left) < len(files) else "after")
    assert repr(answers(path)) == expected
    assert cached(path) == files


def test_a_process_killed_while_it_fills_the_cache_leaves_nothing_that_is_used(
    path: Path, record_property: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNETRACE_CACHE", os.devnull)
    folder = Path(f"{path}.arrays")
    expected = answers(path)
    files = cached(path)

    def begins() -> bool:
        return folder.exists() and any(folder.iterdir())

    work = f"from tests.faults.places import answers\nanswers({str(path)!r})"
    with (
        Forked(f"{INDEXING}\nimport tests.faults.places") as forked,
        Rounds("caching is killed", "file", record_property) as rounds,
    ):
        writing = Writing(forked, work, begins)
        for _ in range(2):  # the second is as fast as those to come
            shutil.rmtree(folder)
            times = writing.times()
        for number in rounds:
            shutil.rmtree(folder, ignore_errors=True)
            child = writing.paused(rounds, *times)
            child.kill()
            left = cached(path)
            whole = left.keys() & files.keys()
            rounds.count("after" if len(whole) == len(files) else "during" if left else "before")
            assert {name: left[name] for name in whole} == {name: files[name] for name in whole}
            assert answers(path) == expected, number
            assert cached(path).items() >= files.items(), number
