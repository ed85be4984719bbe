"""`tunetrace report`: the folder that it leaves, what it prints, and what it refuses."""

from __future__ import annotations

import csv
import json
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
    assert ended.out.startswith("Of 2 transcriptions, 2 are the same as a corpus tune; ")


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


def test_standard_input_is_no_batch_and_what_it_is_compared_with(
    index: Path, tmp_path: Path
) -> None:
    ended = call("report", "-", "-o", tmp_path / "out", "--versus", "-", "--index", index)
    assert ended.refusal == (
        "standard input is given twice, but it can be read only once; give a file in one of the "
        "two places"
    )
    assert not (tmp_path / "out").exists()


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


def test_progress_names_what_is_done_after_the_last_transcription(
    index: Path, tmp_path: Path
) -> None:
    told: list[tuple[str, int]] = []
    with tunetrace.open_index(index) as opened:
        tunetrace.report(
            [index.with_suffix(".abc")],
            tmp_path / "out",
            opened,
            versus=[index.with_suffix(".abc")],
            progress=lambda what, tunes: told.append((what, tunes)),
        )
    assert told == [("summing up", 4), ("drawing the page", 4)]


def test_an_index_without_tunes_is_refused(index: Path, tmp_path: Path) -> None:
    tunetrace.remove_from_index(["session"], index)
    refused = call("report", index.with_suffix(".abc"), "-o", tmp_path / "report", "--index", index)
    assert "has no tune to check against" in refused.refusal
    assert not (tmp_path / "report").exists()


def test_two_batches_stand_side_by_side(index: Path, tmp_path: Path) -> None:
    """The first batch is the corpus, of the second not a note stands there."""
    other = tmp_path / "other.txt"
    other.write_text("M:4/4\nK:Cmaj\n^f ^f ^f ^f | ^g ^g ^g ^g |\n", encoding="utf-8")
    ended = call("report", index.with_suffix(".abc"), "-o", tmp_path / "out", "--versus", other,
                 "--index", index, "--json")  # fmt: skip
    batch, versus = ended.json["batch"], ended.json["versus"]
    assert (batch["name"], batch["transcriptions"], batch["identical"]) == ("session", 2, 2)
    assert (versus["name"], versus["transcriptions"], versus["identical"]) == ("other", 1, 0)
    (share,) = (m for m in batch["measures"] if m["name"] == "copied_8")
    assert (share["batch"]["mean"], share["to_other"]["mean"]) == (1.0, 1.0)
    assert share["to_other"]["superiority"] == 1.0
    assert json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8")) == ended.json
    with (tmp_path / "out" / "tunes.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["batch"], row["place"]) for row in csv.DictReader(file)]
    assert rows == [("session", "1"), ("session", "2"), ("other", "1")]
    assert "compared with" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
