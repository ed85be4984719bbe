"""How active the units of a layer are: sparse, never on, or fully on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tunetrace.model.inspect.statements.steps import Floats
from tunetrace.records import Record

SMALL: Final = 0.07
LARGE: Final = 0.8
"""The post counts the activations whose magnitude is less than SMALL, and more than LARGE."""

QUIET: Final = 0.004
"""A unit whose magnitude never exceeds this is off."""

SATURATED: Final = 0.9998
"""A unit whose magnitude exceeds this is fully on at some step."""


@dataclass(frozen=True, slots=True, repr=False)
class ActivityShare(Record):
    """How many of a layer's activations are below or above a magnitude."""

    magnitude: float
    """The bound. An activation that equals it is not counted."""
    is_above: bool
    """Whether those above it are counted. If not, those below are."""
    share: float
    """Their share over all units and steps, which is also the mean share at a step."""
    lowest: float
    """The lowest share at any step."""
    highest: float
    """The highest share at any step."""
    units: float
    """The mean number of units at a step."""
    fewest_units: int
    """The lowest number of units at any step."""
    most_units: int
    """The highest number of units at any step."""


def activity_share(values: Floats, magnitude: float, *, is_above: bool) -> ActivityShare:
    """How many activations are below a magnitude, or above it. values: (S, units)."""
    magnitudes = np.abs(values)
    counts = (magnitudes > magnitude if is_above else magnitudes < magnitude).sum(axis=1)
    units = values.shape[1]
    return ActivityShare(
        magnitude,
        is_above,
        float(counts.mean() / units),
        float(counts.min() / units),
        float(counts.max() / units),
        float(counts.mean()),
        int(counts.min()),
        int(counts.max()),
    )
