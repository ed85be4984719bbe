"""Pictures of what a network predicts: the softmax, chosen tokens, and what the corpus predicts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.errors import QueryError
from tunetrace.model.inspect.measures.groups import grouped
from tunetrace.model.inspect.statements.mass import FLOOR
from tunetrace.model.trace import surprisals
from tunetrace.plots.network.steps import (
    MARKS_CAPTION,
    WIDTH,
    TracedTune,
    height_of_steps,
    mark_along,
    mark_upwards,
    new_figure,
    write_tokens,
)
from tunetrace.plots.picture import BLUE, GREEN, GREY, SEQUENTIAL, VERMILION, label_of
from tunetrace.text import counted
from tunetrace.tokenizer.vocabulary import unknown_token

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEFAULT_TOKENS: Final = ("|", "(3", "/2", ">", "<", "^F", "_B")
"""Those that the post follows along the tune."""

_MOST_TOKENS: Final = 20
_PANEL: Final = 0.95
"""Inches of a panel's height."""
_MARGINS: Final = 1.9
"""Inches that titles, captions and the axes' labels take of a picture's height."""

_LEAST_BITS: Final = 8.0
"""The scale of surprisals goes up to this at least."""


def draw_softmax(tune: TracedTune) -> Figure:
    """log10 of the probability of every token, by groups, with steps from bottom to top.

    Below FLOOR it is white. A ring marks the token that was written.
    """
    caption = f"White: below 1e{FLOOR}. Rings: the token that was written.\n{MARKS_CAPTION}"
    figure = new_figure(
        tune, "Softmax: the probability of each token", height_of_steps(tune.steps) + 3.2, caption
    )
    axes = figure.add_subplot()
    groups = grouped(tune.trace.names)
    order = [number for numbers in groups.values() for number in numbers]
    with np.errstate(divide="ignore"):
        logs = np.log10(tune.trace.probabilities[:, order])
    image = axes.imshow(
        np.ma.masked_less_equal(logs, FLOOR), cmap=SEQUENTIAL, vmin=FLOOR, vmax=0, aspect="auto",
        origin="lower", extent=(0.5, len(order) + 0.5, 0.5, tune.steps + 0.5),
    )  # fmt: skip
    figure.colorbar(image, location="bottom", shrink=0.5, aspect=40, pad=0.01,
                    label="log10 of the probability")  # fmt: skip
    place_of = {number: place for place, number in enumerate(order, 1)}
    came = {step: place_of[number] for step, number in enumerate(tune.trace.written.tolist(), 1)
            if number in place_of}  # fmt: skip
    axes.scatter(list(came.values()), list(came), s=5, facecolors="none", edgecolors=VERMILION,
                 linewidths=0.5)  # fmt: skip
    mark_upwards(axes, tune)
    _name_groups(axes, {group: len(numbers) for group, numbers in groups.items()})
    names = [label_of(tune.trace.names[number]) for number in order]
    points = (WIDTH - 1.6) * 72 / len(order)
    has_names = write_tokens(axes.xaxis, range(1, len(order) + 1), names, points, is_vertical=True)
    axes.set_xlabel("token" if has_names else "number of the token, by groups")
    axes.set_xlim(0.5, len(order) + 0.5)
    return figure


def _name_groups(axes: Axes, sizes: dict[str, int]) -> None:
    """Name the groups of tokens above the axes, and draw lines between them."""
    ends = [0, *accumulate(sizes.values())]
    for end in ends[1:-1]:
        axes.axvline(end + 0.5, color="black", linewidth=0.6)
    above = axes.secondary_xaxis("top")
    middles = [(start + end + 1) / 2 for start, end in pairwise(ends)]
    above.set_xticks(middles, list(sizes), rotation=45, ha="left", rotation_mode="anchor",
                     fontsize=8, color="black")  # fmt: skip


def draw_tokens(tune: TracedTune, tokens: Sequence[str] | None) -> Figure:
    """The probability of some tokens along the tune, each in a panel of its own.

    tokens: None for DEFAULT_TOKENS, as far as the model has them. QueryError for others that it
    lacks.
    """
    chosen = _chosen_tokens(tune.trace.names, tokens)
    height = _MARGINS + _PANEL * len(chosen)
    caption = f"Dots: the token was written. {MARKS_CAPTION}"
    figure = new_figure(tune, "The probability of some tokens at each step", height, caption)
    panels = figure.subplots(len(chosen), 1, squeeze=False)[:, 0].tolist()
    steps = np.arange(1, tune.steps + 1)
    numbers = [tune.trace.names.index(token) for token in chosen]
    shown = tune.trace.probabilities[:, numbers].clip(10.0**FLOOR, 1)
    lowest = 10 ** np.floor(np.log10(shown.min()))
    for axes, token, number, values in zip(panels, chosen, numbers, shown.T, strict=True):
        axes.plot(steps, values, color=BLUE, linewidth=1)
        is_written = tune.trace.written == number
        axes.plot(steps[is_written], values[is_written], color=VERMILION, marker="o", markersize=3,
                  linestyle="none")  # fmt: skip
        axes.set_yscale("log")
        axes.set_ylim(min(lowest, 1e-2) / 2, 2)
        _plain_powers(axes)
        axes.set_ylabel(
            label_of(token), rotation=0, ha="right", va="center", fontsize=11, weight="bold"
        )
    mark_along(panels, tune, width=WIDTH - 1.2)
    figure.supylabel("probability, with a logarithmic scale", fontsize=10)
    return figure


def _chosen_tokens(names: Sequence[str], tokens: Sequence[str] | None) -> list[str]:
    """The tokens to show, each once."""
    if tokens is None:
        chosen = [token for token in DEFAULT_TOKENS if token in names]
        if not chosen:
            raise QueryError(
                f"the model has none of the tokens {' '.join(DEFAULT_TOKENS)}; choose some of its "
                "own with --tokens"
            )
        return chosen
    chosen = list(dict.fromkeys(tokens))
    missing = [token for token in chosen if token not in names]
    if missing:
        raise unknown_token(missing[0], names)
    if not 1 <= len(chosen) <= _MOST_TOKENS:
        raise QueryError(
            f"the picture has room for 1 to {_MOST_TOKENS} tokens, not for {len(chosen)}; choose "
            "the tokens with --tokens"
        )
    return chosen


def draw_memory(tune: TracedTune) -> Figure:
    """What the network predicts beside what the corpus alone predicts, along the tune.

    QueryError if no index was asked when the trace was made.
    """
    from matplotlib.ticker import MaxNLocator

    memory = tune.trace.memory
    if memory is None:
        raise QueryError(
            "the trace was made without an index; make one with an index: "
            "tunetrace model trace TUNE -o FILE.npz --index FILE"
        )
    caption = (
        "Infinite-gram: the shares of the tokens that follow the longest match in the corpus "
        f"(Liu et al. 2024).\n{MARKS_CAPTION}"
    )
    figure = new_figure(tune, "The network beside the corpus", 9.0, caption)
    panels = figure.subplots(3, 1, height_ratios=(1.6, 1, 1)).tolist()
    steps = np.arange(1, tune.steps + 1)
    _draw_surprisals(panels[0], steps, tune.trace.surprisal,
                     surprisals(memory.probabilities, tune.trace.written))  # fmt: skip
    panels[1].plot(steps, tune.trace.entropy, color=BLUE, linewidth=1.2)
    panels[1].set_title("Entropy of the network")
    panels[1].set_ylabel("bits")
    panels[2].step(steps, memory.lengths, color=GREEN, linewidth=1.2, where="mid")
    panels[2].set_title("Longest match in the corpus that ends with the token just read")
    panels[2].set_ylabel("tokens")
    panels[2].yaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in panels[1:]:
        axes.set_ylim(bottom=0)
    mark_along(panels, tune, width=WIDTH - 1.0)
    return figure


def _draw_surprisals(
    axes: Axes, steps: NDArray[np.int64], network: NDArray[np.floating],
    corpus: NDArray[np.floating],
) -> None:  # fmt: skip
    """The surprisals of the network and of the infinite-gram; infinite ones at the top."""
    both = np.concatenate([network, corpus])
    top = max(_LEAST_BITS, float(np.ceil(both[np.isfinite(both)].max(initial=0))) + 1)
    never = np.isposinf(corpus)
    axes.plot(steps, corpus.clip(max=top), color=VERMILION, linewidth=1.2, label="infinite-gram")
    axes.plot(steps, network.clip(max=top), color=BLUE, linewidth=1.2, label="network")
    if never.any():
        count = counted(int(never.sum()), "time")
        axes.plot(steps[never], np.full(never.sum(), top), color=VERMILION, linestyle="none",
                  marker="^", markersize=5, clip_on=False,
                  label=f"infinite-gram: infinite, probability 0 ({count})")  # fmt: skip
    axes.set_title("Surprisal of the token that came")
    axes.set_ylabel("bits")
    axes.set_ylim(0, top)
    axes.legend(ncols=3, frameon=False, fontsize=8, loc="upper right", bbox_to_anchor=(1, 0))


def _plain_powers(axes: Axes) -> None:
    """Write the ticks of a logarithmic y axis as numbers, such as 0.01."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    axes.yaxis.set_major_locator(LogLocator(numticks=4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", labelsize=8, labelcolor=GREY)
