"""Pages drawn by cairo: compared with CairoSVG, and with shapes whose dots are known."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest

from tests.score.book.conftest import GRACED, KESH
from tunetrace import OutputError, engrave
from tunetrace.score.book.canvas import MOST_DOTS, _from_left, to_pdf, to_png
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


def of_shapes(shapes: str, glyphs: dict[str, str] | None = None) -> np.ndarray:
    """A picture of shapes, 100 dots for 100 units of the SVG."""
    # 254 units are an inch, which has 300 dots.
    size = 100 * 254 / 300
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<svg viewBox="0 0 100 100">{shapes}</svg></svg>'
    )
    drawing = Drawing(svg, glyphs or {}, size, size)
    return dots(to_png(BookPage(size, size, [PlacedDrawing(0, 0, drawing)])))


def test_a_score_is_drawn_as_cairosvg_draws_its_svg() -> None:
    svg2png = pytest.importorskip("cairosvg").svg2png
    for text in (KESH, GRACED, HARD):
        engraving = engrave(text)
        drawing = engraving.drawing()
        # 127 units are 150 dots, so that both have the same dots.
        page = BookPage(2032, 127 * 4, [PlacedDrawing(0, 0, drawing)])
        mine = dots(to_png(page))
        theirs = dots(
            svg2png(
                bytestring=to_svg(page, "").encode(),
                output_width=mine.shape[1],
                output_height=mine.shape[0],
                background_color="white",
            )
        )
        ink = (255 - theirs).sum()
        assert ink > 255 * 10_000
        # CairoSVG also draws the outlines of glyphs, a dot of grey at their edges.
        assert abs(mine - theirs).sum() < 0.03 * ink
        assert (abs(mine - theirs) > 200).sum() < 20


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ('<path d="M10 20 L60 20" stroke-width="4"/>', (18, 22, 10, 60)),
        ('<polygon points="10,20 50,20 50,40 10,40"/>', (20, 40, 10, 50)),
        ('<rect x="10" y="20" width="30" height="5"/>', (20, 25, 10, 40)),
        ('<ellipse cx="50" cy="50" rx="20" ry="10"/>', (40, 60, 30, 70)),
        ('<polyline points="10,50 10,20 40,20" stroke-width="2" fill="none"/>',
         (19, 50, 9, 40)),
        ('<g transform="translate(10, 20)"><rect x="0" y="0" width="5" height="5"/></g>',
         (20, 25, 10, 15)),
        ('<use href="#square" transform="translate(20, 60) scale(0.5, 0.5)"/>',
         (40, 60, 20, 40)),
        ('<use href="#curved" transform="translate(20, 60) scale(1, 1)"/>', (30, 60, 20, 60)),
    ],
)  # fmt: skip
def test_each_kind_of_shape_is_drawn_at_its_place(
    shape: str, box: tuple[int, int, int, int]
) -> None:
    glyphs = {
        # Glyphs are upside down: 40 up, 40 to the right.
        "square": '<path transform="scale(1,-1)" d="M0 0v40h40l0 -40z"/>',
        # Two curves that touch y = 30 in their middles: each is 3/4 of its control points' height.
        "curved": '<path transform="scale(1,-1)" d="M0 0c0 40 20 40 20 0s20 -40 20 0"/>',
    }
    picture = of_shapes(shape, glyphs)
    top, bottom, left, right = box
    rows, columns = np.nonzero(picture < 128)
    if "curved" in shape:
        # The second curve goes on as the first came, which is downwards, and is cut at y = 90.
        assert (rows.min(), columns.min(), columns.max() + 1) == (top, left, right)
        assert rows.max() + 1 == 90
        return
    found = (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
    assert found == box
    if "polyline" not in shape and "ellipse" not in shape:
        assert (picture[top:bottom, left:right] < 128).all()


def test_what_is_hidden_is_not_drawn_and_an_unknown_element_is_refused() -> None:
    square = '<rect x="0" y="0" width="50" height="50"/>'
    assert (of_shapes(f'<g class="section placeholder">{square}</g>') == 255).all()
    with pytest.raises(OutputError, match="the SVG element <image>"):
        of_shapes("<image/>")
    with pytest.raises(OutputError, match="the SVG path 'A'"):
        of_shapes('<path d="M0 0 A1 1 0 0 0 5 5" stroke-width="1"/>')


def ink_of(words: Sequence[PlacedText]) -> tuple[int, int]:
    """The first and the last column of dots that words black."""
    picture = dots(to_png(BookPage(847, 200, [], list(words))))  # 1,000 dots wide
    columns = np.nonzero((picture < 128).any(axis=0))[0]
    return int(columns.min()), int(columns.max())


def test_words_begin_end_or_have_their_middle_at_their_place() -> None:
    left, right = ink_of([PlacedText(423.5, 100, "HHH", 50, "middle")])
    assert (left + right) / 2 == pytest.approx(500, abs=2)
    left, _ = ink_of([PlacedText(423.5, 100, "HHH", 50, "start")])
    assert left == pytest.approx(500, abs=4)
    _, right = ink_of([PlacedText(423.5, 100, "HHH", 50, "end")])
    assert right == pytest.approx(500, abs=4)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("The Kesh", "The Kesh"), ("אב גד", "דג בא"), ("אב 12 גד", "דג 12 בא"), ("", "")],
)
def test_hebrew_is_drawn_from_the_right(text: str, drawn: str) -> None:
    assert _from_left(text) == drawn


def test_a_picture_has_300_dots_in_an_inch_and_a_highest_height() -> None:
    assert dots(to_png(BookPage(508, 254))).shape == (300, 600)
    with pytest.raises(OutputError, match=f"no more than {MOST_DOTS:,} can be drawn"):
        to_png(BookPage(10, 28_000))


def test_a_pdf_has_pages_of_their_sizes() -> None:
    pypdf = pytest.importorskip("pypdf")
    pdf = to_pdf([BookPage(2540, 1270), BookPage(254, 254, [], [PlacedText(9, 9, "Ó Sé", 20)])])
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    # 72 points are an inch, which is 254 units.
    assert [(page.mediabox.width, page.mediabox.height) for page in pages] == [(720, 360), (72, 72)]
    assert "Ó Sé" in pages[1].extract_text()
