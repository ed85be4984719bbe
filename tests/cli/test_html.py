"""The option --html of check, tune and similar: they also write a page with scores."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, index_of
from tunetrace import CheckReport, OutputError, QueryError, check, save_page, similar, tune

HOSTILE = "X:9\nT:<script>alert(1)</script>\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3 ABd|\n"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return index_of(tmp_path, KESH, MORRISONS)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.abc"
    path.write_text(HOSTILE)
    return path


def headings(page: Path, level: int = 2) -> list[str]:
    """The headings of a page, in their order."""
    found = re.findall(rf"<h{level}[^>]*>(.*?)</h{level}>", page.read_text("utf-8"), re.DOTALL)
    return [unescape(re.sub(r"<[^>]*>", "", one)).strip() for one in found]


@pytest.mark.parametrize(
    ("command", "heading"),
    [
        (["check"], "<script>alert(1)</script>"),
        (["similar"], "<script>alert(1)</script>"),
    ],
)
def test_a_page_is_written_beside_the_answer(
    command: Sequence[str], heading: str, book: Path, index: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    plain = call(*command, book, "--index", index)
    ended = call(*command, book, "--index", index, "--html", page)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{plain.out}\nPage: {page}\n"
    assert headings(page) == [heading]
    text = page.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "<script>alert" not in text
    assert text.count('<g class="system">') >= 2  # the tune, and the Kesh under it


def test_a_tune_of_the_index_has_a_page(index: Path, tmp_path: Path) -> None:
    page = tmp_path / "kesh.html"
    ended = call("tune", "session:3", "--index", index, "--html", page)
    assert ended.out.endswith(f"\nPage: {page}\n")
    assert [one.partition(" session")[0] for one in headings(page)] == ["The Kesh"]


def test_json_stays_json(book: Path, index: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    plain = call("check", book, "--index", index, "--json")
    ended = call("check", book, "--index", index, "--json", "--html", page)
    assert json.loads(ended.out) == json.loads(plain.out)
    assert page.exists()


def test_a_page_is_replaced_with_force_and_nothing_else_ever_is(
    book: Path, index: Path, tmp_path: Path
) -> None:
    page, mine = tmp_path / "page.html", tmp_path / "mine.html"
    mine.write_text("<!DOCTYPE html><p>mine")
    arguments = ("check", book, "--index", index, "--html")
    assert call(*arguments, page).code == 0
    assert call(*arguments, page).refusal == (
        f"{page}: there is a page already; replace it with --force"
    )
    assert call(*arguments, page, "--force").code == 0
    assert call(*arguments, mine, "--force").refusal == (
        f"{mine}: this file is not a tunetrace page and is never replaced; move this file, or give "
        "another file name"
    )
    assert mine.read_text() == "<!DOCTYPE html><p>mine"


@pytest.mark.parametrize("command", ["check", "tune"])
def test_force_needs_a_page(command: str, book: Path, index: Path) -> None:
    name = "session:3" if command == "tune" else str(book)
    assert call(command, name, "--index", index, "--force").refusal == (
        "--force works only with --html; add --html FILE or remove --force"
    )


def test_force_of_similar_needs_a_page_or_a_table(book: Path, index: Path) -> None:
    assert call("similar", book, "--index", index, "--force").refusal == (
        "--force works only with --all or --html; add one of them or remove it"
    )


def test_what_is_set_aside_is_listed_and_the_rest_shown(index: Path, tmp_path: Path) -> None:
    book, page = tmp_path / "two.abc", tmp_path / "page.html"
    book.write_text(f"{KESH}\nX:2\nT:Bad\nK:?\nabc\n")
    ended = call("check", book, "--index", index, "--html", page)
    assert (ended.code, ended.err) == (0, "")
    assert "set aside" in ended.out
    assert headings(page) == ["The Kesh"]


def test_more_tunes_than_a_page_shows_are_refused(index: Path, tmp_path: Path) -> None:
    book, page = tmp_path / "many.abc", tmp_path / "page.html"
    book.write_text("\n".join(KESH.replace("X:3", f"X:{k}") for k in range(101)))
    ended = call("check", book, "--index", index, "--brief", "--html", page)
    assert (ended.code, page.exists()) == (2, False)
    assert ended.err == (
        "tunetrace: a page shows at most 100 tunes, and these are 101; show some of them, or write "
        "a report with scores\n"
    )


def test_save_page_takes_every_answer(book: Path, index: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    report = check(HOSTILE, index)
    for answer in (report, report.tunes[0]):
        save_page(answer, page, index, force=True)
        assert headings(page, 1) == ["What the corpus has of <script>alert(1)</script>"]
    found = similar(HOSTILE, index, alignment=True)
    for similars in (found, [found]):
        save_page(similars, page, index, force=True)
        assert headings(page, 1) == ["Tunes that are like <script>alert(1)</script>"]
    save_page(tune("session:3", index), page, force=True)
    assert headings(page, 1) == ["The Kesh"]
    with pytest.raises(OutputError, match="there is a page already"):
        save_page(report, page, index)


def test_an_answer_without_tunes_has_no_page(index: Path, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"^the answer has no tune to show on a page$"):
        save_page(CheckReport((), ()), tmp_path / "page.html", index)


def test_a_page_that_cannot_be_written_is_refused_before_the_check(
    book: Path, index: Path, tmp_path: Path
) -> None:
    ended = call("check", book, "--index", index, "--html", tmp_path)
    assert ended.refusal == f"{tmp_path}: this is a folder; give the name of a file in it"
