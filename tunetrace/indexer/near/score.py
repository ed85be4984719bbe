"""How probable it is that two tunes are settings of one melody.

A logistic regression on a few measures of the pair (`MEASURES`). It was fitted on pairs of tunes of
folk-rnn's training data, where settings share a title; `python -m benchmarks.similar fit` fits it
again and prints the coefficients.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEASURES: Final = (
    "notes_mean", "notes_least", "quavers_mean", "quavers_least", "is_moved", "same_meter",
    "same_mode", "shared",
)  # fmt: skip
"""notes and quavers: the score of the best local alignment, over that of a melody with itself, for
the geometric mean of both lengths and for the shorter one. is_moved: the best alignment raises one
of them. shared: how much of their terms they share, its root."""

COEFFICIENTS: Final = (7.436, 3.15, -3.773, 10.613, -0.697, 1.944, 1.025, 1.583)
INTERCEPT: Final = -10.257


def probabilities(measures: Floats) -> Floats:
    """The probability of each pair: (pairs,). measures: (pairs, MEASURES)."""
    logits = measures @ np.array(COEFFICIENTS) + INTERCEPT
    probable: Floats = 1 / (1 + np.exp(-logits))
    return probable
