"""The beat of a meter, and how fast it is played."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from tunetrace.score.staff.records import Meter

_BPM: Final = {(2, 4): 112, (3, 4): 120, (4, 4): 176, (2, 2): 176, (6, 8): 112, (9, 8): 112,
               (12, 8): 112, (3, 8): 112, (3, 2): 176}  # fmt: skip
"""Beats a minute: how a session plays such tunes when nobody dances."""
_USUAL_BPM: Final = 120


def bpm_of(meter: Meter | None) -> int:
    """The tempo of a tune, in beats a minute, by its meter."""
    return _USUAL_BPM if meter is None else _BPM.get(meter, _USUAL_BPM)


def beat_of(meter: Meter | None) -> Fraction:
    """The length of a beat in eighths: 3 in 6/8, 2 in 4/4."""
    if meter is None:
        return Fraction(2)
    beats, unit = meter
    is_compound = beats % 3 == 0 and unit >= 8
    return Fraction(8, unit) * (3 if is_compound else 1)
