"""A check as an Arrow table, read by pyarrow as any other program would read it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pyarrow as pa
import pytest

from tests.checker.batches import checked
from tests.commands import KESH, MORRISONS
from tunetrace import CheckReport, Index, OutputError, check, check_batch
from tunetrace.checker.columns import TUNE_COLUMNS
from tunetrace.corpus.records import Rejected

ASIDE = Rejected("a.abc", 3, 1, "a chord is never closed")


def test_a_check_is_a_table_with_a_row_for_each_tune() -> None:
    tunes = (checked(8, 0.75), checked(3, 0.0, place=2, meter=None, title="a\nb"))
    table = pa.table(CheckReport(tunes, (ASIDE,)))
    assert table.column_names == [column.name for column in TUNE_COLUMNS if column.name != "batch"]
    assert table.select(["place", "title", "meter", "longest_notes", "copied_8"]).to_pylist() == [
        {"place": 1, "title": "The Kesh", "meter": "6/8", "longest_notes": 8, "copied_8": 0.75},
        {"place": 2, "title": "a�b", "meter": None, "longest_notes": 3, "copied_8": 0.0},
    ]
    assert table.schema.field("novelty").type == pa.list_(pa.float32())
    assert pa.table(CheckReport((), ())).num_rows == 0
    assert pa.RecordBatchReader.from_stream(CheckReport(tunes, ())).read_all() == table


def test_the_answers_of_a_batch_are_gathered_into_a_report(
    make_index: Callable[..., Index], tmp_path_factory: pytest.TempPathFactory
) -> None:
    index = make_index("M:6/8\nK:Cmaj\nC D E F G A B c d e f g |")
    book = tmp_path_factory.mktemp("book") / "some.abc"
    book.write_text(f"{KESH}\n{MORRISONS}\nX:3\nK:C\n[C\n", encoding="utf-8")
    report = CheckReport.gather(check_batch(book, index))
    assert [tune.place for tune in report.tunes] == [1, 2]
    assert len(report.set_aside) == 1
    assert pa.table(report)["title"].to_pylist() == [tune.title for tune in report.tunes]


def test_without_pyarrow_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OutputError) as refused:
        CheckReport((), ()).__arrow_c_stream__()
    assert str(refused.value) == (
        "an Arrow table of a check needs pyarrow; install it with: pip install 'tunetrace[report]'"
    )


def test_a_check_takes_the_share_that_is_most(make_index: Callable[..., Index]) -> None:
    index = make_index("M:6/8\nK:Cmaj\nC D E F G A B c d e f g |")
    text = "M:6/8\nK:Cmaj\nC D E F G A B c d c B A G F E D |"
    kinds = [check(text, index, copy_share=share).tunes[0].verdict.kind for share in (0.5, 0.9)]
    assert kinds[0] == "most"
    assert kinds[1] != "most"
