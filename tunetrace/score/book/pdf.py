"""A tune-book as PDF: its pages, bookmarks, links from the index, and its title."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from tunetrace._version import __version__
from tunetrace.errors import OutputError
from tunetrace.score.book.page import UNITS_PER_INCH
from tunetrace.score.book.tunebook import INDEX_TITLE, BookEntry, Tunebook

if TYPE_CHECKING:
    from pypdf.generic import Fit

CREATOR: Final = "tunetrace"
_POINTS: Final = 72 / UNITS_PER_INCH


def check_pypdf() -> None:
    """Raise OutputError if pypdf is not installed."""
    try:
        import pypdf  # noqa: F401
    except ImportError as error:
        raise OutputError(
            "a .pdf needs the Python package pypdf, which is not installed; install "
            "tunetrace[score]"
        ) from error


def joined(pages: Iterable[bytes], book: Tunebook, title: str) -> bytes:
    """The pages of a book as one PDF document, with bookmarks and links.

    pages: documents of one page each. The same book gives the same bytes.
    """
    from pypdf import PdfReader, PdfWriter
    from pypdf.annotations import Link
    from pypdf.generic import Fit

    writer = PdfWriter()
    for page in pages:
        writer.add_page(PdfReader(io.BytesIO(page)).pages[0])
    height = book.height

    def at(entry: BookEntry) -> Fit:
        return Fit.xyz(left=0, top=(height - entry.y) * _POINTS)

    for entry in book.entries:
        writer.add_outline_item(title=entry.title, page_number=entry.page - 1, fit=at(entry))
    if book.index_page is not None:
        writer.add_outline_item(title=INDEX_TITLE, page_number=book.index_page - 1)
    for link in book.links:
        corners = (link.left, height - link.bottom, link.right, height - link.top)
        rectangle = tuple(corner * _POINTS for corner in corners)
        annotation = Link(
            rect=rectangle,  # type: ignore[arg-type]
            target_page_index=link.target.page - 1,
            fit=at(link.target),
        )
        writer.add_annotation(link.page - 1, annotation)
    writer.metadata = {
        "/Title": title,
        "/Creator": f"{CREATOR} {__version__}",
        "/Producer": "cairo, CairoSVG and pypdf",
    }
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
