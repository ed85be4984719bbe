"""An intervention: what is done to the values of some units of a layer, and at which steps.

It is data, as in pyvene (Wu et al. 2024): it can be saved, shared, and made in any model that has
the layer and the units. Layers, units and steps count from 1 in it.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public, refused
from tunetrace.documents import (
    foreign,
    is_number,
    kind_of_document,
    load_document,
    save_document,
)
from tunetrace.errors import QueryError
from tunetrace.model.hooks import PLACES, Part, UnitPart, Where
from tunetrace.records import Record, to_plain
from tunetrace.text import counted, listed, one_up_to, plain

if TYPE_CHECKING:
    from torch import Tensor

    from tunetrace.model.records import Model

Operation = Literal["set", "scale", "shift", "clamp", "noise"]
"""What is done to a value x: x becomes v, v x, x + v, x between two bounds, or x plus a random
number (normal, with a mean of 0 and this standard deviation)."""

LARGEST: Final = 1e6
"""No value becomes larger than this in magnitude, so that sums stay numbers."""

INTERVENTION_FILE: Final = kind_of_document("intervention")


@dataclass(frozen=True, slots=True, repr=False)
class Intervention(Record):
    """What is done to some units of a layer of a network while it writes or reads."""

    layer: int
    """From 1."""
    units: tuple[int, ...]
    """From 1, in increasing order; with none, nothing changes."""
    operation: Operation
    """What is done to their values."""
    values: tuple[float, ...]
    """What it is done with: one number; for `clamp` the lower and the upper bound."""
    part: UnitPart = "hidden"
    """What of the units is changed."""
    first_step: int = 1
    """The first step that is changed. At step 1 the network reads the token that begins a tune."""
    last_step: int | None = None
    """The last step that is changed; None for the last of the tune."""
    only_before: tuple[str, ...] = ()
    """Only steps at which one of these tokens would be the most probable to come next without the
    intervention. Empty: every step."""
    seed: int = 0
    """Of the noise. What is added depends on the seed, the number of the tune and the step."""

    def __post_init__(self) -> None:
        """QueryError for what cannot be."""
        units = sorted(_from_one(unit, "unit") for unit in _several(self.units, "units"))
        for unit, following in pairwise(units):
            if unit == following:
                raise QueryError(f"unit {unit} is named twice; name each unit once")
        _one_of(self.operation, "operation", get_args(Operation))
        _one_of(self.part, "part", tuple(PLACES))
        tokens = _several(self.only_before, "only_before")
        for token in tokens:
            if not isinstance(token, str):
                raise refused("one of only_before", token, "a token, as '|'")
        last = None if self.last_step is None else _from_one(self.last_step, "last step")
        taken = {
            "layer": _from_one(self.layer, "layer"),
            "units": tuple(units),
            "values": self._checked_values(),
            "first_step": _from_one(self.first_step, "first step"),
            "last_step": last,
            "only_before": tuple(tokens),
        }
        for name, value in taken.items():
            object.__setattr__(self, name, value)
        if last is not None and last < self.first_step:
            raise QueryError(
                f"the last step cannot be {last}, before the first, which is {self.first_step}; "
                "give the first step first"
            )
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise refused("seed", self.seed, "a whole number from 0")

    def _checked_values(self) -> tuple[float, ...]:
        values = tuple(_several(self.values, "values"))
        needed = 2 if self.operation == "clamp" else 1
        if len(values) != needed:
            raise QueryError(
                f"'{self.operation}' has {counted(len(values), 'value')}; give "
                f"{'a lower and an upper bound' if needed == 2 else 'one number'}"
            )
        for value in values:
            if not is_number(value) or abs(value) > LARGEST:
                raise refused(
                    f"a value of '{self.operation}'",
                    value,
                    f"a number from -{LARGEST:,.0f} to {LARGEST:,.0f}",
                )
        if self.operation == "clamp" and values[0] > values[1]:
            raise QueryError(
                f"the bounds {values[0]:g} and {values[1]:g} leave no value; give the lower one "
                "first"
            )
        if self.operation == "noise" and values[0] < 0:
            raise refused("the standard deviation of noise", values[0], "0 or more")
        return tuple(map(float, values))

    def on(self, model: Model) -> UnitChange:
        """The change of this model; QueryError where it lacks the layer, a unit or a token."""
        check_units(model, self.layer, self.units)
        return UnitChange(self, tuple(model.tokens.encode(self.only_before)))

    @property
    def described(self) -> str:
        """What is done, in words: `layer 3, units 60 and 97: hidden set to 0`."""
        shown = [str(unit) for unit in self.units[:_SHOWN]]
        if len(self.units) > _SHOWN:
            shown.append(f"{len(self.units) - _SHOWN:,} more")
        units = f"{'unit' if len(shown) == 1 else 'units'} {listed(shown)}" if shown else "no unit"
        first, last = (f"{value:g}" for value in (self.values[0], self.values[-1]))
        done = {
            "set": f"set to {first}",
            "scale": f"times {first}",
            "shift": f"plus {first}",
            "clamp": f"held between {first} and {last}",
            "noise": f"plus noise of deviation {first}",
        }[self.operation]
        when = ""
        if self.last_step is not None:
            when = f", steps {self.first_step} to {self.last_step}"
        elif self.first_step > 1:
            when = f", from step {self.first_step}"
        if self.only_before:
            when += f", only before {listed([plain(token) for token in self.only_before])}"
        return f"layer {self.layer}, {units}: {self.part.replace('-', ' ')} {done}{when}"


_SHOWN: Final = 12
"""So many units are named in words."""


@dataclass(frozen=True)
class UnitChange:
    """An intervention that is made in a model."""

    made: Intervention
    before: tuple[int, ...] = ()

    @cached_property
    def _units(self) -> NDArray[np.int64]:
        return np.array(self.made.units, dtype=np.int64) - 1

    def __call__(self, layer: int, part: Part, values: Tensor, where: Where) -> None:
        """Change the values of the units at the rows whose step is one to change."""
        made = self.made
        hooked, gate = PLACES[made.part]
        if layer != made.layer - 1 or part != hooked or not made.units:
            return
        last = where.steps.max() if made.last_step is None else made.last_step
        rows = np.flatnonzero((where.steps >= made.first_step) & (where.steps <= last))
        if not len(rows):
            return
        places = values if gate is None else values[:, gate]
        chosen = np.ix_(rows, self._units)
        some = Where(where.tunes[rows], where.steps[rows])
        places[chosen] = self._changed(places[chosen], some)

    def _changed(self, values: Tensor, where: Where) -> Tensor:
        """What the values (rows, units) become."""
        import torch

        made = self.made
        first, last = made.values[0], made.values[-1]
        if made.operation == "set":
            return torch.full_like(values, first)
        if made.operation == "clamp":
            return values.clamp(first, last)
        if made.operation == "scale":
            changed = values * first
        elif made.operation == "shift":
            changed = values + first
        else:
            drawn = torch.from_numpy(noise(made.seed, where, len(made.units)))
            changed = values + first * drawn.to(values)
        return changed.clamp(-LARGEST, LARGEST)


def noise(seed: int, where: Where, units: int) -> NDArray[np.float64]:
    """Standard normal numbers (rows, units), by the seed, the tune and the step alone."""
    rows = [
        np.random.default_rng([seed, tune, step]).standard_normal(units)
        for tune, step in zip(where.tunes.tolist(), where.steps.tolist(), strict=True)
    ]
    return np.array(rows).reshape(len(rows), units)


def check_units(model: Model, layer: int, units: Sequence[int]) -> None:
    """QueryError unless a model has a layer and its units, all counted from 1."""
    sizes = model.sizes
    if layer > sizes.layers:
        has = counted(sizes.layers, "layer")
        raise QueryError(
            f"there is no layer {layer} in '{model.name}', which has {has}; give "
            f"{one_up_to(sizes.layers)}"
        )
    for unit in units:
        if unit > sizes.units:
            raise QueryError(
                f"there is no unit {unit} in '{model.name}', whose layers have {sizes.units} "
                f"units; give units from 1 to {sizes.units}"
            )


@public
def ablate(
    layer: int, unit_numbers: Iterable[int], *, part: UnitPart = "hidden", value: float = 0.0
) -> Intervention:
    """Units of a layer held at a value at every step. layer and unit_numbers count from 1.

    part: what of them, their hidden states or another. The name is that of TransformerLens (Nanda
    2022). Raises QueryError for a number below 1; a model that lacks the layer or a unit refuses it
    when the change is made.

    >>> ablate(3, [60, 97]).described
    'layer 3, units 60 and 97: hidden set to 0'
    """
    return Intervention(layer, tuple(_several(unit_numbers, "units")), "set", (value,), part)


@public
def save_intervention(intervention: Intervention, path: str | Path, *, force: bool = False) -> None:
    """Write an intervention as JSON. force: replace one that is there; OutputError if it cannot."""
    if not isinstance(intervention, Intervention):
        raise refused("intervention", intervention, "an Intervention, such as ablate(3, [60, 97])")
    save_document(path, INTERVENTION_FILE, to_plain(intervention), force=force)


@public
def load_intervention(path: str | Path) -> Intervention:
    """Read an intervention's file; InputError where it is absent, damaged or foreign."""
    content = load_document(path, INTERVENTION_FILE, set(Intervention.__dataclass_fields__))
    try:
        lists = {name: tuple(content[name]) for name in ("units", "values", "only_before")}
        return replace(Intervention(1, (), "set", (0.0,)), **{**content, **lists})
    except (QueryError, TypeError) as error:
        reason = str(error).split(";")[0] if isinstance(error, QueryError) else "a list is missing"
        raise foreign(path, INTERVENTION_FILE, reason) from None


def _several(given: object, name: str) -> list[Any]:
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        return list(given)
    raise refused(name, given, "a list")


def _from_one(given: object, name: str) -> int:
    try:
        number = operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        number = 0
    if number < 1 or isinstance(given, bool):
        raise refused(name, given, "a whole number from 1")
    return number


def _one_of(given: object, name: str, known: Sequence[str]) -> None:
    if given not in known:
        raise refused(name, given, f"one of {', '.join(known)}")
