"""Confidence intervals of shares and means that need no more than Python and NumPy."""

from __future__ import annotations

from math import hypot, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE: Final = 0.95

_QUANTILE: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
RESAMPLES: Final = 2000
"""How often a bootstrap draws."""

Interval = tuple[float, float]


def score_interval(share: float, doubt: float) -> Interval:
    """The score interval of a share (Wilson 1927), which stays between 0 and 1.

    doubt: the squared quantile of the distribution, divided by the number of draws.
    """
    spread = share * (1 - share)
    centre = (share + doubt / 2) / (1 + doubt)
    reach = sqrt(doubt * (spread + doubt / 4)) / (1 + doubt)
    return max(0.0, centre - reach), min(1.0, centre + reach)


def wilson(count: int, of: int) -> Interval:
    """The 95% interval of the share of `count` among `of` draws, at least one (Wilson 1927)."""
    return score_interval(count / of, _QUANTILE**2 / of)


def difference_interval(
    ours: float, our_interval: Interval, theirs: float, their_interval: Interval
) -> Interval:
    """The interval of ours minus theirs, from the intervals of two independent shares or means.

    Method: Newcombe (1998, method 10) for proportions, Zou and Donner (2008) for any two means. The
    distance of a bound from the difference is the hypotenuse of the distances of the bounds of the
    two means from these. So that of two shares stays between -1 and 1.
    """
    difference = ours - theirs
    below = hypot(ours - our_interval[0], their_interval[1] - theirs)
    above = hypot(our_interval[1] - ours, theirs - their_interval[0])
    return difference - below, difference + above


def resampled_means(values: ArrayLike, seed: int) -> NDArray[np.float64]:
    """The means of values drawn again with replacement, (2000,): the bootstrap (Efron 1979).

    values: (n,), at least one. seed: two samples that are compared have different ones, so that
    they are drawn independently.
    """
    given = np.asarray(values, dtype=np.float64)
    random = np.random.default_rng(seed)
    return np.array(
        [given[random.integers(0, len(given), len(given))].mean() for _ in range(RESAMPLES)]
    )


def percentile_interval(resampled: NDArray[np.float64], level: float = CONFIDENCE) -> Interval:
    """The interval, usually of 95%, from the percentiles of the bootstrap."""
    low, high = np.quantile(resampled, ((1 - level) / 2, (1 + level) / 2)).tolist()
    return low, high
