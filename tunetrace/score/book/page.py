"""A page: music and words at their places. As SVG it is written here; canvas.py draws it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Final, Literal
from xml.sax.saxutils import escape

from tunetrace._version import __version__
from tunetrace.score.engraver import STYLE, Drawing, define

UNITS_PER_MM: Final = 10
UNITS_PER_INCH: Final = 254
"""The unit of a page is verovio's, a tenth of a millimetre."""

TITLE_SIZE: Final = 52
TITLE_LINE: Final = 64
"""The size of a title, and the distance between its lines."""
_MOST_LINES: Final = 3

GENERATOR: Final = f"<!-- Written by tunetrace {__version__} -->"

_FAMILY: Final = "Times, 'Times New Roman', serif"


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A line of text."""

    x: float
    y: float
    """Of its baseline."""
    text: str
    size: float
    anchor: Literal["start", "middle", "end"] = "middle"
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class PlacedDrawing:
    """A drawing at its place."""

    x: float
    y: float
    drawing: Drawing
    scale: float = 1


@dataclass(frozen=True, slots=True)
class BookPage:
    """What is on a page of this size."""

    width: float
    height: float
    music: list[PlacedDrawing] = field(default_factory=list)
    words: list[PlacedText] = field(default_factory=list)


def to_svg(page: BookPage, title: str) -> str:
    """A page as an SVG document, black on white."""
    glyphs: dict[str, str] = {}
    for music in page.music:
        glyphs |= music.drawing.glyphs
    size = (
        f'width="{page.width / UNITS_PER_MM:g}mm" height="{page.height / UNITS_PER_MM:g}mm" '
        f'viewBox="0 0 {page.width:g} {page.height:g}"'
    )
    pieces = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f"{GENERATOR}\n",
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} color="black" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>{define(glyphs)}",
        f'<path fill="white" style="stroke:none" d="M0 0H{page.width:g}V{page.height:g}H0z"/>',
        *(_words(words) for words in page.words),
        *(_music(music) for music in page.music),
        "</svg>\n",
    ]
    return "".join(pieces)


def _music(music: PlacedDrawing) -> str:
    """A drawing as an SVG inside the document."""
    drawing, scale = music.drawing, music.scale
    place = (
        f'x="{music.x:g}" y="{music.y:g}" '
        f'width="{drawing.width * scale:g}" height="{drawing.height * scale:g}"'
    )
    return drawing.svg.replace("<svg ", f"<svg {place} ", 1)


def _words(words: PlacedText) -> str:
    weight = ' font-weight="bold"' if words.is_bold else ""
    return (
        f'<text x="{words.x:g}" y="{words.y:g}" font-family="{_FAMILY}" '
        f'font-size="{words.size:g}" text-anchor="{words.anchor}"{weight}>'
        f"{escape(words.text)}</text>"
    )


def title_lines(title: str, width: float, size: float = TITLE_SIZE) -> list[str]:
    """A title in lines that are not wider than a page. What is longer than three ends with `…`."""
    lines: list[str] = []
    for word in title.split():
        if lines and width_of(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
            continue
        while width_of(word, size) > width:
            rest = word
            word = fitting(word, width, size)
            lines.append(word)
            word = rest[len(word) :]
        if word:
            lines.append(word)
    if len(lines) > _MOST_LINES:
        lines = lines[:_MOST_LINES]
        lines[-1] = fitting(lines[-1], width - size, size) + "…"
    return lines


def cut(text: str, width: float, size: float) -> str:
    """A text that is not wider than this; `…` ends one that was cut."""
    return text if width_of(text, size) <= width else fitting(text, width - size, size) + "…"


def fitting(text: str, width: float, size: float) -> str:
    """The beginning of a text that fits into a width; at least a character."""
    end = 1
    while end < len(text) and width_of(text[: end + 1], size) <= width:
        end += 1
    return text[:end]


def width_of(text: str, size: float) -> float:
    """About how wide a text is in a font such as Times, rather more than less."""
    return sum(map(_em, text)) * size


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if unicodedata.combining(character):
        return 0.0
    if character in "MW@—…%":
        return 1.0
    if character in " .,;:'’!|ijltfrI()[]-":
        return 0.34
    return 0.72 if character.isupper() else 0.52
