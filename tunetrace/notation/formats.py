"""The formats of notation that are read, and how they are told from other files."""

from __future__ import annotations

import codecs
import re
from typing import Final, Literal

NotationFormat = Literal["musicxml", "midi"]

NOTATION: Final[dict[str, str]] = {"musicxml": "MusicXML", "midi": "MIDI"}
"""What people call each format."""

LARGEST: Final[dict[str, int]] = {"musicxml": 10_000_000, "midi": 200_000}
"""Bytes. The MusicXML of a tune has some 100,000, its MIDI a few thousand."""

_BEGINS: Final = re.compile(r"\s*<(?:\?xml\b|!|score-(?:partwise|timewise)\b)")
_SCORE: Final = re.compile(r"<!DOCTYPE\s+score-|<score-(?:partwise|timewise)\b")


def notation_of(beginning: bytes | str) -> NotationFormat | None:
    """The format of notation that a file begins as; None for any other file."""
    if isinstance(beginning, bytes):
        if beginning.startswith(b"MThd"):
            return "midi"
        is_wide = beginning[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        if not is_wide and not beginning.lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith(b"<"):
            return None
        beginning = beginning.decode("utf-16" if is_wide else "utf-8-sig", errors="replace")
    is_score = _BEGINS.match(beginning) is not None and _SCORE.search(beginning) is not None
    return "musicxml" if is_score else None
