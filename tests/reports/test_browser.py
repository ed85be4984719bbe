"""The browser of these tests: it hears what a page asks for, complains of and hides from people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reports.browser import Shown

Show = Callable[[str], Shown]

LOUD = """<!DOCTYPE html><html lang="en"><title>loud</title><main><h1>loud</h1></main>
<script>
console.log("said"); alert("asked"); new Image().src = "https://example.org/a.png";
new WebSocket("wss://example.org/live"); setTimeout(() => { throw new Error("thrown"); });
</script>"""


def test_what_a_page_asks_for_and_complains_of_is_heard(show: Show) -> None:
    page = show(LOUD).open()
    assert set(page.requests()) == {
        page.address, "https://example.org/a.png", "wss://example.org/live"
    }  # fmt: skip
    said = page.console()
    for part in ("said", "alert: asked", "thrown", "ERR_NAME_NOT_RESOLVED"):
        assert any(part in complaint for complaint in said), (part, said)
    page.open(has_script=False)
    assert (page.requests(), page.console()) == ([page.address], [])


def test_a_script_has_arguments_and_may_take_its_time(show: Show) -> None:
    page = show("<title>x</title>").open()
    assert page.run("return [arguments[1], arguments[0]]", 1, "two") == ["two", 1]
    assert page.run("return new Promise(found => setTimeout(() => found(3), 20))") == 3


@pytest.mark.parametrize(("is_dark", "found"), [(False, []), (True, ["color-contrast: #faint"])])
def test_what_keeps_people_out_is_named_with_its_place(
    is_dark: bool, found: list[str], show: Show
) -> None:
    # Black on white; in dark mode #444 on #333, of a contrast of 1.3.
    page = show(
        '<!DOCTYPE html><html lang="en"><title>faint</title><style>body { background: #fff }'
        "@media (prefers-color-scheme: dark) { body { background: #333 } #faint { color: #444 } "
        'h1 { color: #fff } }</style><main><h1>Notes</h1><p id="faint">faint</p></main>'
    )
    assert page.open(is_dark=is_dark).serious() == found
    page.run("document.querySelector('main').innerHTML += '<button id=b></button>'")
    assert page.serious() == ["button-name: #b", *found]


def test_a_picture_has_the_pixels_of_the_screen(show: Show, tmp_path: Path) -> None:
    page = show(
        '<!DOCTYPE html><meta name="viewport" content="width=device-width">'
        "<style>body { margin: 0; height: 1000px }</style>"
    )
    for is_whole, height in ((True, 2000), (False, 1800)):
        page.open(width=400, scale=2).picture(tmp_path / "p.png", is_whole=is_whole)
        head = (tmp_path / "p.png").read_bytes()[16:24]
        assert (int.from_bytes(head[:4]), int.from_bytes(head[4:])) == (800, height)
