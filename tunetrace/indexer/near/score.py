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

MEASURES: Final = ("shorter", "mean", "length", "same_meter", "same_mode")
"""The names of the measures. A share is the score of an alignment, divided by the score that a
melody of a given length has with itself.

shorter: the larger of the shares of the notes and of the quavers, for the length of the shorter
melody; at most ENOUGH. mean: the mean of the shares of notes, quavers and beats, for the geometric
mean of both lengths. length: the logarithm of the number of notes of the shorter melody; at most
two notes for each quaver count. same_meter, same_mode: 1 if both are the same, else 0."""

ENOUGH: Final = 0.4
"""A larger share of the shorter melody makes a pair no more probable."""

COEFFICIENTS: Final = (27.424, 3.397, 1.840, 1.714, 0.993)
INTERCEPT: Final = -20.456

_LEAST_NOTES: Final = 8
_SAME: Final = 0.999
"""The least probability of two melodies of at least _LEAST_NOTES notes of which every pitch agrees.
The regression was fitted on whole tunes, and gives too little to a few bars."""

SURE: Final = 0.92
"""From this probability on the mean share orders pairs better than the probability."""


def measured(scores: Floats, own: Floats, others: Floats, same: NDArray[np.bool_]) -> Floats:
    """The measures of pairs: (pairs, MEASURES).

    scores: (pairs, 3) of the alignments of notes, quavers and beats, with 1 for each pitch that
    agrees. own, others: (pairs, 3) the lengths of what was aligned. same: (pairs, 2) whether meter
    and mode are the same.
    """
    least = np.minimum(own, others)
    shorter = (scores[:, :2] / np.maximum(least[:, :2], 1)).max(axis=1)
    mean = (scores / np.sqrt(np.maximum(own * others, 1))).mean(axis=1)
    length = np.log(np.minimum(least[:, 0], 2 * least[:, 1]) + 1)
    return np.column_stack([np.minimum(shorter, ENOUGH), mean, length, same])


def probabilities(measures: Floats) -> Floats:
    """The probability of each pair: (pairs,). measures: (pairs, MEASURES)."""
    logits = measures @ np.array(COEFFICIENTS) + INTERCEPT
    probable: Floats = 1 / (1 + np.exp(-logits))
    mean, length = (measures[:, MEASURES.index(name)] for name in ("mean", "length"))
    is_same = (mean == 1) & (length >= np.log(_LEAST_NOTES + 1))
    return np.where(is_same, np.maximum(probable, _SAME), probable)


def order(measures: Floats, probable: Floats) -> NDArray[np.intp]:
    """The pairs in order, the best first: (pairs,). probable: (pairs,) their probabilities.

    From SURE on the mean share orders them, and of equal ones those of the same meter and mode come
    first.
    """
    mean, meter, mode = (
        measures[:, MEASURES.index(n)] for n in ("mean", "same_meter", "same_mode")
    )
    return np.lexsort((-(meter + mode), -mean, -np.minimum(probable, SURE)))
