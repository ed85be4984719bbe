"""The styles and scripts of the page, read once. No other file can be asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tunetrace.reports.markup import read_file

_FILES: Final = Path(__file__).parent / "files"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript"}
_OF_REPORTS: Final = (
    "base.css", "scores/score.css", "scores/schedule.js", "scores/sound.js", "scores/player.js",
    "scores/spans.js",
)  # fmt: skip
"""What the page has in common with the pages that are saved."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page."""

    body: bytes
    media_type: str
    tag: str
    """Changes with its content."""


@cache
def page_files() -> dict[str, PageFile]:
    """The files of the page by name."""
    texts = {Path(name).name: read_file(name) for name in _OF_REPORTS}
    texts |= {path.name: path.read_text(encoding="utf-8") for path in sorted(_FILES.iterdir())}
    return {name: _page_file(name, text.encode()) for name, text in texts.items()}


def _page_file(name: str, body: bytes) -> PageFile:
    return PageFile(body, _TYPES[Path(name).suffix], hashlib.sha256(body).hexdigest()[:16])
