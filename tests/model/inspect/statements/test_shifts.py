"""Circular shifts against brute force, their test by simulation, and the correction by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tunetrace.model.inspect.statements import shifts
from tunetrace.model.inspect.statements.shifts import (
    ShiftTest,
    at_all_shifts,
    benjamini_hochberg,
    transformed,
)


def test_the_correlation_at_each_shift_is_numpys() -> None:
    random = np.random.default_rng(1)
    values, target = random.normal(size=(31, 3)), random.integers(0, 2, 31).astype(float)
    found = at_all_shifts(transformed(values), transformed(target[:, None]), 31)
    expected = [
        [np.corrcoef(values[:, unit], np.roll(target, shift))[0, 1] for unit in range(3)]
        for shift in range(31)
    ]
    assert found == pytest.approx(np.array(expected))


def test_what_never_changes_correlates_with_nothing() -> None:
    values = np.stack([np.full(10, 0.1), np.arange(10.0)], axis=1)
    found = at_all_shifts(transformed(values), transformed(np.arange(10.0)[:, None]), 10)
    assert (found[:, 0] == 0).all()
    assert found[0, 1] == pytest.approx(1)


def test_benjamini_and_hochberg_by_hand() -> None:
    # Sorted: .005 .01 .03 .04 .5, times 5/rank: .025 .025 .05 .05 .5.
    p = np.array([0.04, 0.005, 0.5, 0.01, 0.03])
    assert benjamini_hochberg(p) == pytest.approx([0.05, 0.025, 0.5, 0.025, 0.05])
    assert benjamini_hochberg(np.array([0.9, 0.95])) == pytest.approx([0.95, 0.95])


def slow(random: np.random.Generator, steps: int, units: int) -> NDArray[np.float64]:
    """Units that depend on their past, as those of a network do."""
    noise = random.normal(size=(steps, units))
    values = np.zeros((steps, units))
    for step in range(1, steps):
        values[step] = 0.8 * values[step - 1] + noise[step]
    return values


def simulated(seed: int, planted: float, tunes: int = 50) -> ShiftTest:
    """60 units without a relation to a token of a regular rhythm, but for unit 7."""
    random = np.random.default_rng(seed)
    test = ShiftTest(60, ("|",), seed)
    for _ in range(tunes):
        steps = int(random.integers(60, 120))
        values = slow(random, steps, 60)
        target = (np.arange(steps) % 9 == random.integers(0, 9)).astype(float)
        values[:, 6] += planted * target
        test.add(values, target[:, None])
    return test


def test_without_a_relation_p_is_uniform() -> None:
    p = np.concatenate([simulated(seed, 0.0)._p(0) for seed in range(8)])
    # 480 tests: 24 are expected under 0.05, with a standard deviation of 4.8.
    assert 10 <= (p <= 0.05).sum() <= 40
    assert np.quantile(p, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.08)


def test_a_planted_unit_is_found_and_is_about_alone() -> None:
    count, found = simulated(3, 1.0).results()
    assert count == 60
    assert found[0].unit == 7
    assert found[0].p == 1 / (shifts.DRAWS + 1)
    assert found[0].q == pytest.approx(60 * found[0].p)
    assert (found[0].token, found[0].tunes) == ("|", 50)
    assert len(found) <= 3


def test_fewer_than_fifty_tunes_are_not_tested() -> None:
    assert simulated(3, 1.0, tunes=49).results() == (0, ())


def test_a_tune_without_the_token_does_not_count() -> None:
    test = ShiftTest(2, ("|",), 1)
    for _ in range(60):
        test.add(np.random.default_rng(1).normal(size=(20, 2)), np.zeros((20, 1)))
    assert test.results() == (0, ())
