"""Choosing units: by what they do in tunes that the model writes, and as controls for others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public, refused
from tunetrace.errors import QueryError
from tunetrace.model.hooks import PLACES, UnitPart, needs_gates
from tunetrace.model.inspect.interventions.intervention import (
    check_units,
)
from tunetrace.model.inspect.measures.activity import largest_magnitudes
from tunetrace.model.inspect.statements.rhythm import RECURS, periods_of
from tunetrace.model.inspect.statements.spikes import CLEAR, f1_of, spiking
from tunetrace.model.library.models import open_model
from tunetrace.model.records import Model, Sampled
from tunetrace.model.sampling.sampling import sample
from tunetrace.model.trace import Trace, TuneToTrace, trace_each
from tunetrace.text import counted, plain

if TYPE_CHECKING:
    from tunetrace.model.trace import Floats

Ranking = Literal["variance", "magnitude"]
"""What units are ranked by: the variance of their values, or the largest magnitude."""

TUNES: Final = 100
"""Tunes that the model writes to see what its units do."""

NEAREST: Final = 5
"""A control unit is drawn from the free units of nearest rank by variance, so many."""

_OFTEN: Final = 0.1
"""A unit is chosen by its period if it has it in this share of the tunes."""

_LONGEST_PERIOD: Final = 64


@public
def choose_units(
    layer: int,
    model: Model | str | Path | None = None,
    *,
    part: UnitPart = "hidden",
    period: int | None = None,
    before: str | None = None,
    top: int | None = None,
    by: Ranking = "variance",
    n: int = TUNES,
    meter: str | None = None,
    key: str | None = None,
    temperature: float = 1.0,
    max_tokens: int = 1000,
    seed: int = 0,
) -> tuple[int, ...]:
    """Units of a layer by what they do in n tunes that the model writes; all count from 1.

    period: those that have a period of so many steps in at least a tenth of the tunes, ranked by
    the share of tunes. before: those whose spikes announce this token, with an F1 of 2/3 or more,
    ranked by it. Both are as `model inspect` defines them. top: at most so many; without period or
    before, the first ones by `by`. The units come in the order of their ranks. meter, key,
    temperature, max_tokens, seed: of the tunes, as for sample.
    Raises QueryError where not one rule is given, or no unit follows it.
    """
    if (period is not None) + (before is not None) > 1 or (period, before, top) == (None,) * 3:
        raise QueryError("units are chosen by one rule; give period, before, or top alone")
    if top is not None and top < 1:
        raise refused("top", top, "a whole number from 1")
    if period is not None and not 2 <= period <= _LONGEST_PERIOD:
        raise refused("period", period, f"a whole number of steps from 2 to {_LONGEST_PERIOD}")
    if by not in get_args(Ranking):
        raise refused("by", by, f"one of {', '.join(get_args(Ranking))}")
    if part not in PLACES:
        raise refused("part", part, f"one of {', '.join(PLACES)}")
    opened = open_model(model)
    if isinstance(layer, bool) or layer < 1:
        raise refused("layer", layer, "a whole number from 1")
    check_units(opened, layer, ())
    number = None if before is None else opened.tokens.encode([before])[0]
    tunes = sample(n, opened, meter=meter, key=key, temperature=temperature,
                   max_tokens=max_tokens, seed=seed)  # fmt: skip
    found = watch(traces_of(opened, tunes, part), layer, part)
    if period is not None:
        shares, recurs = period_scores(found, period)
        scores = shares + recurs / (n + 1)  # equal shares differ by a tune at least
        kept = shares >= _OFTEN
        rule = f"has a period of {period} steps in a tenth of {counted(n, 'tune')}"
    elif number is not None:
        scores = spike_scores(found, number)
        kept = scores >= CLEAR
        rule = f"spikes before '{plain(str(before))}' in {counted(n, 'tune')}"
    else:
        scores = found.variance if by == "variance" else found.largest
        kept = np.ones(len(scores), dtype=bool)
        rule = ""
    ranked = [unit for unit in np.argsort(-scores, kind="stable").tolist() if kept[unit]]
    if not ranked:
        raise QueryError(
            f"no unit of layer {layer} of '{opened.name}' {rule}; give units with --units, or "
            "another rule"
        )
    return tuple(unit + 1 for unit in ranked[:top])


def traces_of(model: Model, tunes: Iterable[Sampled], part: UnitPart) -> Iterable[Trace]:
    """The traces of tunes that a model wrote, with the gates if the part is one."""
    taken = (TuneToTrace(tune.tokens, tune.has_ended) for tune in tunes)
    return trace_each(model, taken, gates=needs_gates(part))


@dataclass(frozen=True, slots=True)
class Watched:
    """What a part of a layer's units was in some tunes."""

    values: list[Floats]
    """Of each tune: (S, units)."""
    written: list[NDArray[np.int32]]
    """Of each tune: (S,), the tokens that came next."""

    @property
    def variance(self) -> NDArray[np.float64]:
        """(units,), over all steps."""
        return np.asarray(np.concatenate(self.values).var(axis=0, dtype=np.float64))

    @property
    def largest(self) -> NDArray[np.float64]:
        """(units,), the largest magnitude."""
        return largest_magnitudes(np.concatenate(self.values))


def watch(traces: Iterable[Trace], layer: int, part: UnitPart) -> Watched:
    """What the units of a layer, from 1, were in tunes."""
    found = Watched([], [])
    for traced in traces:
        found.values.append(traced.values(layer, part).copy())
        found.written.append(traced.written)
    return found


def spike_scores(found: Watched, token: int) -> NDArray[np.float64]:
    """The F1 of each unit's spikes as a sign that a token comes next: (units,).

    A unit's median and its largest distance from it are those over all tunes. 0 where the token is
    never written.
    """
    is_next = np.concatenate([written == token for written in found.written])
    values = np.concatenate(found.values).astype(np.float64)
    if not is_next.any():
        return np.zeros(values.shape[1])
    return f1_of(spiking(values), is_next)[0]


def period_scores(found: Watched, period: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """In which share of tunes each unit has a period of so many steps, and how much of its energy
    recurs after them in the mean, 0 for a tune with another period: (units,) each."""
    periods, recurs = zip(*(periods_of(v.astype(np.float64)) for v in found.values), strict=True)
    energy = np.where(np.array(periods) == period, np.array(recurs), 0.0)
    return (energy >= RECURS).mean(axis=0), energy.mean(axis=0)


def control_units(
    variance: NDArray[np.float64], units: Sequence[int], controls: int, seed: int
) -> list[tuple[int, ...]]:
    """Random units of like variance, as many as the given ones and none of them, several times.

    variance: (units,), of each unit. units, and what is given: from 1. For each given unit one is
    drawn from those of nearest rank by variance that are free. The controls have no unit in common
    as long as there are enough. Empty if fewer units are left than are given.
    """
    rank = np.empty(len(variance), dtype=np.int64)
    rank[np.argsort(variance, kind="stable")] = np.arange(len(variance))
    random = np.random.default_rng([seed, 2])
    others = [unit for unit in range(len(variance)) if unit + 1 not in set(units)]
    if len(others) < len(units):
        return []
    found: list[tuple[int, ...]] = []
    free = list(others)
    for _ in range(controls):
        if len(free) < len(units):
            free = list(others)
        drawn = []
        for unit in random.permutation(np.array(units, dtype=np.int64) - 1).tolist():
            nearest = sorted(free, key=lambda other: (abs(rank[other] - rank[unit]), other))
            taken = nearest[int(random.integers(min(NEAREST, len(nearest))))]
            free.remove(taken)
            drawn.append(taken + 1)
        found.append(tuple(sorted(drawn)))
    return found
