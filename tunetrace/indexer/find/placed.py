"""Figures at their places: which of their hits are there, and what is known before that is asked.

Where a figure is found, as symbols, says for each tune what may be true. A place needs the tune's
layout, which takes a hundred times as long.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.find.bars import HitsInBars
from tunetrace.indexer.opened import OpenedIndex
from tunetrace.indexer.queries.conditions import Sought
from tunetrace.indexer.search.figures import Occurrences
from tunetrace.indexer.search.outline import kinds_of
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS, View
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.timeline import Bar
from tunetrace.tokenizer.vocabulary import (
    BAR_LINE,
    CHORD_CLOSE,
    CHORD_OPEN,
    LENGTH_SIGN,
    NOTE,
)

Numbers = NDArray[np.integer]

_IN_BARS: View | None = TOKENS
"""The view in which the arrays of bars say where most hits are, without tunes laid out."""


class Placed:
    """A figure at its place, and what is known of its hits.

    surely, possibly: masks of the tunes in which it is, and of those in which it may be. They are
    the same once its hits have been held against its place.
    """

    def __init__(
        self, sought: Sought, place: str, found: Sequence[tuple[Occurrences, Numbers]], last_id: int
    ) -> None:
        """found: its hits anywhere, by segment, with the tune of each."""
        self.sought = sought
        self.place = place
        self.found = found
        self.surely = np.zeros(last_id + 1, dtype=bool)
        self.possibly = self._tunes()
        self.is_settled = not sought.place
        if self.is_settled:
            self.surely = self.possibly

    @property
    def hits(self) -> int:
        """How many hits are left."""
        return sum(len(tunes) for _, tunes in self.found)

    def keep(self, wanted: Mask) -> None:
        """Forget the hits in other tunes."""
        self.select([wanted[tunes] for _, tunes in self.found])

    def select(self, chosen: Sequence[Mask]) -> None:
        """Forget the hits that masks do not choose, a mask for each segment."""
        pairs = zip(self.found, chosen, strict=True)
        self.found = [(some.select(mask), tunes[mask]) for (some, tunes), mask in pairs]

    def settle(self, wanted: Mask, index: OpenedIndex, view: View) -> None:
        """Hold the hits in wanted tunes against the place, and forget all others."""
        self.keep(wanted)
        if self.is_settled:
            return
        if self.sought.is_cadence and view is TOKENS:
            self.select([_may_end_part(some, index) for some, _ in self.found])
        is_there = [np.zeros(len(tunes), dtype=bool) for _, tunes in self.found]
        is_open = [~mask for mask in is_there]
        if view is _IN_BARS:
            sure = [HitsInBars(*one, index).at(self.sought) for one in self.found]
            is_there = [yes for yes, _ in sure]
            is_open = [~yes & ~no for yes, no in sure]
        laid_out = self._each(index, view, is_open, lambda layout: _Place(layout, self.sought).has)
        self.select(
            [one | other.astype(bool) for one, other in zip(is_there, laid_out, strict=True)]
        )
        self.possibly = self.surely = self._tunes()
        self.is_settled = True

    def parts(self, index: OpenedIndex, view: View) -> list[NDArray[np.int64]]:
        """The part of the first note of each hit, by segment."""
        if view is not _IN_BARS:
            every = [np.ones(len(tunes), dtype=bool) for _, tunes in self.found]
            return self._each(index, view, every, _part_in)
        sure = [HitsInBars(*one, index).parts() for one in self.found]
        others = self._each(index, view, [~is_sure for is_sure, _ in sure], _part_in)
        pairs = zip(sure, others, strict=True)
        return [np.where(is_sure, parts, other) for (is_sure, parts), other in pairs]

    def _tunes(self) -> Mask:
        """The tunes with the hits that are left."""
        seen = np.zeros_like(self.surely)
        for _, tunes in self.found:
            seen[tunes] = True
        return seen

    def _each(
        self,
        index: OpenedIndex,
        view: View,
        chosen: Sequence[Mask],
        in_tune: Callable[[Layout], Callable[[int, int], int]],
    ) -> list[NDArray[np.int64]]:
        """A number for each chosen hit, and 0 for the others, by segment.

        in_tune: gives a function for a tune, which takes the first token of a hit and the one past
        its last.
        """
        numbers = []
        for (some, tunes), mask in zip(self.found, chosen, strict=True):
            of_segment = np.zeros(len(tunes), dtype=np.int64)
            _, firsts = some.segment.places(some.positions)
            hits = np.flatnonzero(mask)
            tune = -1
            # In the order of the stream each tune is laid out once.
            for k in hits[np.argsort(some.positions[hits])].tolist():
                if tune != tunes[k]:
                    tune = int(tunes[k])
                    layout = index.layout(tune)
                    number = in_tune(layout)
                first = int(firsts[k])
                of_segment[k] = number(*view.extent(layout, first, first + int(some.lengths[k])))
            numbers.append(of_segment)
        return numbers


class Together:
    """Figures that must have hits in one part, and what is known of them, as of a figure."""

    def __init__(self, figures: Sequence[Placed]) -> None:
        self.figures = figures
        self.possibly = reduce(np.logical_and, [one.possibly for one in figures])
        self.surely = np.zeros_like(self.possibly)
        self.is_settled = False

    @property
    def hits(self) -> int:
        """How many hits are left."""
        return sum(one.hits for one in self.figures)

    def keep(self, wanted: Mask) -> None:
        """Forget the hits in other tunes."""
        for one in self.figures:
            one.keep(wanted)

    def settle(self, wanted: Mask, index: OpenedIndex, view: View) -> None:
        """Keep the hits in wanted tunes that share a part with hits of all the other figures."""
        wanted = wanted & self.possibly
        for one in sorted(self.figures, key=lambda one: one.hits):
            one.settle(wanted, index, view)
            wanted = wanted & one.possibly
        parts = []  # of each figure, by segment: the part of each hit and its tune as one number
        for one in self.figures:
            one.keep(wanted)
            pairs = zip(one.found, one.parts(index, view), strict=True)
            parts.append([tunes.astype(np.int64) << 32 | of_hits for (_, tunes), of_hits in pairs])
        nothing = np.empty(0, dtype=np.int64)
        shared = reduce(np.intersect1d, [np.concatenate([nothing, *some]) for some in parts])
        for one, some in zip(self.figures, parts, strict=True):
            one.select([np.isin(of_segment, shared) for of_segment in some])
        self.possibly = self.surely = np.zeros_like(self.possibly)
        self.possibly[shared >> 32] = True
        self.is_settled = True


class _Place:
    """Tells of the hits in one tune whether they are at a place."""

    def __init__(self, layout: Layout, sought: Sought) -> None:
        self._layout = layout
        self._sought = sought
        self._numbers = (sought.part, sought.bar, sought.onset)
        self._notes = _LastNotes(layout) if sought.is_cadence else None

    def has(self, first: int, stop: int) -> bool:
        """Whether a hit is at the place."""
        if self._numbers != (None, None, None) and not self._begins_there(first, stop):
            return False
        return self._notes is None or self._notes.end_with(first, stop)

    def _begins_there(self, first: int, stop: int) -> bool:
        part, bar, onset = self._numbers
        # Most hits are not even near the bar, which takes less time to say than where they are.
        if not any(
            part in (None, near.part) and bar in (None, near.number)
            for near in _bars(self._layout, first, stop)
        ):
            return False
        at = self._layout.position(first, stop)
        return part in (None, at.part) and bar in (None, at.bar) and onset in (None, at.onset)


def _part_in(layout: Layout) -> Callable[[int, int], int]:
    """Tells of the hits in a tune in which part their first note is, from 1."""

    def part(first: int, stop: int) -> int:
        parts = {bar.part for bar in _bars(layout, first, stop)}
        return parts.pop() if len(parts) == 1 else layout.position(first, stop).part

    return part


def _bars(layout: Layout, first: int, stop: int) -> Iterator[Bar]:
    """The bars that a hit touches, and the next: that of its position is one of them."""
    bars = layout.bars
    at = max(bisect_right(bars, first, key=lambda bar: bar.start) - 1, 0)
    for bar in islice(bars, at, None):
        yield bar
        if bar.start >= stop:
            return


class _LastNotes:
    """The notes of a tune, and which of them end a part."""

    def __init__(self, layout: Layout) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        self._last: set[int] = set()
        part_first = 0  # the first note of the part
        for bar, following in pairwise([*layout.bars, None]):
            assert bar is not None
            events = zip(bar.events.starts, bar.events.stops, bar.events.sounds, strict=True)
            for start, stop, sounds in events:
                if sounds:
                    self._starts.append(bar.start + start)
                    self._stops.append(bar.start + stop)
            ends_part = following is None or following.part != bar.part
            is_end = ends_part or (
                following is not None and bar.ending not in (None, following.ending)
            )
            if is_end and len(self._starts) > part_first:
                self._last.add(len(self._starts) - 1)
            if ends_part:
                part_first = len(self._starts)

    def end_with(self, first: int, stop: int) -> bool:
        """Whether the last note of a hit is the last of a part or of an ending."""
        note = bisect_left(self._starts, stop) - 1
        return note >= 0 and self._stops[note] > first and note in self._last


def _may_end_part(some: Occurrences, index: OpenedIndex) -> Mask:
    """Which hits, in tokens, are not followed by another note of the same bar.

    It rules out most hits without laying out their tunes. Where a bar line, a chord or a stray
    length makes that doubtful, it rules out none.
    """
    kinds, symbols = kinds_of(index.vocabulary), some.segment.symbols
    at = some.positions + some.lengths
    doubtful = kinds[symbols.take(at, mode="clip")] != NOTE
    at -= 1
    while True:  # back over the lengths of the last note
        is_length = ~doubtful & (kinds[symbols[at]] == LENGTH_SIGN)
        if not is_length.any():
            break
        at[is_length] -= 1
    doubtful |= kinds[symbols[at]] != NOTE
    is_open = ~doubtful
    while is_open.any():  # and back to where a chord or a bar begins
        at[is_open] -= 1
        kind = kinds[symbols[at]]
        doubtful |= is_open & (kind == CHORD_OPEN)
        is_open &= (kind != CHORD_OPEN) & (kind != CHORD_CLOSE) & (kind != BAR_LINE)
    return np.asarray(doubtful)
