"""Pages drawn by CairoSVG."""

from __future__ import annotations

import io
from itertools import islice

import numpy as np
import pytest

from tests.score.book.conftest import GRACED, KESH
from tunetrace import OutputError, engrave
from tunetrace.score.book.cairo import MOST_DOTS, plain_svg, to_pdfs, to_png
from tunetrace.score.book.page import BookPage, PlacedDrawing, PlacedText, to_svg
from tunetrace.score.engraver import Drawing

pytestmark = pytest.mark.usefixtures("cairo")

HARD = """X:1
T:Hard
M:4/4
L:1/8
K:Eb
|:{g}A2-A>{cB}d (3efg [A-c-]2[Ac]2|z2 ^F/G/=a/b/ c'4-|c'2 __B2 [K:A] (5abcde f|1 A8:|2 A4 A,4|
[M:3/4]C3 D/4E/4F/4G/4 A2|]
"""


def dots(png: bytes) -> np.ndarray:
    """The dots of a picture: (height, width), 0 for black and 255 for white."""
    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.open(io.BytesIO(png)).convert("L"), dtype=int)


@pytest.mark.parametrize("text", [KESH, GRACED, HARD])
def test_a_page_looks_as_its_whole_svg_does(text: str) -> None:
    from cairosvg import svg2png

    drawing = engrave(text).drawing()
    page = BookPage(
        2100, 600, [PlacedDrawing(50, 100, drawing, 0.9)], [PlacedText(1050, 60, "Ó <Sé>", 52)]
    )
    whole = dots(svg2png(to_svg(page, "").encode(), dpi=300, background_color="white"))
    plain = dots(to_png(page))
    ink = (255 - whole).sum()
    assert ink > 255 * 10_000
    # Only the whole SVG has outlines of a hundredth of a millimetre around filled shapes.
    assert abs(plain - whole).sum() < 0.02 * ink
    assert abs(plain - whole).max() < 64


def test_no_style_and_no_use_is_left_and_only_groups_that_change_the_picture() -> None:
    groups = (
        '<g class="note" id="s1-n0"><g class="tuplet fing" transform="translate(1, 2)">'
        '<use href="#dot" transform="scale(3)"/></g><g class="beam"/></g>'
        '<g class="section placeholder"><path d="M0 0 L9 9" stroke-width="2"/></g>'
    )
    drawing = Drawing(
        f'<svg viewBox="0 0 9 9">{groups}</svg>',
        {"dot": '<path transform="scale(1,-1)" d="M0 0h9"/>'}, 9, 9,
    )  # fmt: skip
    svg = plain_svg(BookPage(9, 9, [PlacedDrawing(0, 0, drawing)]))
    assert svg[svg.index('viewBox="0 0 9 9">', svg.index("<path")) :].splitlines() == [
        'viewBox="0 0 9 9"><g transform="translate(1, 2)" style="font-weight:bold">'
        '<path transform="scale(3) scale(1,-1)" d="M0 0h9"/></g>'
        '<g style="visibility:hidden"><path d="M0 0 L9 9" stroke="currentColor" stroke-width="2"/>'
        "</g></svg></svg>"
    ]


def test_a_picture_has_300_dots_in_an_inch_and_a_highest_height() -> None:
    picture = dots(to_png(BookPage(508, 254)))
    assert picture.shape == (300, 600)
    assert (picture == 255).all()
    with pytest.raises(OutputError, match=f"no more than {MOST_DOTS:,} can be drawn"):
        to_png(BookPage(10, 28_000))


def test_pdf_pages_have_their_sizes_and_their_words() -> None:
    pypdf = pytest.importorskip("pypdf")
    pages = [BookPage(2540, 1270), BookPage(254, 254, [], [PlacedText(127, 99, "Ó Sé", 20)])]
    drawn = [page for pdf in to_pdfs(pages) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    # 72 points are an inch, which is 254 units.
    sizes = [(float(page.mediabox.width), float(page.mediabox.height)) for page in drawn]
    assert sizes == [pytest.approx((720, 360), abs=0.01), pytest.approx((72, 72), abs=0.01)]
    assert "Ó Sé" in drawn[1].extract_text()


def test_pages_of_a_large_book_are_drawn_as_they_come_by_extra_processes() -> None:
    pypdf = pytest.importorskip("pypdf")
    begun = []

    def pages() -> object:
        for number in range(60):
            begun.append(number)
            yield BookPage(254, 254, [], [PlacedText(127, 99, f"page {number}", 20)])

    drawn = to_pdfs(pages(), workers=1)  # type: ignore[arg-type]
    first = list(islice(drawn, 2))
    assert len(begun) < 30  # not all pages are kept at once
    texts = [pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text() for pdf in [*first, *drawn]]
    assert texts == [f"page {number}" for number in range(60)]
