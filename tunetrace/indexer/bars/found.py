"""Where bars are that were asked for: the hits of each in the tunes of an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.bars.segment import AskedBars, Numbers, SegmentBars, are_in, ranges
from tunetrace.indexer.search.segment import Mask


@dataclass(frozen=True, eq=False, slots=True)
class BarPlaces:
    """The hits of one bar, in the order of tunes: (hits,) each."""

    hit_tunes: Numbers
    """The id of the tune of each hit."""
    parts: Numbers
    numbers: Numbers

    @property
    def hits(self) -> int:
        """How often it is found."""
        return len(self.hit_tunes)

    @property
    def tunes(self) -> Numbers:
        """The ids of the tunes that have it, ascending."""
        return _distinct(self.hit_tunes)

    def tunes_at(self, part: int, number: int) -> Numbers:
        """The ids of the tunes that have it at this part and number, ascending."""
        return _distinct(self.hit_tunes[(self.parts == part) & (self.numbers == number)])

    def first(self, part: int, number: int, limit: int) -> list[int]:
        """The first tunes that have it; those that have it at this part and number come first."""
        # Of the first tunes of all, at most `limit` are among those that come first.
        both = [*self.tunes_at(part, number)[:limit].tolist(), *self.tunes[: 2 * limit].tolist()]
        return list(dict.fromkeys(both))[:limit]


@dataclass(frozen=True, eq=False, slots=True)
class FoundBars:
    """The hits of asked bars, by distinct asked bar, then in the order of tunes."""

    asked: AskedBars
    firsts: NDArray[np.int64]
    """(distinct + 1,) where the hits of each begin, and the end."""
    tunes: Numbers
    """(hits,) the id of the tune of each hit."""
    parts: Numbers
    """(hits,) the part in which each hit is."""
    numbers: Numbers
    """(hits,) the number of each hit in its part."""

    def places(self, bar: int) -> BarPlaces:
        """The hits of an asked bar, given by its place among those asked."""
        distinct = self.asked.of[bar]
        some = slice(int(self.firsts[distinct]), int(self.firsts[distinct + 1]))
        return BarPlaces(self.tunes[some], self.parts[some], self.numbers[some])

    def are_there(self) -> NDArray[np.bool_]:
        """Whether each asked bar has a hit: (bars,)."""
        return np.diff(self.firsts)[self.asked.of] > 0

    def are_placed(
        self, parts: NDArray[np.integer], numbers: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """Whether each asked bar has a hit at its part and number: (bars,), of (bars,) each."""
        places = [self.places(bar) for bar in range(len(self.asked.of))]
        is_placed = [
            bool(((some.parts == part) & (some.numbers == number)).any())
            for some, part, number in zip(places, parts.tolist(), numbers.tolist(), strict=True)
        ]
        return np.array(is_placed, dtype=bool)

    def are_in_tunes(
        self, bars: NDArray[np.integer], tunes: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """Whether asked bars are in tunes, given by their ids: (m,), of (m,) and (m,)."""
        of_hits = np.repeat(np.arange(self.asked.distinct), np.diff(self.firsts))
        wanted = self.asked.of[bars].astype(np.int64) << 32 | tunes
        return are_in(wanted, of_hits << 32 | self.tunes)


def find_bars(
    segments: Sequence[SegmentBars], asked: AskedBars, admitted: Mask | None = None
) -> FoundBars:
    """Where bars are in the admitted tunes of segments, which come in the order of their tunes.

    admitted: whether each tune counts, by its id; None for all.
    """
    found: list[tuple[NDArray[np.int64], Numbers, Numbers, Numbers]] = []
    for segment in segments:
        distinct = segment.find(asked)
        which = np.flatnonzero(distinct >= 0)
        counts, bars = segment.hits_of(distinct[which])
        tunes = segment.tune_of_bars[bars]
        of_asked = np.zeros(asked.distinct, dtype=np.int64)
        of_asked[which] = counts
        if admitted is not None:
            is_in = admitted[tunes]
            hits_of = np.repeat(which, counts)[is_in]
            of_asked = np.bincount(hits_of, minlength=asked.distinct)
            bars, tunes = bars[is_in], tunes[is_in]
        found.append((of_asked, tunes, segment.parts[bars], segment.numbers[bars]))
    sizes = sum((one[0] for one in found), start=np.zeros(asked.distinct, dtype=np.int64))
    firsts = np.append(0, np.cumsum(sizes))
    columns = [np.empty(int(firsts[-1]), dtype=np.int32) for _ in range(3)]
    following = firsts[:-1].copy()
    for counts, *rows in found:
        places = ranges(following, counts)
        for column, values in zip(columns, rows, strict=True):
            column[places] = values
        following += counts
    return FoundBars(asked, firsts, *columns)


def _distinct(tunes: Numbers) -> Numbers:
    """The distinct ones of ascending ids."""
    if len(tunes) < 2:
        return tunes
    is_new = np.ones(len(tunes), dtype=bool)
    np.not_equal(tunes[1:], tunes[:-1], out=is_new[1:])
    return tunes[is_new]
