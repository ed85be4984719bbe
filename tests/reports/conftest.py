"""Fixtures: pages made of a few transcriptions, in the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.reports.browser import Shown
from tunetrace import Index
from tunetrace.checker.compare.summary import BatchTally
from tunetrace.checker.records import CheckedTune
from tunetrace.corpus.records import Rejected
from tunetrace.reports.page.page import Page

WHEN = datetime(2025, 3, 4, 15, 30, tzinfo=UTC)
CORPUS_TUNE = "T:Morrison's\nM:6/8\nK:Cmaj\n|: C 3 C D E | D 3 D E G | G 3 G E D | C 3 C 3 :|"
WORDS = ("This is the batch in words.",)


@pytest.fixture
def index(make_index: Callable[..., Index]) -> Index:
    """An index of one tune."""
    return make_index(CORPUS_TUNE)


def html_of(
    answers: Sequence[CheckedTune | Rejected],
    index: Index,
    *,
    name: str = "generated",
    words: Sequence[str] = WORDS,
    other: Sequence[CheckedTune] = (),
    named_from: float | None = None,
    **limits: int,
) -> str:
    """The page of a batch. other: the batch that it is compared with; named_from: from which
    probability near copies are named, None for a verbatim check; limits: those of Page."""
    tally, page = BatchTally(name, named_from=named_from), Page(**limits)
    beside = BatchTally("the other one", named_from=named_from)
    for answer in answers:
        tally.add(answer)
        page.add(answer)
    for answer in other:
        beside.add(answer)
    against = beside if other else None
    return page.html(tally.summary(other=against), words, index, when=WHEN,
                     command="tunetrace check generated.txt --only",
                     other=beside.summary() if other else None)  # fmt: skip


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[[str], Shown]]:
    """Puts a page into a file and that into the browser."""
    shown: list[Shown] = []

    def put(html: str) -> Shown:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        shown.append(Shown(browser, path))
        return shown[-1]

    yield put
    for page in shown:
        page.close()
