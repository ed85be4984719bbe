"""Pages drawn by CairoSVG, as PNG and as PDF."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain, islice
from typing import Final

from tunetrace.checker.batch.workers import ends_with_parent, result_of, started
from tunetrace.errors import OutputError
from tunetrace.interrupts import uninterrupted
from tunetrace.score.book.page import UNITS_PER_INCH, BookPage, without_style
from tunetrace.score.engraver import LOOKS

DOTS_PER_INCH: Final = 300
MOST_DOTS: Final = 32_767
"""The highest picture that cairo draws."""

_MANY_PAGES: Final = 20
"""A book of more pages is drawn by the extra processes, if there are any."""
_WAITING: Final = 4  # pages for each of them that are drawn or wait

_USE: Final = re.compile(r'<use href="#(?P<glyph>\w+)" transform="(?P<place>[^"]*)"/>')
_GROUP: Final = re.compile(r"</g>|<g\b(?P<said>[^>]*?)(?P<is_empty>/?)>")
_TRANSFORM: Final = re.compile(r' transform="[^"]*"')
_CLASS: Final = re.compile(r' class="([^"]*)"')


def check_cairo() -> None:
    """Raise OutputError if pages cannot be drawn here."""
    try:
        import cairosvg  # noqa: F401
    except ImportError as error:
        raise OutputError(
            "PNG and PDF need the Python package cairosvg, which is not installed; install "
            "tunetrace[score], or write an .svg"
        ) from error
    except OSError as error:
        raise OutputError(
            "PNG and PDF need the library cairo, which is not installed; install it (the package "
            "libcairo2 of Debian and Ubuntu, cairo elsewhere), or write an .svg"
        ) from error


def to_png(page: BookPage) -> bytes:
    """A page as a PNG picture, black on white. OutputError if it is too high for one."""
    from cairosvg import svg2png

    height = round(page.height * DOTS_PER_INCH / UNITS_PER_INCH)
    if height > MOST_DOTS:
        raise OutputError(
            f"this music needs a picture of {height:,} dots in height, and no more than "
            f"{MOST_DOTS:,} can be drawn; write a .pdf"
        )
    png: bytes = svg2png(plain_svg(page).encode(), dpi=DOTS_PER_INCH, background_color="white")
    return png


def to_pdfs(pages: Iterable[BookPage], workers: int = 0) -> Iterator[bytes]:
    """Pages as PDF documents of one page each, in their order.

    workers: extra processes that draw if there are many pages. TunetraceError if one was ended.
    """
    svgs = map(plain_svg, pages)
    first = list(islice(svgs, _MANY_PAGES + 1))
    if workers == 0 or len(first) <= _MANY_PAGES:
        yield from map(_to_pdf, chain(first, svgs))
        return
    with ExitStack() as stack:
        with uninterrupted():
            pool = stack.enter_context(started(workers, ends_with_parent))
            waiting = deque(pool.submit(_to_pdf, svg) for svg in first)
        for svg in svgs:
            waiting.append(pool.submit(_to_pdf, svg))
            if len(waiting) > _WAITING * workers:
                yield result_of(waiting.popleft())
        yield from map(result_of, waiting)


def _to_pdf(svg: str) -> bytes:
    from cairosvg import svg2pdf

    pdf: bytes = svg2pdf(svg.encode())
    return pdf


def plain_svg(page: BookPage) -> str:
    """A page as an SVG document that looks the same and that CairoSVG draws in half the time.

    It matches style sheets with each element, draws each group with a state of its own, and reads
    each glyph that is used as a document. So there is no style sheet here, no group that only
    names what is in it, and glyphs are where they are used.
    """
    glyphs = page.glyphs
    ends: list[str] = []  # of the groups around

    def group(tag: re.Match[str]) -> str:
        if tag["said"] is None:
            return ends.pop()
        if tag["is_empty"]:
            return ""
        kept = "".join(_TRANSFORM.findall(tag["said"])) + _look(tag["said"])
        ends.append("</g>" if kept else "")
        return f"<g{kept}>" if kept else ""

    def glyph(use: re.Match[str]) -> str:
        return glyphs[use["glyph"]].replace('transform="', f'transform="{use["place"]} ')

    svg = _GROUP.sub(group, without_style(page))
    return _USE.sub(glyph, svg).replace(" stroke-width=", ' stroke="currentColor" stroke-width=')


def _look(said: str) -> str:
    """The style that the classes of a group give it."""
    classes = {name for names in _CLASS.findall(said) for name in names.split()}
    styles = [style for style, names in LOOKS.items() if not classes.isdisjoint(names)]
    return f' style="{";".join(styles)}"' if styles else ""
