"""Schedulers and workers as processes of their own, and tasks for them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.commands import environment
from tunetrace.cluster.owners import asking_owners

ROOT = Path(__file__).parents[2]

_MODULE = "import sys; from distributed.cli.{0} import main; sys.exit(main())"


def wait_until(is_so: Callable[[], object], seconds: float = 120) -> None:
    """Wait until something is so; fail if it is not after a long time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def started(
    *arguments: str | Path, module: str | None = None, package: Path = ROOT
) -> subprocess.Popen[bytes]:
    """A process of Dask's `module`, or of tunetrace, in a group of its own.

    package: the folder in which it finds tunetrace.
    """
    command = ["-c", _MODULE.format(module)] if module else ["-m", "tunetrace"]
    path = os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, *command, *map(str, arguments)],
        env={**environment(), "PYTHONPATH": path},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=package, start_new_session=True,
    )  # fmt: skip


@dataclass
class Running:
    """A scheduler and its workers."""

    folder: Path
    workers: int
    package: Path = ROOT
    """The folder in which the workers find tunetrace."""
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Running:
        facts = self.folder / f"scheduler{time.monotonic_ns()}.json"
        self.processes.append(
            started("--port", "0", "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0",
                    "--scheduler-file", facts, module="dask_scheduler")
        )  # fmt: skip
        wait_until(lambda: facts.exists() and facts.read_text().endswith("}"))
        self.address = json.loads(facts.read_text())["address"]
        for _ in range(self.workers):
            self.processes.append(
                started(self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
                        "--memory-limit", "0", "--local-directory", self.folder,
                        module="dask_worker", package=self.package)
            )  # fmt: skip
        return self

    def kill(self, number: int) -> None:
        """Kill the scheduler (0) or one of the workers (from 1)."""
        self.processes[number].kill()
        self.processes[number].wait()

    def __exit__(self, *error: object) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()


@dataclass
class KillingOnce:
    """Hears of the progress of a report on a local cluster, and kills a worker after the first
    slice."""

    folder: Path
    """Where the report is made."""
    killed: bool = False

    def __call__(self, what: str, tunes: int) -> None:
        sums = self.folder / "parts" / "sums"
        if not self.killed and sums.exists() and any(sums.iterdir()):
            _busiest_worker().kill()
            self.killed = True


def _busiest_worker() -> psutil.Process:
    """Of the processes that work for a local cluster of this one, that which has worked most."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            if "spawn_main" in " ".join(process.cmdline()):
                found[process] = process.cpu_times().user
    return max(found, key=found.__getitem__)


def end_its_worker(number: int, last: int) -> int:
    """A task that kills its worker if it has the last number."""
    if number == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def first_time_only(number: int, mark: Path) -> int:
    """A task that kills its worker the first time that it is begun."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fail(number: int) -> int:
    """A task with a mistake in it."""
    raise ZeroDivisionError(number)


def ask_all(number: int, shards: int, function: Callable[..., int], *given: object) -> list[int]:
    """A task that asks the owners of shards."""
    with asking_owners(shards) as owners:
        return [number, *owners.ask(function, *given)]


def square(shard: int) -> int:
    """An answer of an owner."""
    return shard * shard


def meet(number: int, folder: Path) -> int:
    """A task that waits until another one has begun while it asks owners."""
    with asking_owners(1):
        (folder / str(number)).touch()
        wait_until(lambda: len(list(folder.iterdir())) == 2)
    return number
