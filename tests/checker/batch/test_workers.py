"""Workers: there where they are wanted, quiet, and gone when their parent is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, environment, index_of
from tests.storages import outside
from tunetrace import IndexFileError, open_index
from tunetrace.checker.batch.workers import Workers
from tunetrace.checker.similar.families.comparing import compared
from tunetrace.indexer.search.views import TOKENS

REPORT = """
import functools, resource, sys
from tunetrace import open_index, report
from tunetrace.checker import check
from tunetrace.reports import write

if __name__ == "__main__":
    check.FEW = 0  # two transcriptions in two slices are as good as many
    write.check_transcriptions = functools.partial(check.check_transcriptions, slice_tokens=1)
    book, index, folder, workers = sys.argv[1:]
    with open_index(index) as opened:
        report([book], folder, opened, workers=int(workers))
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0)
"""
"""Writes a report; prints whether another process has run for it."""

WAIT = """
import multiprocessing, sys, time
from tunetrace import open_index
from tunetrace.checker import check
from tunetrace.corpus.readers import read_sources

def tunes(book):
    yield from list(read_sources([book]))  # the first slice is this process's own
    print(multiprocessing.active_children()[0].pid, flush=True)
    time.sleep(600)

if __name__ == "__main__":
    check.FEW = 0  # one transcription is as good as many
    with open_index(sys.argv[2]) as index:
        list(check.check_transcriptions(tunes(sys.argv[1]), index, slice_tokens=1, workers=1))
"""
"""Begins a batch of which the third transcription never comes; prints the worker."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A tunebook of two tunes, whose index lies beside it."""
    return index_of(tmp_path, KESH, MORRISONS).with_suffix(".abc")


@contextmanager
def running(text: str, book: Path, *more: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A script with the book and its index as arguments, in a session of its own."""
    script = book.with_name("script.py")
    script.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, script, book, outside(book.with_suffix(".db")), *more],
        env=environment({"PYTHONPATH": str(Path.cwd())}), start_new_session=True, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(("workers", "has_run"), [("0", "False\n"), ("1", "True\n")])
def test_a_report_uses_the_processes_that_it_is_given(
    book: Path, tmp_path: Path, workers: str, has_run: str
) -> None:
    with running(REPORT, book, tmp_path / "report", workers) as process:
        assert process.communicate(timeout=120) == (has_run, "")


def test_a_worker_ends_when_the_one_that_began_it_is_killed(book: Path) -> None:
    with running(WAIT, book) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        assert is_there(worker)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 60
        while is_there(worker) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not is_there(worker)


def test_an_interrupt_is_not_met_by_a_process_that_has_just_begun(book: Path) -> None:
    # From a terminal it goes to all; a process that imports its modules cannot yet look away.
    with running(WAIT, book) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert errors.count("Traceback") == 1  # that of the script itself, which does not catch it
    assert "spawn_main" not in errors


@pytest.mark.file
def test_a_worker_that_cannot_open_the_index_says_so_in_its_answer(
    book: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone.db"
    shutil.copy(book.with_suffix(".db"), gone)
    with open_index(gone) as index:
        gone.unlink()
        with Workers(index, None, TOKENS, 1, verbatim=True) as workers:
            matched = workers.match([["C", "D"]])
            assert matched is not None
            with pytest.raises(IndexFileError, match=r"gone\.db: there is no index"):
                matched()
        with pytest.raises(IndexFileError, match=r"gone\.db: there is no index"):
            list(compared(index, [1, 2], workers=1))
    assert capfd.readouterr() == ("", "")
