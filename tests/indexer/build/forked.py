"""Work on an index in processes that are killed, one after the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.conftest import ROOT

SERVER = """
import os, sys
import alembic.operations, alembic.runtime.migration, alembic.script, pydivsufsort
import tunetrace
tunetrace.add_to_index, tunetrace.copy_index, tunetrace.migrate_index  # loaded now, not each time
for line in sys.stdin:
    process = os.fork()
    if not process:
        {work}
        os._exit(0)
    print(process, flush=True)
    sys.stdin.readline()
    os.waitpid(process, 0)
    print("ended", flush=True)
"""
"""Does the work at a line that it reads, in a process of its own that it names; at the next line it
waits for that process to end."""


class Forked:
    """Processes that each do the same work, a statement of Python."""

    def __init__(self, work: str) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER.format(work=work)],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._process = 0

    def start(self) -> None:
        """Start a process."""
        self._process = int(self._ask())

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, or the process has ended."""
        status = Path(f"/proc/{self._process}/stat")
        while not is_so():
            if status.exists() and " Z " in status.read_text():
                return  # it was faster than the look
            time.sleep(0.0002)

    def kill(self) -> None:
        """Kill the process, which may have ended."""
        os.kill(self._process, signal.SIGKILL)  # one that has ended waits to be asked after
        self.wait()

    def wait(self) -> None:
        """Wait for the end of the process."""
        assert self._ask() == "ended\n"

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def _ask(self) -> str:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write("\n")
        self._server.stdin.flush()
        return self._server.stdout.readline()
