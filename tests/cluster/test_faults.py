"""What is left when a worker, the scheduler or the client of a cluster dies."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

import tunetrace
from tests.cluster.conftest import same_files
from tests.cluster.running import (
    KillingOnce,
    Running,
    end_its_worker,
    fail,
    first_time_only,
    started,
    wait_until,
)
from tests.commands import call
from tunetrace import Index, build_index, open_index, report
from tunetrace.checker.remote.index import IndexElsewhere
from tunetrace.cluster.connecting import connected
from tunetrace.cluster.parts import Parts
from tunetrace.cluster.tasks import Task
from tunetrace.errors import ClusterError


def task(number: int, *given: object) -> Task:
    return Task(number, f"tune {number} of the test", 1, (number, *given))


# Workers


def test_a_worker_that_is_killed_costs_its_task_a_repeat(tmp_path: Path) -> None:
    told: list[str] = []
    with connected(2) as cluster:
        tasks = [task(number, tmp_path / "mark") for number in range(1, 5)]
        found = cluster.run(
            first_time_only, tasks, "testing", lambda what, tunes: told.append(what)
        )
        assert sorted(answer for _, answer in found) == [1, 2, 3, 4]
        assert cluster.repeats == 1
    assert told[0] == "testing on 2 workers"
    assert told[-1].endswith(", 1 begun again")


def test_a_task_that_ends_every_worker_is_named_and_the_others_are_done() -> None:
    done: list[int] = []
    with connected(1) as cluster:
        tasks = [task(number, 3) for number in range(1, 4)]
        found = cluster.run(end_its_worker, tasks, "testing")
        with pytest.raises(ClusterError) as refused:
            done.extend(answer for _, answer in found)
    assert done == [1, 2]
    assert str(refused.value) == (
        "tune 3 of the test: each of the 3 workers that had these tunes was ended from outside; "
        "give the workers more memory, or leave these tunes out"
    )


def test_a_mistake_in_a_worker_is_a_mistake_here() -> None:
    with connected(1) as cluster, pytest.raises(ZeroDivisionError):
        list(cluster.run(fail, [task(1)], "testing"))


@pytest.mark.slow
def test_a_report_is_whole_though_a_worker_was_killed(
    batch: list[Path], other_batch: Path, plain: Path, v2_index: Index, tmp_path: Path
) -> None:
    killing = KillingOnce(tmp_path)
    report(
        batch, tmp_path, v2_index, versus=other_batch, verbatim=True, cluster=2,
        progress=killing,
    )  # fmt: skip
    assert killing.killed
    assert same_files(tmp_path, plain)


# Schedulers


@pytest.mark.slow
def test_a_scheduler_that_is_killed_leaves_slices_to_go_on_with(
    batch: list[Path], other_batch: Path, plain: Path, v2_index: Index, tmp_path: Path
) -> None:
    out, sums = tmp_path / "out", tmp_path / "out" / "parts" / "sums"
    command = (
        "report", *batch, "-o", out, "--versus", other_batch, "--verbatim",
        "--index", v2_index.named,
    )  # fmt: skip
    with Running(tmp_path, workers=1) as running:
        client = started(*command, "--scheduler", running.address)
        wait_until(lambda: sums.exists() and any(sums.iterdir()))
        running.kill(0)
        _, errors = client.communicate(timeout=120)
    assert client.returncode == 2
    assert errors.decode() == (
        f"tunetrace: the scheduler at {running.address} no longer answers; start it and its "
        "workers again, and repeat the command; with --resume the same command goes on with the "
        "finished slices\n"
    )
    finished = {path.name: path.stat().st_mtime_ns for path in sums.iterdir()}
    with Running(tmp_path, workers=1) as running:
        ended = call(
            *command, "--scheduler", running.address, "--resume", "--data-set", out / "parts"
        )
    assert (ended.code, ended.err) == (0, "")
    assert finished.items() <= {p.name: p.stat().st_mtime_ns for p in sums.iterdir()}.items()
    assert same_files(out, plain)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere://here"])
def test_an_address_without_a_scheduler_is_refused(
    address: str, batch: list[Path], v2_index: Index, tmp_path: Path
) -> None:
    ended = call(
        "report", *batch, "-o", tmp_path / "out", "--index", v2_index.named, "--scheduler", address
    )
    assert ended.refusal == (
        f"{address}: no Dask scheduler answers at this address; start one with 'dask scheduler' "
        "and give its address, such as tcp://127.0.0.1:8786"
    )


@pytest.mark.slow  # of waiting
def test_a_scheduler_without_workers_is_refused(tmp_path: Path) -> None:
    with (
        Running(tmp_path, workers=0) as running,
        pytest.raises(ClusterError, match="has no worker; start some with 'dask worker'"),
        connected(running.address),
    ):
        pass


@pytest.mark.parametrize("version", ["0.0.1", None])
def test_a_worker_with_another_tunetrace_is_refused(version: str | None, tmp_path: Path) -> None:
    package = tmp_path / "package"
    if version is None:
        (package / "tunetrace").mkdir(parents=True)
        (package / "tunetrace" / "__init__.py").write_text(
            "raise ModuleNotFoundError(\"No module named 'tunetrace'\", name='tunetrace')"
        )
    else:
        shutil.copytree(Path(tunetrace.__file__).parent, package / "tunetrace")
        (package / "tunetrace" / "_version.py").write_text(f'__version__ = "{version}"\n')
    with (
        Running(tmp_path, workers=1, package=package) as running,
        pytest.raises(ClusterError) as refused,
        connected(running.address),
    ):
        pass
    own = re.escape(tunetrace.__version__)
    what = (
        rf"no tunetrace of this version; install tunetrace {own} there"
        if version is None
        else rf"another version of tunetrace \({version}\) than this process \({own}\); install "
        "the same one there"
    )
    sentence = rf"the scheduler at {running.address}: the worker tcp://\S+ has {what}"
    assert re.fullmatch(sentence, str(refused.value))


# Clients


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_client_that_is_ended_ends_its_workers_and_leaves_slices_to_go_on_with(
    how: signal.Signals, batch: list[Path], plain: Path, other_batch: Path, v2_index: Index,
    tmp_path: Path,
) -> None:  # fmt: skip
    out, sums = tmp_path / "out", tmp_path / "out" / "parts" / "sums"
    command = (
        "report", *batch, "-o", out, "--versus", other_batch, "--verbatim",
        "--index", v2_index.named, "--workers", "1",
    )  # fmt: skip
    client = started(*command)
    wait_until(lambda: sums.exists() and any(sums.iterdir()))
    group = _of_group(client)
    assert len(group) > 1
    if how == signal.SIGINT:
        os.killpg(client.pid, how)  # as a terminal does
    else:
        client.send_signal(how)
    _, errors = client.communicate(timeout=120)
    # A shell shows 130 for both.
    expected = (130, -signal.SIGINT) if how == signal.SIGINT else (-signal.SIGKILL,)
    assert client.returncode in expected
    if how == signal.SIGINT:
        assert errors.decode().strip() == ""
    wait_until(lambda: not any(process.is_running() for process in group))
    ended = call(*command, "--resume")
    assert (ended.code, ended.err) == (0, "")
    assert same_files(out, plain)


def test_an_unfinished_file_of_a_killed_command_keeps_no_other_from_its_folder(
    tmp_path: Path,
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f"command.json.building-{ended.pid}"
    left.write_text("{")
    Parts(tmp_path, {"command": "report"}, {"sums": ".sums"}, resume=False, keep=False)
    assert list(tmp_path.iterdir()) == []


def _of_group(leader: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [psutil.Process(leader.pid), *psutil.Process(leader.pid).children(recursive=True)]


# Indexes


def test_a_worker_must_have_the_same_index_at_the_same_place(tmp_path: Path) -> None:
    tunes = ["X:1\nT:A\nM:4/4\nL:1/8\nK:C\nCDEF GABc|\n", "X:2\nT:B\nM:4/4\nL:1/8\nK:C\nc2GE|\n"]
    book, path = tmp_path / "book.abc", tmp_path / "i.db"
    book.write_text("\n".join(tunes))
    build_index([book], path)
    with open_index(path) as index:
        told = IndexElsewhere.of(index)
    assert told.opened().tunes == 2
    assert told.opened() is told.opened()
    book.write_text(tunes[0])
    build_index([book], path, force=True)
    with open_index(path) as index:
        assert IndexElsewhere.of(index).opened().tunes == 1
    with pytest.raises(
        ClusterError, match=r"has another index at .*copy the index of this command"
    ):
        told.opened()
    path.unlink()
    with pytest.raises(
        ClusterError, match=r"must be at the same place for every worker: .*there is"
    ):
        told.opened()


def test_an_index_stays_open_for_a_task_that_asks_it_while_others_ask_another_one(
    tmp_path: Path,
) -> None:
    told = []
    for name in "ab":
        book = tmp_path / f"{name}.abc"
        book.write_text(f"X:1\nT:{name}\nM:4/4\nL:1/8\nK:C\nCDEF GABc|\n")
        build_index([book], tmp_path / f"{name}.db")
        with open_index(tmp_path / f"{name}.db") as index:
            told.append(IndexElsewhere.of(index))
    first, other = told[0].opened(), told[1].opened()
    assert [index.catalogue.tunes([1])[1].title for index in (first, other)] == ["a", "b"]
    assert told[1].opened() is other
