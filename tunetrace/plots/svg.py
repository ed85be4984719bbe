"""Pictures as SVG inside a page.

matplotlib draws them, and here its SVG is changed to fit a page: colours become classes, so that
the page's style sheet can change them for dark mode; text takes the page's font; no style attribute
is left, so that the page can forbid them. The same data always gives the same SVG.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

from tunetrace.plots.picture import BLUE, GREEN, STYLE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK: Final = "#010101"
_GRID: Final = "#020202"
_CLASSES: Final = {
    BLUE.lower(): "batch",
    VERMILION.lower(): "other",
    GREEN.lower(): "real",
    _INK: "ink",
    _GRID: "grid",
}
"""The name of each colour in the style sheet: `fill-batch`, `stroke-batch`."""

_SVG: Final = "http://www.w3.org/2000/svg"
_SIZE: Final = (5.0, 2.9)
"""Inches of 72 units; this is as wide as a phone, so that the text keeps its size there."""

_AXES: Final = (0.09, 0.18, 0.88, 0.7)
"""The place of the axes: left, bottom, width and height as shares of the picture."""

_PAGE_STYLE: Final = STYLE | {
    "font.size": 11,
    "axes.spines.left": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlecolor": _INK,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.7,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.bottom": False,
    "ytick.left": False,
}


def svg_of(draw: Callable[[Axes], None]) -> str:
    """A small picture as SVG for a page; draw draws on its axes in BLUE, VERMILION and GREEN."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_PAGE_STYLE):
        figure = Figure(figsize=_SIZE)
        figure.patch.set_visible(False)
        axes = figure.add_axes(_AXES)
        axes.patch.set_visible(False)
        draw(axes)
        svg = io.StringIO()
        undated = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(svg, format="svg", metadata=undated)
    return _for_page(svg.getvalue())


def _for_page(svg: str) -> str:
    """matplotlib's SVG without styles, metadata and ids.

    Two pictures on one page would have the same ids. They are only used for clipping, and nothing
    that is drawn here goes beyond its axes.
    """
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.removeprefix(f"{{{_SVG}}}") in ("metadata", "style", "defs"):
                parent.remove(child)
    for element in root.iter():
        element.text = element.text if element.text and element.text.strip() else None
        element.tail = None
        for name in ("id", "clip-path"):
            element.attrib.pop(name, None)
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
        _style_as_attributes(element)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    # Screen readers read the caption instead.
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return ElementTree.tostring(root, encoding="unicode")


_KEPT: Final = (
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-linejoin",
    "stroke-linecap", "opacity", "fill-opacity", "stroke-opacity", "text-anchor", "font-size",
)  # fmt: skip
"""The properties that become attributes; the page decides on the others."""


def _style_as_attributes(element: ElementTree.Element) -> None:
    """Turn an element's style into attributes, and its colours into classes."""
    classes = []
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":  # the shorthand: its size, then the names of fonts
            name, value = "font-size", value.split()[0]
        if name not in _KEPT:
            continue
        element.set(name, value)
        if name in ("fill", "stroke") and value in _CLASSES:
            classes.append(f"{name}-{_CLASSES[value]}")
    if classes:
        element.set("class", " ".join(classes))
