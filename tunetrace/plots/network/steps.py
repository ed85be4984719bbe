"""The axes that pictures of a tune share: its steps, with the tokens, bar lines and parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from tunetrace.model.inspect.measures.marks import Marks, marks_of
from tunetrace.model.trace import CUT_OFF, Trace, numbered_tune
from tunetrace.plots.picture import GREY, MONOSPACED, VERMILION, label_of, model_label
from tunetrace.text import counted, plain, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH: Final = 8.0
"""Inches; a PNG has 150 pixels an inch, so that it is 1,200 pixels wide."""

_TOKEN_SIZES: Final = ((9.0, 2), (7.5, 2), (6.0, 6))
"""Points of the tokens, and the rows of labels that may be used at this size. Where none is enough
the tokens are left out."""
_WIDTH_OF_LETTER: Final = 0.602
_HEIGHT_OF_LINE: Final = 1.2
"""Of the monospaced font, as shares of its size."""
_GAP: Final = 1.5
"""Points between two labels of a row, at least."""
_GAP_OF_ROWS: Final = 4.0

_LONGEST_TITLE: Final = 48
_MOST_NUMBERS: Final = 20
_MOST_FULL_LINES: Final = 30
_CAPTION_SIZE: Final = 8

MARKS_CAPTION: Final = "Thin lines: a bar line is written. Thick lines: the first note of a part."

Sides = Literal["x", "y"]


@dataclass(frozen=True, slots=True, eq=False)
class TracedTune:
    """A tune of a trace, with what pictures write of it."""

    trace: Trace
    """Of this tune alone."""
    name: str
    """Its title or number, and the model."""
    labels: Sequence[str]
    """The token that is written at each step; `…` where the tune was cut off."""
    marks: Marks

    @property
    def steps(self) -> int:
        """How many steps it takes."""
        return len(self.labels)


def traced_tune(traced: Trace, number: int) -> TracedTune:
    """A tune of a trace, counted from 1; QueryError if there is none."""
    tune = numbered_tune(traced, number)
    name = shortened(plain(tune.title), _LONGEST_TITLE)
    if len(traced) > 1:
        place = f"tune {number} of {len(traced)}"
        name = f"{name} ({place})" if name else place
    model = model_label(tune.header.get("model", "unknown"))
    names = tune.names
    return TracedTune(
        tune,
        f"{name or 'a tune'}, {counted(len(tune.read), 'step')}, model {model}",
        ["…" if n == CUT_OFF else label_of(names[n]) for n in tune.written.tolist()],
        marks_of(tune.tokens),
    )


def new_figure(tune: TracedTune, title: str, height: float, caption: str = "") -> Figure:
    """A figure with a title that names the tune and the model, and a caption below.

    height: in inches.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.08, hspace=0, wspace=0)
    figure = Figure(figsize=(WIDTH, height), layout=layout)
    figure.suptitle(f"{title}\n{tune.name}", x=0.02, ha="left", fontsize=11)
    if caption:
        figure.supxlabel(caption, x=0.02, ha="left", fontsize=_CAPTION_SIZE, color=GREY)
    return figure


def height_of_steps(steps: int) -> float:
    """How high an axis with steps from bottom to top is, in inches."""
    return min(max(3.0, steps * 0.066), 13.0)


def mark_upwards(axes: Axes, tune: TracedTune) -> None:
    """Make the y axis the steps from 1, from bottom to top, with all marks.

    Lines are between the rows of an image: above a bar line, below the first note of a part.
    """
    axes.set_ylim(0.5, tune.steps + 0.5)
    _draw_lines(axes, tune, "y", edge=0.5)
    points = height_of_steps(tune.steps) * 72 / tune.steps
    has_tokens = write_tokens(axes.yaxis, range(1, tune.steps + 1), tune.labels, points)
    axes.set_ylabel("token written at each step" if has_tokens else "step")
    other = axes.secondary_yaxis("right")
    _number_opposite(axes.yaxis, other.yaxis, tune, has_tokens)
    _name_parts(other.yaxis, tune, pad=22 if has_tokens else 3)


def mark_along(panels: Sequence[Axes], tune: TracedTune, *, width: float) -> None:
    """Make the x axis of panels, from top to bottom, the steps from 1, with all marks.

    width: of the panels in inches; a little less is safe. Lines are at the steps themselves.
    """
    first, last = panels[0], panels[-1]
    for axes in panels:
        axes.set_xlim(0.5, tune.steps + 0.5)
        _draw_lines(axes, tune, "x", edge=0)
        if axes is not last:
            axes.tick_params(axis="x", bottom=False, labelbottom=False)
    points = width * 72 / tune.steps
    has_tokens = write_tokens(last.xaxis, range(1, tune.steps + 1), tune.labels, points)
    last.set_xlabel("token written at each step" if has_tokens else "step")
    other = first.secondary_xaxis("top")
    _number_opposite(last.xaxis, other.xaxis, tune, has_tokens)
    _name_parts(other.xaxis, tune, pad=17 if has_tokens else 3)


def mark_both(axes: Axes, tune: TracedTune) -> None:
    """Make both axes the steps from 1, with lines but without tokens."""
    axes.set_xlim(0.5, tune.steps + 0.5)
    axes.set_ylim(0.5, tune.steps + 0.5)
    for side in ("x", "y"):
        _draw_lines(axes, tune, side, edge=0.5, weight=0.6)
    axes.set_xlabel("step")
    axes.set_ylabel("step")
    for axis in (axes.xaxis, axes.yaxis):
        _number(axis, tune, most=8)


def write_tokens(
    axis: Axis,
    places: Sequence[int] | range,
    tokens: Sequence[str],
    points: float,
    *,
    is_vertical: bool = False,
) -> bool:
    """Write a token at each place of an axis, in as many rows as it takes for none to overlap.

    places: in ascending order. points: from a place to the next whole number. is_vertical: of an x
    axis, turn the tokens by 90 degrees.
    Returns: False if that would take too many rows; then nothing is written.
    """
    lies_along = _is_x(axis) and not is_vertical
    found = None
    for size, most in _TOKEN_SIZES:  # the first that fits is taken
        letter, line = size * _WIDTH_OF_LETTER, size * _HEIGHT_OF_LINE
        lengths = [letter * len(token) for token in tokens]
        along = lengths if lies_along else [line] * len(tokens)
        # Regular rows are easier to read, but a few long labels may not fit into them.
        usual = sorted(along)[len(along) * 9 // 10]
        for cycle in (max(1, math.ceil((usual + _GAP) / points)), 1):
            rows = _rows([place * points for place in places], along, cycle)
            if found is None and max(rows) < most:
                found = size, rows, [line] * len(tokens) if lies_along else lengths
    if found is None:
        return False
    size, rows, away = found
    axis.set_ticks(
        places, tokens, fontsize=size, family=list(MONOSPACED), color="black",
        rotation=90 if is_vertical else 0,
    )  # fmt: skip
    gap = _GAP if lies_along else _GAP_OF_ROWS
    depths = [max(depth for depth, one in zip(away, rows, strict=True) if one == row) + gap
              for row in range(max(rows) + 1)]  # fmt: skip
    for tick, row in zip(axis.get_major_ticks(), rows, strict=True):
        pad = 3 + sum(depths[:row])
        tick.set_pad(pad)
        # A thin line leads to a label through the rows before its own; labels that lie along the
        # axis would be crossed by it.
        tick.tick1line.set(markersize=2 if lies_along else pad - 1, markeredgewidth=0.3, alpha=0.6)
    return True


def _rows(middles: Sequence[float], sizes: Sequence[float], cycle: int) -> list[int]:
    """The row of each label, from 0, so that none touches the one before it in its row.

    middles: in ascending order, in points; sizes: along the axis, in points. The labels take the
    first `cycle` rows in turn. One that has no room there goes to the next row that has some.
    """
    ends = [-math.inf] * cycle  # of the last label of each row
    rows = []
    for number, (middle, size) in enumerate(zip(middles, sizes, strict=True)):
        start = middle - size / 2
        turns = [number % cycle, *range(cycle, len(ends))]
        row = next((row for row in turns if ends[row] + _GAP <= start), len(ends))
        ends[row : row + 1] = [start + size]
        rows.append(row)
    return rows


def _draw_lines(
    axes: Axes, tune: TracedTune, side: Sides, *, edge: float, weight: float = 1
) -> None:
    """Lines at bar lines and at the beginnings of parts.

    edge: from the middle of a step. weight: of their width.
    """
    starts = tune.marks.part_starts + 1 - edge
    lines = np.setdiff1d(tune.marks.bar_lines + 1 + edge, starts)
    draw = axes.vlines if side == "x" else axes.hlines
    across = axes.get_xaxis_transform() if side == "x" else axes.get_yaxis_transform()
    # Where there are many they become paler, so that they do not hide what is between them.
    width = 0.5 * min(weight, _MOST_FULL_LINES * weight / max(len(lines), 1))
    draw(lines, 0, 1, transform=across, color=GREY, linewidth=width, alpha=0.7, zorder=1.5)
    draw(starts, 0, 1, transform=across, color=VERMILION, linewidth=1.2 * weight, zorder=1.6)


def _is_x(axis: Axis) -> bool:
    from matplotlib.axis import XAxis

    return isinstance(axis, XAxis)


def _number(axis: Axis, tune: TracedTune, most: int = _MOST_NUMBERS) -> None:
    """Number the steps: multiples of 1, 2 or 5 times a power of ten, not more than `most`."""
    every = next(
        unit * 10**power
        for power in range(9)
        for unit in (1, 2, 5)
        if tune.steps <= most * unit * 10**power
    )
    ticks = range(every, tune.steps + 1, every)
    axis.set_ticks(list(ticks), [f"{tick:,}" for tick in ticks], fontsize=8)


def _number_opposite(axis: Axis, other: Axis, tune: TracedTune, has_tokens: bool) -> None:
    """Number the steps at an axis, or at the other one if the axis has the tokens."""
    other.set_ticks([])
    if has_tokens:
        other.set_label_text("step", color=GREY)
    _number(other if has_tokens else axis, tune)


def _name_parts(axis: Axis, tune: TracedTune, pad: float) -> None:
    """Name the parts where they begin, in a row of their own."""
    style: dict[str, Any] = {"fontsize": 8, "color": VERMILION}
    style |= {"ha": "left"} if _is_x(axis) else {"va": "bottom"}
    starts = (tune.marks.part_starts + 1).tolist()
    axis.remove_overlapping_locs = False
    axis.set_ticks(starts, [f"part {k}" for k in range(1, len(starts) + 1)], minor=True, **style)
    axis.set_tick_params(which="minor", length=0, pad=pad)


def numbered(axis: Axis, count: int) -> None:
    """Make an axis one of numbers from 1, such as those of units."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    # No tick is left at 0, where no unit is.
    axis.set_view_interval(0.5, math.nextafter(count + 0.5, 0), ignore=True)
