"""Spikes of units, and which units spike where a bar line is written.

A unit spikes at the steps at which it is further from its median than half of its greatest distance
from it. Half of a magnitude is -6 dB, the cut that the post makes in the spectra. Neighbouring
steps of this kind are one spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from tunetrace.model.inspect.measures.activity import OFF, largest_magnitudes
from tunetrace.model.inspect.measures.marks import layout_of
from tunetrace.model.inspect.statements.steps import Flags, Floats, TuneSteps, runs_of
from tunetrace.records import Record

ANY: Final = "any"
"""In the place of a bar line: all of them together."""

BEFORE: Final = (ANY, "|", ":|", "|:")
"""The bar lines that units are ranked by."""

SHOWN: Final = 8
"""Units of each ranking."""

CLEAR: Final = 2 / 3
"""From this F1 on, a unit is said to spike before a bar line."""


@dataclass(frozen=True, slots=True, repr=False)
class MissedBarLine(Record):
    """A bar line without a spike."""

    step: int
    """The step, from 1, at which it is written."""
    token: str
    """The bar line."""
    part: int | None
    """The part that it is in, from 1; None if the tune cannot be laid out in bars."""
    bar: int | None
    """The bar that it ends, or the first bar if no bar is before it; None as for part."""


@dataclass(frozen=True, slots=True, repr=False)
class UnitBeforeBarLine(Record):
    """How well the spikes of a unit go with the bar lines that are written at the same steps."""

    bar_line: str
    """The bar line, or `any`."""
    rank: int
    """The rank of the unit for this bar line, from 1: by F1, then by the magnitude of r."""
    unit: int
    """From 1."""
    f1: float
    """The harmonic mean of precision and recall (van Rijsbergen 1979)."""
    precision: float
    """The share of the steps at which it spikes that write the bar line."""
    recall: float
    """The share of the bar lines at which it spikes."""
    r: float
    """The correlation of its activation with the bar line, over all steps (point-biserial)."""
    bar_lines: int
    """How many of these bar lines the tune has."""
    missed: tuple[MissedBarLine, ...]
    """Those at which it does not spike."""


@dataclass(frozen=True, slots=True)
class Spikes:
    """The spikes of a unit. Each is a run of steps, counted from 0."""

    lengths: list[int]
    """How many steps each has."""
    tops: list[int]
    """The step of each that is furthest from the median, the first one of equals."""

    @property
    def distances(self) -> list[int]:
        """The distances between neighbouring spikes."""
        return [later - earlier for earlier, later in pairwise(self.tops)]


def spiking(values: Floats) -> Flags:
    """(S, units): at which steps each unit spikes.

    values: (S, units). A unit that is off, or that never changes, has no spike.
    """
    away = from_median(values)
    largest = away.max(axis=0)
    is_on = (largest_magnitudes(values) > OFF) & (largest > 0)
    return np.asarray((away > largest / 2) & is_on)


def from_median(values: Floats) -> Floats:
    """How far each unit is from its median at each step. values: (S, units)."""
    return np.abs(values - np.median(values, axis=0))


def spikes_of(values: Floats, is_spike: Flags) -> list[Spikes]:
    """The spikes of each unit. values, is_spike: (S, units)."""
    runs = runs_of(is_spike.T)
    if not len(runs):
        return [Spikes([], []) for _ in range(values.shape[1])]
    away = from_median(values).T[is_spike.T]  # unit by unit, and so run by run
    lengths = runs[:, 2] - runs[:, 1]
    begins = np.cumsum(lengths) - lengths
    is_highest = away == np.repeat(np.maximum.reduceat(away, begins), lengths)
    number = np.repeat(np.arange(len(runs)), lengths)
    _, first = np.unique(number[is_highest], return_index=True)
    tops = runs[:, 1] + np.flatnonzero(is_highest)[first] - begins
    edges = np.searchsorted(runs[:, 0], np.arange(values.shape[1] + 1)).tolist()
    of_unit = list(pairwise(edges))
    sizes, places = lengths.tolist(), tops.tolist()
    return [Spikes(sizes[start:stop], places[start:stop]) for start, stop in of_unit]


def f1_of(is_spike: Flags, is_line: Flags) -> tuple[Floats, Floats, Floats]:
    """F1, precision and recall of each unit's spikes as a sign of a bar line; 0 without spikes.

    is_spike: (S, units). is_line: (S,), at least one true.
    """
    hits = is_spike[is_line].sum(axis=0).astype(np.float64)
    spikes, lines = is_spike.sum(axis=0), int(is_line.sum())
    precision = hits / np.maximum(spikes, 1)
    return 2 * hits / (spikes + lines), precision, hits / lines


def lines_named(steps: TuneSteps, bar_line: str) -> Flags:
    """(S,) whether a step writes a bar line of BEFORE."""
    return steps.is_bar_line if bar_line == ANY else steps.writes(bar_line)


def units_before(values: Floats, steps: TuneSteps) -> tuple[UnitBeforeBarLine, ...]:
    """The units of each ranking of BEFORE: the first SHOWN that have a spike at such a bar line.

    values: (S, units).
    """
    is_spike = spiking(values)
    layout = _Places(steps)
    centred = values - values.mean(axis=0)
    found = []
    for bar_line in BEFORE:
        is_line = lines_named(steps, bar_line)
        if not is_line.any():
            continue
        f1, precision, recall = f1_of(is_spike, is_line)
        signs = is_line - is_line.mean()
        size = np.sqrt((centred**2).sum(axis=0) * (signs**2).sum())
        r = np.divide(signs @ centred, size, out=np.zeros(len(size)), where=size > 0)
        # What differs by rounding alone ranks by number.
        order = np.lexsort([np.arange(len(r)), -np.round(np.abs(r), 6), -f1])
        for rank, unit in enumerate(order[:SHOWN].tolist(), 1):
            if f1[unit] > 0:
                missed = np.flatnonzero(is_line & ~is_spike[:, unit])
                found.append(
                    UnitBeforeBarLine(
                        bar_line, rank, unit + 1, float(f1[unit]), float(precision[unit]),
                        float(recall[unit]), float(r[unit]), int(is_line.sum()),
                        layout.missed(missed.tolist()),
                    )
                )  # fmt: skip
    return tuple(found)


class _Places:
    """Where in a tune the bar lines are."""

    def __init__(self, steps: TuneSteps) -> None:
        self._tokens = steps.tokens
        self._layout = layout_of(steps.tokens)

    def missed(self, steps: Sequence[int]) -> tuple[MissedBarLine, ...]:
        """Bar lines that are missed, by their steps from 0."""
        found = []
        for step in steps:
            part, bar = None, None
            if self._layout is not None and self._layout.bars:
                at = self._layout.bar_at(step - 1)
                part, bar = at.part, at.number
            found.append(MissedBarLine(step + 1, self._tokens[step], part, bar))
        return tuple(found)
