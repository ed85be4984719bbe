"""The tunes of an index compared with one another, and measured, on a cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset
import pytest

from tests.cluster.running import Running
from tests.commands import KESH, call, index_of
from tests.conftest import V2_SAMPLE
from tunetrace import (
    OutputError,
    build_index,
    find_families,
    measure_baseline,
    open_index,
    similar_pairs,
)
from tunetrace.checker.baseline import measure
from tunetrace.checker.similar.families.comparing import compared
from tunetrace.errors import ClusterError
from tunetrace.indexer.store.database.naming import storage_of


@pytest.fixture(scope="module")
def tunes(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """500 training transcriptions."""
    path = tmp_path_factory.mktemp("families") / "tunes.txt"
    tunes = (shared / V2_SAMPLE).read_text(encoding="utf-8").split("\n\n")[:500]
    path.write_text("\n\n".join(tunes), encoding="utf-8")
    return path


def test_the_graph_of_a_cluster_is_that_of_one_process(
    tunes: Path, scheduler: str, tmp_path: Path
) -> None:
    ours, index = tmp_path / "ours.db", tmp_path / "plain.db"
    for path in (ours, index):
        build_index([tunes], path)
    told: list[str] = []
    found = find_families(ours, cluster=scheduler, progress=lambda what, _: told.append(what))
    expected = find_families(index)
    assert (found.compared, found.pairs) == (500, expected.pairs)
    assert found.families == expected.families
    assert found.families
    assert re.match(r"comparing on [12] workers?", told[0])
    assert re.search(r"3 slices done, [\d,]+ tunes a second$", told[-2])
    assert told[-1] == "grouping the tunes"
    with open_index(ours) as mine, open_index(index) as other:
        assert mine.graph is not None
        assert other.graph is not None
        for name in ("tunes", "pairs", "ups", "probabilities", "families"):
            assert np.array_equal(getattr(mine.graph, name), getattr(other.graph, name))


def test_pairs_are_compared_on_a_cluster_before_they_are_written(
    tunes: Path, scheduler: str, tmp_path: Path
) -> None:
    ours, index = tmp_path / "ours.db", tmp_path / "plain.db"
    for path in (ours, index):
        build_index([tunes], path)
    for cluster in (scheduler, "tcp://127.0.0.1:9"):  # the second time nothing is compared
        ended = call(
            "similar", "--all", "-o", tmp_path / "pairs.csv", "--force", "--index", ours,
            "--scheduler", cluster, env={"TUNETRACE_CACHE": str(tmp_path / "cache")},
        )  # fmt: skip
        assert (ended.code, ended.err) == (0, "")
    find_families(index)
    assert [(p.first, p.second, p.probability) for p in similar_pairs(ours)] == [
        (p.first, p.second, p.probability) for p in similar_pairs(index)
    ]


@pytest.mark.parametrize("similar", [False, True])
def test_the_baseline_of_a_cluster_is_that_of_one_process(
    similar: bool, tunes: Path, scheduler: str, tmp_path: Path
) -> None:
    ours, index = tmp_path / "ours.db", tmp_path / "plain.db"
    for path in (ours, index):
        build_index([tunes], path)
    found = measure_baseline(ours, similar=similar, cluster=scheduler)
    expected = measure_baseline(index, similar=similar)
    assert (found.tunes, found.groups) == (expected.tunes, expected.groups)
    assert found.quantiles == expected.quantiles
    with open_index(ours) as mine, open_index(index) as other:
        assert mine.baseline is not None
        assert other.baseline is not None
        assert mine.baseline.values.keys() == other.baseline.values.keys()
        for name, values in mine.baseline.values.items():
            assert np.array_equal(values, other.baseline.values[name])


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (["families", "--scheduler", "tcp://127.0.0.1:9", "--workers", "2"],
         "--scheduler and --workers cannot be combined, since the workers of a scheduler are "
         "started with 'dask worker'; remove --workers"),
        (["families", "--scheduler", "127.0.0.1:9"],
         "--scheduler cannot be '127.0.0.1:9'; give its whole address, such as "
         "tcp://127.0.0.1:8786"),
        (["similar", "1", "--workers", "2"],
         "--scheduler, --workers, --resume and --data-set work only with --all; add --all, or "
         "remove the option"),
    ],
)  # fmt: skip
def test_options_of_a_cluster_are_refused_where_they_mean_nothing(
    given: list[str], refusal: str, tmp_path: Path
) -> None:
    assert call(*given, "--index", index_of(tmp_path, KESH)).refusal == refusal


# Going on

Compare = Callable[..., Any]
BOTH = pytest.mark.parametrize(
    ("command", "compare", "table"),
    [("families", partial(find_families, again=True), "pairs"),
     ("baseline", measure_baseline, "measures")],
)  # fmt: skip


@pytest.fixture
def index(tunes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of these tunes, which are three slices for each command."""
    monkeypatch.setattr(measure, "_TOGETHER", 200)
    return built(tunes, tmp_path / "ours.db")


def built(tunes: Path, path: Path) -> Path:
    build_index([tunes], path)
    return path


def slices_of(index: Path, command: str) -> Path:
    """The folder of the slices of a command that was cut off."""
    arrays, *_ = storage_of(index).cache_folders
    return arrays.with_suffix(f".{command}")


class CutOffError(Exception):
    pass


def cut_off(index: Path, compare: Compare, scheduler: str) -> None:
    """Begin a command, and leave it when a slice is finished."""

    def cut(what: str, tunes: int) -> None:
        if tunes:
            raise CutOffError

    with pytest.raises(CutOffError):
        compare(index, cluster=scheduler, progress=cut)


def stored(index: Path) -> dict[str, list[float]]:
    """What is stored of the families and of the baseline of an index."""
    with open_index(index) as opened:
        graph, baseline = opened.graph, opened.baseline
    arrays = {**(graph.arrays() if graph else {}), **(baseline.values if baseline else {})}
    return {name: array.tolist() for name, array in arrays.items()}


@BOTH
def test_a_comparison_that_was_cut_off_goes_on_with_its_finished_slices(
    command: str, compare: Compare, table: str, index: Path, tunes: Path, scheduler: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    cut_off(index, compare, scheduler)
    files = slices_of(index, command).rglob("*.*")
    finished = {path: path.stat().st_mtime_ns for path in files}
    assert len(finished) > 1
    assert stored(index) == {}
    told: list[int] = []

    def see(what: str, done: int) -> None:
        told.append(done)
        assert finished == {path: path.stat().st_mtime_ns for path in finished}

    compare(index, cluster=scheduler, resume=True, progress=see)
    assert told[0] > 0  # the tunes of the finished slices count as done
    assert told[-1] == 500
    assert not slices_of(index, command).exists()
    compare(built(tunes, tmp_path / "plain.db"))
    assert stored(index) == stored(tmp_path / "plain.db")


@pytest.mark.slow
@pytest.mark.file
@BOTH
def test_a_scheduler_that_is_killed_leaves_slices_of_a_comparison(
    command: str, compare: Compare, table: str, index: Path, tunes: Path, tmp_path: Path
) -> None:
    with Running(tmp_path, workers=1) as running:

        def kill(what: str, done: int) -> None:
            if done and running.processes[0].poll() is None:
                running.kill(0)

        with pytest.raises(ClusterError) as lost:
            compare(index, cluster=running.address, progress=kill)
    assert str(lost.value) == (
        f"the scheduler at {running.address} no longer answers; start it and its workers again, "
        "and repeat the command; with --resume the same command goes on with the finished slices"
    )
    assert list((slices_of(index, command) / table).iterdir())
    with Running(tmp_path, workers=1) as running:
        compare(index, cluster=running.address, resume=True)
    compare(built(tunes, tmp_path / "plain.db"))
    assert stored(index) == stored(tmp_path / "plain.db")


@pytest.mark.file
def test_the_pairs_of_a_comparison_are_kept_as_a_partitioned_data_set(
    index: Path, scheduler: str, tmp_path: Path
) -> None:
    found = call("families", "--index", index, "--scheduler", scheduler,
                 "--data-set", tmp_path / "set")  # fmt: skip
    assert (found.code, found.err) == (0, "")
    assert len(list((tmp_path / "set" / "pairs").iterdir())) == 3
    kept = pyarrow.dataset.dataset(tmp_path / "set" / "pairs").to_table()
    with open_index(index) as opened:
        expected = np.concatenate(list(compared(opened, range(1, 501))))
    assert kept.column_names == ["tune", "other", "steps", "probability"]
    for column, values in zip(kept.columns, expected.T, strict=True):
        assert column.to_pylist() == values.astype(np.float32).tolist()
    again = call("similar", "--all", "-o", tmp_path / "pairs.csv", "--index", index,
                 "--scheduler", scheduler, "--data-set", tmp_path / "other")  # fmt: skip
    assert again.refusal == (
        f"{index}: the tunes of this index were compared before, so there is nothing to keep; "
        "compare them anew with 'tunetrace families --again'"
    )


@pytest.mark.file
@pytest.mark.parametrize("options", [[], ["--similar"]])
def test_the_measures_of_a_baseline_are_kept_as_a_partitioned_data_set(
    options: list[str], index: Path, scheduler: str, tmp_path: Path
) -> None:
    found = call("baseline", *options, "--index", index, "--scheduler", scheduler,
                 "--data-set", tmp_path / "set")  # fmt: skip
    assert (found.code, found.err) == (0, "")
    kept = pyarrow.dataset.dataset(tmp_path / "set" / "measures").to_table().to_pydict()
    with open_index(index) as opened:
        baseline = opened.baseline
        bars = [len(opened.layout(tune).bars) for tune in range(1, 501)]
    assert baseline is not None
    of_bars = ("bars_in_corpus", "bars_same_position")
    measures = {name: v.tolist() for name, v in baseline.values.items() if name not in of_bars}
    expected = {"tune": list(range(1, 501)), "notes": baseline.notes.tolist(), "bars": bars}
    assert kept == {**expected, **measures}


@pytest.mark.file
@BOTH
def test_the_slices_of_a_comparison_are_never_taken_for_others(
    command: str, compare: Compare, table: str, index: Path, tunes: Path, scheduler: str
) -> None:
    def refusal(**options: Any) -> str:
        with pytest.raises(OutputError) as refused:
            compare(index, **{"cluster": scheduler, "resume": True, **options})
        return str(refused.value)

    cut_off(index, compare, scheduler)
    folder = slices_of(index, command)
    again = "; repeat the command as it was, or remove this folder to begin anew"
    assert refusal(resume=False) == (
        f"{folder}: there are slices of a command that was cut off, or that are kept as a data "
        "set; go on with --resume, or remove this folder to begin anew"
    )
    other = measure_baseline if command == "families" else find_families
    with pytest.raises(OutputError) as refused:
        other(index, cluster=scheduler, resume=True, data_set=folder)
    assert str(refused.value) == f"{folder}: its slices were made with another command{again}"
    if command == "baseline":
        assert refusal(similar=True) == (
            f"{folder}: its slices were made with another --similar{again}"
        )
    asked = json.loads((folder / "command.json").read_text())
    (folder / "command.json").write_text(json.dumps({**asked, "version of tunetrace": "0.0.1"}))
    assert refusal() == f"{folder}: its slices were made with another version of tunetrace{again}"
    (folder / "command.json").write_text(json.dumps(asked))
    (finished, *_) = (folder / table).iterdir()
    finished.write_bytes(b"PAR1")
    number = int(finished.name.split("-")[1])
    assert refusal() == (
        f"{folder}: the file of slice {number} in '{table}' is damaged; remove this folder to "
        "begin anew"
    )
    name, first, _ = finished.stem.split("-")
    finished.rename(finished.with_name(f"{name}-{first}-{'0' * 16}.parquet"))
    assert refusal() == f"{folder}: its slices are of other tunes, or the tunes were changed{again}"
    build_index([tunes], index, force=True)
    assert refusal() == f"{folder}: its slices were made with another index{again}"


@pytest.mark.file
@pytest.mark.parametrize("command", ["families", "baseline", "similar"])
@pytest.mark.parametrize("option", [["--resume"], ["--data-set", "slices"]])
def test_without_a_cluster_there_are_no_slices(
    command: str, option: list[str], tmp_path: Path
) -> None:
    every = ["--all", "-o", tmp_path / "pairs.csv"] if command == "similar" else []
    refused = call(command, *every, *option, "--index", index_of(tmp_path, KESH))
    assert refused.refusal == (
        "only work on a cluster has slices to go on with or to keep; give --scheduler or --workers"
    )
