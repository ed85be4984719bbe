"""Choosing units: by what they do in tunes that the model writes, and as controls for others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import public, refused
from tunetrace.errors import QueryError
from tunetrace.model.inspect.interventions.intervention import PARTS, UnitPart, check_units, values_of
from tunetrace.model.inspect.spectrum import CUT_DB, spectra
from tunetrace.model.models import open_model
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

_SPIKE: Final = 0.5
"""A unit spikes where its magnitude is at least this share of its largest."""

_OFTEN: Final = 0.5
"""A unit spikes before a token if its share of spikes there is higher by this than elsewhere."""

_LONGEST_PERIOD: Final = 64


@public
def choose_units(
    layer: int,
    model: Model | str | Path | None = None,
    *,
    part: UnitPart = "hidden",
    period: float | None = None,
    before: str | None = None,
    top: int | None = None,
    by: Ranking = "variance",
    n: int = TUNES,
    meter: str | None = None,
    key: str | None = None,
    temperature: float = 1.0,
    max_tokens: int = 1000,
    seed: int = 1,
) -> tuple[int, ...]:
    """Units of a layer by what they do in n tunes that the model writes; all count from 1.

    period: those whose values repeat after so many steps, ranked by how much of their power is
    there. before: those that spike before this token, ranked by how much more often than elsewhere.
    top: at most so many; without period or before, the first ones by `by`. The units come in their
    rank's order. meter, key, temperature, max_tokens, seed: of the tunes, as for sample.
    Raises QueryError where no rule is given, or none of the units follows it.
    """
    if (period is not None) + (before is not None) > 1 or (period, before, top) == (None,) * 3:
        raise QueryError("units are chosen by one rule; give period, before, or top alone")
    if top is not None and top < 1:
        raise refused("top", top, "a whole number from 1")
    if period is not None and not 2 <= period <= _LONGEST_PERIOD:
        raise refused("the period", period, f"a number of steps from 2 to {_LONGEST_PERIOD}")
    if by not in get_args(Ranking):
        raise refused("by", by, f"one of {', '.join(get_args(Ranking))}")
    if part not in PARTS:
        raise refused("part", part, f"one of {', '.join(PARTS)}")
    opened = open_model(model)
    if isinstance(layer, bool) or layer < 1:
        raise refused("layer", layer, "a whole number from 1")
    check_units(opened, layer, ())
    number = None if before is None else opened.tokens.encode([before])[0]
    tunes = sample(n, opened, meter=meter, key=key, temperature=temperature,
                   max_tokens=max_tokens, seed=seed)  # fmt: skip
    found = watch(traces_of(opened, tunes, part), layer, part)
    if period is not None:
        scores = periodicity(found.values, period)
        kept = scores > 0
        rule = f"repeats after {period:g} steps"
    elif number is not None:
        scores = spikes_before([v == number for v in found.written], found.values)
        kept = scores >= _OFTEN
        rule = f"spikes before '{plain(str(before))}'"
    else:
        scores = found.variance if by == "variance" else found.largest
        kept = np.ones(len(scores), dtype=bool)
        rule = ""
    ranked = [unit for unit in np.argsort(-scores, kind="stable").tolist() if kept[unit]]
    if not ranked:
        raise QueryError(
            f"no unit of layer {layer} of '{opened.name}' {rule} in {counted(n, 'tune')}; give "
            "units with --units, or another rule"
        )
    return tuple(unit + 1 for unit in ranked[:top])


def traces_of(model: Model, tunes: Iterable[Sampled], part: UnitPart) -> Iterable[Trace]:
    """The traces of tunes that a model wrote, with the gates if the part is one."""
    taken = (TuneToTrace(tune.tokens, tune.has_ended) for tune in tunes)
    return trace_each(model, taken, gates=PARTS[part][0] == "gates")


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
        return np.asarray(np.abs(np.concatenate(self.values)).max(axis=0), dtype=np.float64)


def watch(traces: Iterable[Trace], layer: int, part: UnitPart) -> Watched:
    """What the units of a layer, from 1, were in tunes."""
    found = Watched([], [])
    for traced in traces:
        found.values.append(values_of(traced, layer, part).copy())
        found.written.append(traced.written)
    return found


def spikes_before(
    is_before: Sequence[NDArray[np.bool_]], values: Sequence[Floats]
) -> NDArray[np.float64]:
    """How much more often each unit spikes at some steps than at others: (units,), from -1 to 1.

    is_before: of each tune (S,), whether the step is one of them; values: of each tune (S, units).
    It is the share of these steps with a spike less that of the others (Youden 1950). A unit
    spikes where its magnitude is at least half of its largest.
    """
    magnitudes = np.abs(np.concatenate(values))
    chosen = np.concatenate(is_before)
    largest = magnitudes.max(axis=0)
    spikes = (magnitudes >= _SPIKE * largest) & (largest > 0)
    if chosen.all() or not chosen.any():
        return np.zeros(magnitudes.shape[1])
    return np.asarray(spikes[chosen].mean(axis=0) - spikes[~chosen].mean(axis=0))


def periodicity(values: Sequence[Floats], period: float) -> NDArray[np.float64]:
    """How much of each unit's power is at a period, as a share: (units,); 0 if it has another one.

    values: of each tune (S, units). A unit has the period if in the mean of its spectra, without
    its mean value, the component there is not cut (CUT_DB) and the strongest component is there or
    at a harmonic. A component is at a period if its own period is within half a step of it.
    """
    powers: Any = 0.0
    length = 0
    for one in values:
        found = spectra(one - one.mean(axis=0))
        if found.shape[1] < length:
            continue  # a longer tune has more components
        relative = 10 ** (found / 10)
        if found.shape[1] > length:
            powers, length = 0.0, found.shape[1]
        powers = powers + relative * one.var(axis=0)[:, None]
    k = np.arange(1, length)
    own = 2 * (length - 1) / k
    at = np.abs(own - period) <= 0.5
    powers = powers[:, 1:]
    strongest = powers.max(axis=1)
    where = own[powers.argmax(axis=1)]
    harmonics = period / np.arange(1, max(int(period // 2), 1) + 1)
    # A harmonic is as many times finer as its number says.
    near = np.abs(where[:, None] - harmonics) <= 0.5 / np.arange(1, len(harmonics) + 1)
    has = (strongest > 0) & near.any(axis=1)
    has &= powers[:, at].max(axis=1) >= 10 ** (CUT_DB / 10) * strongest
    total = powers.sum(axis=1)
    share = np.divide(powers[:, at].sum(axis=1), total, out=np.zeros(len(total)), where=total > 0)
    return np.where(has, share, 0.0)


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
