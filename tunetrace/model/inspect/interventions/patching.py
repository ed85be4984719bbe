"""Putting the states of one transcription into another (activation patching: Vig et al. 2020)."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunetrace.arguments import public, refused
from tunetrace.errors import QueryError
from tunetrace.model.hooks import Part, Where
from tunetrace.model.inspect.interventions.intervention import check_units
from tunetrace.model.trace import Floats, Trace, numbered_tune
from tunetrace.text import counted, listed

if TYPE_CHECKING:
    from torch import Tensor

    from tunetrace.model.records import Model


@dataclass(frozen=True, slots=True, eq=False)
class Patching:
    """The states that layers of a network are set to at one step."""

    layers: tuple[int, ...]
    """From 1."""
    hidden: Floats
    """(layers, units) float32, of these layers."""
    cell: Floats
    """(layers, units) float32."""
    at: int
    """The step at which they are put in, from 1."""
    source: Trace
    """The trace of the one tune that they are from."""
    step: int
    """The step of that trace, from 1."""

    @property
    def before(self) -> tuple[int, ...]:
        """No token: the step alone says when."""
        return ()

    @property
    def described(self) -> str:
        """What is done, in words."""
        layers = [str(layer) for layer in self.layers]
        which = f"{'layer' if len(layers) == 1 else 'layers'} {listed(layers)}"
        return f"{which}: the states of step {self.step} of the trace put in at step {self.at}"

    def on(self, model: Model) -> Patching:
        """Itself; QueryError for a model of other sizes."""
        check_units(model, max(self.layers, default=1), ())
        if self.hidden.shape[1] != model.sizes.units:
            raise QueryError(
                f"the trace is of layers of {self.hidden.shape[1]} units, but those of "
                f"'{model.name}' have {model.sizes.units}; give a trace of this model"
            )
        return self

    def __call__(self, layer: int, part: Part, values: Tensor, where: Where) -> None:
        """Set the states of a layer in the rows that take the step."""
        import torch

        if layer + 1 not in self.layers or part == "gates":
            return
        rows = torch.from_numpy(where.steps == self.at)
        states = self.hidden if part == "hidden" else self.cell
        state = torch.from_numpy(states[self.layers.index(layer + 1)].copy())
        values[rows.to(values.device)] = state.to(values)


@public
def patch(
    traced: Trace,
    step: int,
    *,
    in_layers: Sequence[int] | None = None,
    at: int | None = None,
    tune: int = 1,
) -> Patching:
    """The hidden and cell states after a step of a trace, to be put into another transcription.

    step: of the trace, from 1. in_layers: which, from 1 (default: all). at: the step at which they
    are put in (default: the same). tune: which one of the trace, from 1. With all layers, the
    network then says what comes next as it did in the trace. Raises QueryError for what the trace
    lacks.

    >>> from tunetrace import open_model
    >>> model = open_model()
    >>> traced = model.trace(["M:6/8", "K:Cdor", "C", "D"])
    >>> patched = model.trace(["M:4/4", "K:Cmaj", "G", "E"], patch(traced, 5))
    >>> bool((patched.probabilities[-1] == traced.probabilities[-1]).all())
    True
    """
    one = numbered_tune(traced, tune)
    steps = len(one.read)
    number = _number(step, "step", steps, counted(steps, "step"))
    every = range(1, len(one.hidden) + 1)
    has = counted(len(every), "layer")
    if in_layers is None:
        chosen = tuple(every)
    elif isinstance(in_layers, Sequence) and not isinstance(in_layers, str | bytes):
        chosen = tuple(_number(layer, "layer", len(every), has) for layer in in_layers)
    else:
        raise refused("in_layers", in_layers, "a list of whole numbers from 1")
    place = number if at is None else _number(at, "at", None, "")
    which = [layer - 1 for layer in chosen]
    return Patching(
        chosen,
        one.hidden[which, number - 1],
        one.cell[which, number - 1],
        place,
        one,
        number,
    )


def _number(given: object, name: str, most: int | None, has: str) -> int:
    """A number from 1 to the most that a trace has."""
    try:
        number = operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        raise refused(name, given, "a whole number from 1") from None
    if number < 1 or (most is not None and number > most):
        right = "a whole number from 1"
        raise refused(
            name, number, right if most is None else f"{right} to {most}, for it has {has}"
        )
    return number
