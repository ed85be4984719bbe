"""Candidates: the tunes of an index that share most with a melody, by their terms.

Method: each term that both have adds its weight, which is larger the rarer the term is (inverse
document frequency, Spärck Jones 1972). The sum is divided by the geometric mean of the sizes of
both tunes: how many terms each has, those of a set with a smaller weight counting less.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.near.segment import ALIGNED, NearSegment
from tunetrace.indexer.near.terms import FIRST_OF_SECOND, Terms, set_weights

FIRST: Final = 24
"""How many candidates are found by the first sets of terms."""

SECOND: Final = 8
"""How many more are found by the second sets."""

_MOST: Final = 0.03
"""A term that more than this share of all tunes have does not count."""

_AT_LEAST: Final = 20
"""A term that this many tunes or fewer have always counts."""

_TELLING: Final = 0.5
"""If less than this share of the terms of a melody counts, all of them count: then many tunes of
the index are the melody itself. Of a real tune among other tunes, two thirds or more count."""


class Candidates:
    """The tunes of all segments, to be searched by terms. A tune is its place among all."""

    def __init__(self, segments: Sequence[NearSegment]) -> None:
        self.segments = segments
        self.firsts = np.cumsum([0, *map(len, segments)])
        """(segments + 1,) the place of the first tune of each segment, and the number of tunes."""

        self.headers = np.concatenate(
            [np.empty((0, 2), np.int32), *(segment.headers for segment in segments)]
        )
        """(tunes, 2) the meter and the mode of each tune, as header_of gives them."""
        sizes = np.concatenate([np.empty((0, 2), np.float32), *(one.sizes for one in segments)])
        self._roots = np.sqrt(sizes.T + 1)
        """(2, tunes) the root of the size of each tune, of the first sets and of the second."""

    def __len__(self) -> int:
        return int(self.firsts[-1])

    def _weights(self, terms: Terms, counts: NDArray[np.int64]) -> NDArray[np.float32]:
        """The weight of each term of a melody, (n,); 0 for one that no tune or too many tunes have.

        counts: (n,) how many tunes have each.
        """
        rarity = np.log(max(len(self), 1) / np.maximum(counts, 1)) + 0.1
        is_known = counts > 0
        is_telling = is_known & (counts <= max(_AT_LEAST, _MOST * len(self)))
        if is_telling.sum() < _TELLING * is_known.sum():
            is_telling = is_known
        weights: NDArray[np.float32] = (set_weights(terms) * rarity * is_telling).astype(np.float32)
        return weights

    def scores(self, terms: Terms) -> NDArray[np.float32]:
        """How much each tune shares with a melody, of the first sets and of the second: (2, tunes).

        terms: (n,) those of the melody, ascending.
        """
        found = [_found(segment, terms) for segment in self.segments]
        counts = np.zeros(len(terms), dtype=np.int64)
        for _, count in found:
            counts += count
        weights = self._weights(terms, counts)
        cut = int(np.searchsorted(terms, FIRST_OF_SECOND))
        scores = np.zeros((2, len(self)), dtype=np.float32)
        for sets, some in enumerate((slice(cut), slice(cut, None))):
            for segment, (first, count), start in zip(
                self.segments, found, self.firsts[:-1].tolist(), strict=True
            ):
                shared = _summed(segment, first[some], count[some], weights[some])
                scores[sets, start : start + len(segment)] = shared
            own = float(set_weights(terms[some]).sum())
            scores[sets] /= self._roots[sets] * np.float32(sqrt(own + 1))
        return scores

    def best(self, terms: Terms, counted: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
        """The tunes that share most with a melody: FIRST of the first sets, and SECOND others of
        the second sets.

        counted: (tunes,) which of them count; None for all.
        """
        scores = self.scores(terms)
        if counted is not None:
            scores *= counted
        first = _highest(scores[0], FIRST)
        scores[1, first] = 0
        return np.concatenate([first, _highest(scores[1], SECOND)])

    def melodies(self, tunes: NDArray[np.intp]) -> list[list[bytes]]:
        """The pitches of tunes in each of the sequences that are aligned: (sequences, tunes)."""
        segments = np.searchsorted(self.firsts, tunes, side="right") - 1
        places = list(zip(segments.tolist(), (tunes - self.firsts[segments]).tolist(), strict=True))
        return [
            [self.segments[segment].melodies[k][place] for segment, place in places]
            for k in range(len(ALIGNED))
        ]


def _summed(
    segment: NearSegment,
    first: NDArray[np.int32],
    count: NDArray[np.int32],
    weights: NDArray[np.float32],
) -> NDArray[np.float64]:
    """The sum of the weights of the terms that each tune of a segment has: (tunes,).

    first, count, weights: (n,) of each term, where its tunes begin, how many they are, its weight.
    """
    count = np.where(weights > 0, count, 0)
    at = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
    each = np.repeat(weights, count)
    sums = np.bincount(segment.tunes[at], weights=each, minlength=len(segment))
    return sums.astype(np.float64, copy=False)


def _highest(scores: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The places of the highest scores above 0, the highest first, at most count. Of equal scores
    the first count."""
    least = np.partition(scores, -count)[-count] if len(scores) > count else 0
    places = np.flatnonzero((scores >= least) & (scores > 0))
    return places[np.argsort(-scores[places], kind="stable")][:count]


def _found(segment: NearSegment, terms: Terms) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where the tunes of each of some terms begin in a segment, and how many there are."""
    if not len(segment.terms):
        return np.zeros(len(terms), np.int32), np.zeros(len(terms), np.int32)
    at = np.minimum(np.searchsorted(segment.terms, terms), len(segment.terms) - 1)
    is_there = segment.terms[at] == terms
    first = segment.starts[at]
    return first, np.where(is_there, segment.starts[at + 1] - first, 0)
