"""Intervals without SciPy: against published values and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from tunetrace.checker.compare.intervals import (
    difference_interval,
    percentile_interval,
    resampled_means,
    wilson,
)


@pytest.mark.parametrize(("count", "of"), [(0, 1), (1, 1), (0, 500), (3, 152), (70, 140)])
def test_wilsons_interval_is_scipys(count: int, of: int) -> None:
    theirs = binomtest(count, of).proportion_ci(method="wilson")
    assert wilson(count, of) == pytest.approx((theirs.low, theirs.high))


def test_the_interval_of_a_difference_is_newcombes_example() -> None:
    # Newcombe (1998), table II, method 10: 56/70 - 48/80 is 0.2, from 0.0524 to 0.3339.
    interval = difference_interval(56 / 70, wilson(56, 70), 48 / 80, wilson(48, 80))
    assert interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_bootstrap_of_a_mean_is_about_the_normal_interval() -> None:
    values = np.random.default_rng(3).normal(5, 2, 400)
    low, high = percentile_interval(resampled_means(values, 1))
    expected = norm.interval(0.95, values.mean(), values.std() / 20)
    assert (low, high) == pytest.approx(expected, abs=0.03)


def test_resamples_of_two_seeds_are_independent_and_of_one_the_same() -> None:
    values = np.arange(50)
    first, second = resampled_means(values, 1), resampled_means(values, 2)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1
    assert resampled_means(values, 1).tolist() == first.tolist()
