"""The tunes of an index compared with one another, and measured, on a cluster."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.commands import KESH, call, index_of
from tests.conftest import V2_SAMPLE
from tunetrace import build_index, find_families, measure_baseline, open_index, similar_pairs


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
            "--scheduler", cluster,
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
