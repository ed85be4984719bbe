"""Pictures of the activations of a layer's units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.errors import QueryError
from tunetrace.model.hooks import UnitPart
from tunetrace.model.inspect.measures.activity import FULL, OFF, laplace_fit, largest_magnitudes
from tunetrace.model.inspect.measures.spectrum import CUT_DB, spectra
from tunetrace.plots.network.steps import (
    MARKS_CAPTION,
    WIDTH,
    TracedTune,
    height_of_steps,
    mark_along,
    mark_upwards,
    new_figure,
    numbered,
)
from tunetrace.plots.picture import BLUE, DIVERGING, GREY, SEQUENTIAL, VERMILION
from tunetrace.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GATES_FROM_0: Final = ("input-gate", "forget-gate", "output-gate")
"""Parts whose values are from 0 to 1; those of the cell have no bounds, all others -1 to 1."""

_BINS: Final = 101
"""Of a histogram; an odd number, so that one of them has 0 in its middle."""

_NO_MAGNITUDE: Final = 1e-30
"""A cell whose magnitude is below is as good as 0."""

_MOST_UNITS: Final = 24
_DEFAULT_UNITS: Final = 9
_MOST_NAMED: Final = 40
_LINE: Final = 125
"""Letters of a caption's line."""
_PANEL: Final = 0.85
_MARGINS: Final = 1.9

_PERIODS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 24, 48)
"""The periods, in steps, that a spectrum names."""


@dataclass(frozen=True, slots=True, eq=False)
class Activations:
    """What a part of a layer gave at the steps of a tune."""

    tune: TracedTune
    layer: int
    """From 1."""
    part: UnitPart
    """Which of its values."""
    values: NDArray[np.float32]
    """(S, units) float32."""

    @property
    def name(self) -> str:
        """As `layer 3, hidden state`."""
        what = self.part.replace("-", " ")
        return f"layer {self.layer}, {what}{'' if 'gate' in what else ' state'}"

    @property
    def scale(self) -> tuple[float, float]:
        """The least and the largest value that pictures show."""
        if self.part in _GATES_FROM_0:
            return 0, 1
        if self.part == "cell":
            # A few cells may be far from the others, which would all be pale beside them.
            most = float(np.quantile(np.abs(self.values), 0.995))
            return (-most, most) if most > _NO_MAGNITUDE else (-1, 1)
        return -1, 1


def draw_layer(shown: Activations) -> Figure:
    """Units from left to right, steps from bottom to top."""
    title = f"Activations: {shown.name}"
    return _draw_image(shown, shown.values, title, "unit")


def draw_sorted(shown: Activations) -> Figure:
    """Within each step the activations from the smallest to the largest, steps as in draw_layer."""
    title = f"Activations sorted within each step: {shown.name}"
    label = "rank of the activation, from the smallest to the largest"
    return _draw_image(shown, np.sort(shown.values, axis=1), title, label)


def _draw_image(shown: Activations, values: NDArray[Any], title: str, label: str) -> Figure:
    tune, units = shown.tune, values.shape[1]
    figure = new_figure(tune, title, height_of_steps(tune.steps) + 2.1, MARKS_CAPTION)
    axes = figure.add_subplot()
    low, high = shown.scale
    image = axes.imshow(
        values, cmap=DIVERGING if low < 0 else SEQUENTIAL, vmin=low, vmax=high, aspect="auto",
        origin="lower", extent=(0.5, units + 0.5, 0.5, tune.steps + 0.5),
    )  # fmt: skip
    is_cut = shown.part == "cell" and bool(np.abs(values).max() > high)
    figure.colorbar(image, location="bottom", shrink=0.5, aspect=40, pad=0.01,
                    ticks=np.linspace(low, high, 5), format="{x:.2g}", label="activation",
                    extend="both" if is_cut else "neither")  # fmt: skip
    mark_upwards(axes, tune)
    numbered(axes.xaxis, units)
    axes.set_xlabel(label)
    return figure


def draw_histogram(shown: Activations) -> Figure:
    """How the activations of all steps are distributed, and the Laplace distribution that fits."""
    count = counted(shown.values.size, "value")
    figure = new_figure(shown.tune, f"Distribution of the activations: {shown.name}, {count}", 5.0)
    axes = figure.add_subplot()
    values = shown.values.astype(np.float64)
    low, high = _bounds(values)
    if shown.part != "cell":
        # An intervention may have set a value that the network itself never has.
        low = min(0.0 if shown.part in _GATES_FROM_0 else -1.0, float(values.min()))
        high = max(1.0, float(values.max()))
    density, edges = np.histogram(values, bins=_BINS, range=(low, high), density=True)
    axes.stairs(density, edges, color=BLUE, fill=True, alpha=0.75, label="activations")
    fit = laplace_fit(shown.values)
    if fit.scale:
        at = np.union1d(np.linspace(low, high, 1001), [fit.location])
        axes.plot(at, fit.density(at), color=VERMILION, linewidth=1.5,
                  label=f"Laplace: location {fit.location:.3g}, scale {fit.scale:.3g}"
                  )  # fmt: skip
    else:
        axes.plot([], [], label=f"no Laplace fit: all are {fit.location:.3g}", linestyle="none")
    axes.set_yscale("log")
    # A bin with one value is half as high again as the lowest that is shown.
    axes.set_ylim(bottom=1 / (shown.values.size * (edges[1] - edges[0])) / 1.5)
    axes.set_xlim(low, high)
    axes.set_xlabel("activation")
    axes.set_ylabel("density, with a logarithmic scale")
    _plain_numbers(axes)
    axes.legend(frameon=False)
    return figure


def _bounds(values: NDArray[Any]) -> tuple[float, float]:
    """Symmetric bounds of values without any; -1 and 1 if all are as good as 0."""
    most = float(np.abs(values).max())
    return (-most, most) if most > _NO_MAGNITUDE else (-1.0, 1.0)


def _plain_numbers(axes: Axes) -> None:
    """Write the ticks of a logarithmic y axis as numbers."""
    from matplotlib.ticker import FuncFormatter

    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def draw_extremes(shown: Activations) -> Figure:
    """The largest magnitude of each unit, sorted; the caption names the units at both ends."""
    largest = largest_magnitudes(shown.values)
    order = np.argsort(largest, kind="stable")
    has_bounds = shown.part != "cell"
    lines = _extremes_in_words(largest, order, has_bounds)
    caption = "\n".join(fill(line, _LINE) for line in lines)
    figure = new_figure(shown.tune, f"The largest magnitude of each unit: {shown.name}", 5.2,
                        caption)  # fmt: skip
    axes = figure.add_subplot()
    ranks, heights = np.arange(1, len(order) + 1), largest[order]
    is_named = (heights <= OFF) | ((heights > FULL) & has_bounds)
    axes.plot(ranks, heights, color=BLUE, linewidth=1, marker="o", markersize=2.5)
    axes.plot(ranks[is_named], heights[is_named], color=VERMILION, linestyle="none", marker="o",
              markersize=3.5)  # fmt: skip
    numbered(axes.xaxis, len(order))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("rank of the unit, from the smallest to the largest")
    axes.set_ylabel("largest magnitude over all steps")
    return figure


def _extremes_in_words(
    largest: NDArray[np.float64], order: NDArray[np.int64], has_bounds: bool
) -> list[str]:
    """Which units are never on and which are fully on, in a line each."""
    off = [unit for unit in order.tolist() if largest[unit] <= OFF]
    full = [unit for unit in order.tolist() if largest[unit] > FULL]

    def named(units: Sequence[int]) -> str:
        rest = f" and {len(units) - _MOST_NAMED} more" if len(units) > _MOST_NAMED else ""
        return ", ".join(str(unit + 1) for unit in units[:_MOST_NAMED]) + rest

    def with_values(units: Sequence[int]) -> str:
        return ", ".join(f"unit {unit + 1} ({largest[unit]:.3g})" for unit in units)

    smallest, greatest = order[:3].tolist(), order[::-1][:3].tolist()
    low = f"units {named(off)}." if off else f"none. The smallest: {with_values(smallest)}."
    lines = [f"{OFF} or less: {low}"]
    if not has_bounds:
        return [*lines, f"The largest: {with_values(greatest)}."]
    high = f"units {named(full)}." if full else f"none. The largest: {with_values(greatest)}."
    return [*lines, f"Above {FULL}: {high}"]


def draw_spectrum(shown: Activations) -> Figure:
    """The magnitude spectrum of each unit, as far as it is above CUT_DB."""
    found = spectra(shown.values)
    units, components = found.shape
    length = 2 * (components - 1)
    caption = (
        f"Zeros fill the tune up to {length:,} steps. White: {-CUT_DB:g} dB or more below the "
        "unit's maximum."
    )
    figure = new_figure(shown.tune, f"Spectrum of each unit: {shown.name}", 9.0, caption)
    axes = figure.add_subplot()
    half = 0.5 / length
    image = axes.imshow(
        np.ma.masked_less_equal(found.T, CUT_DB), cmap=SEQUENTIAL, vmin=CUT_DB, vmax=0,
        aspect="auto", origin="lower", extent=(0.5, units + 0.5, -half, 0.5 + half),
    )  # fmt: skip
    figure.colorbar(image, location="bottom", shrink=0.5, aspect=40, pad=0.01,
                    label="magnitude in dB, relative to the unit's maximum")  # fmt: skip
    numbered(axes.xaxis, units)
    axes.set_xlabel("unit")
    axes.set_ylabel("frequency in cycles per step")
    other = axes.secondary_yaxis("right")
    other.set_yticks([1 / period for period in _PERIODS], [str(period) for period in _PERIODS],
                     fontsize=8)  # fmt: skip
    other.set_ylabel("period in steps", color=GREY)
    return figure


def draw_units(shown: Activations, unit_numbers: Sequence[int] | None) -> Figure:
    """Some units along the tune, each in a panel of its own.

    unit_numbers: from 1; None for those with the largest variance.
    """
    chosen = _chosen_units(shown.values, unit_numbers)
    title = f"{counted(len(chosen), 'unit')} of {shown.name}"
    if unit_numbers is None and len(chosen) < shown.values.shape[1]:
        title = f"The {counted(len(chosen), 'unit')} with the largest variance: {shown.name}"
    height = _MARGINS + _PANEL * len(chosen)
    figure = new_figure(shown.tune, title, height, MARKS_CAPTION)
    panels = figure.subplots(len(chosen), 1, squeeze=False)[:, 0].tolist()
    steps = np.arange(1, shown.tune.steps + 1)
    low, high = shown.scale if shown.part != "cell" else _bounds(shown.values[:, chosen])
    width = 0.7 * min((WIDTH - 1.2) * 72 / len(steps), 10)  # of a bar, in points
    for axes, unit in zip(panels, chosen, strict=True):
        axes.vlines(steps, 0, shown.values[:, unit], color=BLUE, linewidth=width, zorder=2)
        axes.axhline(0, color=GREY, linewidth=0.5)
        axes.set_ylim(low * 1.05, high * 1.05)
        axes.tick_params(axis="y", labelsize=8)
        axes.set_ylabel(str(unit + 1), rotation=0, ha="right", va="center", fontsize=11,
                        weight="bold")  # fmt: skip
    mark_along(panels, shown.tune, width=WIDTH - 1.2)
    figure.supylabel("unit, and its activation at each step", fontsize=10)
    return figure


def _chosen_units(values: NDArray[np.float32], unit_numbers: Sequence[int] | None) -> list[int]:
    """The units to show, from 0, each once."""
    units = values.shape[1]
    if unit_numbers is None:
        strongest = np.argsort(-values.astype(np.float64).var(axis=0), kind="stable")
        return [int(unit) for unit in strongest[:_DEFAULT_UNITS]]
    chosen = list(dict.fromkeys(unit_numbers))
    wrong = [unit for unit in chosen if not 1 <= unit <= units]
    if wrong:
        raise QueryError(
            f"there is no unit {wrong[0]} in a layer of {counted(units, 'unit')}; give units from "
            f"1 to {units}"
        )
    if not 1 <= len(chosen) <= _MOST_UNITS:
        raise QueryError(
            f"the picture has room for 1 to {_MOST_UNITS} units, not for {len(chosen)}; choose the "
            "units with --units"
        )
    return [unit - 1 for unit in chosen]
