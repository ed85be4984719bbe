"""Pages drawn by cairo, as PNG and as PDF.

verovio's SVG has few kinds of elements, so that they are drawn here one by one. A library that
draws any SVG takes fifteen times as long, since it reads each note head as a document of its own.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import Element, fromstring

from tunetrace.errors import OutputError
from tunetrace.score.book.fonts import family_for
from tunetrace.score.book.page import UNITS_PER_INCH, BookPage, PlacedDrawing, PlacedText
from tunetrace.score.engraver import Drawing

if TYPE_CHECKING:
    from cairocffi import Context

DOTS_PER_INCH: Final = 300
_POINTS_PER_INCH: Final = 72
MOST_DOTS: Final = 32_767
"""The highest picture that cairo draws."""

_NUMBER: Final = re.compile(r"-?\d*\.?\d+")
_COMMAND: Final = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_TRANSFORM: Final = re.compile(r"(translate|scale)\(([^)]*)\)")
_PATH: Final = re.compile(r' d="([^"]*)"')
_BOLD: Final = frozenset(("ending", "fing", "reh", "tempo"))
_ITALIC: Final = frozenset(("dir", "dynam", "mNum"))
_HIDDEN: Final = "placeholder"


def check_cairo() -> None:
    """Raise OutputError if pages cannot be drawn here."""
    try:
        import cairocffi  # noqa: F401
    except ImportError as error:
        raise OutputError(
            "PNG and PDF need the Python package cairocffi, which is not installed; install "
            "tunetrace[score], or write an .svg"
        ) from error
    except OSError as error:
        raise OutputError(
            "PNG and PDF need the library cairo, which is not installed; install it (the package "
            "libcairo2 of Debian and Ubuntu, cairo elsewhere), or write an .svg"
        ) from error


def to_png(page: BookPage) -> bytes:
    """A page as a PNG picture, black on white. OutputError if it is too high for one."""
    import cairocffi

    scale = DOTS_PER_INCH / UNITS_PER_INCH
    width, height = round(page.width * scale), round(page.height * scale)
    if height > MOST_DOTS:
        raise OutputError(
            f"this music needs a picture of {height:,} dots in height, and no more than "
            f"{MOST_DOTS:,} can be drawn; write a .pdf"
        )
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_RGB24, width, height)
    context = cairocffi.Context(surface)
    context.set_source_rgb(1, 1, 1)
    context.paint()
    context.scale(scale, scale)
    _draw_page(context, page, shares_glyphs=False)
    out = io.BytesIO()
    surface.write_to_png(out)
    return out.getvalue()


def to_pdf(pages: Iterable[BookPage]) -> bytes:
    """Pages as a PDF document. Each is drawn as soon as it comes."""
    import cairocffi

    out = io.BytesIO()
    scale = _POINTS_PER_INCH / UNITS_PER_INCH
    surface = cairocffi.PDFSurface(out, 1, 1)
    context = cairocffi.Context(surface)
    for page in pages:
        surface.set_size(page.width * scale, page.height * scale)
        with _saved(context):
            context.scale(scale, scale)
            _draw_page(context, page, shares_glyphs=True)
        context.show_page()
    surface.finish()
    return out.getvalue()


def _draw_page(context: Context, page: BookPage, *, shares_glyphs: bool) -> None:
    """shares_glyphs: all uses of a glyph share one drawing of it. A PDF document is then a third
    of the size, but a picture takes ten times as long."""
    context.set_source_rgb(0, 0, 0)
    for words in page.words:
        family, _ = family_for(words.text)
        _draw_words(context, words, family)
    for music in page.music:
        _draw_music(context, music, shares_glyphs=shares_glyphs)


@contextmanager
def _saved(context: Context) -> Iterator[None]:
    """The state of the context after the statement is what it was before it."""
    context.save()
    try:
        yield
    finally:
        context.restore()


def _draw_words(
    context: Context, words: PlacedText, family: str, *, is_italic: bool = False
) -> None:
    import cairocffi

    context.select_font_face(
        family,
        cairocffi.FONT_SLANT_ITALIC if is_italic else cairocffi.FONT_SLANT_NORMAL,
        cairocffi.FONT_WEIGHT_BOLD if words.is_bold else cairocffi.FONT_WEIGHT_NORMAL,
    )
    context.set_font_size(words.size)
    text = _from_left(words.text)
    advance = context.text_extents(text)[4]
    left = {"start": 0.0, "middle": advance / 2, "end": advance}[words.anchor]
    context.move_to(words.x - left, words.y)
    context.show_text(text)


def _from_left(text: str) -> str:
    """A text as it is drawn from left to right: Hebrew is turned, but not the numbers in it."""
    if not any(map(_is_from_right, text)):
        return text
    runs = [
        ("".join(run) if is_turned else "".join(run)[::-1])
        for is_turned, run in groupby(
            text, key=lambda letter: letter.isalnum() and not _is_from_right(letter)
        )
    ]
    return "".join(reversed(runs))


def _is_from_right(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in ("R", "AL")


def _draw_music(context: Context, music: PlacedDrawing, *, shares_glyphs: bool) -> None:
    """A drawing of verovio, an SVG whose inner SVG has ten times its unit."""
    with _saved(context):
        context.translate(music.x, music.y)
        context.scale(music.scale, music.scale)
        for inner in fromstring(music.drawing.svg):
            with _saved(context):
                _, _, width, height = _numbers(inner.get("viewBox", ""))
                context.scale(music.drawing.width / width, music.drawing.height / height)
                pen = _Pen(context, music.drawing, shares_glyphs=shares_glyphs)
                for element in inner:
                    pen.draw(element)


class _Pen:
    """Draws the elements of one drawing."""

    def __init__(self, context: Context, drawing: Drawing, *, shares_glyphs: bool) -> None:
        self._context = context
        self._shares_glyphs = shares_glyphs
        self._glyphs = drawing.glyphs
        self._classes: list[str] = []  # of the elements around

    def draw(self, element: Element) -> None:
        """An element and all that is in it."""
        tag = element.tag.rpartition("}")[2]
        if tag == "g":
            self._group(element)
        elif tag == "use":
            self._use(element)
        elif tag == "path":
            self._path(element)
        elif tag in ("polygon", "polyline"):
            self._polygon(element, is_closed=tag == "polygon")
        elif tag == "ellipse":
            self._ellipse(element)
        elif tag == "rect":
            self._rectangle(element)
        elif tag == "text":
            self._text(element)
        else:
            raise OutputError(
                f"verovio drew the SVG element <{tag}>, which PNG and PDF cannot show; write an "
                ".svg"
            )

    def _group(self, group: Element) -> None:
        classes = group.get("class", "").split()
        if _HIDDEN in classes:
            return
        self._classes += classes
        transform = group.get("transform")
        if transform is None:
            for element in group:
                self.draw(element)
        else:
            with _saved(self._context):
                self._transform(transform)
                for element in group:
                    self.draw(element)
        del self._classes[len(self._classes) - len(classes) :]

    def _transform(self, text: str) -> None:
        for name, numbers in _TRANSFORM.findall(text):
            x, *more = _numbers(numbers)
            if name == "translate":
                self._context.translate(x, more[0])
            else:
                self._context.scale(x, more[0] if more else x)

    def _use(self, use: Element) -> None:
        """A glyph."""
        glyph = self._glyphs[use.get("href", "#")[1:]]
        with _saved(self._context):
            self._transform(use.get("transform", ""))
            if self._shares_glyphs:
                self._context.set_source_surface(_recorded(glyph))
                self._context.paint()
            else:
                _draw_glyph(self._context, glyph)

    def _path(self, path: Element) -> None:
        """A line, or the curved shape of a tie."""
        context, commands = self._context, path.get("d", "")
        _trace(context, commands)
        if "C" in commands:
            context.fill_preserve()
        self._stroke(path)

    def _polygon(self, polygon: Element, *, is_closed: bool) -> None:
        x, y, *rest = _numbers(polygon.get("points", ""))
        self._context.move_to(x, y)
        for x, y in zip(rest[::2], rest[1::2], strict=True):
            self._context.line_to(x, y)
        if is_closed:
            self._context.close_path()
            self._context.fill()
        else:
            self._stroke(polygon)

    def _stroke(self, element: Element) -> None:
        import cairocffi

        context = self._context
        is_round = element.get("stroke-linecap") == "round"
        is_joined = element.get("stroke-linejoin") == "round"
        context.set_line_cap(cairocffi.LINE_CAP_ROUND if is_round else cairocffi.LINE_CAP_BUTT)
        context.set_line_join(cairocffi.LINE_JOIN_ROUND if is_joined else cairocffi.LINE_JOIN_MITER)
        context.set_line_width(float(element.get("stroke-width", "1")))
        context.stroke()

    def _ellipse(self, ellipse: Element) -> None:
        names = ("cx", "cy", "rx", "ry")
        x, y, width, height = (float(ellipse.get(name, "0")) for name in names)
        with _saved(self._context):
            self._context.translate(x, y)
            self._context.scale(width, height)
            self._context.arc(0, 0, 1, 0, 2 * 3.141592653589793)
        self._context.fill()

    def _rectangle(self, rectangle: Element) -> None:
        names = ("x", "y", "width", "height")
        self._context.rectangle(*(float(rectangle.get(name, "0")) for name in names))
        self._context.fill()

    def _text(self, text: Element) -> None:
        """PlacedText of the music: numbers of bars and endings. Its innermost part has the size."""
        parts = list(text.iter())
        given = {name: value for part in parts for name, value in part.attrib.items()}
        words = PlacedText(
            x=float(given.get("x", "0")),
            y=float(given.get("y", "0")),
            text="".join(text.itertext()),
            size=float(given["font-size"].removesuffix("px")),
            anchor=given.get("text-anchor", "start"),  # type: ignore[arg-type]
            is_bold=not _BOLD.isdisjoint(self._classes),
        )
        is_italic = not _ITALIC.isdisjoint(self._classes)
        family, _ = family_for(words.text)
        _draw_words(self._context, words, family, is_italic=is_italic)


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


@cache
def _recorded(glyph: str) -> Any:
    """The drawing of a glyph, to be used again."""
    import cairocffi

    surface = cairocffi.RecordingSurface(cairocffi.CONTENT_COLOR_ALPHA, None)
    _draw_glyph(cairocffi.Context(surface), glyph)
    return surface


def _draw_glyph(context: Context, glyph: str) -> None:
    """Fill a glyph, an SVG path that is upside down."""
    context.scale(1, -1)
    for path in _PATH.findall(glyph):
        _trace(context, path)
        context.fill()


def _trace(context: Context, commands: str) -> None:
    """The path that the commands of an SVG path make."""
    before: tuple[float, float] | None = None  # where the last curve came from
    for command, text in _COMMAND.findall(commands):
        numbers = iter(_numbers(text))
        came_from, before = before, None
        if command == "M":
            context.move_to(next(numbers), next(numbers))
            command = "L"
        if command in "zZ":
            context.close_path()
        elif command == "L":
            for x, y in _by(2, numbers):
                context.line_to(x, y)
        elif command == "C":
            for curve in _by(6, numbers):
                context.curve_to(*curve)
        elif command == "l":
            for x, y in _by(2, numbers):
                context.rel_line_to(x, y)
        elif command == "h":
            for x in numbers:
                context.rel_line_to(x, 0)
        elif command == "v":
            for y in numbers:
                context.rel_line_to(0, y)
        elif command in "cs":
            before = came_from
            for curve in _by(6 if command == "c" else 4, numbers):
                first = before or (0.0, 0.0)  # s goes on as the last curve came
                x1, y1, x2, y2, x, y = curve if command == "c" else chain(first, curve)
                context.rel_curve_to(x1, y1, x2, y2, x, y)
                before = (x - x2, y - y2)
        else:
            raise OutputError(
                f"verovio drew the SVG path '{command}', which PNG and PDF cannot show; write an "
                ".svg"
            )


def _by(size: int, numbers: Iterator[float]) -> Iterator[tuple[float, ...]]:
    return zip(*[numbers] * size, strict=True)
