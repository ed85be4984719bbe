"""How strongly the units of a layer act: the distribution of their outputs, and their extremes."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

OFF: Final = 0.004
"""A unit whose magnitude is never larger is off throughout, as in the post."""

FULL: Final = 0.9998
"""A unit whose magnitude is larger at some step is fully on there, as in the post."""


class LaplaceFit(NamedTuple):
    """A Laplace distribution."""

    location: float
    scale: float

    def density(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """The density at each value. The scale must not be 0."""
        distances = np.abs(values.astype(np.float64) - self.location)
        return np.asarray(np.exp(-distances / self.scale) / (2 * self.scale))


def laplace_fit(values: NDArray[np.floating]) -> LaplaceFit:
    """The Laplace distribution of maximum likelihood.

    Its location is the median, its scale the mean distance from it (Norton 1984). The scale is 0 if
    all values are equal. values: at least one, in any shape.
    """
    exact = values.astype(np.float64)
    location = float(np.median(exact))
    return LaplaceFit(location, float(np.abs(exact - location).mean()))


def largest_magnitudes(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The largest magnitude of each unit over all steps.

    values: (S, units), with a step at least. Returns: (units,) float64.
    """
    return np.asarray(np.abs(values.astype(np.float64)).max(axis=0))
