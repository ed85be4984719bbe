"""All pairs of near copies of an index: those that single searches find, as records and tables."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.commands import KESH, MORRISONS, call, index_of
from tunetrace import QueryError, find_families, open_index, similar, similar_pairs

TWICE = KESH.replace("X:3", "X:6").replace("T:The Kesh", "T:Varied").replace("A3 ABd", "A2B ABd")


@pytest.fixture(scope="module")
def path(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three tunes with its families."""
    found = index_of(tmp_path_factory.mktemp("pairs"), KESH, MORRISONS, TWICE)
    find_families(found)
    return found


def test_pairs_are_those_that_searches_for_each_tune_find(path: Path) -> None:
    with open_index(path) as index:
        expected: dict[tuple[int, int], float] = {}
        for tune in range(1, index.tunes + 1):
            for one in similar(tune, index).tunes:
                both = (min(tune, one.tune), max(tune, one.tune))
                expected[both] = max(expected.get(both, 0.0), one.probability)
        pairs = similar_pairs(index)
    found = {(pair.first.tune, pair.second.tune): pair.probability for pair in pairs}
    assert found.keys() == {both for both, p in expected.items() if p >= 0.05}
    assert all(found[both] == pytest.approx(expected[both], abs=1e-6) for both in found)
    assert [pair.probability for pair in pairs] == sorted(found.values(), reverse=True)
    assert {(pair.first.title, pair.second.title) for pair in similar_pairs(path, least=0.5)} == {
        ("The Kesh", "Varied")
    }


def test_the_command_writes_them_as_csv_and_parquet(path: Path, tmp_path: Path) -> None:
    pairs = similar_pairs(path)
    for name in ("pairs.csv", "pairs.parquet"):
        done = call("similar", "--all", "--index", path, "--min-probability", "0.05",
                    "-o", tmp_path / name)  # fmt: skip
        assert (done.code, done.err) == (0, "")
        assert f"{len(pairs)} pair" in done.out
    with (tmp_path / "pairs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = [(p.first.reference, p.second.reference, p.first.title, p.second.title,
                 p.first_family, p.second_family) for p in pairs]  # fmt: skip
    names = ("first", "second", "first_title", "second_title", "first_family", "second_family")
    assert [tuple(row[name] for name in names) for row in rows] == [
        tuple(map(str, row)) for row in expected
    ]
    table = pyarrow.parquet.read_table(tmp_path / "pairs.parquet").to_pylist()
    assert [tuple(row[name] for name in names) for row in table] == expected
    assert [row["probability"] for row in table] == pytest.approx([p.probability for p in pairs])


def test_wrong_use_is_refused_in_one_sentence(path: Path, tmp_path: Path) -> None:
    bare = index_of(tmp_path, KESH)
    with pytest.raises(QueryError, match="find them with 'tunetrace families'"):
        similar_pairs(bare)
    cases = [
        (["--all", "--index", path], "--all writes a table; give the file to write with -o"),
        (["--all", "tune.abc", "-o", "a.csv"], "--all reads no tunes; remove tune.abc"),
        (["tune.abc", "-o", "a.csv"], "--output works only with --all; add --all or remove it"),
        ([], "no tune is given; give a file, corpus:number or -, or --all"),
        (["--all", "-o", tmp_path / "a.txt"], "the name of a table must end in .csv or .parquet"),
    ]
    for arguments, message in cases:
        done = call("similar", *arguments)
        assert (done.code, done.out) == (2, "")
        assert message in done.err
