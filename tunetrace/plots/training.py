"""One picture of a training: how well each epoch's model predicts, and how much its samples copy.

The two panels share the axis of epochs, so that one sees where a model stops learning and begins to
copy (Yin et al. 2022 draw originality by epoch in this way). A dashed line shows how much real
tunes copy from one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from math import log
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

from tunetrace.arguments import public
from tunetrace.errors import OutputError
from tunetrace.model.training.history import Copying, EpochOriginality, EpochRecord, best_epoch
from tunetrace.plots.picture import BLUE, GREEN, GREY, VERMILION, save_picture
from tunetrace.text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

_SHARES: Final = (
    ("copied_8", "8 notes or more", BLUE, "o"),
    ("copied_12", "12 or more", VERMILION, "s"),
    ("copied_16", "16 or more", GREEN, "^"),
)
_DASHES: Final = (0, (4, 3))
"""For the level of real tunes."""

_MOST_BITS: Final = 64.0
"""Larger values are drawn as this one, since the perplexity would overflow."""


@public
def plot_training(history: Sequence[EpochRecord], path: str | Path, *, force: bool = False) -> None:
    """Draw the epochs of a training as one picture. The ending of path gives its format.

    Formats: PNG, SVG, PDF. force: replace an older picture that tunetrace drew. Raises OutputError
    if there is no epoch, the ending is another one, path is taken or cannot be written, or
    matplotlib is not installed.
    """
    if not history:
        raise OutputError(
            f"{printable(str(path))}: the picture cannot be drawn yet; wait until the first epoch "
            "of the training is finished"
        )
    save_picture(lambda: _draw(history), path, force=force)


def _draw(history: Sequence[EpochRecord]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 8), layout=ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.12))
    above, below = figure.subplots(2, 1, sharex=True)
    _draw_losses(above, history)
    _draw_copying(below, history)
    best = best_epoch(history)
    if best is not None:
        for axes in (above, below):
            axes.axvline(best.epoch, color=GREY, linewidth=1, linestyle=":", zorder=0)
        above.annotate(
            f"kept: epoch {best.epoch}", (best.epoch, 1), xycoords=("data", "axes fraction"),
            xytext=(0, 3), textcoords="offset points", ha="center", color=GREY, fontsize=9,
        )  # fmt: skip
    epochs = [record.epoch for record in history]
    room = max(0.5, 0.02 * (max(epochs) - min(epochs)))
    below.set_xlim(min(epochs) - room, max(epochs) + room)
    below.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    below.set_xlabel("epoch")
    return figure


def _draw_losses(axes: Axes, history: Sequence[EpochRecord]) -> None:
    """Cross-entropy in bits per token, and on the right the same as perplexity."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    def to_perplexity(bits: ArrayLike) -> ArrayLike:
        perplexity: NDArray[np.float64] = np.exp2(np.clip(bits, -_MOST_BITS, _MOST_BITS))
        return perplexity

    def to_bits(perplexity: ArrayLike) -> ArrayLike:
        bits: NDArray[np.float64] = np.log2(np.maximum(perplexity, 2.0**-_MOST_BITS))
        return bits

    axes.set_title("Prediction: cross-entropy of a token", pad=16)
    axes.set_ylabel("bits per token")
    training = [(record.epoch, record.training_loss / log(2)) for record in history]
    held_out = [(record.epoch, record.validation_loss / log(2)) for record in history
                if record.validation_loss is not None]  # fmt: skip
    _draw_line(axes, training, BLUE, "o", "training tunes")
    _draw_line(axes, held_out, VERMILION, "s", "held-out tunes")
    right = axes.secondary_yaxis("right", functions=(to_perplexity, to_bits))
    right.set_ylabel("perplexity", color=GREY)
    right.yaxis.set_major_locator(MaxNLocator(6))
    axes.legend(frameon=False)


def _draw_copying(axes: Axes, history: Sequence[EpochRecord]) -> None:
    """The share of notes in long spans, and on the right the length of the longest span."""
    from matplotlib.ticker import PercentFormatter

    axes.set_title("Copying: samples against the index")
    sampled = [(one.epoch, one.originality) for one in history if one.originality is not None]
    if not sampled:
        axes.set_yticks([])
        axes.annotate("no samples were checked", (0.5, 0.5), xycoords="axes fraction",
                      ha="center", va="center", color=GREY)  # fmt: skip
        return
    axes.set_ylabel("notes in spans of")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    right = axes.twinx()
    right.set_ylabel("longest span, in notes", color=GREY)
    right.spines["right"].set_visible(True)
    real = _level_of_real_tunes(found for _, found in sampled)

    def points(name: str) -> list[tuple[int, float]]:
        return [(epoch, getattr(found.copying, name)) for epoch, found in sampled]

    for name, label, color, marker in _SHARES:
        _draw_line(axes, points(name), color, marker, label)
        if real is not None:
            axes.axhline(getattr(real, name), color=color, linewidth=1.2, linestyle=_DASHES)
    _draw_line(right, points("longest_notes"), GREY, "D", "longest span (right)")
    if real is not None:
        right.axhline(real.longest_notes, color=GREY, linewidth=1.2, linestyle=_DASHES)
        right.plot([], [], color=GREY, linewidth=1.2, linestyle=_DASHES, label="real tunes")
    axes.set_ylim(bottom=0)
    right.set_ylim(bottom=0)
    # One legend for both scales, below the panel, where no line crosses it.
    lines = [*axes.get_lines(), *right.get_lines()]
    shown = [line for line in lines if not str(line.get_label()).startswith("_")]
    axes.legend(
        handles=shown, frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.16)
    )


def _draw_line(
    axes: Axes, points: Sequence[tuple[int, float]], color: str, marker: str, label: str
) -> None:
    """A line through the values of epochs, with marks as far as there is room."""
    if points:
        axes.plot(*zip(*points, strict=True), color=color, label=label, linewidth=1.8,
                  marker=marker, markersize=5, markevery=max(1, len(points) // 25))  # fmt: skip


def _level_of_real_tunes(sampled: Iterable[EpochOriginality]) -> Copying | None:
    """How much real tunes copy: the mean over the epochs, whose meters and lengths differ."""
    levels = [astuple(found.people) for found in sampled if found.people is not None]
    return Copying(*map(fmean, zip(*levels, strict=True))) if levels else None
