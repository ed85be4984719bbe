"""Near copies of many melodies at once, of segments that are asked.

Their terms are counted in all segments, which gives the weights; each segment then says which of
its tunes share most with each melody; and of the best of all, the segments that have them give the
pitches. So a segment is asked three times, however many melodies there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.asking.segments import AskedSegment, SegmentsAsked
from tunetrace.indexer.near.candidates import Best, best_of, merged, postings_of, weights_of
from tunetrace.indexer.near.search import Melody, Near, admitted_in, best_first, measures_of
from tunetrace.indexer.near.segment import ALIGNED
from tunetrace.indexer.near.terms import Terms


@dataclass(frozen=True)
class TermCounts:
    """How many tunes have each of some terms: (terms,)."""

    terms: Terms
    """(terms,) those of one melody after the other, so that a term may be there several times."""

    def in_segment(self, segment: AskedSegment) -> NDArray[np.int64]:
        return postings_of(segment.near, self.terms).counts.astype(np.int64)

    def merged(self, answers: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
        counts = np.zeros(len(self.terms), dtype=np.int64)
        for one in answers:
            counts += one
        return counts


@dataclass(frozen=True)
class BestAsked:
    """The tunes that share most with each of some melodies, by their ids."""

    terms: Sequence[Terms]
    """Those of each melody, ascending."""
    weights: Sequence[NDArray[np.float32]]
    """The weight of each term of each melody."""

    def in_segment(self, segment: AskedSegment) -> list[Best]:
        near, admitted = segment.near, segment.of.admitted
        ids = segment.text.tune_ids.astype(np.intp)
        counted = None if admitted is None else admitted_in(segment.text.tune_ids, admitted)
        found = []
        for terms, weights in zip(self.terms, self.weights, strict=True):
            best = best_of(near, terms, postings_of(near, terms), weights, counted)
            found.append(best._replace(first=ids[best.first], second=ids[best.second]))
        return found

    def merged(self, answers: Iterable[list[Best]]) -> list[Best]:
        """Of equal scores the lowest id comes first, as the first place does in one search."""
        return [merged(found) for found in zip(*answers, strict=True)]


class TunePitches(NamedTuple):
    """What a tune is compared by."""

    sequences: tuple[bytes, ...]
    """Its pitches in each of the sequences that are aligned."""
    header: tuple[int, int]
    """Its meter and its mode."""


@dataclass(frozen=True)
class PitchesAsked:
    """The pitches of tunes, given by their ids, each by its id."""

    tunes: NDArray[np.integer]
    """(n,) ascending."""

    def in_segment(self, segment: AskedSegment) -> dict[int, TunePitches]:
        near, ids = segment.near, segment.text.tune_ids
        places = ids.searchsorted(self.tunes)
        is_own = np.append(ids, -1)[places] == self.tunes
        own = zip(self.tunes[is_own].tolist(), places[is_own].tolist(), strict=True)
        return {
            tune: TunePitches(
                tuple(near.melodies[k][place] for k in range(len(ALIGNED))),
                tuple(near.headers[place].tolist()),
            )
            for tune, place in own
        }

    def merged(self, answers: Iterable[dict[int, TunePitches]]) -> dict[int, TunePitches]:
        return {tune: pitches for one in answers for tune, pitches in one.items()}


def near_in(
    segments: SegmentsAsked, melodies: Sequence[Melody], tunes: int
) -> Iterator[list[Near]]:
    """The tunes most like each of some melodies, best first, as NearSearch.near gives them.

    tunes: how many tunes the segments have.
    """
    if not melodies:
        return
    terms = [melody.terms for melody in melodies]
    counts = segments.ask(TermCounts(np.concatenate(terms)))
    ends = np.cumsum([len(some) for some in terms])
    weights = [
        weights_of(some, counts[end - len(some) : end], tunes)
        for some, end in zip(terms, ends.tolist(), strict=True)
    ]
    best = [one.tunes for one in segments.ask(BestAsked(terms, weights))]
    pitches = segments.ask(PitchesAsked(np.unique(np.concatenate(best))))
    for melody, ids in zip(melodies, best, strict=True):
        others = [pitches[tune] for tune in ids.tolist()]
        sequences = [[one.sequences[k] for one in others] for k in range(len(ALIGNED))]
        headers = np.array([one.header for one in others], dtype=np.int32).reshape(-1, 2)
        yield best_first(ids.astype(np.int32), *measures_of(melody, sequences, headers))
