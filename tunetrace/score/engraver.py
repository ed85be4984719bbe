"""From MEI to pictures and sound, by verovio."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tunetrace.errors import OutputError
from tunetrace.text import html_text

if TYPE_CHECKING:
    from verovio import toolkit

PAGE_WIDTH: Final = 2000
"""The width of a page that four or five bars fill, in tenths of a millimetre."""

_HIGHEST: Final = 60_000
"""verovio makes no higher page. A tune of 1,400 bars needs a second one."""

_OPTIONS: Final[dict[str, object]] = {
    "adjustPageHeight": True,
    "breaks": "auto",
    "footer": "none",
    "header": "encoded",
    "pageMarginLeft": 20,
    "pageMarginRight": 20,
    "pageMarginTop": 20,
    "svgFormatRaw": True,
    "svgRemoveXlink": True,
    "svgViewBox": True,
}

_MARGIN: Final = 40
_UNIT: Final = 9  # half a space of a staff
_SPACING: Final = 6  # between two lines of music, in this unit

_REPEATED: Final = re.compile(r"-rend\d+$")
"""What verovio adds to the ids of what is played again."""

_GLYPHS: Final = re.compile(r"<defs>(.*?)</defs>", re.DOTALL)
_GLYPH: Final = re.compile(r'<g id="(?P<name>\w+)-(?P<root>\w+)">(?P<path>.*?)</g>', re.DOTALL)
_EXTRAS: Final = re.compile(r'<desc>.*?</desc>|<style type="text/css">.*?</style>', re.DOTALL)
_MILESTONE: Final = re.compile(r'<g id="[a-z0-9]+" class="(?:page|system)MilestoneEnd [^"]*"/>')
"""The end of an element that is begun elsewhere. It is named by a random id."""
_RANDOM: Final = re.compile(r'(<[a-z]+(?: [a-z:A-Z]+="[^"]*")*?) id="[a-z0-9]+"')
_ROOT_SIZE: Final = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


class Drawing(NamedTuple):
    """An engraved page."""

    svg: str
    """An SVG element that uses the glyphs by their names, without defining them. Its ids are those
    that begin with the prefix. Its colour is that of the text around it."""
    glyphs: dict[str, str]
    """The shape of each glyph, an SVG path, by its name."""
    width: float
    height: float

    def standalone(self, more_style: str = "") -> str:
        """The drawing as a document of its own, black on nothing. more_style: CSS beyond STYLE."""
        style = f"<style>{STYLE}{more_style}</style>"
        return self.svg.replace(">", f' color="black">{style}{define(self.glyphs)}', 1)

    def as_image(self, title: str, more_style: str = "") -> str:
        """The drawing as an image in HTML: black on white, whatever the colours around it are.

        As an image its style does not reach what is around it. title: said to who cannot see it.
        """
        content = self.standalone(more_style).encode("utf-8")
        return (
            f'<img alt="Notation of {html_text(title or "the tune")}" '
            'style="background:#fff;width:100%;max-width:60em" '
            f'src="data:image/svg+xml;base64,{base64.b64encode(content).decode("ascii")}">'
        )


def stack(drawings: Iterable[Drawing]) -> Drawing:
    """Drawings under one another, as one."""
    pages = list(drawings)
    if len(pages) == 1:
        return pages[0]
    width, height = max(page.width for page in pages), 0.0
    glyphs: dict[str, str] = {}
    inside = []
    for page in pages:
        place = f'<svg y="{height:g}" width="{page.width:g}" height="{page.height:g}" '
        inside.append(page.svg.replace("<svg ", place, 1))
        height += page.height
        glyphs |= page.glyphs
    svg = (
        f'<svg viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg">'
        f"{''.join(inside)}</svg>"
    )
    return Drawing(svg, glyphs, width, height)


LOOKS: Final = {
    "font-weight:bold": ("ending", "fing", "reh", "tempo"),
    "font-style:italic": ("dir", "dynam", "mNum"),
    "visibility:hidden": ("placeholder",),
}
"""The style of each class of groups that has one."""

STYLE: Final = (
    "".join(f"{','.join(f'.{name}' for name in names)}{{{look}}}" for look, names in LOOKS.items())
    + "ellipse,path,polygon,polyline,rect{stroke:currentColor}"
)
"""How verovio's drawings are meant to look."""


def define(glyphs: dict[str, str]) -> str:
    """The definitions of glyphs, once for all drawings of a document."""
    shapes = "".join(f'<g id="{name}">{path}</g>' for name, path in glyphs.items())
    return f"<defs>{shapes}</defs>"


class TimedNote(NamedTuple):
    """A note as it is played. Times are quarter notes from the beginning."""

    start: float
    duration: float
    name: str
    """The id of its note in the MEI."""


@dataclass(frozen=True, slots=True)
class Timemap:
    """When everything is played, repeats and endings unfolded and ties joined."""

    notes: tuple[TimedNote, ...]
    measures: tuple[tuple[float, str], ...]
    """When each measure begins, each time it is played, and its id."""


class Engraver:
    """One MEI document, engraved."""

    def __init__(
        self,
        mei: str,
        *,
        width: int = PAGE_WIDTH,
        height: int | None = None,
        space_below: int = 0,
        is_line: bool = False,
    ) -> None:
        """width, height: of a page, in tenths of a millimetre; without a height it is as high as
        needed, up to _HIGHEST. space_below: more space under each line of music, in half spaces of
        a staff. is_line: the page is one line of music, as wide as it needs.

        Raises OutputError if verovio is not installed.
        """
        self._toolkit = _toolkit()
        page: dict[str, object] = {
            "pageWidth": width,
            "pageHeight": height or _HIGHEST,
            "pageMarginBottom": _MARGIN + space_below * _UNIT,
            "spacingSystem": _SPACING + space_below,
        }
        if is_line:
            page |= {"adjustPageWidth": True, "breaks": "none"}
        self._toolkit.setOptions({**_OPTIONS, **page})
        if not self._toolkit.loadData(mei):
            raise OutputError("verovio cannot read the score that was written for it")

    def drawings(self) -> Iterator[Drawing]:
        """Each page."""
        for page in range(1, self._toolkit.getPageCount() + 1):
            yield _clean(self._toolkit.renderToSVG(page))

    def timemap(self) -> Timemap:
        """When each note is played."""
        notes: list[TimedNote] = []
        measures: list[tuple[float, str]] = []
        begun: dict[str, float] = {}
        entries: list[dict[str, Any]] = self._toolkit.renderToTimemap({"includeMeasures": True})
        for entry in entries:
            now = entry["qstamp"]
            for name in entry.get("off", ()):
                if name in begun:
                    start = begun.pop(name)
                    notes.append(TimedNote(start, now - start, _REPEATED.sub("", name)))
            if "measureOn" in entry:
                measures.append((now, _REPEATED.sub("", entry["measureOn"])))
            begun.update(dict.fromkeys(entry.get("on", ()), now))
        return Timemap(tuple(sorted(notes)), tuple(measures))


def check_verovio() -> None:
    """Raise OutputError if verovio is not installed."""
    try:
        import verovio  # noqa: F401
    except ImportError as error:
        raise OutputError(
            "notation needs verovio, which is not installed; install tunetrace[score]"
        ) from error


def _toolkit() -> toolkit:
    check_verovio()
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    return verovio.toolkit()


def _clean(svg: str) -> Drawing:
    """A page of verovio without its random ids, and with its glyphs apart."""
    glyphs: dict[str, str] = {}
    root = ""
    found = _GLYPHS.search(svg)
    if found is not None:
        for glyph in _GLYPH.finditer(found[1]):
            glyphs[glyph["name"]] = glyph["path"]
            root = glyph["root"]
    svg = _GLYPHS.sub("", svg)
    svg = _EXTRAS.sub("", svg)
    svg = _MILESTONE.sub("", svg)
    svg = _RANDOM.sub(r"\1", svg)
    if root:
        svg = svg.replace(f'-{root}"', '"')
    svg = svg.replace(' color="black"', ' fill="currentColor"', 1)
    size = _ROOT_SIZE.search(svg)
    assert size is not None, "verovio gives a viewBox"
    return Drawing(svg, glyphs, float(size[1]), float(size[2]))
