"""A check as an Arrow table, read by pyarrow as any other program would read it; and as HTML.

Nothing from a file becomes markup.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from tests.checker.batches import checked, source
from tests.commands import KESH, MORRISONS
from tunetrace import CheckReport, Index, OutputError, check, check_batch
from tunetrace.checker.baseline.percentiles import Percentiles
from tunetrace.checker.measures import MEASURES
from tunetrace.checker.tables import TUNE_COLUMNS
from tunetrace.corpus.records import Rejected

SCRIPT = "<script>alert('&')</script>"
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


# As HTML


class _Cells(HTMLParser):
    """The cells of all tables, row by row, and all tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        self._in_cell = tag in ("td", "th")
        if self._in_cell:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def test_a_tune_shows_its_verdict_its_measures_and_its_sources() -> None:
    below = {measure.name: 0.25 for measure in MEASURES}
    tune = checked(
        12, 0.75, standing=Percentiles(1500, "6/8", 6, 10, below), sources=(source(4, 20.0),)
    )
    text = tune._repr_html_()
    rows = _Cells(text).rows
    assert "<b>The Kesh</b><br>Not in the corpus." in text
    assert rows[0] == ["measure", "value", "more than … of 1,500 real tunes like it"]
    assert rows[1:3] == [
        ["longest span, in notes", "12", "25%"],
        ["notes in spans of 8 or more", "75%", "25%"],
    ]
    assert [row[0] for row in rows[1:11]] == [measure.label for measure in MEASURES]
    assert rows[11:] == [
        ["source", "notes shared", "longest run", "bars shared"],
        ["Morrison's (session:104)", "8", "8", "1"],
    ]


def test_a_report_shows_one_tune_in_full_and_several_in_a_table() -> None:
    aside = Rejected("a.abc", 3, 1, "a chord is never closed")
    one, two = checked(8, 0.5), checked(9, 0.5, place=2)
    assert CheckReport((one,), ())._repr_html_() == one._repr_html_()
    rows = _Cells(CheckReport((one, two), (aside,))._repr_html_()).rows
    assert rows == [
        ["place", "title", "notes", "longest span, in notes", "notes in spans of 8 or more",
         "verdict"],
        ["1", "The Kesh", "8", "8", "50%", "Not in the corpus."],
        ["2", "The Kesh", "8", "9", "50%", "Not in the corpus."],
        ["set aside", "reason"],
        ["a.abc:3:1", "a chord is never closed"],
    ]  # fmt: skip
    many = CheckReport((one,) * 61, ())._repr_html_()
    assert len(_Cells(many).rows) == 51
    assert many.endswith("<p>11 more tunes</p>")


def test_nothing_from_a_file_becomes_markup() -> None:
    tune = checked(8, 0.5, title=SCRIPT, sources=(source(4, 20.0, title=SCRIPT),))
    aside = Rejected(SCRIPT, 3, 1, SCRIPT)
    for text in (tune._repr_html_(), CheckReport((tune, tune), (aside,))._repr_html_()):
        assert "&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;" in text
        assert _Cells(text).tags <= {
            "p", "b", "br", "img", "table", "thead", "tbody", "tr", "th", "td",
        }  # fmt: skip
