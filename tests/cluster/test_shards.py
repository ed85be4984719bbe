"""An index cut into shards that workers own: the answers of one process, whoever answers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

import tunetrace.reports.on_cluster
from tests.cluster.conftest import same_files
from tests.cluster.running import (
    KillingOnce,
    ask_all,
    end_its_worker,
    fail,
    first_time_only,
    meet,
    square,
)
from tests.commands import call
from tests.conftest import GENERATED, V2_SAMPLE
from tunetrace import QueryError, build_index, find_families, open_index, report
from tunetrace.checker.remote.shards import shards_for
from tunetrace.cluster.connecting import connected
from tunetrace.cluster.owners import owners_of
from tunetrace.cluster.tasks import Task
from tunetrace.errors import ClusterError
from tunetrace.indexer.store.arrays import streams

SEGMENTS = 4


@pytest.fixture(scope="module")
def index(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of 200 training transcriptions in four segments."""
    folder = tmp_path_factory.mktemp("shards")
    source = folder / "tunes.txt"
    tunes = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")
    source.write_text("\n\n".join(tunes[:200]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "SEGMENT_TUNES", 50)
        build_index([source], folder / "tunes.db")
    find_families(folder / "tunes.db")
    with open_index(folder / "tunes.db") as opened:
        assert len(opened.figures.segments) == SEGMENTS
    return folder / "tunes.db"


@pytest.fixture(scope="module")
def some(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 generated transcriptions and 20 tunes of the index, which have near copies there."""
    path = tmp_path_factory.mktemp("shards") / "some.txt"
    generated = (shared / GENERATED).read_text(encoding="utf-8").split("\n\n")[:120]
    own = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")[:200:10]
    path.write_text("\n\n".join([*generated, *own]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole(index: Path, some: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report that one process makes."""
    folder = tmp_path_factory.mktemp("whole")
    report(some, folder, index)
    return folder


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of some 30 transcriptions."""
    monkeypatch.setattr(tunetrace.reports.on_cluster, "SLICE_TOKENS", 5_000)


@pytest.mark.parametrize(
    ("workers", "shards"), [(1, 3), (2, 2), pytest.param(4, 3, marks=pytest.mark.slow)]
)
def test_owners_make_the_files_of_one_process(
    workers: int, shards: int, index: Path, some: Path, whole: Path, tmp_path: Path
) -> None:
    report(some, tmp_path, index, cluster=workers, shards=shards)
    assert same_files(tmp_path, whole)


@pytest.mark.parametrize("view", ["tokens", "melody", "contour"])
def test_owners_leave_out_families_and_compare_in_a_view(
    view: str, scheduler: str, index: Path, some: Path, tmp_path: Path
) -> None:
    for name, cluster, shards in (("ours", scheduler, 3), ("theirs", None, None)):
        report(
            some, tmp_path / name, index, cluster=cluster, shards=shards, view=view,  # type: ignore[arg-type]
            exclude_families=[1, 11, 151], verbatim=view == "contour",
        )  # fmt: skip
    assert same_files(tmp_path / "ours", tmp_path / "theirs")


def test_the_command_takes_at_most_as_many_shards_as_there_are_segments(
    scheduler: str, index: Path, some: Path, whole: Path, tmp_path: Path
) -> None:
    ended = call(
        "report", some, "-o", tmp_path, "--index", index, "--scheduler", scheduler,
        "--shards", "99",
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    assert same_files(tmp_path, whole)


def test_owners_compare_all_tunes_as_one_process_does(
    scheduler: str, index: Path, tmp_path: Path
) -> None:
    ours = tmp_path / "ours.db"
    shutil.copyfile(index, ours)
    ended = call("families", "--again", "--index", ours, "--scheduler", scheduler, "--shards", "3")
    assert (ended.code, ended.err) == (0, "")
    with open_index(ours) as mine, open_index(index) as other:
        assert mine.graph is not None
        assert other.graph is not None
        assert len(other.graph.pairs)
        for name in ("tunes", "pairs", "ups", "probabilities", "families"):
            assert np.array_equal(getattr(mine.graph, name), getattr(other.graph, name))


def test_shards_that_mean_nothing_are_refused(index: Path, some: Path, tmp_path: Path) -> None:
    refusals = {
        (None, 2): "only the workers of a cluster own shards; give --scheduler or --workers",
        (1, 0): "shards cannot be 0; give 1 or more",
        (1, "two"): "shards cannot be 'two'; give a whole number",
    }
    for (cluster, shards), refusal in refusals.items():
        with pytest.raises(QueryError) as refused:
            report(some, tmp_path, index, cluster=cluster, shards=shards)  # type: ignore[arg-type]
        assert str(refused.value) == refusal


@pytest.mark.parametrize(
    ("size", "workers", "machines", "shards"),
    [
        (10, 8, 2, 1),  # it fits
        (50, 8, 2, 1),
        (51, 8, 2, 8),
        (51, 8, 1, 1),  # one machine maps all of it, whoever owns it
    ],
)
def test_an_index_is_cut_where_no_machine_has_the_memory_for_it(
    size: int, workers: int, machines: int, shards: int
) -> None:
    assert shards_for(size, workers, machines, memory=100) == shards


# Owners


def test_every_worker_owns_as_many_shards_as_the_others_or_one_more() -> None:
    for workers in range(1, 6):
        names = [f"tcp://node{number}:1" for number in range(workers)]
        for shards in range(12):
            owners = owners_of(shards, names)
            assert len(owners) == shards
            owned = [owners.count(name) for name in names]
            assert max(owned) - min(owned) <= 1
    assert owners_of(3, []) == []


def test_most_shards_keep_their_owner_when_a_worker_goes() -> None:
    names = [f"tcp://node{number}:1" for number in range(10)]
    before, after = owners_of(10, names), owners_of(10, names[1:])
    kept = [one == other for one, other in zip(before, after, strict=True)]
    assert sum(kept) >= 5


def task(number: int, *given: object) -> Task:
    return Task(number, f"tune {number} of the test", 1, (number, *given))


def test_a_task_asks_every_owner_though_its_worker_has_one_thread() -> None:
    with connected(1) as cluster:
        cluster.at_once = 2
        tasks = [task(number, 3, square) for number in range(1, 4)]
        found = cluster.run(ask_all, tasks, "asking")
        assert sorted(answer for _, answer in found) == [[1, 0, 1, 4], [2, 0, 1, 4], [3, 0, 1, 4]]
        workers, machines, memory = cluster.machines()
    assert (workers, machines) == (1, 1)
    assert 0 < memory <= psutil.virtual_memory().total


def test_a_worker_begins_another_task_while_one_waits_for_owners(tmp_path: Path) -> None:
    with connected(1) as cluster:

        def tasks() -> Iterator[Task]:
            cluster.at_once = 2  # as where the first task is made
            yield from (task(number, tmp_path) for number in (1, 2))

        assert sorted(answer for _, answer in cluster.run(meet, tasks(), "meeting")) == [1, 2]


def test_what_a_killed_owner_was_asked_is_answered_by_another_one(tmp_path: Path) -> None:
    with connected(2) as cluster:
        cluster.at_once = 2
        tasks = [task(number, 2, first_time_only, tmp_path / "mark") for number in range(1, 4)]
        found = cluster.run(ask_all, tasks, "asking")
        assert sorted(answer for _, answer in found) == [[1, 0, 1], [2, 0, 1], [3, 0, 1]]
    assert (tmp_path / "mark").exists()


@pytest.mark.slow
def test_a_question_that_ends_owner_after_owner_is_named() -> None:
    with connected(2) as cluster, pytest.raises(ClusterError) as refused:
        list(cluster.run(ask_all, [task(1, 2, end_its_worker, 1)], "asking"))
    assert str(refused.value) == (
        "tune 1 of the test: each of the 3 workers that had these tunes was ended from outside; "
        "give the workers more memory, or leave these tunes out"
    )


def test_a_mistake_of_an_owner_is_a_mistake_here() -> None:
    with connected(1) as cluster, pytest.raises(ZeroDivisionError):
        list(cluster.run(ask_all, [task(1, 2, fail)], "asking"))


@pytest.mark.slow
def test_a_report_is_whole_though_an_owner_was_killed(
    index: Path, some: Path, whole: Path, tmp_path: Path
) -> None:
    killing = KillingOnce(tmp_path)
    report(some, tmp_path, index, cluster=2, shards=2, progress=killing)
    assert killing.killed
    assert same_files(tmp_path, whole)
