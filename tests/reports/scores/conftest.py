"""Fixtures: pages of small tunes with their scores, and what a player does on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.reports.browser import Shown
from tunetrace.reports.markup import read_file
from tunetrace.reports.scores.page import TuneBlock, html
from tunetrace.reports.scores.sheet import PageScores
from tunetrace.tokenizer.transcription import Transcription

REEL = "M:2/4 K:Cmaj |: C 2 D 2 | E 2 F 2 | G 2 A 2 | B 2 c 2 :|"
"""Four bars of two quarters each; they are played twice."""

LISTENING = """
window.contexts = [];
window.AudioContext = class extends window.AudioContext {
  constructor(...given) { super(...given); window.contexts.push(this); }
};
window.played = [];
new MutationObserver((changes) => {
  for (const { target, oldValue } of changes) {
    const has = target.classList.contains("playing");
    if (has && !(oldValue ?? "").split(" ").includes("playing")) window.played.push(target.id);
  }
}).observe(document, { subtree: true, attributeFilter: ["class"], attributeOldValue: true });
"""
"""Keeps the contexts of sound that a page makes, and the notes in the order in which they light."""


def tune(tokens: str, title: str = "The Reel", key: str = "Cmaj") -> Transcription:
    """A tune of tokens, written in C."""
    return Transcription((title,), 1, None, key, key, tuple(tokens.split()), "")


def page_of(*tunes: Transcription) -> str:
    """A page of tunes with nothing but their scores."""
    sheet = PageScores()
    shown = []
    for place, one in enumerate(tunes, 1):
        engraving = sheet.engraved(one)
        score = sheet.score(engraving, one.title) if engraving else None
        shown.append(TuneBlock(f"tune-{place}", one.title, None, "", (), score))
    return html(shown, sheet.shapes(), title="Some tunes", about="")


@pytest.fixture
def listen(show: Callable[[str], Shown]) -> Callable[..., Shown]:
    """Opens a page whose sound and whose lit notes are kept."""

    def open_page(page: str, **options: Any) -> Shown:
        shown = show(page).open(**options)
        shown.tab.add_init_script(LISTENING)
        shown.tab.reload()
        return shown

    return open_page


@pytest.fixture
def scheduled(show: Callable[[str], Shown]) -> Callable[..., dict[str, Any]]:
    """What schedule.js answers, without a player."""
    page = show(
        f"<!DOCTYPE html><title>-</title><script>{read_file('scores/schedule.js')}</script>"
    )
    page.open()

    def ask(score: dict[str, Any], **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = page.run("return schedule(...arguments)", score, options)
        return found

    return ask


def wait_until_played(page: Shown, notes: int) -> list[str]:
    """The ids of the first notes that were lit. notes: how many to wait for."""
    page.tab.wait_for_function("count => window.played.length >= count", arg=notes, timeout=20_000)
    found: list[str] = page.run("return window.played")
    return found[:notes]


def notes_of(prefix: str, tokens: Sequence[int]) -> list[str]:
    """The ids of notes."""
    return [f"{prefix}-n{token}" for token in tokens]
