"""One picture of a network's weights: its softmax, and how the first layer places the tokens.

The panels are those of parts 2 and 3 of Sturm's series on folk-rnn v2 (2017), and of his talk at
ICML 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tunetrace.arguments import public
from tunetrace.model.inspect.measures.groups import GROUPS, grouped
from tunetrace.model.inspect.weights import (
    ENHARMONICS,
    OCTAVES,
    TokenWeight,
    WeightsReport,
    clustered,
    correlations,
    gate_distances,
    inspect_weights,
    singular_vectors,
    softmax_of,
)
from tunetrace.model.library.models import open_model
from tunetrace.model.records import Model
from tunetrace.plots.picture import (
    BLUE,
    GREEN,
    GREY,
    VERMILION,
    label_of,
    model_label,
    save_picture,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.image import AxesImage

_COLORS: Final = dict(
    zip(
        GROUPS,
        ("#000000", BLUE, VERMILION, GREEN, "#F0E442", "#CC79A7", "#56B4E9", "#BBBBBB"),
        strict=True,
    )
)
"""A colour for each group of tokens, of Okabe and Ito and a grey."""

_SIGNED: Final = "RdBu_r"
"""The colours of what may be negative: blue below 0, red above."""
_NEAR: Final = "RdBu"
"""The colours of distances: red for near, blue for far."""

_MARKS: Final = (("input", "o"), ("forget", "s"), ("cell", "^"), ("output", "D"))
_GATE_COLORS: Final = (BLUE, VERMILION, GREEN, GREY)
_NAMED: Final = 4
"""Tokens that are named at either end of a singular vector."""


@public
def plot_weights(model: Model | str | Path, path: str | Path, *, force: bool = False) -> None:
    """Draw the weights of a network as one picture. The ending of path gives its format.

    Formats: PNG, SVG, PDF. model: an open model, or its name or file. force: replace an older
    picture that tunetrace drew. Raises ModelFileError as open_model, and OutputError if the ending
    is another one, path is taken or cannot be written, or matplotlib is not installed.
    """
    opened = open_model(model)
    save_picture(lambda: _draw(opened), path, force=force)


def _draw(model: Model) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    report = inspect_weights(model)
    figure = Figure(figsize=(8, 23.5), layout=ConstrainedLayoutEngine(h_pad=0.1, w_pad=0.1))
    sizes = model.sizes
    figure.suptitle(
        f"{model_label(report.model)}: {sizes.layers} layers of {sizes.units} units, "
        f"{sizes.tokens} tokens",
        x=0.02, ha="left", fontsize=13, weight="bold",
    )  # fmt: skip
    grid = figure.add_gridspec(5, 1, height_ratios=(3.2, 6.4, 3.4, 7.6, 3.4))
    parts = [figure.add_subfigure(grid[row, 0]) for row in range(5)]
    left, right = parts[0].subplots(1, 2)
    _draw_values(left, report)
    _draw_bias(right, report)
    _draw_vectors(parts[1], model, report)
    _draw_correlations(parts[2], model)
    _draw_gates(parts[3], model)
    _draw_kinds(parts[4], report)
    return figure


# The softmax


def _draw_values(axes: Axes, report: WeightsReport) -> None:
    values = report.singular_values
    axes.set_title("Singular values of the softmax matrix")
    axes.plot(range(1, len(values) + 1), values, color=BLUE, linewidth=1.8)
    if values[-1] > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
    axes.set_xlabel("number")
    axes.set_ylabel("singular value")


def _draw_bias(axes: Axes, report: WeightsReport) -> None:
    """The most and the least probable tokens by the bias alone."""
    shown = [*report.likeliest, *reversed(report.unlikeliest)]
    axes.set_title("Probability by the bias alone")
    places = [k + (k >= len(report.likeliest)) for k in range(len(shown))]
    axes.barh(places, [one.weight for one in shown], color=BLUE)
    axes.set_yticks(places, [label_of(one.token) for one in shown], fontsize=7.5)
    axes.invert_yaxis()
    axes.annotate("…", (0, len(report.likeliest)), va="center", color=GREY)
    axes.set_xlabel("probability if the last layer gives zeros")
    axes.locator_params(axis="x", nbins=5)


def _draw_vectors(part: SubFigure, model: Model, report: WeightsReport) -> None:
    """The singular vectors over the tokens and over the units."""
    softmax, _ = softmax_of(model)
    left, _, right = singular_vectors(softmax)
    count = len(report.vectors)
    above, below = part.subplots(2, 1, height_ratios=(1.7, 1))
    numbers = [str(vector.number) for vector in report.vectors]
    groups = grouped(model.tokens.names)
    order = [number for some in groups.values() for number in some]
    _image(above, left[order, :count].T)
    above.set_title("Left singular vectors over the tokens: red is raised, blue is lowered")
    _mark_groups(above, groups)
    units = right[:, 0].argsort(kind="stable")
    _image(below, right[units, :count].T)
    below.set_title("Right singular vectors over the units of the last layer")
    below.set_xlabel("units, sorted by their weight in vector 1")
    for axes in (above, below):
        axes.set_yticks(range(count), numbers)
        axes.set_ylabel("vector")
    for k, vector in enumerate(report.vectors):
        above.annotate(
            f"+ {_tokens(vector.raised)}\n− {_tokens(vector.lowered)}", (1.01, k),
            xycoords=("axes fraction", "data"), va="center", fontsize=7, annotation_clip=False,
        )  # fmt: skip
        below.annotate(
            f"units {' '.join(map(str, vector.units))}", (1.01, k),
            xycoords=("axes fraction", "data"), va="center", fontsize=7, annotation_clip=False,
        )  # fmt: skip


def _tokens(some: Sequence[TokenWeight]) -> str:
    return "  ".join(label_of(one.token) for one in some[:_NAMED])


def _image(axes: Axes, values: Any) -> None:
    """Rows of values that may be negative; white is 0."""
    most = float(abs(values).max()) or 1.0
    axes.imshow(values, aspect="auto", cmap=_SIGNED, vmin=-most, vmax=most,
                interpolation="nearest")  # fmt: skip


def _mark_groups(axes: Axes, groups: dict[str, list[int]]) -> None:
    """The groups of tokens on the axis below, each with a line at its end."""
    places, names, start = [], [], 0
    for name, numbers in groups.items():
        stop = start + len(numbers)
        places.append((start + stop - 1) / 2)
        names.append(name)
        if start:
            axes.axvline(start - 0.5, color=GREY, linewidth=0.7)
        start = stop
    axes.set_xticks(places, names, rotation=35, ha="right", rotation_mode="anchor", fontsize=8)
    axes.tick_params(axis="x", length=0)


def _draw_correlations(part: SubFigure, model: Model) -> None:
    """The columns of the softmax matrix against each other, and against the bias."""
    import numpy as np

    softmax, bias = softmax_of(model)
    found = correlations(np.column_stack((softmax, bias)))
    of_units, with_bias = found[:-1, :-1], found[:-1, -1]
    left, right = part.subplots(1, 2)
    order = clustered(1 - of_units)
    drawn = left.imshow(of_units[np.ix_(order, order)], cmap=_SIGNED, vmin=-1, vmax=1,
                        interpolation="nearest")  # fmt: skip
    left.set_title("Correlation of the columns")
    left.set_xlabel("units, clustered")
    left.set_ylabel("units, clustered")
    left.set_xticks([])
    left.set_yticks([])
    part.colorbar(drawn, ax=left, label="correlation", shrink=0.85)
    pairs = of_units[np.triu_indices(len(of_units), 1)]
    bins = np.linspace(-1, 1, 41)
    for values, color, name in ((pairs, BLUE, "of two columns"),
                                (with_bias, VERMILION, "of a column with the bias")):  # fmt: skip
        if len(values):
            weights = np.full(len(values), 1 / len(values))
            right.hist(values, bins, weights=weights, histtype="step", color=color, linewidth=1.8,
                       label=name)  # fmt: skip
    right.set_title("How often each correlation occurs")
    right.set_xlabel("correlation")
    right.set_ylabel("share")
    right.set_ylim(top=1.25 * right.get_ylim()[1])
    right.legend(frameon=False, fontsize=8)


# The gates of the first layer


def _draw_gates(part: SubFigure, model: Model) -> None:
    """The distances of all tokens by each gate, clustered, with a strip of their groups."""
    import numpy as np
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    groups = grouped(model.tokens.names)
    group_of = np.zeros(len(model.tokens), dtype=int)
    for name, numbers in groups.items():
        group_of[numbers] = GROUPS.index(name)
    part.suptitle(
        "Layer 1: distances of the tokens by each gate, clustered; the strip has their groups",
        x=0.02, ha="left", fontsize=11,
    )  # fmt: skip
    every = part.subplots(2, 4, width_ratios=(1, 24, 1, 24))
    colors = ListedColormap([_COLORS[name] for name in GROUPS])
    found = gate_distances(model)
    # The distance of most pairs is about 1. The few that are beyond the colours are cut.
    reach = max(0.05, float(np.quantile(abs(found - 1), 0.98)))
    for gate, distances in enumerate(found):
        strip, axes = every[gate // 2, 2 * (gate % 2) : 2 * (gate % 2) + 2]
        order = clustered(distances)
        drawn: AxesImage = axes.imshow(distances[np.ix_(order, order)], cmap=_NEAR, vmin=1 - reach,
                            vmax=1 + reach, interpolation="nearest", aspect="auto")  # fmt: skip
        strip.imshow(group_of[order][:, None], cmap=colors, vmin=-0.5, vmax=len(GROUPS) - 0.5,
                     interpolation="nearest", aspect="auto")  # fmt: skip
        axes.set_title(f"{_MARKS[gate][0]} gate")
        axes.set_xlabel("tokens, clustered")
        strip.set_ylabel("tokens, clustered")
        for one in (axes, strip):
            one.set_xticks([])
            one.set_yticks([])
    part.colorbar(drawn, ax=every[:, 3], label="distance: 1 − cosine", shrink=0.6, extend="both")
    part.legend(
        handles=[Patch(color=_COLORS[name], label=name) for name in groups], frameon=False,
        ncols=4, loc="outside lower center", fontsize=8,
    )  # fmt: skip


def _draw_kinds(part: SubFigure, report: WeightsReport) -> None:
    """How often a token's partner is nearer than another token, by kind and gate."""
    axes = part.subplots()
    kinds = [one.kind for one in report.gates[0].kinds]
    for gate, (name, marker) in enumerate(_MARKS):
        values = {one.kind: one.nearer for one in report.gates[gate].kinds}
        heights = [k + 0.14 * (gate - 1.5) for k in range(len(kinds))]
        axes.plot([values[kind] for kind in kinds], heights, marker, color=_GATE_COLORS[gate],
                  markersize=5, label=f"{name} gate")  # fmt: skip
    axes.axvline(0.5, color=GREY, linewidth=1, linestyle=":")
    axes.set_xlim(0, 1)
    axes.set_yticks(range(len(kinds)), [_kind_label(kind) for kind in kinds])
    axes.invert_yaxis()
    axes.set_title("Layer 1: how often two tokens of a kind are nearer than others")
    axes.set_xlabel("share of comparisons; 0.5 is chance")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))


def _kind_label(kind: str) -> str:
    return {OCTAVES: "octaves: C, c", ENHARMONICS: "enharmonics: ^C, _D"}.get(kind, kind)
