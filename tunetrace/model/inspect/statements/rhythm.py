"""The shapes of units over the steps: one spike, a few, regular spikes, and a period.

The post tells them by their spectra, drawn down to -6 dB of each unit's strongest component. One
short spike has a flat spectrum. Two of equal size at a distance of d steps have a comb of which two
thirds are within 6 dB, with teeth 512 / d components apart. The more regular spikes there are, the
narrower are the teeth. The period is the one of the autocorrelation, which is the inverse transform
of the power spectrum (Wiener 1930, Khinchin 1934).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tunetrace.model.inspect.measures.activity import OFF, largest_magnitudes
from tunetrace.model.inspect.measures.spectrum import CUT_DB, spectra
from tunetrace.model.inspect.statements.spikes import (
    BEFORE,
    CLEAR,
    Spikes,
    f1_of,
    lines_named,
    spikes_of,
    spiking,
)
from tunetrace.model.inspect.statements.steps import Floats, TuneSteps
from tunetrace.records import Record

Shape = Literal["off", "one spike", "few spikes", "regular spikes", "other"]

FLAT: Final = 0.7
"""A spectrum is nearly flat if this share of its components is within CUT_DB of the strongest. Two
equal spikes have 2/3."""

FEW: Final = (2, 4)
"""So many spikes are a few."""

WIDEST: Final = 3
"""The median spike has at most so many steps. A longer stay is no spike."""

REGULAR: Final = 0.75
"""Spikes are regular if this share of the distances between neighbouring ones is like their median:
it differs by an eighth of it at most, as 8 from 9."""

RECURS: Final = 0.5
"""A unit has a period if this share of its energy recurs after so many steps: the value of the
autocorrelation, 1 at lag 0, at its highest peak."""

SHORTEST_PERIOD: Final = 2
FEWEST_PERIODS: Final = 3
"""A period fits into the tune so often at least."""


@dataclass(frozen=True, slots=True, repr=False)
class UnitShape(Record):
    """What a unit does over the steps of a tune."""

    unit: int
    """From 1."""
    largest: float
    """Its largest magnitude."""
    largest_step: int
    """The first step, from 1, at which it has it."""
    shape: Shape
    """`off`, `one spike` (a nearly flat spectrum), `few spikes` (2 to 4), `regular spikes` (5 or
    more at like distances) or `other`."""
    spikes: int
    """How many spikes it has."""
    flat: float
    """The share of its spectrum within 6 dB of the strongest component."""
    distance: float | None
    """The median distance between neighbouring spikes, in steps; None with fewer than two."""
    period: int | None
    """The steps after which most of its energy recurs; None if less than half does."""
    recurs: float | None
    """The share of its energy that recurs after the most probable period; None if there is none."""
    before: tuple[str, ...]
    """The bar lines before which it spikes: `|`, `:|`, `|:` or `any`, with an F1 of 2/3 or more."""


@dataclass(frozen=True, slots=True, repr=False)
class PeriodUnits(Record):
    """The units that have a period."""

    period: int
    """In steps."""
    units: tuple[int, ...]
    """From 1. The one of which most recurs comes first."""


def shapes_of(values: Floats, steps: TuneSteps) -> tuple[UnitShape, ...]:
    """The shape of each unit. values: (S, units)."""
    largest, places = largest_magnitudes(values), np.abs(values).argmax(axis=0)
    flat = (spectra(values) >= CUT_DB).mean(axis=1)
    is_spike = spiking(values)
    spikes = spikes_of(values, is_spike)
    lines = {name: lines_named(steps, name) for name in BEFORE}
    f1 = {name: f1_of(is_spike, line)[0] for name, line in lines.items() if line.any()}
    periods, recurs = periods_of(values)
    found = []
    for unit in range(values.shape[1]):
        distances = spikes[unit].distances
        strength = float(recurs[unit])
        found.append(
            UnitShape(
                unit=unit + 1,
                largest=float(largest[unit]),
                largest_step=int(places[unit]) + 1,
                shape=_shape(float(largest[unit]), float(flat[unit]), spikes[unit]),
                spikes=len(spikes[unit].tops),
                flat=float(flat[unit]),
                distance=float(median(distances)) if distances else None,
                period=int(periods[unit]) if strength >= RECURS and largest[unit] > OFF else None,
                recurs=strength if periods[unit] else None,
                before=tuple(name for name, values in f1.items() if values[unit] >= CLEAR),
            )
        )
    return tuple(found)


def _shape(largest: float, flat: float, spikes: Spikes) -> Shape:
    if largest <= OFF:
        return "off"
    if flat >= FLAT:
        return "one spike"
    if len(spikes.tops) < FEW[0] or median(spikes.lengths) > WIDEST:
        return "other"
    if len(spikes.tops) <= FEW[1]:
        return "few spikes"
    distances = spikes.distances
    middle = median(distances)
    like = sum(abs(distance - middle) <= middle / 8 for distance in distances)
    return "regular spikes" if like >= REGULAR * len(distances) else "other"


def periods_of(values: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The most probable period of each unit in steps, and how much of its energy recurs after it.

    values: (S, units). Both (units,); 0 and 0 for a unit without any. The mean is taken away first.
    Each lag's products are summed over the pairs of steps that there are and divided by the sum of
    squares, so that n pulses give (n - 1) / n at their period and less at its multiples. The
    period is the highest peak from SHORTEST_PERIOD to a third of the steps.
    """
    steps = len(values)
    most = steps // FEWEST_PERIODS
    if most < SHORTEST_PERIOD:
        units = values.shape[1]
        return np.zeros(units, dtype=np.int64), np.zeros(units)
    centred = values - values.mean(axis=0)
    power = np.abs(np.fft.rfft(centred, n=2 * steps, axis=0)) ** 2
    products = np.fft.irfft(power, n=2 * steps, axis=0)[: most + 2]
    energy = (centred**2).sum(axis=0)
    # What is left of a constant by rounding has no period.
    is_moving = energy > 1e-12 * np.maximum((values**2).sum(axis=0), 1e-30)
    share = np.divide(products, energy, out=np.zeros_like(products), where=is_moving)
    lags = np.arange(SHORTEST_PERIOD, most + 1)
    inner = share[lags]
    is_peak = (inner > share[lags - 1]) & (inner >= share[lags + 1])
    peaks = np.where(is_peak, inner, 0.0)
    best = peaks.argmax(axis=0)
    height = peaks[best, np.arange(values.shape[1])]
    return np.where(height > 0, lags[best], 0), np.asarray(height)


def by_period(shapes: tuple[UnitShape, ...]) -> tuple[PeriodUnits, ...]:
    """The units of each period. The period that most units have comes first."""
    found: dict[int, list[UnitShape]] = {}
    for shape in shapes:
        if shape.period is not None:
            found.setdefault(shape.period, []).append(shape)
    order = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        PeriodUnits(
            period, tuple(one.unit for one in sorted(some, key=lambda one: -(one.recurs or 0)))
        )
        for period, some in order
    )
