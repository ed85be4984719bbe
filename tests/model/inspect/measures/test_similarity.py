"""Gramians: cosines worked out by hand, and the diagonals of a bar that comes again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plots.network.traces import make_trace
from tunetrace.model.inspect.measures.similarity import cosines, gramians


def test_the_cosines_of_a_few_vectors() -> None:
    # (3, 4) and (4, 3) have length 5 and a product of 24; lengths do not matter, and (0, 0) has no
    # direction.
    found = cosines(np.array([[3, 4], [8, 6], [-3, -4], [0, 0]], dtype=np.float32))
    expected = [[1, 0.96, -1, 0], [0.96, 1, -0.96, 0], [-1, -0.96, 1, 0], [0, 0, 0, 0]]
    assert found == pytest.approx(np.array(expected), abs=1e-7)
    assert found.dtype == np.float32


def test_a_repeated_bar_is_a_diagonal_in_every_gramian() -> None:
    # Steps read <s> M K C D | C D |: the bar comes again 3 steps later.
    tokens = ["M:4/4", "K:Cmaj", "C", "D", "|", "C", "D", "|"]
    #            <s>     M:4/4   K:Cmaj   C       D       |       C       D       |
    states = [[1, 0], [0, 1], [-1, 0], [3, 4], [4, 3], [0, 2], [3, 4], [4, 3], [0, 1]]
    hidden = np.array([states], dtype=np.float32)
    chances = np.zeros((9, 17))
    chances[range(9), [0, 1, 2, 3, 4, 5, 3, 4, 5]] = 1
    found = dict(gramians(make_trace(tokens, hidden=hidden, probabilities=chances)))
    assert list(found) == ["inputs", "softmax", "layer 1"]
    same = np.eye(9)
    for one, again in ((3, 6), (4, 7), (5, 8)):
        same[one, again] = same[again, one] = 1
    assert found["inputs"].tolist() == same.tolist()
    assert found["softmax"].tolist() == same.tolist()
    # Of the layer: C and D 24/25, C and | 4/5, D and | 3/5, wherever they are read.
    bar = np.array([[1, 0.96, 0.8], [0.96, 1, 0.6], [0.8, 0.6, 1]])
    assert found["layer 1"][3:, 3:] == pytest.approx(np.block([[bar, bar], [bar, bar]]), abs=1e-7)
    assert found["layer 1"][0] == pytest.approx(
        np.array([1, 0, -1, 0.6, 0.8, 0, 0.6, 0.8, 0]), abs=1e-7
    )


@settings(max_examples=25)
@given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 99))
def test_a_gramian_does_not_depend_on_the_order_of_the_units(
    steps: int, units: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=(steps, units))
    found = cosines(values)
    assert (found == found.T).all()
    assert np.diag(found) == pytest.approx(np.ones(steps), abs=1e-6)
    assert cosines(values[:, random.permutation(units)]) == pytest.approx(found, abs=1e-6)
