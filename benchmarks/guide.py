"""The pictures of the guide for musicians: docs/guide-*.png.

python -m benchmarks.guide

It builds the default index with its baseline and its families, serves it, and takes pictures of the
pages in Chromium, as somebody who follows the guide sees them.
"""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page

from benchmarks.corpus import ROOT
from benchmarks.output import say
from tests.reports.browser import Shown, chromium
from tests.web.running import running
from tunetrace import build_index, find_families, measure_baseline

COLOURS: Final = 128
WIDE: Final = 1000
NARROW: Final = 360

GUEST: Final = """X:1
T:The Wedding Guest
M:6/8
L:1/8
K:D
A|AFA Agf|ede fdB|AFA AdF|EFE E2A|AFA Agf|ede fdB|Agg fag|ded d2:|
|:f|gfe dcB|ABc d2e|fed gfe|dcB A2f|gfe dcB|ABc dfa|gec ABc|d3 d2:|
"""
"""A tune with an old first part (Haste to the Wedding) and a new second part."""


def main() -> None:
    """Put the pictures into docs."""
    with TemporaryDirectory(prefix="tunetrace-guide-") as folder:
        index = Path(folder) / "index.db"
        build_index(path=index)
        measure_baseline(index)
        find_families(index)
        with running(index) as service, chromium() as browser:
            _take(browser, f"http://127.0.0.1:{service.address[1]}")


def _take(browser: Browser, site: str) -> None:
    shown = Shown(browser, f"{site}/")
    tab = _traced(shown, WIDE)
    box = tab.locator(".whole").bounding_box()
    assert box is not None
    tab.set_viewport_size({"width": WIDE, "height": int(box["y"] + box["height"])})
    _save("trace", tab.screenshot())
    tab.locator(".spans [data-span] button").first.click()
    tab.wait_for_timeout(700)
    _save("source", tab.locator(".source[data-spans]:not(.faded)").first.screenshot())
    tab = _traced(shown, NARROW)
    tab.locator(".verdict").evaluate("element => element.scrollIntoView()")
    _save("phone", tab.screenshot())
    shown.close()
    shown = Shown(browser, f"{site}/figures?q=ede+fdB&in=D")
    tab = shown.open(width=WIDE).tab
    tab.set_viewport_size({"width": WIDE, "height": 1250})
    tab.locator("summary", has_text="keyboard").click()
    tab.wait_for_timeout(700)
    _save("figure", tab.screenshot())
    shown.close()


def _traced(shown: Shown, width: int) -> Page:
    """The page with the answer on a tune."""
    tab = shown.open(width=width).tab
    tab.fill("textarea", GUEST)
    tab.locator("#send").click()
    tab.wait_for_selector(".others figure.score")
    tab.evaluate("document.activeElement.blur()")
    tab.wait_for_timeout(700)
    return tab


def _save(name: str, shot: bytes) -> None:
    path = ROOT / "docs" / f"guide-{name}.png"
    picture = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS)
    picture.save(path, optimize=True)
    say(f"{path.name}: {picture.width} x {picture.height}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
