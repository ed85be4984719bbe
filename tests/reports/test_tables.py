"""The tables of a report: read back by csv and by pyarrow, with whatever titles files may hold."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import subprocess
import sys
from importlib.machinery import ModuleSpec
from math import log10
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checker.batches import checked, name, same, source, span, transcription
from tunetrace import OutputError, __version__
from tunetrace.checker.baseline.percentiles import Percentiles
from tunetrace.checker.measures import MEASURES
from tunetrace.checker.records import CheckedTune
from tunetrace.checker.tables import REJECT_COLUMNS, SPAN_COLUMNS, TUNE_COLUMNS
from tunetrace.corpus.records import Rejected
from tunetrace.reports.folder import ReportFolder
from tunetrace.reports.tables import Tables, guarded

FILES = ["set-aside.csv", "spans.parquet", "tunes.csv", "tunes.parquet"]


def write(folder: Path, *records: CheckedTune | Rejected, batch: str = "ours") -> Path:
    with ReportFolder(folder) as report, Tables(report) as tables:
        for record in records:
            tables.add(batch, record)
    return folder


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def test_a_transcription_is_a_row_of_both_tables(tmp_path: Path) -> None:
    tune = checked(
        8, 0.75, place=2, creativity=1 / 3,
        standing=Percentiles(150, "6/8", 6, 10, {"copied_8": 0.5}),
        spans=(span(3, 9, 5, 0.5), span(3, 14, 8, 0.001, (name(4), name(1)))),
        identical_to=(same(1), same(2)),
        sources=(source(4, 20.0, "Tune 4"),), duplicate_of=1, novelty=(0.0, 0.25, 2 / 3, 1.0),
    )  # fmt: skip
    folder = write(tmp_path, tune)
    assert sorted(file.name for file in folder.iterdir()) == FILES
    expected = {
        "batch": "ours", "place": 2, "title": "The Kesh", "notes": 8, "longest_notes": 8,
        "longest_text": "C 3 C D E | D 3 D E G", "longest_tunes": 2, "copied_8": 0.75,
        "identical_to": ["session:101", "session:102"], "nearest": "session:101",
        "nearest_title": "Morrison's", "nearest_notes": None, "spans_beyond_chance": 1,
        "duplicate_of": 1, "near_duplicate_of": None, "meter": "6/8", "key": "Cmaj",
        "original_key": "Gmaj", "bars": 2, "bars_in_corpus": 0.5, "peers": 150,
        "below_copied_8": 0.5, "below_copied_12": None,
        "novelty": [0.0, 0.25, pytest.approx(2 / 3), 1.0],
        "input": "generated.txt", "line": 12, "number": 3,
        "tokens": "M:6/8 K:Cmaj |: C 3 C D E | D 3 D E G :|",
    }  # fmt: skip
    (row,) = parquet_rows(folder / "tunes.parquet")
    assert {column: row[column] for column in expected} == expected
    assert row["creativity"] == pytest.approx(1 / 3)
    assert row["longest_expected"] == pytest.approx(0.001)
    (fields,) = csv_rows(folder / "tunes.csv")
    assert list(fields) == [name for name in row if name not in ("uniqueness", "novelty")]
    assert fields["identical_to"] == "session:101; session:102"
    assert fields["near_duplicate_of"] == fields["below_copied_12"] == ""
    assert float(fields["creativity"]) == pytest.approx(1 / 3)
    for column in ("place", "title", "longest_text", "copied_8", "duplicate_of", "nearest"):
        assert fields[column] == str(expected[column])


def test_a_transcription_with_nothing_found_has_empty_fields(tmp_path: Path) -> None:
    tune = checked(transcription=transcription("", None, number=None), novelty=())
    write(tmp_path, tune)
    (row,) = parquet_rows(tmp_path / "tunes.parquet")
    (fields,) = csv_rows(tmp_path / "tunes.csv")
    for column in ("longest_text", "longest_expected", "nearest", "peers", "meter", "number"):
        assert row[column] is None
        assert fields[column] == ""
    assert row["title"] == fields["title"] == fields["identical_to"] == ""
    assert row["novelty"] == row["identical_to"] == []


def test_a_span_is_a_row_with_its_text_and_the_first_tune_that_has_it(tmp_path: Path) -> None:
    tune = checked(8, place=7, spans=(span(3, 5, 1, 0.5), span(3, 14, 8, 0.25, (name(4), name(1)))))
    short, found = parquet_rows(write(tmp_path, tune) / "spans.parquet")
    assert found == {
        "batch": "ours", "place": 7, "title": "The Kesh", "notes": 8,
        "text": "C 3 C D E | D 3 D E G", "tunes": 2, "families": None, "hits": 2, "expected": 0.25,
        "log10_expected": pytest.approx(log10(0.25)), "by_chance": 2.0,
        "example": "session:104", "example_title": "Morrison's", "part": 1, "bar": 1,
        "first_note": 0, "stop_note": 8, "first_token": 3, "stop_token": 14,
    }  # fmt: skip
    assert (short["text"], short["example"]) == ("C 3", "session:101")


def test_what_was_set_aside_is_a_row_with_its_place_and_reason(tmp_path: Path) -> None:
    write(
        tmp_path,
        Rejected("a,b.abc", 4, 3, "the chord opened with '[' is never closed", "open bracket", 9,
                 'The "Kesh"'),
        Rejected("c.abc", None, None, "it has no K: field", "no key"),
    )  # fmt: skip
    assert [list(row.values()) for row in csv_rows(tmp_path / "set-aside.csv")] == [
        ["ours", "a,b.abc", "4", "3", "9", 'The "Kesh"',
         "the chord opened with '[' is never closed", "open bracket"],
        ["ours", "c.abc", "", "", "", "", "it has no K: field", "no key"],
    ]  # fmt: skip
    assert parquet_rows(tmp_path / "tunes.parquet") == []


def test_two_batches_stand_in_one_table_in_their_order(tmp_path: Path) -> None:
    with ReportFolder(tmp_path) as report, Tables(report) as tables:
        for batch in ("ours", "theirs"):
            for place in range(1, 3001):  # more than are written at once
                tables.add(batch, checked(place=place, spans=(span(),)))
    expected = [(batch, place) for batch in ("ours", "theirs") for place in range(1, 3001)]
    for file in ("tunes.parquet", "spans.parquet"):
        rows = pq.read_table(tmp_path / file, columns=["batch", "place"]).to_pylist()
        assert [(row["batch"], row["place"]) for row in rows] == expected
    rows = csv_rows(tmp_path / "tunes.csv")
    assert [(row["batch"], int(row["place"])) for row in rows] == expected


def test_the_parquet_files_say_what_they_hold(tmp_path: Path) -> None:
    write(tmp_path)
    for file, columns in (("tunes.parquet", TUNE_COLUMNS), ("spans.parquet", SPAN_COLUMNS)):
        schema = pq.read_schema(tmp_path / file)
        assert schema.metadata[b"tunetrace"] == __version__.encode()
        described = {field.name: field.metadata[b"description"].decode() for field in schema}
        assert described == {column.name: column.description for column in columns}
    types = {field.name: field.type for field in pq.read_schema(tmp_path / "tunes.parquet")}
    assert types["place"] == types["longest_notes"] == pa.int32()
    assert types["copied_8"] == types["below_creativity"] == pa.float32()
    assert types["uniqueness"] == pa.list_(pa.float32())
    assert types["identical_to"] == pa.list_(pa.string())


def test_every_measure_and_its_percentile_are_columns_of_their_own() -> None:
    for columns in (TUNE_COLUMNS, SPAN_COLUMNS, REJECT_COLUMNS):
        names = [column.name for column in columns]
        assert len(set(names)) == len(names)
        assert names[0] == "batch"
    names = [column.name for column in TUNE_COLUMNS]
    for measure in MEASURES:
        assert {measure.name, f"below_{measure.name}"} <= set(names)


# What files may hold

HOSTILE = {
    "line break": "The\nKesh",
    "carriage return": "The\rKesh",
    "line separator": "The\u2028Kesh",
    "null": "The\0Kesh",
    "surrogate": "The\udcffKesh",
    "right to left": "\u202ehseK",
}


@pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE)
def test_no_field_has_a_line_break_or_what_cannot_be_seen(tmp_path: Path, title: str) -> None:
    tune = checked(
        8, transcription=transcription(title, input=title), spans=(span(),),
        sources=(source(4, 20.0, title),),
    )  # fmt: skip
    write(tmp_path, tune, Rejected(title, 1, 1, title, "x", 1, title), batch=title)
    fields = [
        value
        for file in ("tunes.csv", "set-aside.csv")
        for row in csv_rows(tmp_path / file)
        for value in row.values()
    ]
    rows = parquet_rows(tmp_path / "tunes.parquet") + parquet_rows(tmp_path / "spans.parquet")
    fields += [value for row in rows for value in row.values() if isinstance(value, str)]
    assert all(field.isprintable() for field in fields)
    assert title.replace(title[3 if title[0] == "T" else 0], "\ufffd") in fields
    for file in ("tunes.csv", "set-aside.csv"):
        assert (tmp_path / file).read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("title", ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\uff1d1+1"])
def test_no_text_in_a_csv_file_is_a_formula(tmp_path: Path, title: str) -> None:
    tokens = ("M:6/8", "K:Cmaj", "=B", "C", "|")
    tune = checked(
        1,
        transcription=transcription(title, tokens=tokens, input=title),
        spans=(span(2, 4, tokens=tokens),),
    )
    write(tmp_path, tune, Rejected(title, 1, 1, title, title, 1, title), batch=title)
    for file in ("tunes.csv", "set-aside.csv"):
        for row in csv_rows(tmp_path / file):
            texts = [value for value in row.values() if not re.fullmatch(r"-?[\d.]+", value)]
            assert not [value for value in texts if value.startswith(tuple("=+-@\uff1d"))]
            assert row["title"] == row["batch"] == f"'{title}"
    (row,) = csv_rows(tmp_path / "tunes.csv")
    assert row["longest_text"] == "'=B C"
    (exact,) = parquet_rows(tmp_path / "tunes.parquet")
    assert (exact["title"], exact["longest_text"]) == (title, "=B C")


@given(st.text("'=+-@a1 \uff1d\uff20", max_size=6))
def test_a_guarded_text_can_be_told_from_every_other(text: str) -> None:
    field = guarded(text)
    assert not field.startswith(tuple("=+-@\uff1d\uff20"))
    # The rule of docs/architecture.md: one apostrophe goes where apostrophes lead to such a sign.
    sign = field.lstrip("'")[:1]
    is_guarded = field.startswith("'") and sign in tuple("=+-@\uff1d\uff20")
    assert (field[1:] if is_guarded else field) == text


def test_a_csv_file_is_utf_8_with_commas_and_ends_its_lines_as_rfc_4180_has_it(
    tmp_path: Path,
) -> None:
    write(tmp_path, checked(transcription=transcription('Ó, "Kesh"')))
    lines = (tmp_path / "tunes.csv").read_bytes().split(b"\r\n")
    assert lines[0].startswith(b"batch,place,title,verdict,verdict_text,notes,")
    assert lines[1].startswith('ours,1,"Ó, ""Kesh""",none,Not in the corpus.,8,0,'.encode())
    assert lines[2:] == [b""]


# The folder


def test_a_report_takes_its_place_only_when_it_is_whole(tmp_path: Path) -> None:
    write(tmp_path, checked(place=1))
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    not_a_record: Any = None
    with pytest.raises(AttributeError):
        write(tmp_path, checked(place=2), not_a_record)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    write(tmp_path, checked(place=3))
    assert [row["place"] for row in csv_rows(tmp_path / "tunes.csv")] == ["3"]


def test_what_a_killed_run_left_is_removed_and_what_another_writes_is_not(tmp_path: Path) -> None:
    ours = tmp_path / f"tunes.csv.building-{os.getppid()}"
    killed = tmp_path / "tunes.csv.building-999999999"
    for left in (ours, killed):
        left.touch()
    write(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([*FILES, ours.name])


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    assert (write(tmp_path / "a" / "b") / "tunes.csv").exists()


def test_a_folder_that_cannot_be_made_or_written_is_named_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "in", tmp_path / ("long" * 100)):
        with pytest.raises(OutputError) as caught:
            ReportFolder(place)
        message = str(caught.value)
        assert message.startswith(f"{place}: the report cannot be written to this folder (")
        assert "\n" not in message


def test_a_folder_in_the_place_of_a_file_is_refused_before_anything_is_checked(
    tmp_path: Path,
) -> None:
    (tmp_path / "tunes.parquet").mkdir()
    with pytest.raises(
        OutputError, match=r"needs to write a file 'tunes\.parquet', but there is a folder"
    ):
        write(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["tunes.parquet"]


FULL = """
import resource, sys
from pathlib import Path
from tests.checker.batches import checked, same
from tests.reports.test_tables import write
from tunetrace import OutputError
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    write(Path(sys.argv[1]), *[checked(place=place) for place in range(5000)])
except OutputError as error:
    print(error)
"""


def test_a_disk_without_room_ends_in_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    ended = subprocess.run([sys.executable, "-c", FULL, tmp_path / "report"], capture_output=True,
                           check=False, text=True)  # fmt: skip
    assert ended.stderr == ""
    place = tmp_path / "report"
    assert ended.stdout.startswith(
        f"{place}: the report cannot be written to this folder (file too large)"
    )
    assert ended.stdout.count("\n") == 1
    assert list(place.iterdir()) == []


def test_what_is_not_installed_is_named_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec

    def find_others(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in ("jinja2", "scipy") else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_others)
    with pytest.raises(OutputError) as caught:
        ReportFolder(tmp_path / "report")
    assert "jinja2, scipy cannot be found" in str(caught.value)
    assert str(caught.value).endswith("pip install 'tunetrace[report]'")
    assert not (tmp_path / "report").exists()
