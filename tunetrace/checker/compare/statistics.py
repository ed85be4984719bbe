"""The statistics of a report: how a batch differs from real tunes, and from another batch.

Each difference of means has a confidence interval; that of two shares stays between -1 and 1. Two
batches are also compared by a test of ranks, which does not assume a distribution.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunetrace.checker.baseline.strata import Strata
from tunetrace.checker.compare.intervals import (
    CONFIDENCE,
    difference_interval,
    score_interval,
)
from tunetrace.checker.compare.records import Difference
from tunetrace.indexer.store.arrays.baseline import BaselineTunes

TEST: Final = "Mann-Whitney U test"

_MOST_COUNTED_OUT: Final = 50
"""Up to this many transcriptions, p is exact if no two values are equal. For more, an exact p takes
minutes, and the normal approximation is as good."""

_DECIMALS: Final = 9
"""A difference beyond these decimals is a rounding error of equal numbers."""

Columns: TypeAlias = Mapping[str, NDArray[np.float64]]
"""For each measure, by its name: one value for each transcription."""


@dataclass(frozen=True, slots=True)
class _Mean:
    """A mean and its precision."""

    value: float
    variance: float
    """The variance of the mean."""
    freedom: float
    """The degrees of freedom of the variance; 0 if it is unknown."""
    count: float
    """The number of values, all of one weight."""


@dataclass(frozen=True, slots=True)
class _Share:
    """A mean of shares, as precise as the mean of this many draws of 0 or 1."""

    value: float
    draws: float
    freedom: float

    @property
    def doubt(self) -> float:
        """The squared quantile of t divided by the draws; the interval grows with it."""
        return _quantile(self.freedom) ** 2 / self.draws

    def interval(self) -> tuple[float, float]:
        """The score interval of Wilson (1927), with the quantile of t."""
        return score_interval(self.value, self.doubt)


def compare_batches(
    batch: Columns, other: Columns, shares: Collection[str]
) -> dict[str, Difference]:
    """How a batch differs from another in each measure.

    Neither batch may be empty. shares: the measures between 0 and 1. p is from the Mann-Whitney U
    test (1947), corrected for all measures after Holm (1979). superiority: Vargha and Delaney 2000.
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
        pair = _mean_of(ours), _mean_of(other[name])
        if name in shares:
            interval = _between_shares(*map(_share, pair))
        else:
            interval = _between(*pair)
        mean = _rounded(pair[0].value - pair[1].value)
        differences[name] = Difference(mean, *interval, TEST, p, superiority)
    return differences


def compare_with_baseline(
    meters: Sequence[str | None],
    notes: ArrayLike,
    batch: Columns,
    baseline: BaselineTunes,
    shares: Collection[str],
) -> dict[str, tuple[float, Difference]]:
    """For each measure, the expected mean, and how the mean of a batch differs from it.

    meters, notes: of each transcription. shares: the measures between 0 and 1. The expected mean is
    that of real tunes of the batch's meters and lengths, by post-stratification (Cochran 1977,
    5A.9): the means of the strata, weighted by the transcriptions that are compared with each. The
    variance has two parts: that of the strata's means, and that of each transcription's difference
    from its stratum's mean. The second is at least that of real tunes, for shares in proportion
    to m (1 - m). Otherwise a small batch without copies would seem not to vary at all.
    """
    strata = Strata(baseline.meter, baseline.notes)
    used, places, counts = np.unique(
        strata.of(meters, notes), return_inverse=True, return_counts=True
    )
    weights = (counts / counts.sum()).tolist()
    differences = {}
    for name, column in batch.items():
        # In the precision of the baseline. Otherwise equal values would differ.
        ours = column.astype(np.float32).astype(np.float64)
        values = np.asarray(baseline.values[name], dtype=np.float64)
        theirs = [_mean_of(values[strata.members[stratum]]) for stratum in used]
        expected = _weighted(theirs, weights)
        above = _mean_of(ours - np.array([mean.value for mean in theirs])[places])
        own = _Mean(float(ours.mean()), above.variance, above.freedom, len(ours))
        alike = _Mean(
            expected.value,
            sum(w * mean.variance * mean.count for mean, w in zip(theirs, weights, strict=True))
            / len(ours),
            sum(mean.freedom for mean in theirs),
            len(ours),
        )
        if name in shares:
            interval = _between_shares(_no_less_varied(own, alike), _share(expected))
        else:
            if own.freedom and alike.variance > own.variance:
                own = replace(own, variance=alike.variance, freedom=alike.freedom)
            interval = _between(own, expected)
        mean = _rounded(own.value - expected.value)
        differences[name] = expected.value, Difference(mean, *interval, None, None, None)
    return differences


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected for their number (Holm 1979), in the given order.

    Chance makes one of them fall below 0.05 in at most one case of twenty.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for k, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - k) * p_values[place]))
        corrected[place] = highest
    return corrected


def _mean_of(values: NDArray[np.float64]) -> _Mean:
    """The mean of values; the variance of one value is unknown."""
    count = len(values)
    if count < 2:
        return _Mean(float(values.mean()), 0.0, 0, count)
    return _Mean(float(values.mean()), float(values.var(ddof=1)) / count, count - 1, count)


def _weighted(means: Sequence[_Mean], weights: Sequence[float]) -> _Mean:
    """The weighted mean of independent means; the weights sum to 1."""
    weighed = list(zip(means, weights, strict=True))
    terms = [(weight**2 * mean.variance, mean.freedom) for mean, weight in weighed]
    return _Mean(
        sum(weight * mean.value for mean, weight in weighed),
        sum(variance for variance, _ in terms),
        _freedom(terms),
        1 / sum(weight**2 / mean.count for mean, weight in weighed),
    )


def _share(mean: _Mean) -> _Share:
    """A mean of shares as a mean of draws of 0 or 1 that has the same variance.

    The number of draws is the effective sample size of surveys (Kish 1965). If all shares are 0, or
    all 1, their variance is unknown, and the shares count as draws themselves.
    """
    spread = mean.value * (1 - mean.value)
    if spread <= 0:
        return _Share(mean.value, mean.count, mean.freedom)
    return _Share(mean.value, spread / mean.variance if mean.variance else inf, mean.freedom)


def _no_less_varied(own: _Mean, alike: _Mean) -> _Share:
    """A mean of shares that is at most as precise as the mean of as many of real tunes."""
    share = _share(own)
    if not (share.freedom and alike.freedom):
        return share
    alike_share = replace(_share(alike), value=own.value)
    return alike_share if own.value in (0, 1) or alike_share.doubt > share.doubt else share


def _between(ours: _Mean, theirs: _Mean) -> tuple[float | None, float | None]:
    """The interval of a difference of means (Welch 1947); None if a variance is unknown."""
    terms = [(mean.variance, mean.freedom) for mean in (ours, theirs)]
    freedom = _freedom(terms)
    if not freedom:
        return None, None
    difference = ours.value - theirs.value
    reach = _quantile(freedom) * sqrt(ours.variance + theirs.variance)
    return _rounded(difference - reach), _rounded(difference + reach)


def _between_shares(ours: _Share, theirs: _Share) -> tuple[float | None, float | None]:
    """The interval of a difference of mean shares, from the intervals of the two means.

    None if the freedom of one of them is unknown.
    """
    if not (ours.freedom and theirs.freedom):
        return None, None
    low, high = difference_interval(ours.value, ours.interval(), theirs.value, theirs.interval())
    return _rounded(low), _rounded(high)


def _freedom(terms: Sequence[tuple[float, float]]) -> float:
    """The degrees of freedom of a sum of independent variances; 0 if one of them has none.

    terms: each variance with its degrees of freedom. Method: Satterthwaite (1946).
    """
    if not all(freedom for _, freedom in terms):
        return 0
    whole = sum(variance for variance, _ in terms)
    if not whole:
        return sum(freedom for _, freedom in terms)
    # The squares of shares of the whole do not become 0 if the variance is very small.
    return 1 / sum((variance / whole) ** 2 / freedom for variance, freedom in terms)


def _quantile(freedom: float) -> float:
    """The half width of an interval in standard errors, by the t distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))


def _rounded(value: float) -> float:
    """A number without rounding errors, and 0 without a sign."""
    return round(value, _DECIMALS) + 0.0
