"""Work in processes that are killed, each forked from one that has imported all that it needs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.commands import environment
from tests.conftest import ROOT
from tests.faults.rounds import Rounds

SERVER = """
import json, os, sys, tempfile, traceback
import tunetrace
{first}
answers = os.fdopen(os.dup(1), "w")
nothing = os.open(os.devnull, os.O_RDWR)
os.dup2(nothing, 1)
begun = {{}}

def work(code, said):
    answers.close()
    os.dup2(nothing, 0)
    os.dup2(nothing, 2)
    os.setsid()
    try:
        found = {{"tunetrace": tunetrace}}
        exec(code, found)
        said.write(str(found.get("said", "")))
        return 0
    except tunetrace.TunetraceError as error:
        said.write(str(error))
        return 2
    except BaseException:
        traceback.print_exc(file=said)
        return 1

for line in sys.stdin:
    asked = json.loads(line)
    if isinstance(asked, str):
        said = tempfile.TemporaryFile("w+")
        process = os.fork()
        if not process:
            code = 3
            try:
                code = work(asked, said)
                said.flush()
            finally:
                os._exit(code)
        begun[process] = said
        answer = process
    else:
        code = os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1])
        said = begun.pop(asked)
        said.seek(0)
        answer = code, said.read()
        said.close()
    print(json.dumps(answer), file=answers, flush=True)
"""
"""Forks a process for each string that it reads, a piece of Python, and names the process. For the
number of a process it waits, and gives its exit code and what it said: the variable `said`, or its
error."""

INDEXING = """
import alembic.operations, alembic.runtime.migration, alembic.script, psycopg, pydivsufsort
import numpy, pathlib, tempfile
with tempfile.TemporaryDirectory() as folder:
    book = pathlib.Path(folder, "a.abc")
    book.write_text("X:1\\nK:C\\nCDEF|\\n")
    for name in "ab":
        tunetrace.build_index([book], f"{folder}/{name}.db")
        tunetrace.add_to_index([book], f"{folder}/{name}.db", name="other")
    tunetrace.copy_index(f"{folder}/a.db", f"{folder}/b.db", force=True)
    tunetrace.migrate_index(f"{folder}/a.db")
    with tunetrace.open_index(f"{folder}/a.db") as index:
        index.figure("C D", view="melody")
"""
"""Does small work on indexes, so that what is imported for it is there in each process."""


@dataclass(frozen=True)
class Child:
    """A process that was forked."""

    server: Forked
    pid: int

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        status = Path(f"/proc/{self.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "Z"

    def wait_until(self, is_so: Callable[[], object]) -> None:
        """Wait until something is so, or the process has ended."""
        while not (is_so() or self.is_over):
            time.sleep(0.0002)

    def pause(self) -> None:
        """Let it stand still, unless it has ended."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> tuple[int, str]:
        """Wait for its end; gives its exit code and what it said."""
        code, said = self.server.ask(self.pid)
        return code, said

    def done(self) -> str:
        """Wait for its end, which must be a good one; gives what it said."""
        code, said = self.wait()
        assert code == 0, said
        return said


@dataclass(frozen=True)
class Writing:
    """Work in two parts: it does something, and then it writes what is to be kept."""

    forked: Forked
    work: str
    """A piece of Python."""
    begins: Callable[[], object]
    """Whether it has begun to write."""

    def times(self) -> tuple[float, float]:
        """How long it takes until it writes, and from then on, in seconds."""
        began = time.monotonic()
        child = self.forked.start(self.work)
        child.wait_until(self.begins)
        writes = time.monotonic()
        child.done()
        return writes - began, time.monotonic() - writes

    def paused(self, rounds: Rounds, before: float, writing: float) -> Child:
        """A process that does it, and stands still at the moment of a round.

        before, writing: how long it takes until it writes, and from then on, in seconds.
        """
        child = self.forked.start(self.work)
        if rounds.row.rounds % 2:  # any moment at all
            time.sleep(rounds.moment(before + writing))
        elif rounds.row.rounds % 4:  # a moment before it begins to write
            time.sleep(rounds.share() * before)
        else:  # a moment after it has begun
            child.wait_until(self.begins)
            time.sleep(rounds.share() * writing)
        child.pause()
        return child


class Forked:
    """A process that others are forked from."""

    def __init__(self, first: str = INDEXING, variables: Mapping[str, str] | None = None) -> None:
        """first: a piece of Python that is run once, before anything is forked. variables: of the
        environment."""
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER.format(first=first)], cwd=ROOT, text=True,
            # GNU's OpenMP waits for ever in a process forked from one that has threads of it.
            env=environment({"PYTHONPATH": path, "OMP_NUM_THREADS": "1", **(variables or {})}),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def start(self, work: str) -> Child:
        """Start a process that does some work, a piece of Python."""
        return Child(self, self.ask(work))

    def ask(self, asked: str | int) -> Any:
        """The answer of the server."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{json.dumps(asked)}\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()
