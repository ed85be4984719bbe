"""Which font has the letters of a text."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

SERIF: Final = "Times"
"""The font of titles, or what a machine has in its place."""

_FAMILIES: Final = (
    SERIF, "DejaVu Serif", "Noto Serif", "DejaVu Sans", "Noto Sans", "Noto Serif CJK SC",
    "Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Droid Sans Fallback",
    "Songti SC", "Hiragino Sans", "SimSun", "MS Mincho", "Arial Unicode MS", "Unifont",
)  # fmt: skip
"""Fonts that Linux, macOS and Windows have, the most like a title's first."""


@cache
def family_for(text: str) -> tuple[str, str]:
    """The first font with all letters of a text, or the one that has the most, and the letters
    that it lacks."""
    found = [(_lacking(family, text), -place) for place, family in enumerate(_FAMILIES)]
    lacking, place = min(found, key=lambda one: (len(one[0]), -one[1]))
    return _FAMILIES[-place], lacking


def _lacking(family: str, text: str) -> str:
    """The letters that a font has not."""
    letters = "".join(sorted({letter for letter in text if not letter.isspace()}))
    if letters.isascii():
        return ""
    glyphs = _scaled(family).text_to_glyphs(0, 0, letters, with_clusters=True)[0]
    return "".join(
        letter for letter, (glyph, _, _) in zip(letters, glyphs, strict=False) if glyph == 0
    )


@cache
def _scaled(family: str) -> Any:
    import cairocffi

    return cairocffi.ScaledFont(
        cairocffi.ToyFontFace(family),
        cairocffi.Matrix(10, 0, 0, 10, 0, 0),
        cairocffi.Matrix(),
        cairocffi.FontOptions(),
    )
