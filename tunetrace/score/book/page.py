"""A page: tunes and words at their places, and as SVG."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from typing import Final, Literal
from xml.sax.saxutils import escape

from tunetrace._version import __version__
from tunetrace.score.engraver import PAGE_WIDTH, STYLE, Drawing, Engraver, define
from tunetrace.score.engraving import Engraving

UNITS_PER_MM: Final = 10
UNITS_PER_INCH: Final = 254
"""The unit of a page is verovio's, a tenth of a millimetre."""

TITLE_SIZE: Final = 52
TITLE_LINE: Final = 64
"""The size of a title, and the distance between its lines."""
_MOST_LINES: Final = 3
GAP: Final = 70
"""Between a tune and the title of the next."""

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

    @property
    def glyphs(self) -> dict[str, str]:
        """The shape of each glyph that its music uses, by its name."""
        return {name: path for one in self.music for name, path in one.drawing.glyphs.items()}


def to_svg(page: BookPage, title: str) -> str:
    """A page as an SVG document, black on white."""
    head = f"<title>{escape(title)}</title><style>{STYLE}</style>{define(page.glyphs)}"
    return without_style(page, head)


def without_style(page: BookPage, head: str = "") -> str:
    """A page as an SVG document that lacks the definitions of glyphs and the style of drawings.

    head: what comes before the page.
    """
    size = (
        f'width="{page.width / UNITS_PER_MM:g}mm" height="{page.height / UNITS_PER_MM:g}mm" '
        f'viewBox="0 0 {page.width:g} {page.height:g}"'
    )
    pieces = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f"{GENERATOR}\n",
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} color="black" role="img">',
        head,
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


# Tunes on a page


@dataclass(frozen=True, slots=True)
class DrawnTune:
    """A tune that is drawn, but has no place yet."""

    title: list[str]
    """Its lines."""
    drawings: list[Drawing]
    """Its music. There are several if it is higher than a page."""

    @property
    def title_height(self) -> float:
        """How much its title needs."""
        return TITLE_LINE * len(self.title) + (GAP / 4 if self.title else 0)

    @property
    def height(self) -> float:
        """How much it needs if all of it is on one page."""
        return self.title_height + sum(drawing.height for drawing in self.drawings)

    def put_title(self, page: BookPage, y: float) -> float:
        """Write its title on a page from y on. Returns where its music begins."""
        for k, line in enumerate(self.title):
            baseline = y + k * TITLE_LINE + TITLE_SIZE
            page.words.append(PlacedText(page.width / 2, baseline, line, TITLE_SIZE))
        return y + self.title_height


def drawn(engraving: Engraving, width: int = PAGE_WIDTH, height: float | None = None) -> DrawnTune:
    """A tune, drawn for a page of this width. height: of a page, if it may need several."""
    title = title_lines(engraving.staff.title, width)
    music = engraving.mei(has_title=False)
    left = None if height is None else int(height - TITLE_LINE * len(title) - GAP)
    return DrawnTune(title, list(Engraver(music, width=width, height=left).drawings()))


def one_page(engravings: Iterable[Engraving]) -> BookPage:
    """A page with tunes one below the other, as high as they need."""
    tunes = list(map(drawn, engravings))
    margin = GAP / 2
    height = margin + sum(tune.height + GAP for tune in tunes) - margin
    page = BookPage(PAGE_WIDTH + 2 * margin, height)
    y = margin
    for tune in tunes:
        y = tune.put_title(page, y)
        for drawing in tune.drawings:
            page.music.append(PlacedDrawing(margin, y, drawing))
            y += drawing.height
        y += GAP
    return page


# Titles that fit


def title_lines(title: str, width: float, size: float = TITLE_SIZE) -> list[str]:
    """A title in lines that are not wider than a page. What is longer than three ends with `…`."""
    lines: list[str] = []
    for word in title.split():
        if lines and width_of(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
            continue
        while word and len(lines) <= _MOST_LINES:
            lines.append(fitting(word, width, size))
            word = word[len(lines[-1]) :]
        if len(lines) > _MOST_LINES:
            break  # a title may have the length of a book
    if len(lines) > _MOST_LINES:
        lines = lines[:_MOST_LINES]
        lines[-1] = fitting(lines[-1], width - size, size) + "…"
    return lines


def cut(text: str, width: float, size: float) -> str:
    """A text that is not wider than this; `…` ends one that was cut."""
    return text if width_of(text, size) <= width else fitting(text, width - size, size) + "…"


def fitting(text: str, width: float, size: float) -> str:
    """The beginning of a text that fits into a width; at least a character."""
    widths = accumulate(_em(character) * size for character in text)
    end = sum(1 for _ in takewhile(lambda wide: wide <= width, widths))
    return text[: max(end, 1)]


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
