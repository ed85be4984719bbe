"""Searching for near copies: candidates by their terms, the best of them aligned and scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.near.align import MATCH, scores
from tunetrace.indexer.near.candidates import Candidates
from tunetrace.indexer.near.score import Floats, measured, order, probabilities
from tunetrace.indexer.near.segment import ALIGNED, header_of, melodies_in
from tunetrace.indexer.near.sequences import LETTERS, OCTAVE, sequences_of
from tunetrace.indexer.near.terms import Terms, terms_of
from tunetrace.tokenizer.layout.bars import Layout

MOST_PITCHES: Final = 4_096
"""Only this many pitches at the beginning of a melody are aligned. An alignment takes time for each
pitch of one melody with each of the other, and a hostile file may have a tune of a million notes.
No real tune has nearly as many."""

_NOTES, _QUAVERS = (ALIGNED.index(name) for name in ("notes", "quavers"))

_OTHER_PACE: Final = 1.5
"""If the mean length of a note differs by this factor or more, one tune is taken to be written in
notes that are twice as long: in 4/4 rather than in 2/4, for example."""

_RUN: Final = 4
"""The rotation is that on which two melodies share most runs of this many successive notes."""


class Near(NamedTuple):
    """A tune that may be a near copy."""

    tune: int
    """Its id."""
    probability: float
    """That it is the same melody, or has a part of it."""
    up: int
    """The steps modulo an octave by which the asked melody is raised to fit on it."""
    by_way_of: int | None = None
    """The id of the near tune over which it was found; None if it was found itself."""


class Melody(NamedTuple):
    """A melody to search for."""

    terms: Terms
    pitches: tuple[bytes, ...]
    """Its pitches in each of the sequences that are aligned."""
    header: tuple[int, int]
    """Its meter and its mode, as header_of gives them."""


def melodies_of(layouts: Sequence[Layout]) -> Iterator[Melody]:
    """The melodies of tunes, as they are searched for."""
    sequences = sequences_of(layouts)
    terms, tunes = terms_of(sequences)
    order = np.lexsort((terms, tunes))
    ends = np.searchsorted(tunes[order], np.arange(len(layouts) + 1))
    of_sequences = melodies_in(sequences, len(layouts))
    for k, layout in enumerate(layouts):
        own = terms[order[ends[k] : ends[k + 1]]]
        pitches = tuple(one[k] for one in of_sequences)
        yield Melody(own, pitches, header_of(layout.tokens))


class NearSearch:
    """The tunes of an index, to be searched for near copies of melodies."""

    def __init__(
        self,
        candidates: Candidates,
        ids: Sequence[NDArray[np.int32]],
    ) -> None:
        """ids: for each segment of the candidates, (tunes,) the ids of its tunes, ascending."""
        self.candidates = candidates
        self._ids = ids

    def near(self, melody: Melody, admitted: NDArray[np.bool_] | None = None) -> list[Near]:
        """The tunes most like a melody, best first.

        admitted: which tunes count, as a mask by id; None for all.
        """
        return best_first(*self.measures(melody, admitted))

    def measures(
        self, melody: Melody, admitted: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], Floats]:
        """The candidates for a melody: their ids, the steps that it is raised to fit on each, and
        what the probability is made of: (n,), (n,), (n, MEASURES).
        """
        counted = None if admitted is None else [admitted_in(ids, admitted) for ids in self._ids]
        places = self.candidates.places(self.candidates.best(melody.terms, counted))
        ids = np.array([self._ids[segment][place] for segment, place in places], dtype=np.int32)
        others, headers = self.candidates.melodies(places), self.candidates.headers(places)
        return ids, *measures_of(melody, others, headers)


def measures_of(
    melody: Melody, others: Sequence[Sequence[bytes]], headers: NDArray[np.int32]
) -> tuple[NDArray[np.int64], Floats]:
    """The steps that a melody is raised to fit on each of some tunes, and what the probability is
    made of: (n,), (n, MEASURES).

    others: (sequences, n) the pitches of the tunes. headers: (n, 2) their meters and modes.
    """
    own = _beginnings(melody.pitches)
    others = [_beginnings(some) for some in others]
    ups = _rotations(own[0], others[0])
    raised = ups.tolist()
    # What each sequence of each other tune is aligned with.
    against = [[one] * len(headers) for one in own]
    against[_QUAVERS], others[_QUAVERS] = _paced(own, others)
    fits = [scores(*some, raised) for some in zip(against, others, strict=True)]
    measures = measured(
        np.array(fits, dtype=np.float64).T / MATCH,
        _lengths(against),
        _lengths(others),
        headers == np.array(melody.header),
    )
    return ups, measures


def best_first(ids: NDArray[np.int32], ups: NDArray[np.int64], measures: Floats) -> list[Near]:
    """The candidates for a melody, the best first: (n,), (n,), (n, MEASURES) of each, as
    NearSearch.measures gives them."""
    probable = probabilities(measures)
    columns = ids.tolist(), probable.tolist(), ups.tolist()
    found = [Near(*one) for one in zip(*columns, strict=True)]
    return [found[k] for k in order(measures, probable).tolist()]


def admitted_in(ids: NDArray[np.int32], admitted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which tunes of a segment, given by their ids, are admitted by a mask by id: (tunes,)."""
    first, last = int(ids[0]), int(ids[-1])
    if last - first + 1 == len(ids):  # no id is missing, so that nothing needs to be copied
        return admitted[first : last + 1]
    return admitted[ids]


def _lengths(sequences: Sequence[Sequence[bytes]]) -> Floats:
    """How many pitches there are in each sequence of each tune: (tunes, sequences)."""
    return np.array([list(map(len, some)) for some in sequences], dtype=np.float64).T


def _paced(own: Sequence[bytes], others: Sequence[Sequence[bytes]]) -> list[list[bytes]]:
    """The quavers of a melody and of each other one, at one pace: (2, tunes).

    Those of the melody whose notes last half as long are doubled. own: the melody's sequences;
    others: (sequences, tunes) those of the others.
    """
    notes, quavers = len(own[_NOTES]), own[_QUAVERS]
    against, paced = [quavers] * len(others[_NOTES]), list(others[_QUAVERS])
    for k, other in enumerate(others[_NOTES]):
        here, there = len(quavers) * len(other), len(paced[k]) * notes
        if there >= _OTHER_PACE * here:
            against[k] = _doubled(quavers)
        elif here >= _OTHER_PACE * there:
            paced[k] = _doubled(paced[k])
    return [against, paced]


@lru_cache(maxsize=64)
def _doubled(quavers: bytes) -> bytes:
    twice = np.repeat(np.frombuffer(quavers, dtype=np.uint8), 2)
    return twice[:MOST_PITCHES].tobytes()


def _beginnings(pitches: Sequence[bytes]) -> list[bytes]:
    """As much of each sequence as is aligned."""
    return [one[:MOST_PITCHES] for one in pitches]


def _runs(letters: bytes) -> NDArray[np.int16]:
    """Each run of _RUN successive pitches modulo an octave, as a number: (n,)."""
    digits = np.frombuffer(letters, dtype=np.uint8).astype(np.int16) - np.int16(LETTERS[0])
    count = max(len(digits) - _RUN + 1, 0)
    runs = np.zeros(count, dtype=np.int16)
    for k in range(_RUN):
        runs = runs * OCTAVE + digits[k : k + count]
    return runs


@cache
def _raised_runs() -> NDArray[np.int16]:
    """(OCTAVE, runs) the run that each run becomes when it is raised by 0 to 6 steps."""
    runs = np.arange(OCTAVE**_RUN)
    digits = [runs // OCTAVE**place % OCTAVE for place in range(_RUN)]
    raised = [
        sum((digit + up) % OCTAVE * OCTAVE**place for place, digit in enumerate(digits))
        for up in range(OCTAVE)
    ]
    return np.array(raised, dtype=np.int16)


@cache
def _has_bit() -> NDArray[np.float32]:
    """Whether each number of OCTAVE bits has each bit: (2 ** OCTAVE, OCTAVE).

    NumPy multiplies matrices fast only if they are of floats.
    """
    return (np.arange(1 << OCTAVE)[:, None] >> np.arange(OCTAVE) & 1).astype(np.float32)


def _rotations(notes: bytes, others: Sequence[bytes]) -> NDArray[np.int64]:
    """By how many steps a melody is raised to share most runs with each other one: (others,)."""
    own = _runs(notes)
    # Bit k of a run: whether the melody, raised by k steps, has it.
    has = np.zeros(OCTAVE**_RUN, dtype=np.uint8)
    for up, runs in enumerate(_raised_runs()):
        has[runs[own]] |= 1 << up
    lengths = np.array(list(map(len, others)), dtype=np.int64)
    ends = np.cumsum(lengths)
    shared = np.zeros(int(lengths.sum()), dtype=np.uint8)
    runs = _runs(b"".join(others))
    shared[: len(runs)] = has[runs]
    for end in range(1, _RUN):  # runs that go on into the next melody
        shared[np.maximum(ends - end, 0)] = 0
    of = np.repeat(np.arange(len(others)) << OCTAVE, lengths)
    counts = np.bincount(of + shared, minlength=len(others) << OCTAVE).reshape(-1, 1 << OCTAVE)
    best: NDArray[np.int64] = np.argmax(counts.astype(np.float32) @ _has_bit(), axis=1)
    return best
