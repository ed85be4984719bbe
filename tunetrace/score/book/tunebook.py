"""A tune-book: tunes on pages, and an index of their titles with the first bars of each."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from tunetrace.arguments import Paper
from tunetrace.indexer.store.rows.titles import title_key
from tunetrace.score.book.page import (
    GAP,
    BookPage,
    DrawnTune,
    PlacedDrawing,
    PlacedText,
    cut,
    drawn,
)
from tunetrace.score.engraver import Engraver
from tunetrace.score.engraving import Engraving
from tunetrace.score.mei import to_mei
from tunetrace.score.staff.records import Event, Section, Staff, StaffBar

PAPERS: Final[dict[Paper, tuple[int, int]]] = {"a4": (2100, 2970), "letter": (2159, 2794)}
"""Width and height of a page, in tenths of a millimetre."""

UNTITLED: Final = "(untitled)"
INDEX_TITLE: Final = "Index"

_MARGIN: Final = 130
_FOOT: Final = 90
"""From the page number to the edge."""
_NUMBER_SIZE: Final = 40

_INCIPIT_BARS: Final = 2
_INDEX_COLUMNS: Final = 2
_COLUMN_GAP: Final = 100
_INDEX_SIZE: Final = 38
_INDEX_LINE: Final = 52
"""The height of the title of an entry of the index."""
_HEADING: Final = 110
"""The height of the heading of the index."""
_HEADING_SIZE: Final = 60
_INCIPIT_SCALE: Final = 0.6
_INCIPIT_SPACE: Final = 150
"""The height of an incipit in the index; one with very high or low notes is made smaller."""
_ENTRY: Final = _INDEX_LINE + _INCIPIT_SPACE
"""The height of an entry of the index."""
_ENTRY_GAP: Final = 18


class BookEntry(NamedTuple):
    """A tune of the book."""

    title: str
    page: int
    """From 1."""
    y: float
    """Where on its page it begins."""


class BookLink(NamedTuple):
    """A rectangle of a page that leads to a tune."""

    page: int
    """From 1."""
    left: float
    top: float
    right: float
    bottom: float
    target: BookEntry


@dataclass(frozen=True, slots=True)
class _Indexed:
    entry: BookEntry
    incipit: str
    """The MEI of its first bars."""


class Tunebook:
    """Lays tunes out on pages. A tune is broken over pages only if it is longer than one."""

    def __init__(self, paper: Paper = "a4") -> None:
        self.width, self.height = PAPERS[paper]
        self._bottom = self.height - _MARGIN - _NUMBER_SIZE
        self.entries: list[BookEntry] = []
        """The tunes, in their order."""
        self.index_page: int | None = None
        """The first page of the index."""
        self.links: list[BookLink] = []
        """From the index to the tunes."""
        self._incipits: list[str] = []
        self.count = 0
        """How many pages there are so far."""

    def pages(self, tunes: Iterable[Engraving]) -> Iterator[BookPage]:
        """The pages, each as soon as it is full. At the end, if there are several tunes, comes
        the index. What else the book knows is complete after the last page."""
        page, y = self._page(), float(_MARGIN)
        for engraving in tunes:
            tune = drawn(engraving, self.width - 2 * _MARGIN, self._bottom - _MARGIN)
            if y > _MARGIN and (len(tune.drawings) > 1 or y + tune.height > self._bottom):
                yield self._numbered(page)
                page, y = self._page(), float(_MARGIN)
            self.entries.append(BookEntry(engraving.staff.title or UNTITLED, self.count, y))
            self._incipits.append(_incipit(engraving))
            *full, last = self._with(tune, page, y)
            for before, _ in full:
                yield self._numbered(before)
            page, y = last
        yield self._numbered(page)
        if len(self.entries) > 1:
            yield from self._index()

    def _with(self, tune: DrawnTune, page: BookPage, y: float) -> list[tuple[BookPage, float]]:
        """The pages with a tune that begins on a page at y, and where each of them ends."""
        y = tune.put_title(page, y)
        found: list[tuple[BookPage, float]] = []
        for k, drawing in enumerate(tune.drawings):
            if k > 0:
                page, y = self._page(), float(_MARGIN)
            page.music.append(PlacedDrawing(_MARGIN, y, drawing))
            found.append((page, y + drawing.height + GAP))
        return found

    def _page(self) -> BookPage:
        self.count += 1
        return BookPage(self.width, self.height)

    def _numbered(self, page: BookPage) -> BookPage:
        """A page with its number."""
        page.words.append(
            PlacedText(self.width / 2, self.height - _FOOT, str(self.count), _NUMBER_SIZE)
        )
        return page

    # The index

    def _index(self) -> Iterator[BookPage]:
        """The titles in alphabetical order, each with its page and its first bars."""
        entries = sorted(
            map(_Indexed, self.entries, self._incipits),
            key=lambda one: (_alphabetical(one.entry.title), one.entry.page, one.entry.y),
        )
        column_width = (self.width - 2 * _MARGIN - _COLUMN_GAP) / _INDEX_COLUMNS
        page, column, y = self._page(), 0, float(_MARGIN + _HEADING)
        self.index_page = self.count
        middle = self.width / 2
        page.words.append(
            PlacedText(middle, _MARGIN + _HEADING_SIZE, INDEX_TITLE, _HEADING_SIZE, is_bold=True)
        )
        top = y
        for indexed in entries:
            if y + _ENTRY + _ENTRY_GAP > self._bottom:
                column, y = column + 1, top
            if column == _INDEX_COLUMNS:
                yield self._numbered(page)
                page, column, y, top = self._page(), 0, float(_MARGIN), float(_MARGIN)
            x = _MARGIN + column * (column_width + _COLUMN_GAP)
            self._index_row(page, indexed, x, y, column_width)
            y += _ENTRY + _ENTRY_GAP
        yield self._numbered(page)

    def _index_row(
        self, page: BookPage, indexed: _Indexed, x: float, y: float, width: float
    ) -> None:
        entry, size = indexed.entry, _INDEX_SIZE
        title = cut(entry.title, width - 3 * size, size)
        page.words.append(PlacedText(x, y + size, title, size, "start"))
        page.words.append(PlacedText(x + width, y + size, str(entry.page), size, "end"))
        drawing = next(Engraver(indexed.incipit, is_line=True).drawings())
        scale = min(_INCIPIT_SCALE, width / drawing.width, _INCIPIT_SPACE / drawing.height)
        page.music.append(PlacedDrawing(x, y + _INDEX_LINE, drawing, scale))
        self.links.append(BookLink(self.count, x, y, x + width, y + _ENTRY, entry))


def _alphabetical(title: str) -> str:
    """What titles are sorted by: no article, no accents; tunes without a title come last."""
    if title == UNTITLED:
        return "\U0010ffff"
    letters = unicodedata.normalize("NFKD", title_key(title))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _incipit(engraving: Engraving) -> str:
    """The first bars of a tune as MEI, with its pickup if it has one."""
    staff = engraving.staff
    pickups = sum(measure.bar.is_pickup for measure in staff.measures[:_INCIPIT_BARS])
    return to_mei(_beginning(staff, pickups + _INCIPIT_BARS), engraving.prefix)


def _beginning(staff: Staff, bars: int) -> Staff:
    """The first bars of a tune. Ties that lead out of them are left out."""
    measures = staff.measures[:bars]
    if len(measures) < len(staff.measures):
        measures[-1] = _untied(measures[-1])
    sections = [Section(0, len(measures), None)]
    return replace(staff, measures=measures, sections=sections, played=[0])


def _untied(measure: StaffBar) -> StaffBar:
    *before, last = measure.events
    notes = tuple(note._replace(is_tied=False) for note in last.notes)
    end: Event = replace(last, notes=notes)
    return replace(measure, events=[*before, end])
