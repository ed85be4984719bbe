"""Candidates: the tunes of an index that share most with a melody, by their terms.

Method: each term that both have adds its weight, which is larger the rarer the term is (inverse
document frequency, Spärck Jones 1972). The sum is divided by the geometric mean of the sizes of
both tunes: how many terms each has, those of a set with a smaller weight counting less.

A segment is searched by itself once the weights are known. For these the tunes of all segments are
counted that have each term. What was found in several segments is merged. So they can be searched
in any order, and by several processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final, NamedTuple

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

_RUNS: Final = 16
"""To find some number of highest scores, they are first cut into this many times as many runs."""


class Postings(NamedTuple):
    """Where a segment has the tunes of each of some terms: (terms,) each."""

    firsts: NDArray[np.int32]
    """Where they begin in NearSegment.tunes."""
    counts: NDArray[np.int32]
    """How many there are."""


class Best(NamedTuple):
    """The tunes that share most with a melody, among some tunes, the best first.

    Of equal scores the first tune comes first.
    """

    first: NDArray[np.intp]
    """The best by the first sets of terms, at most FIRST."""
    first_scores: NDArray[np.float32]
    """Their scores."""
    second: NDArray[np.intp]
    """The best by the second sets, at most SECOND that are not among the first, and those."""
    second_scores: NDArray[np.float32]
    """Their scores."""

    @property
    def tunes(self) -> NDArray[np.intp]:
        """FIRST tunes of the first sets, and SECOND others of the second sets."""
        others = self.second[~np.isin(self.second, self.first)]
        return np.concatenate([self.first, others[:SECOND]])


def postings_of(segment: NearSegment, terms: Terms) -> Postings:
    """Where a segment has the tunes of each of some terms."""
    if not len(segment.terms):
        return Postings(np.zeros(len(terms), np.int32), np.zeros(len(terms), np.int32))
    at = np.minimum(np.searchsorted(segment.terms, terms), len(segment.terms) - 1)
    is_there = segment.terms[at] == terms
    firsts = segment.starts[at]
    return Postings(firsts, np.where(is_there, segment.starts[at + 1] - firsts, 0))


def weights_of(terms: Terms, counts: NDArray[np.int64], tunes: int) -> NDArray[np.float32]:
    """The weight of each term of a melody, (n,); 0 for one that no tune or too many tunes have.

    counts: (n,) how many tunes of all segments have each. tunes: how many all segments have.
    """
    rarity = np.log(max(tunes, 1) / np.maximum(counts, 1)) + 0.1
    is_known = counts > 0
    is_telling = is_known & (counts <= max(_AT_LEAST, _MOST * tunes))
    if is_telling.sum() < _TELLING * is_known.sum():
        is_telling = is_known
    weights: NDArray[np.float32] = (set_weights(terms) * rarity * is_telling).astype(np.float32)
    return weights


def scores_of(
    segment: NearSegment, terms: Terms, postings: Postings, weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How much each tune of a segment shares with a melody, of the first sets and of the second:
    (2, tunes).

    terms: (n,) those of the melody, ascending. postings, weights: (n,) of each term.
    """
    scores = np.empty((2, len(segment)), dtype=np.float32)
    cut = int(np.searchsorted(terms, FIRST_OF_SECOND))
    for sets, some in enumerate((slice(cut), slice(cut, None))):
        firsts, counts = (one[some] for one in postings)
        scores[sets] = _summed(segment, firsts, counts, weights[some])
        own = float(set_weights(terms[some]).sum())
        scores[sets] /= segment.roots[sets] * np.float32(sqrt(own + 1))
    return scores


def _summed(
    segment: NearSegment,
    firsts: NDArray[np.int32],
    counts: NDArray[np.int32],
    weights: NDArray[np.float32],
) -> NDArray[np.float64]:
    """The sum of the weights of the terms that each tune of a segment has: (tunes,).

    firsts, counts, weights: (n,) of each term, where its tunes begin, how many there are, and its
    weight.
    """
    some = np.flatnonzero((weights > 0) & (counts > 0))
    if not len(some):
        return np.zeros(len(segment))
    firsts, counts = firsts[some], counts[some]
    stops = firsts + counts
    tunes = [
        segment.tunes[first:stop]
        for first, stop in zip(firsts.tolist(), stops.tolist(), strict=True)
    ]
    each = np.repeat(weights[some].astype(np.float64), counts)
    sums = np.bincount(np.concatenate(tunes), each, minlength=len(segment))
    return sums.astype(np.float64, copy=False)  # NumPy's types do not say that it is this already


def best_of(
    segment: NearSegment,
    terms: Terms,
    postings: Postings,
    weights: NDArray[np.float32],
    counted: NDArray[np.bool_] | None = None,
) -> Best:
    """The tunes of a segment that share most with a melody, as places in the segment.

    terms, postings, weights: as for scores_of. counted: (tunes,) which of them count; None for all.
    """
    scores = scores_of(segment, terms, postings, weights)
    if counted is not None:
        scores *= counted
    first, second = _highest(scores[0], FIRST), _highest(scores[1], FIRST + SECOND)
    return Best(first, scores[0, first], second, scores[1, second])


def merged(found: Sequence[Best]) -> Best:
    """The best of all that was found in several runs of tunes, which have no tune in common."""
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    first = np.lexsort((columns[0], -columns[1]))[:FIRST]
    second = np.lexsort((columns[2], -columns[3]))[: FIRST + SECOND]
    return Best(columns[0][first], columns[1][first], columns[2][second], columns[3][second])


class Candidates:
    """The tunes of all segments, to be searched by terms. A tune is its place among all."""

    def __init__(self, segments: Sequence[NearSegment]) -> None:
        self.segments = segments
        self.firsts = np.cumsum([0, *map(len, segments)])
        """(segments + 1,) the place of the first tune of each segment, and the number of tunes."""

    def __len__(self) -> int:
        return int(self.firsts[-1])

    def best(
        self, terms: Terms, counted: Sequence[NDArray[np.bool_]] | None = None
    ) -> NDArray[np.intp]:
        """The tunes that share most with a melody: FIRST of the first sets, and SECOND others of
        the second sets.

        terms: (n,) those of the melody, ascending. counted: for each segment, (tunes,) which of its
        tunes count; None for all.
        """
        postings = [postings_of(segment, terms) for segment in self.segments]
        counts = np.zeros(len(terms), dtype=np.int64)
        for of_segment in postings:
            counts += of_segment.counts
        weights = weights_of(terms, counts, len(self))
        found = []
        for number, segment in enumerate(self.segments):
            some = None if counted is None else counted[number]
            best = best_of(segment, terms, postings[number], weights, some)
            first = int(self.firsts[number])
            found.append(best._replace(first=best.first + first, second=best.second + first))
        return merged(found).tunes if found else np.empty(0, np.intp)

    def places(self, tunes: NDArray[np.intp]) -> list[tuple[int, int]]:
        """The segment of each tune, by its number, and its place there."""
        segments = np.searchsorted(self.firsts, tunes, side="right") - 1
        return list(zip(segments.tolist(), (tunes - self.firsts[segments]).tolist(), strict=True))

    def melodies(self, places: Sequence[tuple[int, int]]) -> list[list[bytes]]:
        """The pitches of tunes, given by their places, in each of the sequences that are aligned:
        (sequences, tunes)."""
        return [
            [self.segments[segment].melodies[k][place] for segment, place in places]
            for k in range(len(ALIGNED))
        ]

    def headers(self, places: Sequence[tuple[int, int]]) -> NDArray[np.int32]:
        """The meter and the mode of tunes, given by their places, as header_of gives them:
        (tunes, 2)."""
        found = [self.segments[segment].headers[place] for segment, place in places]
        return np.array(found, dtype=np.int32).reshape(-1, 2)


def _highest(scores: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The places of the highest scores above 0, the highest first, at most count. Of equal scores
    the first count."""
    least = np.float32(0)
    run = len(scores) // (_RUNS * count)
    if run > 1:
        # As many runs of scores have one that is at least this high. Few others are.
        highest = np.maximum.reduceat(scores, np.arange(0, len(scores), run))
        least = np.partition(highest, -count)[-count]
    places = np.flatnonzero((scores >= least) & (scores > 0))
    return places[np.argsort(-scores[places], kind="stable")][:count]
