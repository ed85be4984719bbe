"""One picture of a trace, of any kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tunetrace.arguments import public
from tunetrace.errors import QueryError
from tunetrace.model.hooks import UnitPart
from tunetrace.model.trace import Trace
from tunetrace.plots.network.activations import (
    Activations,
    draw_extremes,
    draw_histogram,
    draw_layer,
    draw_sorted,
    draw_spectrum,
    draw_units,
)
from tunetrace.plots.network.gramian import draw_gramian
from tunetrace.plots.network.kinds import KINDS
from tunetrace.plots.network.predictions import draw_memory, draw_softmax, draw_tokens
from tunetrace.plots.network.steps import TracedTune, traced_tune
from tunetrace.plots.picture import check_picture, save_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_OF_A_LAYER: Final[dict[str, Callable[[Activations], Figure]]] = {
    "layer": draw_layer,
    "histogram": draw_histogram,
    "sorted": draw_sorted,
    "extremes": draw_extremes,
    "spectrum": draw_spectrum,
}

_OF_A_TUNE: Final[dict[str, Callable[[TracedTune], Figure]]] = {
    "softmax": draw_softmax,
    "gramian": draw_gramian,
    "memory": draw_memory,
}


@public
def plot_trace(
    kind: str,
    traced: Trace,
    path: str | Path,
    *,
    tune: int = 1,
    layer: int | None = None,
    part: UnitPart | None = None,
    unit_numbers: Sequence[int] | None = None,
    tokens: Sequence[str] | None = None,
    force: bool = False,
) -> None:
    """Draw a picture of what went on in a network. The ending of path gives its format.

    Formats: PNG, SVG, PDF.
    kind: `softmax`, `tokens`, `layer`, `histogram`, `sorted`, `extremes`, `spectrum`, `units`,
        `gramian` or `memory`.
    tune: which tune of the trace, from 1.
    layer: for pictures of activations; from 1, by default the last.
    part: for the same: `hidden` (the default), `cell`, `input-gate`, `forget-gate`, `cell-gate` or
        `output-gate`.
    unit_numbers: for `units`, from 1; by default the nine with the largest variance.
    tokens: for `tokens`; by default those that the post follows.
    force: replace an older picture that tunetrace drew.
    The pictures are those of "Making sense of the folk-rnn v2 model" (Sturm 2018, 2019).
    Raises QueryError for an argument that does not belong to the kind, and for a tune, layer, unit
    or token that is not there; OutputError as plot_training.
    """
    check_picture(path, force=force)
    figure = drawing(kind, traced, tune=tune, layer=layer, part=part, unit_numbers=unit_numbers,
                     tokens=tokens)  # fmt: skip
    save_picture(figure, path, force=force)


def drawing(
    kind: str,
    traced: Trace,
    *,
    tune: int = 1,
    layer: int | None = None,
    part: UnitPart | None = None,
    unit_numbers: Sequence[int] | None = None,
    tokens: Sequence[str] | None = None,
) -> Callable[[], Figure]:
    """A function that draws what plot_trace saves. Raises QueryError as plot_trace."""
    if kind not in KINDS:
        raise QueryError(f"kind cannot be '{kind}'; give one of {', '.join(KINDS)}")
    given = {"layer": layer, "part": part, "unit_numbers": unit_numbers, "tokens": tokens}
    for name, value in given.items():
        if value is not None and name not in KINDS[kind].takes:
            raise _not_for(kind, name)
    chosen = traced_tune(traced, tune)
    if kind in _OF_A_TUNE:
        return lambda: _OF_A_TUNE[kind](chosen)
    if kind == "tokens":
        return lambda: draw_tokens(chosen, tokens)
    activations = _activations(chosen, layer, part)
    if kind == "units":
        return lambda: draw_units(activations, unit_numbers)
    return lambda: _OF_A_LAYER[kind](activations)


def _not_for(kind: str, name: str) -> QueryError:
    """The error for an argument that does not belong to a kind."""
    option = {"unit_numbers": "--units"}.get(name, f"--{name}")
    *kinds, last = [other for other in KINDS if name in KINDS[other].takes]
    return QueryError(
        f"the picture '{kind}' does not take {option}; leave it out, or draw "
        f"{', '.join(kinds)}{' or ' if kinds else ''}{last}"
    )


def _activations(tune: TracedTune, layer: int | None, part: UnitPart | None) -> Activations:
    layer = len(tune.trace.hidden) if layer is None else layer
    part = "hidden" if part is None else part
    return Activations(tune, layer, part, tune.trace.values(layer, part))
