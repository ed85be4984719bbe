"""The picture of a report in the README: docs/report.png.

python -m benchmarks.picture

It builds an index of the public collections that music21 has, samples 300 tunes from the model that
ships with tunetrace, writes a report on them, and takes a picture of the top of its page. It needs
Chromium. The picture is the same each time, except for the date on it.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from benchmarks.corpus import ROOT
from tests.reports.browser import Shown, chromium

PICTURE: Final = ROOT / "docs" / "report.png"
TUNES: Final = 300
SEED: Final = 1
WIDTH: Final = 1280
COLOURS: Final = 256
"""A page of text needs no more, and the file is much smaller."""

_LAST_SHOWN: Final = "figure:nth-of-type(2)"


def main() -> None:
    """Run the commands in a temporary folder, and put the picture of the report into docs."""
    with TemporaryDirectory(prefix="tunetrace-picture-") as name:
        folder = Path(name)
        _run(folder, "index", "build")
        _run(folder, "baseline")
        sampled = _run(folder, "sample", "-n", str(TUNES), "--seed", str(SEED))
        (folder / "sampled.txt").write_bytes(sampled)
        _run(folder, "report", "sampled.txt", "-o", "report")
        shot = _top_of(folder / "report" / "report.html")
    picture = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS)
    picture.save(PICTURE, optimize=True)
    print(f"{PICTURE}: {picture.width} x {picture.height}, {PICTURE.stat().st_size:,} bytes")


def _run(folder: Path, *arguments: str) -> bytes:
    """Run a command of tunetrace in a folder that also has its index, and return what it prints."""
    environment = {**os.environ, "TUNETRACE_INDEX": str(folder / "index.db")}
    command = [sys.executable, "-m", "tunetrace", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True
    ).stdout


def _top_of(path: Path) -> bytes:
    """A page from its top to the end of the first row of pictures, as PNG."""
    with chromium() as browser:
        tab = Shown(browser, path).open(width=WIDTH).tab
        last = tab.locator(_LAST_SHOWN).bounding_box()
        assert last is not None
        height = last["y"] + last["height"] + 24
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": height}
        return tab.screenshot(clip=clip, full_page=True)


if __name__ == "__main__":
    main()
