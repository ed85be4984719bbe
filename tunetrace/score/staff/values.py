"""Durations as note values: a quarter, a dotted eighth, a half tied to an eighth."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

SHORTEST: Final = 256
"""The shortest value that is written: a 256th."""
_BREVE: Final = 2 * SHORTEST  # in the shortest values
_LONGEST_ODD: Final = 31
_MOST_DOTS: Final = 3


class Value(NamedTuple):
    """A note value."""

    part: int
    """Of which part of a whole note it is: 4 for a quarter, 1 for a whole note, 0 for a breve."""
    dots: int

    @property
    def eighths(self) -> Fraction:
        """Its length in eighths."""
        base = Fraction(16) if self.part == 0 else Fraction(8, self.part)
        return base * (2 - Fraction(1, 2**self.dots))


class Ratio(NamedTuple):
    """A tuplet: `notes` notes in the time of `time` notes of the same value."""

    notes: int
    time: int


PLAIN: Final = Ratio(1, 1)


def ratio_of(eighths: Fraction) -> Ratio:
    """The tuplet that a duration needs to be written: 3 in the time of 2 for 2/3 of an eighth."""
    odd = eighths.denominator
    while odd % 2 == 0:
        odd //= 2
    if odd == 1 or odd > _LONGEST_ODD:
        return PLAIN
    return Ratio(odd, 1 << (odd.bit_length() - 1))


def values_of(eighths: Fraction) -> tuple[Value, ...]:
    """The note values, tied to one another, that last as long as a duration, the longest first.

    A duration that no values down to SHORTEST can make, as 1/1000 of an eighth, gets the nearest
    ones, and at least one.
    """
    shortest = Fraction(8, SHORTEST)
    left = max(round(eighths / shortest), 1)  # in 256ths
    breves = max(left // _BREVE - 1, 0)  # whole ones, besides those of what is left
    left -= breves * _BREVE
    values: list[Value] = []
    while left:
        base = 1 << (left.bit_length() - 1)
        dots = 0
        left -= base
        half = base >> 1
        while half and left >= half and dots < _MOST_DOTS:
            left -= half
            half >>= 1
            dots += 1
        values.append(Value(0 if base == _BREVE else SHORTEST // base, dots))
    values[1:1] = [Value(0, 0)] * breves
    return tuple(values)
