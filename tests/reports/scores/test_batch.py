"""The report on a batch with scores, in a real browser."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.reports.browser import Shown
from tests.reports.scores.test_checked import CHECKED, FIRST, SECOND
from tunetrace import Index, report
from tunetrace.errors import OutputError


@pytest.fixture
def written(make_index: Callable[..., Index], tmp_path: Path) -> Path:
    """A report on two transcriptions: one of two tunes, and one that is a corpus tune."""
    index = make_index(FIRST, SECOND)
    batch = tmp_path / "batch.txt"
    batch.write_text(f"{CHECKED}\n\n{FIRST}\n", encoding="utf-8")
    report(batch, tmp_path / "report", index, with_scores=True)
    return tmp_path / "report" / "report.html"


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_its_transcriptions_have_scores_that_are_played(
    width: int, is_dark: bool, written: Path, browser: Browser
) -> None:
    page = Shown(browser, written).open(width=width, is_dark=is_dark)
    assert page.tab.locator("#most-copied figure.score").count() == 2
    assert page.tab.locator("#tune-1 .measure").count() == 8
    page.tab.locator("#tune-1 [data-do=play]").click()
    page.tab.locator("#tune-1 .note.playing").wait_for()
    assert page.serious() == []
    wide, seen = page.run("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= seen
    assert page.console() == []
    assert page.requests() == [written.as_uri()]
    page.close()


def test_a_span_in_the_score_leads_to_the_list_and_is_lit_everywhere(
    written: Path, browser: Browser
) -> None:
    page = Shown(browser, written).open()
    mark = page.tab.locator("#tune-1 a.mark[data-span='1']").first
    assert page.tab.locator(f"#tune-1 {mark.get_attribute('href')}").count() == 1
    page.tab.locator("#tune-1 button.said").first.click()
    assert page.tab.locator("#tune-1 a.mark.chosen").count() >= 1
    assert page.tab.locator("#tune-1 mark.chosen").count() >= 1
    mark.hover()
    assert page.tab.locator("#tune-1 li.pointed").count() == 1
    page.close()


def test_without_scores_there_is_no_player(
    make_index: Callable[..., Index], tmp_path: Path
) -> None:
    batch = tmp_path / "batch.txt"
    batch.write_text(CHECKED, encoding="utf-8")
    report(batch, tmp_path / "report", make_index(FIRST))
    text = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "player-controls" not in text
    assert "AudioContext" not in text
    assert '<figure class="score' not in text


def test_what_scores_need_is_asked_for_before_anything_is_checked(
    make_index: Callable[..., Index], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "verovio" else found(name)
    )
    batch = tmp_path / "batch.txt"
    batch.write_text(CHECKED, encoding="utf-8")
    with pytest.raises(OutputError, match=r"verovio cannot be found.*'tunetrace\[report,score\]'"):
        report(batch, tmp_path / "report", make_index(FIRST), with_scores=True)
    assert not (tmp_path / "report").exists()
