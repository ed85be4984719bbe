"""Near copies as the commands print them: check, its brief lines, JSON and JSON Lines; report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.checker.similar.tunes import MAGGIE, WASHERWOMAN, higher, written
from tests.commands import KESH, MORRISONS, call, index_of

HIGHER = written(WASHERWOMAN, higher(7))
NOTHING = "X:9\nT:Nothing\nM:4/4\nL:1/8\nK:C\nC8|B,8|\n"
NEAR_COLUMNS = (
    "similarity", "most_similar", "near_copy", "near_title", "near_aspect", "near_scope",
    "near_change",
)  # fmt: skip
SENTENCE = "This is The Irish Washerwoman (session:1), an octave higher."


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("near"), WASHERWOMAN, MAGGIE, KESH, MORRISONS)


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """A near copy, nothing, and a tune of the index."""
    path = tmp_path / "batch.abc"
    path.write_text("\n".join([HIGHER, NOTHING, MAGGIE]), encoding="utf-8")
    return path


def checked(tune: str, index: Path, *options: str) -> str:
    """What a check prints of a tune, with single spaces."""
    ended = call("check", "--index", index, *options, stdin=tune.encode())
    assert (ended.code, ended.err) == (0, "")
    return " ".join(ended.out.split())


def test_the_verdict_names_the_near_copy_and_how_sure_it_is(index: Path) -> None:
    shown = checked(HIGHER, index)
    assert SENTENCE in shown
    probability = call("check", "--index", index, "--json", stdin=HIGHER.encode()).json["tunes"][0][
        "near_copies"
    ][0]["probability"]
    assert f"Near copies {'>99' if probability >= 0.995 else round(100 * probability)}%: " in shown


def test_without_a_near_copy_the_most_similar_tune_is_told(index: Path) -> None:
    shown = checked(NOTHING, index)
    assert "Near copies none" in shown
    like = KESH.replace("A3 ABd", "A2e ABd")
    found = call("check", "--index", index, "--json", stdin=like.encode()).json["tunes"][0]
    assert found["near_copies"] == []
    assert 0 < found["similarity"] < 0.9
    assert found["most_similar"]["title"] == "The Kesh"
    percent = f"{100 * found['similarity']:.0f}%"
    said = f"Near copies none; the most similar is The Kesh (session:3), at {percent}"
    assert said in checked(like, index)


def test_verbatim_says_nothing_of_near_copies(index: Path, batch: Path) -> None:
    shown = checked(HIGHER, index, "--verbatim")
    assert "near cop" not in shown.lower()
    assert "similar" not in shown
    (tune,) = call("check", "--index", index, "--json", "--verbatim", stdin=HIGHER.encode()).json[
        "tunes"
    ]
    assert tune["near_copies"] is tune["similarity"] is None
    lines = call("check", batch, "--index", index, "--jsonl", "--verbatim").out.splitlines()
    assert all(json.loads(line)[name] is None for line in lines for name in NEAR_COLUMNS)


def test_brief_says_near_before_the_near_copy(index: Path, batch: Path) -> None:
    lines = call("check", batch, "--index", index, "--brief").out.splitlines()[1:]
    assert lines[0].endswith("near session:1 The Irish Washerwoman")
    assert " near " not in lines[1]
    assert lines[2].endswith("= session:2 Drowsy Maggie")
    verbatim = call("check", batch, "--index", index, "--brief", "--verbatim").out.splitlines()[1:]
    assert " near " not in verbatim[0]
    assert verbatim[1:] == lines[1:]


def test_jsonl_and_the_tables_have_the_near_copy_in_columns(
    index: Path, batch: Path, tmp_path: Path
) -> None:
    lines = call("check", batch, "--index", index, "--jsonl").out.splitlines()
    first, second, third = map(json.loads, lines)
    assert [first[name] for name in NEAR_COLUMNS[1:]] == [
        "session:1", "session:1", "The Irish Washerwoman", "transposed", "whole",
        "an octave higher",
    ]  # fmt: skip
    assert first["verdict"] == "near"
    assert first["verdict_text"] == SENTENCE
    assert first["nearest"] == "session:1"
    assert first["similarity"] >= 0.9
    assert [second[name] for name in NEAR_COLUMNS[2:]] == [None] * 5
    assert [third[name] for name in NEAR_COLUMNS[2:5]] == ["session:2", "Drowsy Maggie", "exact"]
    assert third["verdict"] == "whole"
    out = tmp_path / "out"
    assert call("report", batch, "-o", out, "--index", index).code == 0
    rows = pq.read_table(out / "tunes.parquet").select(["place", *NEAR_COLUMNS]).to_pylist()
    for row, line in zip(rows, (first, second, third), strict=True):
        assert row.pop("similarity") == pytest.approx(line["similarity"], abs=1e-6)
        assert all(row[name] == line[name] for name in row)
    with (out / "tunes.csv").open(encoding="utf-8", newline="") as file:
        written_rows = list(csv.DictReader(file))
    assert [row["near_copy"] for row in written_rows] == ["session:1", "", "session:2"]


def test_a_report_counts_near_copies_beside_mistakes(
    index: Path, batch: Path, tmp_path: Path
) -> None:
    ended = call("report", batch, "-o", tmp_path / "out", "--index", index)
    shown = " ".join(ended.out.split())
    assert "2 transcriptions have a near copy in the corpus, with a probability of 90%" in shown
    assert "Of these, 1 has less than 50% of the notes in one corpus tune note for note." in shown
    assert "fewer than one is expected to be named all the same, by chance." in shown
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["batch"]
    assert (summary["near_copies"], summary["near_copies_only"]) == (2, 1)
    assert (summary["named_from"], summary["false_alarms"]) == (0.9, pytest.approx(0.03))
    assert [m["name"] for m in summary["measures"]][-1] == "similarity"
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert 'id="near-1"' in page
    assert "fewer than one is expected by mistake" in page


def test_a_verbatim_report_counts_none(index: Path, batch: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = call("report", batch, "-o", out, "--index", index, "--verbatim")
    assert "near copy" not in ended.out.lower()
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))["batch"]
    assert summary["near_copies"] is summary["named_from"] is None
    assert "similarity" not in [m["name"] for m in summary["measures"]]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "near-copies" not in page.split("</style>")[1]
    assert "--verbatim" in page  # in the command that checks a tune again


def test_a_check_says_how_similar_real_tunes_are_where_that_was_measured(
    tmp_path: Path,
) -> None:
    path = index_of(tmp_path, WASHERWOMAN, MAGGIE, KESH, MORRISONS)
    assert call("baseline", "--index", path).code == 0
    assert "more similar than in" not in checked(HIGHER, path)
    assert call("baseline", "--similar", "--index", path).code == 0
    assert "more similar than in all real tunes like it" in checked(HIGHER, path)
    line = json.loads(call("check", "--index", path, "--jsonl", stdin=HIGHER.encode()).out)
    assert line["below_similarity"] == 1.0
