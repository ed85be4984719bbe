"""Whether units go with tokens: correlations of all circular shifts, and a test over many tunes.

In one tune a unit and a token may agree by chance, since both have rhythms of their own. A circular
shift of the one against the other keeps both rhythms and breaks what they have in common (as in
Harris 2020, on the correlation of two series that each depend on their past). In each tune the
shift is drawn by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.model.inspect.statements.steps import Floats
from tunetrace.records import Record

FEWEST_TUNES: Final = 50
"""With fewer tunes there is no test."""

DRAWS: Final = 1999
"""How many sets of shifts are drawn, one shift for each tune."""

ALPHA: Final = 0.05
"""The share of false findings among those that are kept."""

_ROUNDING: Final = 1e-5

Transform = NDArray[np.complexfloating]


@dataclass(frozen=True, slots=True, repr=False)
class UnitTest(Record):
    """A unit whose activation goes with a token in many tunes."""

    token: str
    """The token that is written, or `any` for all bar lines."""
    unit: int
    """From 1."""
    r: float
    """The mean over tunes of the correlation of its activation with the token."""
    tunes: int
    """The tunes that have the token."""
    p: float
    """The share of the draws, the true one among them, with a mean r of this magnitude or more."""
    q: float
    """p after the correction of Benjamini and Hochberg (1995) over all units and tokens."""


def transformed(values: Floats) -> Transform:
    """The Fourier transform of each column over the steps, once standardized. values: (S, n)."""
    return np.asarray(np.fft.rfft(standardized(values), axis=0))


def at_all_shifts(first: Transform, second: Transform, steps: int) -> NDArray[np.floating]:
    """Pearson's correlation of each column with another, at all circular shifts.

    first, second: what `transformed` gives of values of S steps, or one column for all. Returns
    (S, n): row s compares the first at step t + s with the second at step t, and row 0 is the
    correlation itself. It is 0 for what never changes.
    """
    return np.asarray(np.fft.irfft(first * np.conj(second), n=steps, axis=0))


def standardized(values: Floats) -> Floats:
    """Each column with the mean 0 and the length 1; zeros for one that never changes.

    values: (S, columns).
    """
    centred = np.asarray(values - values.mean(axis=0))
    size = np.sqrt((centred**2).sum(axis=0))
    is_moving = size > 1e-9 * np.maximum(np.sqrt((values**2).sum(axis=0)), 1e-30)
    return np.asarray(np.divide(centred, size, out=np.zeros_like(centred), where=is_moving))


def benjamini_hochberg(p: Floats) -> Floats:
    """The adjusted p-values of Benjamini and Hochberg (1995). p: (tests,)."""
    order = np.argsort(p)
    ranks = np.arange(1, len(p) + 1)
    raised = p[order] * len(p) / ranks
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return adjusted


class ShiftTest:
    """Tests each unit against each target. Tunes are added one by one; memory does not grow.

    The statistic is the mean over tunes of the correlation. Under the hypothesis that a unit and a
    target have nothing in common, each tune's correlation is as likely to be that of any shift.
    """

    def __init__(self, units: int, targets: tuple[str, ...], seed: int) -> None:
        self._targets = targets
        self._random = np.random.default_rng(seed)
        self._sums = np.zeros((len(targets), units))
        self._drawn = np.zeros((len(targets), DRAWS, units), dtype=np.float32)
        self._tunes = np.zeros(len(targets), dtype=np.int64)

    def add(self, values: Floats, targets: Floats) -> None:
        """Add a tune. values: (S, units). targets: (S, targets), in the order of their names."""
        shifts = self._random.integers(0, len(values), DRAWS)
        units, tokens = (transformed(one).astype(np.complex64) for one in (values, targets))
        for number in np.flatnonzero(targets.min(axis=0) < targets.max(axis=0)).tolist():
            found = at_all_shifts(units, tokens[:, [number]], len(values))
            self._sums[number] += found[0]
            self._drawn[number] += found[shifts]
            self._tunes[number] += 1

    def results(self) -> tuple[int, tuple[UnitTest, ...]]:
        """How many tests were made, and those with q up to ALPHA, by token and magnitude of r.

        A target that fewer than FEWEST_TUNES tunes have is not tested.
        """
        tested = np.flatnonzero(self._tunes >= FEWEST_TUNES).tolist()
        if not tested:
            return 0, ()
        p = np.stack([self._p(number) for number in tested])
        q = benjamini_hochberg(p.ravel()).reshape(p.shape)
        found = []
        for row, number in enumerate(tested):
            tunes = int(self._tunes[number])
            r = self._sums[number] / tunes
            for unit in np.argsort(-np.abs(r), kind="stable").tolist():
                if q[row, unit] <= ALPHA:
                    found.append(
                        UnitTest(self._targets[number], unit + 1, float(r[unit]), tunes,
                                 float(p[row, unit]), float(q[row, unit]))
                    )  # fmt: skip
        return int(p.size), tuple(found)

    def _p(self, number: int) -> Floats:
        """(units,) the two-sided p-values for a target."""
        observed = np.abs(self._sums[number]).astype(np.float32) - _ROUNDING
        as_large = (np.abs(self._drawn[number]) >= observed).sum(axis=0)
        return np.asarray((1.0 + as_large) / (DRAWS + 1.0))
