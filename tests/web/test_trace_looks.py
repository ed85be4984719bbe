"""The first page for everyone: narrow, dark, enlarged, calm, for screen readers; and its sound."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.reports.browser import Shown
from tests.reports.scores.test_sound import HALF, RATE, RENDER, loudness
from tests.web.indexes import SEVERAL
from tests.web.test_trace_page import MISTAKE, paste, traced
from tunetrace.checker.post import TRANSCRIPTION

Visit = Callable[[str], Shown]


def is_overflowing(page: Shown) -> bool:
    """Whether the page can be scrolled sideways."""
    wide, seen = page.run("return [document.documentElement.scrollWidth, innerWidth]")
    return bool(wide > seen)


def empty(page: Shown) -> None: ...


def with_answer(page: Shown) -> None:
    traced(page)
    for summary in page.tab.locator("summary").all():
        if summary.is_visible() and summary.locator("xpath=..").get_attribute("open") is None:
            summary.click()


def with_bar(page: Shown) -> None:
    traced(page)
    page.tab.locator("#s1-b1 .notehead").first.click()


def with_source(page: Shown) -> None:
    traced(page)
    page.tab.get_by_role("button", name="Show its passages").first.click()


def with_mistake(page: Shown) -> None:
    paste(page, MISTAKE)
    expect(page.tab.get_by_role("alert")).to_contain_text("Line 7")


def with_several(page: Shown) -> None:
    traced(page, SEVERAL)


STATES = [empty, with_answer, with_bar, with_source, with_mistake, with_several]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_keeps_people_out(
    width: int, is_dark: bool, state: Callable[[Shown], None], visit: Visit, site: str
) -> None:
    page = visit(site).open(width=width, is_dark=is_dark)
    state(page)
    assert page.serious() == []
    assert not is_overflowing(page)
    assert page.console() == []


@pytest.mark.parametrize("state", STATES)
def test_it_fits_a_window_at_200_percent(
    state: Callable[[Shown], None], visit: Visit, site: str
) -> None:
    page = visit(site).open(width=640, scale=2)  # as a window of 1280 pixels shows it
    state(page)
    assert not is_overflowing(page)


@pytest.mark.parametrize("state", STATES)
def test_what_is_pressed_is_large_enough(
    state: Callable[[Shown], None], visit: Visit, site: str
) -> None:
    page = visit(site).open(width=360)
    state(page)
    small = page.run("""
        const isInText = (element) => element.matches("a") && element.closest("p, li, h3, h4");
        return [...document.querySelectorAll("a, button, summary, select, input, textarea")]
            .filter((element) => element.checkVisibility() && !element.closest("svg, label"))
            .filter((element) => !isInText(element) && !element.matches(".skip"))
            .map((element) => [element.textContent.trim(), element.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24)
            .map(([name, box]) => `${name}: ${box.width} x ${box.height}`);
    """)
    assert small == []
    chief = page.tab.get_by_role("button", name="Trace it").bounding_box()
    assert chief is not None
    assert chief["height"] >= 44


def test_a_narrow_screen_has_shorter_lines_of_music(visit: Visit, site: str) -> None:
    lines = {}
    for width in (360, 1280):
        page = traced(visit(site).open(width=width))
        lines[width] = page.tab.locator(".whole .system").count()
        for score in page.tab.locator(".notation").all():
            inside, around = score.evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert inside <= around
        notehead = page.tab.locator(".whole .notehead").first.bounding_box()
        assert notehead is not None
        assert notehead["width"] >= 8
        page.close()
    assert lines[360] > 2 * lines[1280]


def test_the_chosen_bar_is_not_under_what_is_said_of_it(visit: Visit, site: str) -> None:
    page = traced(visit(site).open(width=360))
    note = page.tab.locator("#s1-b3 .notehead").first
    note.evaluate("e => scrollTo(0, scrollY + e.getBoundingClientRect().bottom - innerHeight + 30)")
    note.click()
    page.tab.get_by_role("region", name="What you chose").get_by_role("heading").wait_for()
    page.tab.wait_for_function(
        """() => document.querySelector("rect.cursor").getBoundingClientRect().bottom
            <= document.querySelector(".choice").getBoundingClientRect().top"""
    )


def test_the_music_is_laid_out_again_for_another_width(visit: Visit, site: str) -> None:
    page = traced(visit(site).open(width=1280))
    before = page.tab.locator(".whole .system").count()
    page.tab.set_viewport_size({"width": 400, "height": 800})
    expect(page.tab.locator(".whole .system")).not_to_have_count(before)
    assert page.tab.locator(".whole .system").count() > before


def test_nothing_moves_for_who_wants_it_calm(visit: Visit, site: str) -> None:
    page = visit(site).open(is_calm=True)
    paste(page, TRANSCRIPTION)
    assert page.run("return document.getAnimations().length") == 0
    page.tab.locator("h2.verdict").wait_for()
    page.tab.get_by_role("button", name="Show its passages").first.click()
    assert page.run("return document.getAnimations().length") == 0


def test_headings_and_landmarks_are_in_order(visit: Visit, site: str) -> None:
    page = traced(visit(site).open())
    page.tab.locator("#s1-b1 .notehead").first.click()
    levels = page.run("""return [...document.querySelectorAll("h1, h2, h3, h4")]
        .map((heading) => Number(heading.tagName[1]))""")
    assert levels[:2] == [1, 2]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    snapshot = page.tab.locator("body").aria_snapshot()
    for role in ("banner", 'navigation "Pages"', "main", "contentinfo", 'region "What you chose"'):
        assert f"- {role}:" in snapshot
    assert 'textbox "A tune in ABC, or several"' in snapshot


def test_both_tunes_sound_softly_and_without_clicks(visit: Visit, site: str) -> None:
    page = traced(visit(site).open())
    events: list[dict[str, Any]] = page.run("""
        const figure = document.querySelector(".source figure.score");
        const score = JSON.parse(figure.querySelector("script").textContent);
        const notes = [...score.notes, ...score.under].sort((a, b) => a[0] - b[0]);
        const settings = { from: 0, tempo: 1, loop: null, swing: false, countIn: true };
        const { events } = schedule({ ...score, notes }, settings);
        return events.filter((event) => event.kind !== "bar");
    """)
    notes = [event for event in events if event["kind"] == "note"]
    assert {event["id"].partition("-")[0][:2] for event in notes} == {"s2"}
    assert any("u0-" in event["id"] for event in notes)
    assert any(event["sounds"] > 1 for event in notes)  # both together
    seconds = max(event["time"] + event["duration"] for event in events) + 0.2
    samples = np.array(page.run(RENDER, events, seconds))
    assert 0.1 < np.abs(samples).max() < HALF
    assert np.abs(np.diff(samples)).max() < 0.1
    assert np.abs(samples[-100:]).max() == 0
    # After the count-in the first notes rise for 5 ms at least.
    start = int(notes[0]["time"] * RATE)
    first = loudness(samples[start : start + RATE // 20])
    assert int(np.argmax(first > 0.9 * first.max())) >= 5
