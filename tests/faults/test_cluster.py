"""A worker, a scheduler or a client that is killed while a cluster makes a report."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.conftest import same_files
from tests.conftest import GENERATED, V2_SAMPLE
from tests.faults.cluster import IMPORTS, Workers
from tests.faults.forked import Child, Forked
from tests.faults.rounds import Record, Rounds
from tunetrace import build_index, report
from tunetrace.reports.folder import FILES

pytestmark = [pytest.mark.fault, pytest.mark.slow]

SHORT = 2
"""How often each is tried in a run of all tests."""

LOST = (
    "the scheduler at ADDRESS no longer answers; ",
    "ADDRESS: no Dask scheduler answers at this address; ",
    "the scheduler at ADDRESS has no worker; ",
)
"""How the sentence of a client whose scheduler was killed may begin."""


@dataclass(frozen=True)
class Work:
    """A report that is made again and again."""

    batch: Path
    index: Path
    plain: Path
    """The report as one process makes it."""
    out: Path
    """Where a cluster makes it."""

    def start(self, forked: Forked, address: str, *, resume: bool = False) -> Child:
        """Begin to make it on a cluster; without `resume` from the beginning."""
        if not resume:
            shutil.rmtree(self.out, ignore_errors=True)
        places = f"{str(self.batch)!r}, {str(self.out)!r}, {str(self.index)!r}"
        call = f"make_report({places}, {address!r}, resume={resume})"
        return forked.start(f"from tests.faults.cluster import make_report\n{call}")

    def part(self) -> str:
        """Which part of the work is done: before the first slice is whole, during, after."""
        parts = self.out / "parts"
        if (self.out / "summary.json").exists() and not parts.exists():
            return "after"
        return "during" if any(parts.glob("sums/*")) else "before"

    def is_whole(self) -> bool:
        """Whether all files are those of one process, and nothing else is left."""
        names = {path.name for path in self.out.iterdir()}
        return names == set(FILES) and same_files(self.out, self.plain)


@pytest.fixture(scope="module")
def work(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """300 transcriptions to be checked in some ten slices."""
    folder = tmp_path_factory.mktemp("work")
    for name, source, tunes in (("index", V2_SAMPLE, 300), ("batch", GENERATED, 300)):
        text = (shared / source).read_text(encoding="utf-8").split("\n\n")
        (folder / f"{name}.txt").write_text("\n\n".join(text[:tunes]), encoding="utf-8")
    build_index([folder / "index.txt"], folder / "i.db")
    report(folder / "batch.txt", folder / "plain", folder / "i.db", verbatim=True)
    return Work(folder / "batch.txt", folder / "i.db", folder / "plain", folder / "out")


@pytest.fixture(scope="module")
def forked() -> Iterator[Forked]:
    with Forked(IMPORTS) as server:
        yield server


@pytest.fixture
def cluster(forked: Forked, tmp_path: Path) -> Iterator[Workers]:
    """A scheduler with two workers."""
    running = Workers(forked, tmp_path, 2)
    yield running
    running.end()


def lasts(work: Work, forked: Forked, address: str) -> float:
    """How many seconds the report takes."""
    for _ in range(2):  # the second is as fast as those to come
        began = time.monotonic()
        work.start(forked, address).done()
        seconds = time.monotonic() - began
        assert work.is_whole()
    return seconds


def test_a_worker_that_is_killed_changes_nothing_of_a_report(
    work: Work, forked: Forked, cluster: Workers, record_property: Record
) -> None:
    chance = random.Random(5)
    seconds = lasts(work, forked, cluster.address)
    with Rounds("a worker is killed", "Dask", record_property, SHORT) as rounds:
        for number in rounds:
            child = work.start(forked, cluster.address)
            time.sleep(rounds.moment(seconds))
            part = work.part()
            cluster.replace(chance.randrange(2))
            child.done()
            assert work.is_whole(), number
            rounds.count(part)


def test_a_report_goes_on_after_its_scheduler_was_killed(
    work: Work, forked: Forked, tmp_path: Path, record_property: Record
) -> None:
    running = Workers(forked, tmp_path, 2)
    seconds = lasts(work, forked, running.address)
    with Rounds("a scheduler is killed", "Dask", record_property, SHORT) as rounds:
        for number in rounds:
            address = running.address
            child = work.start(forked, address)
            time.sleep(rounds.moment(seconds))
            part = work.part()
            running.scheduler.kill()
            code, said = child.wait()
            running.end()
            running = Workers(forked, tmp_path, 2)
            if code:
                assert said.replace(address, "ADDRESS").startswith(LOST), said
                work.start(forked, running.address, resume=True).done()
            assert work.is_whole(), number
            rounds.count(part)
    running.end()


def test_a_report_goes_on_after_its_client_was_killed(
    work: Work, forked: Forked, cluster: Workers, record_property: Record
) -> None:
    seconds = lasts(work, forked, cluster.address)
    with Rounds("a client is killed", "Dask", record_property, SHORT) as rounds:
        for number in rounds:
            child = work.start(forked, cluster.address)
            time.sleep(rounds.moment(seconds))
            child.kill()
            rounds.count(work.part())
            work.start(forked, cluster.address, resume=True).done()
            assert work.is_whole(), number
