"""A batch that is matched in a process beside: the same answers, and no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, index_of
from tests.conftest import GENERATED
from tunetrace import Index, TunetraceError, open_index, report
from tunetrace.checker.batch import check_transcriptions
from tunetrace.corpus.readers import read_source

ONE_SLICE_TOLD = """
import multiprocessing, sys, time
from pathlib import Path
from tunetrace import open_index
from tunetrace.checker.batch import check_transcriptions
from tunetrace.corpus.readers import read_source

batch, index = map(Path, sys.argv[1:])
answers = check_transcriptions(read_source(batch), open_index(index), slice_tokens=1, beside=1)
next(answers)
print(*(child.pid for child in multiprocessing.active_children()), flush=True)
time.sleep(600)
"""
"""A program that is in the middle of a batch and prints the ids of its processes beside."""


def test_a_process_beside_finds_what_this_one_does(v2_index: Index, shared: Path) -> None:
    batch = list(islice(read_source(shared / GENERATED), 12))
    alone = list(check_transcriptions(batch, v2_index, slice_tokens=500))
    beside = list(check_transcriptions(batch, v2_index, slice_tokens=500, beside=1))
    assert len(alone) == 12
    assert beside == alone


@pytest.mark.skipif(os.name == "nt", reason="asks what the processes of a program have used")
def test_a_report_is_matched_beside_where_that_is_asked_for(tmp_path: Path) -> None:
    import resource

    index, batch = index_of(tmp_path, KESH), tmp_path / "batch.abc"
    batch.write_text(MORRISONS)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with open_index(index) as opened:
        report([batch], tmp_path / "report", opened, beside=1)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > before


@pytest.mark.skipif(os.name == "nt", reason="kills a program by a signal")
def test_a_process_beside_ends_with_a_program_that_is_killed(tmp_path: Path) -> None:
    index, batch = index_of(tmp_path, KESH), tmp_path / "batch.abc"
    batch.write_text(f"{KESH}\n{MORRISONS}\n" * 5)
    program = [sys.executable, "-c", ONE_SLICE_TOLD, batch, index]
    running = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    with running, running.stdout:
        beside = int(running.stdout.readline())
        running.kill()
    waited = time.monotonic() + 60
    while is_running(beside) and time.monotonic() < waited:
        time.sleep(0.05)
    assert not is_running(beside)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(os.name == "nt", reason="kills a process by a signal")
def test_a_process_beside_that_is_killed_is_told_in_one_sentence(tmp_path: Path) -> None:
    import multiprocessing

    batch = tmp_path / "batch.abc"
    batch.write_text(f"{KESH}\n{MORRISONS}\n" * 5)
    with open_index(index_of(tmp_path, KESH)) as index:
        answers = check_transcriptions(read_source(batch), index, slice_tokens=1, beside=1)
        next(answers)
        for child in multiprocessing.active_children():
            os.kill(child.pid or 0, signal.SIGKILL)
        with pytest.raises(TunetraceError, match="ended from outside"):
            list(answers)
