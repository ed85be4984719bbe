"""Tunes on a page: their titles over them, one below the other."""

from __future__ import annotations

from dataclasses import dataclass

from tunetrace.score.book.page import (
    TITLE_LINE,
    TITLE_SIZE,
    BookPage,
    PlacedDrawing,
    PlacedText,
    title_lines,
)
from tunetrace.score.engraver import PAGE_WIDTH, Drawing, Engraver
from tunetrace.score.engraving import Engraving

GAP = 70
"""Between a tune and the title of the next."""


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


class Sheet:
    """One page with tunes one below the other, as high as they need."""

    def __init__(self) -> None:
        self._tunes: list[DrawnTune] = []

    def add(self, engraving: Engraving) -> None:
        """Add a tune at the end."""
        self._tunes.append(drawn(engraving))

    def page(self) -> BookPage:
        """The page with all of them."""
        margin = GAP / 2
        height = margin + sum(tune.height + GAP for tune in self._tunes) - margin
        page = BookPage(PAGE_WIDTH + 2 * margin, height)
        y = margin
        for tune in self._tunes:
            y = tune.put_title(page, y)
            for drawing in tune.drawings:
                page.music.append(PlacedDrawing(margin, y, drawing))
                y += drawing.height
            y += GAP
        return page
