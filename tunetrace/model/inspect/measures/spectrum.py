"""The spectra of units: at which periods, in steps, their outputs repeat."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

LENGTH: Final = 512
"""Sequences are filled up with zeros to so many steps, as in the post; longer ones to the next
power of two."""

CUT_DB: Final = -6.0
"""What is weaker, in relation to a unit's strongest component, is not shown. Half of the magnitude,
which is a quarter of the power, is -6.02 dB."""


def spectra(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The magnitude spectrum of each unit in dB, relative to its own maximum.

    values: (S, units), the outputs of the units at S steps.
    Returns: (units, n // 2 + 1) float64 for a length of n steps, LENGTH or more. Component k has k
    cycles in n steps, so that its period is n / k steps. A unit that is always 0 has minus infinity
    throughout.
    """
    steps = max(len(values), 1)
    length = max(LENGTH, 1 << (steps - 1).bit_length())
    magnitudes = np.abs(np.fft.rfft(values.astype(np.float64), n=length, axis=0)).T
    strongest = magnitudes.max(axis=1, keepdims=True)
    relative = np.divide(magnitudes, strongest, out=np.zeros_like(magnitudes), where=strongest > 0)
    with np.errstate(divide="ignore"):
        return np.asarray(20 * np.log10(relative))
