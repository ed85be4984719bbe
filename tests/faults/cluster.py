"""A cluster whose processes are forked, since starting them anew takes longer than their work."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.cluster.running import wait_until
from tests.faults.forked import Child, Forked

IMPORTS: Final = """
import tempfile
import distributed.cli.dask_scheduler, distributed.cli.dask_worker, distributed.protocol
import matplotlib, pyarrow.parquet, scipy.stats
import tests.faults.cluster, tunetrace.reports.on_cluster
from tests.conftest import ROOT
with tempfile.TemporaryDirectory() as folder:
    tunetrace.build_index([ROOT / "examples" / "post.txt"], f"{folder}/i.db")
    tunetrace.report(ROOT / "examples" / "post.txt", f"{folder}/out", f"{folder}/i.db")
"""

SLICE_TOKENS: Final = 8_000
"""A slice of these reports is small, so that there are many."""

_ANSWER_SECONDS: Final = 3
"""How long a client of these clusters waits for a scheduler that is lost."""

_SCHEDULER: Final = """
from distributed.cli.dask_scheduler import main
main(["--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", {0!r}],
     standalone_mode=False)
"""

_WORKER: Final = """
from distributed.cli.dask_worker import main
main([{0!r}, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0",
      "--local-directory", {1!r}], standalone_mode=False)
"""


def make_report(batch: str, out: str, index: str, address: str, *, resume: bool) -> None:
    """Make a report on a cluster, in small slices."""
    from tunetrace import report
    from tunetrace.cluster import connecting
    from tunetrace.reports import on_cluster

    on_cluster.SLICE_TOKENS = SLICE_TOKENS  # type: ignore[misc]
    connecting._ANSWER_SECONDS = _ANSWER_SECONDS  # type: ignore[misc]
    report(batch, out, index, verbatim=True, cluster=address, resume=resume)


class Workers:
    """A scheduler and its workers, which must be ended."""

    def __init__(self, forked: Forked, folder: Path, workers: int) -> None:
        """folder: for their files."""
        self._forked = forked
        self._folder = folder
        facts = folder / f"scheduler{time.monotonic_ns()}.json"
        self.scheduler = forked.start(_SCHEDULER.format(str(facts)))
        wait_until(lambda: facts.exists() and facts.read_text().endswith("}"))
        self.address = str(json.loads(facts.read_text())["address"])
        self.workers = [self._worker() for _ in range(workers)]

    def _worker(self) -> Child:
        return self._forked.start(_WORKER.format(self.address, str(self._folder)))

    def replace(self, number: int) -> None:
        """Kill a worker, and start another one."""
        self.workers[number].kill()
        self.workers[number] = self._worker()

    def end(self) -> None:
        """Kill all that were not killed before."""
        for child in (self.scheduler, *self.workers):
            with suppress(ProcessLookupError):
                child.kill()
