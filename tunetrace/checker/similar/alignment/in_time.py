"""Stretches of two tunes aligned again, so that notes at the same time lie under one another.

The pitches alone would put the D of `F D D` under the first one of `D D D`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from tunetrace.checker.similar.alignment.notes import Line
from tunetrace.checker.similar.alignment.stretches import Pair, Stretch, surrounded
from tunetrace.indexer.near.sequences import OCTAVE
from tunetrace.tokenizer.layout.timeline import Ticks

_EQUAL, _UNEQUAL, _SAME_TIME, _GAP = 4, -2, 3, -3
"""What two notes add to a score that are equal or not, and that begin at the same time; what a note
without another one adds."""

_OTHER, _OWN, _BOTH = range(3)
"""A step of an alignment: a note of the other tune, of the asked one, or of both."""

_AROUND: Final = 3
"""This many bars before a bar and after it show when its notes usually begin."""

_MOST_CELLS: Final = 2_500
"""Notes of both tunes, multiplied, that are aligned at once; more stay as they were."""


class InTime:
    """Two tunes, to be aligned in time."""

    def __init__(self, own: Line, other: Line, steps: int, ratio: Fraction) -> None:
        """steps: by how many the asked tune is higher, on C. ratio: by how much its notes are
        longer."""
        self.own, self.other, self.steps = own, other, steps
        longer, by = ratio.as_integer_ratio()
        self._times = [note.time * by for note in own.notes]
        self._other_times = [note.time * longer for note in other.notes]

    def align(self, stretches: Sequence[Stretch]) -> list[Stretch]:
        """Stretches aligned again, with the rests of the bars in which they begin and end.

        It is done piece by piece. A piece is a few bars of the asked tune. Method: global alignment
        (Needleman and Wunsch 1970) with linear gaps.
        """
        found = []
        for stretch, before, after in surrounded(self.own, self.other, stretches):
            first, stop = (before[0].start, before[1].start), (after[0].stop, after[1].stop)
            found.append(list(self._stretch(stretch, first, stop)))
        return [stretch for stretch in found if stretch]

    def _stretch(self, stretch: Stretch, first: Pair, stop: Pair) -> Iterator[Pair]:
        """The pairs of a stretch, from the first notes of both tunes up to others."""
        usual = self._usual(stretch)
        bar_of = [self.own.notes[i].bar for i, _ in stretch]
        cuts = [
            k
            for k in range(1, len(stretch))
            if bar_of[k - 1] != bar_of[k] and self._apart(stretch[k]) == usual[bar_of[k]]
        ]
        bounds = [
            first,
            *(self._between(stretch[k - 1], stretch[k]) for k in cuts),
            stop,
        ]
        pieces = [stretch[k:m] for k, m in pairwise([0, *cuts, len(stretch)])]
        for piece, start, end in zip(pieces, bounds, bounds[1:], strict=False):
            own, other = range(start[0], end[0]), range(start[1], end[1])
            is_even = len(own) == len(other) == len(piece)
            apart = usual[self.own.notes[piece[0][0]].bar]
            if (is_even and all(self._apart(pair) == apart for pair in piece)) or (
                len(own) * len(other) > _MOST_CELLS
            ):
                yield from piece
            else:
                yield from self._aligned(own, other, apart)

    def _apart(self, pair: Pair) -> Ticks:
        """How much later a note of the asked tune begins, if both tunes had the same lengths."""
        return self._times[pair[0]] - self._other_times[pair[1]]

    def _usual(self, stretch: Stretch) -> dict[int, Ticks]:
        """How much later most equal notes begin around each bar of the asked tune."""
        of_bars: dict[int, Counter[Ticks]] = {}
        for i, j in stretch:
            counts = of_bars.setdefault(self.own.notes[i].bar, Counter())
            if (self.own.notes[i].step - self.other.notes[j].step - self.steps) % OCTAVE == 0:
                counts[self._apart((i, j))] += 1
        usual = {}
        for bar in of_bars:
            around = Counter[Ticks]()
            for one in range(bar - _AROUND, bar + _AROUND + 1):
                around.update(of_bars.get(one, ()))
            usual[bar] = max(around, key=lambda apart: around[apart], default=0)
        return usual

    def _between(self, before: Pair, after: Pair) -> Pair:
        """The first notes of a new bar, between two pairs, the second of which is in that bar."""
        mine, theirs = self.own.notes, self.other.notes
        own = next(
            i for i in range(before[0] + 1, after[0] + 1) if mine[i].bar == mine[after[0]].bar
        )
        if theirs[before[1]].bar == theirs[after[1]].bar:
            return own, after[1]
        other = next(
            j for j in range(before[1] + 1, after[1] + 1) if theirs[j].bar == theirs[after[1]].bar
        )
        return own, other

    def _aligned(self, own: range, other: range, usual: Ticks) -> Iterator[Pair]:
        """The pairs of some notes. usual: how much later most notes of the asked tune begin."""
        # best[i][j]: the score of the first i and j notes, and the step that led there.
        best = [[(_GAP * j, _OTHER) for j in range(len(other) + 1)]]
        theirs = [
            (self.other.notes[note].step + self.steps, self._other_times[note] + usual)
            for note in other
        ]
        for i, mine in enumerate(own):
            row = [(_GAP * (i + 1), _OWN)]
            step, time = self.own.notes[mine].step, self._times[mine]
            for j, (other_step, other_time) in enumerate(theirs):
                pair = _EQUAL if (step - other_step) % OCTAVE == 0 else _UNEQUAL
                pair += _SAME_TIME if time == other_time else 0
                row.append(
                    max(
                        (best[i][j][0] + pair, _BOTH),
                        (best[i][j + 1][0] + _GAP, _OWN),
                        (row[j][0] + _GAP, _OTHER),
                    )
                )
            best.append(row)
        found = []
        i, j = len(own), len(other)
        while i or j:
            came = best[i][j][1]
            i, j = i - (came != _OTHER), j - (came != _OWN)
            if came == _BOTH:
                found.append((own[i], other[j]))
        return reversed(found)
