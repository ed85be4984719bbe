"""`tunetrace report`: the folder that it leaves, what it prints, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

import tunetrace
from tests.commands import KESH, MORRISONS, call, index_of

FILES = {
    "report.html", "tunes.csv", "tunes.parquet", "spans.parquet", "summary.json", "set-aside.csv",
}  # fmt: skip


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of two tunes, whose tunebook lies beside it."""
    return index_of(tmp_path, KESH, MORRISONS)


def test_a_report_is_a_folder_with_its_files_and_no_others(index: Path, tmp_path: Path) -> None:
    ended = call("report", index.with_suffix(".abc"), "-o", tmp_path / "out", "--index", index)
    assert (ended.code, ended.err) == (0, "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert "Both stand in the corpus as a whole" in ended.out


def test_a_report_says_how_to_measure_the_baseline_that_an_index_lacks(
    index: Path, tmp_path: Path
) -> None:
    def report() -> str:
        out = tmp_path / "out"
        return call("report", index.with_suffix(".abc"), "-o", out, "--index", index).out

    assert "'tunetrace baseline' measures" in " ".join(report().split())
    assert call("baseline", "--index", index).code == 0
    assert "'tunetrace baseline'" not in report()


def test_a_batch_of_which_nothing_can_be_read_leaves_no_report(index: Path, tmp_path: Path) -> None:
    generated = tmp_path / "generated.abc"
    generated.write_text("X:1\nK:C\n[CEG\n\nX:2\nT:No key\nABC\n", encoding="utf-8")
    ended = call("report", generated, "-o", tmp_path / "out", "--index", index)
    assert ended.refusal.startswith("none of the 2 tunes can be read")
    assert not list((tmp_path / "out").iterdir())


def test_the_name_of_no_public_function_is_that_of_a_room() -> None:
    # A room takes the place of the function in the package as soon as it is imported.
    rooms = {room.parent.name for room in Path(tunetrace.__file__).parent.glob("*/__init__.py")}
    assert "indexer" in rooms
    assert not rooms & set(tunetrace.__all__)


def test_a_report_can_be_written_twice_from_python(index: Path, tmp_path: Path) -> None:
    with tunetrace.open_index(index) as opened:
        for _ in range(2):
            found = tunetrace.report([index.with_suffix(".abc")], tmp_path / "out", opened)
            assert found.batch.transcriptions == 2


def test_an_index_without_tunes_is_refused(index: Path, tmp_path: Path) -> None:
    tunetrace.remove_from_index(["session"], index)
    refused = call("report", index.with_suffix(".abc"), "-o", tmp_path / "report", "--index", index)
    assert "holds no tune to check against" in refused.refusal
    assert not (tmp_path / "report").exists()
