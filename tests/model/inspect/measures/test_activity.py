"""How strongly units act: the Laplace fit beside SciPy's, and the largest magnitudes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tunetrace.model.inspect.measures.activity import laplace_fit, largest_magnitudes


def test_the_fit_of_five_values() -> None:
    # The median is 0.1, the distances from it 1.1, 0.2, 0, 0.1 and 0.6: 2 in all.
    fit = laplace_fit(np.array([-1, -0.1, 0.1, 0.2, 0.7], dtype=np.float32))
    assert fit == pytest.approx((0.1, 0.4))
    # 1 / (2 * 0.4) at the location; 0.4 away it is 1/e of that.
    assert fit.density(np.array([0.1, 0.5])) == pytest.approx([1.25, 1.25 / np.e])


def test_equal_values_have_no_spread() -> None:
    assert laplace_fit(np.full((3, 2), 0.25)) == (0.25, 0)


@settings(max_examples=20)
@given(st.integers(1, 200), st.integers(0, 99))
def test_the_fit_is_scipys(count: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=count)
    location, scale = stats.laplace.fit(values)
    fit = laplace_fit(values)
    assert fit == pytest.approx((location, scale))
    if count > 1:
        at = np.linspace(-2, 2, 9)
        assert fit.density(at) == pytest.approx(stats.laplace.pdf(at, location, scale))


def test_the_largest_magnitude_of_a_unit_may_be_of_a_negative_value() -> None:
    values = np.array([[0.5, 0, -0.25], [-0.75, 0, 0.125]], dtype=np.float32)
    assert largest_magnitudes(values).tolist() == [0.75, 0, 0.25]
