"""The statistics of a report: how a batch differs from people's tunes, and from another batch.

Either way the difference of means is given with an interval that says how far chance may have
moved it. Two batches are also held against each other by a test of ranks, which asks for no
particular distribution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunetrace.checker.strata import Strata
from tunetrace.checker.summary_records import Difference
from tunetrace.indexer.baseline import BaselineTunes

CONFIDENCE: Final = 0.95
TEST: Final = "Mann-Whitney U test"

_MOST_COUNTED_OUT: Final = 50
"""Up to so many transcriptions p is counted out over all orders, where no two are equal; beyond,
that takes minutes and the normal approximation is as good."""

_DECIMALS: Final = 9
"""Beyond these a difference is the rounding error of numbers that are equal."""

Columns: TypeAlias = Mapping[str, NDArray[np.float64]]
"""A measure's values by its name, one a transcription."""


def compare_batches(batch: Columns, other: Columns) -> dict[str, Difference]:
    """How a batch differs from another in each measure.

    p is of the Mann-Whitney U test (1947), corrected over the measures by Holm (1979); superiority
    is Vargha and Delaney's (2000); the interval is Welch's (1947). Neither may be empty.
    """
    from scipy.stats import mannwhitneyu

    p_values, superiorities = [], []
    for name, ours in batch.items():
        theirs = other[name]
        is_small = len(ours) + len(theirs) <= _MOST_COUNTED_OUT
        found = mannwhitneyu(ours, theirs, method="auto" if is_small else "asymptotic")
        p_values.append(float(found.pvalue))
        superiorities.append(float(found.statistic) / (len(ours) * len(theirs)))
    differences = {}
    corrected = holm(p_values)
    for (name, ours), p, superiority in zip(batch.items(), corrected, superiorities, strict=True):
        terms = [_of_mean(ours), _of_mean(other[name])]
        mean, low, high = _interval(float(ours.mean() - other[name].mean()), terms)
        differences[name] = Difference(mean, low, high, TEST, p, superiority)
    return differences


def compare_with_baseline(
    meters: Sequence[str | None], notes: ArrayLike, batch: Columns, baseline: BaselineTunes
) -> dict[str, tuple[float, Difference]]:
    """For each measure the mean of people's tunes of a batch's meters and lengths, and how the
    batch's own differs from it.

    meters, notes: of each transcription. The expected mean is that of people's tunes after
    post-stratification (Cochran, Sampling Techniques, 1977, 5A.9): each stratum's mean, weighted by
    how much of the batch it is compared with. The variance of the difference has two parts: that
    of what each transcription has more than its stratum's mean, and the strata's own. The first is
    taken to be no less than among people's tunes: one in ten of these has what most have nothing
    of, so that a small batch in which none has it would seem not to vary at all.
    """
    strata = Strata(baseline.meter, baseline.notes)
    numbers = strata.of(meters, notes)
    counts = np.bincount(numbers, minlength=len(strata.members))
    used = np.flatnonzero(counts)
    differences = {}
    for name, ours in batch.items():
        values = np.asarray(baseline.values[name], dtype=np.float64)
        means, variances = np.zeros(len(counts)), np.zeros(len(counts))
        terms = []
        for stratum in used:
            theirs = values[strata.members[stratum]]
            means[stratum] = theirs.mean()
            variances[stratum] = theirs.var(ddof=1) if len(theirs) > 1 else 0.0
            terms.append(_of_mean(theirs, float(counts[stratum] / len(ours))))
        # In the baseline's own precision, or what is equal would differ.
        above = ours.astype(np.float32) - means[numbers]
        variance, freedom = _of_mean(above)
        peoples = float(variances[numbers].mean()) / len(ours)
        if freedom and peoples > variance:
            variance, freedom = peoples, sum(free for _, free in terms)
        mean, low, high = _interval(float(above.mean()), [(variance, freedom), *terms])
        expected = float(counts @ means) / len(ours)
        differences[name] = expected, Difference(mean, low, high, None, None, None)
    return differences


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected for their number, so that one of them is below 0.05 by chance in no more
    than one case of twenty (Holm 1979); in the order in which they were given."""
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for k, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - k) * p_values[place]))
        corrected[place] = highest
    return corrected


def _of_mean(values: NDArray[np.float64], weight: float = 1.0) -> tuple[float, int]:
    """The variance of a weighted mean, and its degrees of freedom; of one value there are none."""
    if len(values) < 2:
        return 0.0, 0
    return weight**2 * float(values.var(ddof=1)) / len(values), len(values) - 1


def _interval(
    mean: float, terms: Sequence[tuple[float, int]]
) -> tuple[float, float | None, float | None]:
    """A mean and the bounds of its interval, by the t distribution; none without freedom.

    terms: the independent parts of its variance, each with its degrees of freedom, which are put
    together after Satterthwaite (1946), for two as in Welch (1947).
    """
    from scipy.special import stdtrit

    if not all(freedom for _, freedom in terms):
        return round(mean, _DECIMALS), None, None
    variance = sum(term for term, _ in terms)
    reach = 0.0
    if variance:
        # In shares of the whole, whose squares do not vanish where the variance is very small.
        freedom = 1 / sum((term / variance) ** 2 / freedom for term, freedom in terms)
        reach = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * sqrt(variance)
    return round(mean, _DECIMALS), round(mean - reach, _DECIMALS), round(mean + reach, _DECIMALS)
