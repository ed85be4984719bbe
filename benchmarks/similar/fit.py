"""The coefficients of the probability of a near copy, fitted again on pairs of known titles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.output import say, show_table
from benchmarks.similar.agreement import FITTED
from benchmarks.similar.ours import COEFFICIENTS, INTERCEPT, MEASURES, Ours
from benchmarks.similar.titles import Titles
from tunetrace.tokenizer.transcription import Transcription

MOST_SETTINGS: Final = 12
"""A title of more tunes than this is taken for the title of several tunes, and left out."""

_STEPS: Final = 30
_PENALTY: Final = 1e-5
"""Of the squared coefficients of standardized measures, a pair."""

Floats = NDArray[np.float64]


def logistic_regression(measures: Floats, are_same: Floats) -> tuple[Floats, float]:
    """Coefficients (measures,) and intercept that make the pairs most probable.

    measures: (pairs, measures). are_same: (pairs,) of 0 and 1. Method: Newton's steps on the
    penalized likelihood (iteratively reweighted least squares).
    """
    means, spread = measures.mean(axis=0), measures.std(axis=0) + 1e-12
    columns = np.column_stack([(measures - means) / spread, np.ones(len(measures))])
    penalty = _PENALTY * len(measures) * np.diag([*[1.0] * len(means), 0.0])
    fitted = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        probable = 1 / (1 + np.exp(-columns @ fitted))
        slope = columns.T @ (probable - are_same) + penalty @ fitted
        curve = (columns.T * (probable * (1 - probable))) @ columns + penalty
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), slope)
        fitted -= step
        if np.abs(step).max() < 1e-9:
            break
    coefficients = fitted[:-1] / spread
    return coefficients, float(fitted[-1] - coefficients @ means)


def log_loss(measures: Floats, are_same: Floats, coefficients: Floats, intercept: float) -> float:
    """Minus the mean natural logarithm of the probability of what the pairs are."""
    logits = measures @ coefficients + intercept
    return float(np.mean(np.logaddexp(0, np.where(are_same == 1, -logits, logits))))


def measure(ours: Ours, tunes: Sequence[Transcription]) -> None:
    """Print the coefficients that are in use, and those fitted on the first tunes."""
    titles = Titles(tunes)
    first = _pairs(ours, titles, tunes, range(FITTED))
    rest = _pairs(ours, titles, tunes, range(FITTED, len(tunes)))
    coefficients, intercept = logistic_regression(*first)
    rows: list[tuple[str, ...]] = [
        (name, f"{used:.3f}", f"{fitted:.3f}")
        for name, used, fitted in zip(
            (*MEASURES, "intercept"),
            (*COEFFICIENTS, INTERCEPT),
            (*coefficients, intercept),
            strict=True,
        )
    ]
    for name, pairs in (("loss, first", first), ("loss, the others", rest)):
        both = ((np.array(COEFFICIENTS), INTERCEPT), (coefficients, intercept))
        rows.append((name, *(f"{log_loss(*pairs, *one):.4f}" for one in both)))
    show_table("The probability of a near copy", ("", "in use", "fitted"), rows)
    say(
        f"Fitted on {len(first[1]):,} pairs of the first {FITTED:,} tunes, of which "
        f"{first[1].mean():.1%} share a title; titles of more than {MOST_SETTINGS} tunes are left "
        "out. Loss: the mean of -ln of the probability of what a pair is, for pairs among the "
        "first tunes and among the others."
    )


def _pairs(
    ours: Ours, titles: Titles, tunes: Sequence[Transcription], among: range
) -> tuple[Floats, Floats]:
    """The measures of the candidates of tunes among some, and whether they share a title."""
    measured: list[Floats] = []
    are_same: list[float] = []
    outside = set(range(len(tunes))) - set(among)
    for place in titles.asked(among.start, among.stop):
        settings = titles.settings(place)
        if len(settings) < MOST_SETTINGS:
            candidates, rows = ours.measures(tunes[place], outside | {place})
            measured.append(rows)
            are_same += [float(one in settings) for one in candidates]
    return np.concatenate(measured), np.array(are_same)
