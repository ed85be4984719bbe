"""Moves the onsets of played notes to where they would be written (quantization).

Time is divided as the notes there ask for: an eighth into two sixteenths, a quarter into a triplet
of eighths, an eighth into a triplet of sixteenths. An eighth is divided into four where two notes
would otherwise fall together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

EIGHTH: Final = Fraction(1, 2)
"""In quarter notes, as all times here are."""

ROLLED: Final = Fraction(1, 12)
"""The notes of one chord begin at most so far apart."""

_WAYS: Final = ((1, 2, 0.0), (2, 3, 0.04), (1, 3, 0.08), (1, 4, 0.1))
"""How time may be divided: a length in eighths, its parts, and what the way costs. The costs are in
quarter notes, as the shifts of the onsets are; they keep a plain rhythm where it fits nearly as
well."""

_COLLISION: Final = 1.0
"""What it costs that two notes fall together."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of time that is divided evenly."""

    start: Fraction
    end: Fraction
    parts: int
    is_triplet: bool = False

    def nearest(self, time: Fraction) -> Fraction:
        """The nearest point of division, which may be the end."""
        step = (self.end - self.start) / self.parts
        return self.start + step * round((time - self.start) / step)


def cells_of_bar(start: Fraction, end: Fraction, onsets: Sequence[Fraction]) -> list[Cell]:
    """The cheapest division of a bar. onsets: of all notes, sorted.

    The shifts of the onsets are what a division costs, besides what its ways cost. A triplet needs
    an onset on both of its inner points: a swung pair (2:1) is a dotted pair, and not a triplet
    with two notes. Found by dynamic programming over the eighths of the bar.
    """
    if bisect_left(onsets, start) == bisect_left(onsets, end):
        return [Cell(start, end, _sixteenths(end - start))]  # quick, as in a long silence
    edges = [start + EIGHTH * k for k in range(max(int((end - start) / EIGHTH), 1))] + [end]
    cells: list[list[Cell]] = [[]]  # of the bar up to each edge
    costs: list[float] = [0.0]
    for k in range(1, len(edges)):
        ways = []
        for eighths, parts, price in _WAYS:
            if k < eighths:
                continue
            first, last = edges[k - eighths], edges[k]
            if last - first != EIGHTH * eighths:  # the rest of a bar such as 3/16
                if parts > 2:
                    continue
                parts = _sixteenths(last - first)
            cell = Cell(first, last, parts, is_triplet=price > 0 and parts == 3)
            cost = _cost(cell, onsets[bisect_left(onsets, first) : bisect_left(onsets, last)])
            if cost is not None:
                ways.append((costs[k - eighths] + price + cost, k - eighths, cell))
        cost, j, cell = min(ways, key=lambda way: way[0])
        costs.append(cost)
        cells.append([*cells[j], cell])
    return cells[-1]


def _sixteenths(length: Fraction) -> int:
    return max(round(2 * length / EIGHTH), 1)


def _cost(cell: Cell, onsets: Sequence[Fraction]) -> float | None:
    """What it costs to move onsets into a cell; None for a triplet with too few of them."""
    cost, points = 0.0, []
    for k, onset in enumerate(onsets):
        points.append(cell.nearest(onset))
        cost += abs(float(points[-1] - onset))
        if k and points[-1] == points[-2] and onset - onsets[k - 1] > ROLLED:
            cost += _COLLISION
    third = (cell.end - cell.start) / 3
    if cell.is_triplet and not {cell.start + third, cell.start + 2 * third} <= set(points):
        return None
    return cost
