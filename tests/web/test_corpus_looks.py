"""The pages of the corpus for everyone: narrow, dark, enlarged, and for screen readers."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.reports.browser import Shown

Visit = Callable[[str], Shown]

STATES = {
    "no figure": "/figures",
    "a figure": "/figures?q=E2BE+dEBE&in=Edor",
    "a figure of a melody": "/figures?q=E2BE+dEBE&in=Edor&view=melody&meter=4/4",
    "a whole bar": "/figures?q=E2BE+dEBE&in=Edor&whole=1",
    "a figure that is not found": "/figures?q=E%2C2B%2CE%2C&in=Edor",
    "a mistake": "/figures?q=f%23ab&in=D",
    "a tune with a family": "/tunes/reels:1",
    "a tune without one": "/tunes/session:12345",
    "a hostile title": "/tunes/reels:3",
    "no such tune": "/tunes/Drowsy%20Magie",
    "two tunes": "/tunes/reels:1?beside=reels:2",
    "a title": "/tunes?title=maggie",
    "about": "/about",
    "for programs": "/api",
}


def opened(page: Shown) -> Shown:
    """A page with all that can be unfolded."""
    for details in page.tab.locator("main details").all():
        details.evaluate("one => { one.open = true; }")
    return page


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
@pytest.mark.parametrize("is_dark", [False, True])
def test_nothing_keeps_people_out(state: str, is_dark: bool, visit: Visit, reel_site: str) -> None:
    page = visit(reel_site + state).open(is_dark=is_dark)
    assert opened(page).serious() == []


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_nothing_is_wider_than_a_small_window(state: str, visit: Visit, reel_site: str) -> None:
    page = opened(visit(reel_site + state).open())
    for width in (640, 360):
        page.tab.set_viewport_size({"width": width, "height": 800})
        assert page.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_page_asks_for_nothing_elsewhere_and_complains_of_nothing(
    state: str, visit: Visit, reel_site: str
) -> None:
    page = visit(reel_site + state).open()
    asked = {urlsplit(one).netloc for one in page.requests() if not one.startswith("data:")}
    assert asked == {urlsplit(reel_site).netloc}
    # A browser notes the status of the page itself.
    assert [one for one in page.console() if "status of 4" not in one] == []
