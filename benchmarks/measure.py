"""Timing: medians of repeated calls, and jobs in processes of their own."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.corpus import ROOT

_STATUS: Final = Path("/proc/self/status")


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def processor_seconds(call: Callable[[], object]) -> float:
    """The processor time of one call, that of the processes that it starts and ends included.

    Other work on the machine hardly changes it, and several threads count several times.
    """

    def spent() -> float:
        used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(one.ru_utime + one.ru_stime for one in used)

    start = spent()
    call()
    return spent() - start


def median_seconds(call: Callable[[], object], repetitions: int) -> float:
    """The median of repeated calls, after one that is not counted."""
    call()
    return statistics.median(seconds(call) for _ in range(repetitions))


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that this percentage of the values does not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def peak_memory() -> int:
    """The most memory that this process has had at once, in bytes.

    Linux's ru_maxrss counts the parent's memory too, from before this program was loaded into the
    process; VmHWM does not, and is taken where it is to be had.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def run_job(*arguments: str | Path) -> dict[str, float]:
    """What a job of benchmarks.jobs reports, run in a new process."""
    command = [sys.executable, "-m", "benchmarks.jobs", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    report: dict[str, float] = json.loads(done.stdout)
    return report
