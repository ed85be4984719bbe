"""Pictures of a batch, as SVG that stands inside a page.

matplotlib draws them; what it writes is then made fit for a page: its colours become classes that
the page's style sheet can give other values in the dark, its texts take the page's font, and no
style attribute is left, so that the page can forbid those. Nothing in them depends on the time.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree

from tunetrace.checker.compare.records import Distribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's blue, vermilion and green, which the colour-blind tell apart too.
_BATCH: Final = "#0072b2"
_OTHER: Final = "#d55e00"
_PEOPLE: Final = "#009e73"
_INK: Final = "#010101"
_GRID: Final = "#020202"
_CLASSES: Final = {
    _BATCH: "batch", _OTHER: "other", _PEOPLE: "people", _INK: "ink", _GRID: "grid",
}  # fmt: skip
"""What the style sheet calls each colour: `fill-batch`, `stroke-batch`."""

_SVG: Final = "http://www.w3.org/2000/svg"
_SIZE: Final = (5.0, 2.9)
"""Inches of 72 units: as wide as a phone, so that there the text keeps its size."""

_AXES: Final = (0.09, 0.18, 0.88, 0.7)
"""Where the axes lie: left, bottom, width and height as shares of the picture."""

_STYLE: Final[dict[Any, Any]] = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlesize": 11,
    "axes.titleweight": "normal",
    "axes.titlelocation": "left",
    "axes.titlecolor": _INK,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.7,
    "text.color": _INK,
    "text.parse_math": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.bottom": False,
    "ytick.left": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "tunetrace",
}


def histogram(
    batch: Distribution,
    other: Distribution | None = None,
    people: float | None = None,
    *,
    label: str,
    is_share: bool,
) -> str:
    """How a measure is distributed over a batch, and over the batch it is compared with.

    people: the mean of people's tunes, drawn as a line. label: what the measure is called, on the
    axis; is_share: whether it is shown in percent. Where the bins of the two batches differ in
    width, the other's are scaled to those of the first.
    """

    def draw(axes: Axes) -> None:
        width = (batch.high - batch.low) / max(len(batch.histogram), 1)
        _draw_bins(axes, batch, width, color=_BATCH, fill=True, alpha=0.75)
        if other is not None:
            _draw_bins(axes, other, width, color=_OTHER, fill=False, linewidth=2)
        if people is not None:
            axes.axvline(people, color=_PEOPLE, linewidth=2, linestyle=(0, (5, 3)))
        axes.set_title("transcriptions, in percent")
        axes.set_xlabel(f"{label}, in percent" if is_share else label)
        axes.set_ylim(bottom=0)
        ends = [_end(some) for some in (batch, other) if some is not None]
        axes.set_xlim(batch.low, batch.high if is_share else max(*ends, people or 0, width))
        _percent(axes.yaxis)
        if is_share:
            _percent(axes.xaxis)

    return _drawn(draw)


def curve(
    batch: Sequence[float],
    other: Sequence[float] | None = None,
    *,
    label: str,
    title: str,
    shaded: range | None = None,
) -> str:
    """A share for each length from 1 on: uniqueness or novelty.

    label: what the lengths count; title: what the shares are of; shaded: the lengths below whose
    curve the area is filled.
    """

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MultipleLocator

        lengths = range(1, len(batch) + 1)
        if shaded is not None and len(batch) >= shaded.stop - 1:
            inside = batch[shaded.start - 1 : shaded.stop - 1]
            ends = (shaded.start, *shaded, shaded.stop - 1)
            axes.fill(ends, (0, *inside, 0), color=_BATCH, alpha=0.25, linewidth=0)
        axes.plot(lengths, batch, color=_BATCH, linewidth=2.2)
        if other is not None:
            axes.plot(range(1, len(other) + 1), other, color=_OTHER, linewidth=2.2, dashes=(5, 2))
        axes.set_title(title)
        axes.set_xlabel(label)
        axes.set_ylim(0, 1.02)
        axes.set_xlim(1, max(len(batch), len(other or ()), 2))
        axes.xaxis.set_major_locator(MultipleLocator(4))
        _percent(axes.yaxis)

    return _drawn(draw)


def percentiles(deciles: Sequence[int], *, label: str) -> str:
    """How a batch lies among people's tunes: a bar for each tenth of them.

    deciles: (10,) how many transcriptions fall in each tenth of people's tunes by some measure,
    from the tenth with the least of it on; a batch that is as people's tunes are has a tenth of
    itself in each, where the line is drawn. label: what the axis says.
    """

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MultipleLocator

        total = sum(deciles) or 1
        edges = [k / 10 for k in range(len(deciles) + 1)]
        middles = [edge + 0.05 for edge in edges[:-1]]
        heights = [count / total for count in deciles]
        axes.bar(middles, heights, width=0.09, color=_BATCH, alpha=0.75)
        axes.axhline(0.1, color=_PEOPLE, linewidth=2, linestyle=(0, (5, 3)))
        axes.set_title("transcriptions, in percent")
        axes.set_xlabel(label)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, max(*heights, 0.1) * 1.15)
        axes.xaxis.set_major_locator(MultipleLocator(0.2))
        _percent(axes.xaxis)
        _percent(axes.yaxis)

    return _drawn(draw)


def _draw_bins(axes: Axes, distribution: Distribution, width: float, **style: Any) -> None:
    """The bins of a distribution as shares of all its transcriptions, for bins of a width."""
    bins = len(distribution.histogram)
    own_width = (distribution.high - distribution.low) / max(bins, 1)
    if not bins or not own_width or not distribution.count:
        return
    scale = width / own_width / distribution.count
    heights = [count * scale for count in distribution.histogram]
    edges = [distribution.low + k * own_width for k in range(bins + 1)]
    last = max(k for k, count in enumerate(distribution.histogram) if count) + 1
    axes.stairs(heights[:last], edges[: last + 1], **style)


def _end(distribution: Distribution) -> float:
    """The upper edge of the last bin that holds something, low where none does."""
    filled = [k + 1 for k, count in enumerate(distribution.histogram) if count]
    bins = max(len(distribution.histogram), 1)
    width = (distribution.high - distribution.low) / bins
    return distribution.low + width * max(filled, default=0)


def _percent(axis: Any) -> None:
    """Name the ticks of shares in percent."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.3g}"))


def _drawn(draw: Callable[[Axes], None]) -> str:
    """What draw puts into a small picture, as SVG for a page."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
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

    Ids would be the same in two pictures of one page. What they serve is clipping, and nothing
    that is drawn here reaches beyond its axes.
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
    # A page shows it beside a caption that says what it shows.
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return ElementTree.tostring(root, encoding="unicode")


_KEPT: Final = (
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-linejoin",
    "stroke-linecap", "opacity", "fill-opacity", "stroke-opacity", "text-anchor", "font-size",
)  # fmt: skip
"""The properties that mean the same as attributes and are not the page's to decide."""


def _style_as_attributes(element: ElementTree.Element) -> None:
    """Turn an element's style into attributes, its colours into classes."""
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
