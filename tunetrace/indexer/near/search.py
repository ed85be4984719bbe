"""Searching for near copies: candidates by their terms, the best of them aligned and scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.near.align import MATCH, STEPS, Profile, letters
from tunetrace.indexer.near.candidates import Candidates
from tunetrace.indexer.near.score import probabilities
from tunetrace.indexer.near.segment import MIDDLE, Melodies, header_of
from tunetrace.indexer.near.sequences import sequences_of
from tunetrace.indexer.near.terms import Terms, terms_of
from tunetrace.tokenizer.layout.bars import Layout

ALIGNED: Final = 60
"""How many candidates are aligned."""

_RUN: Final = 5
"""The rotation is found by this many successive quavers."""


class Near(NamedTuple):
    """A tune that may be a near copy."""

    tune: int
    """Its id."""
    probability: float
    """That it is the same melody, or has a part of it."""
    up: int
    """The steps modulo an octave by which the asked melody is raised to fit on it."""


class Melody(NamedTuple):
    """A melody to search for."""

    terms: Terms
    notes: bytes
    quavers: bytes
    header: tuple[int, int]
    """Its meter and its mode, as header_of gives them."""


def melodies_of(layouts: Sequence[Layout]) -> Iterator[Melody]:
    """What is searched for of tunes."""
    sequences = sequences_of(layouts)
    terms, tunes = terms_of(sequences)
    order = np.lexsort((terms, tunes))
    ends = np.searchsorted(tunes[order], np.arange(len(layouts) + 1))
    notes = Melodies.of(sequences.notes, len(layouts))
    quavers = Melodies.of(sequences.quavers, len(layouts))
    for k, layout in enumerate(layouts):
        own = terms[order[ends[k] : ends[k + 1]]]
        yield Melody(own, notes[k], quavers[k], header_of(layout.tokens))


class NearSearch:
    """The tunes of an index, to be searched for near copies of melodies."""

    def __init__(
        self,
        candidates: Candidates,
        ids: NDArray[np.int32],
    ) -> None:
        """ids: (tunes,) the id of each tune of the candidates."""
        self.candidates = candidates
        self._ids = ids

    def near(self, melody: Melody, admitted: NDArray[np.bool_] | None = None) -> list[Near]:
        """The tunes most like a melody, the most probable first, at most ALIGNED.

        admitted: which tunes count, as a mask by id; None for all.
        """
        counted = None if admitted is None else admitted[self._ids]
        tunes, shared = self.candidates.best(melody.terms, ALIGNED, counted)
        if not len(tunes):
            return []
        others = [self.candidates.melodies(tune) for tune in tunes.tolist()]
        ups = _rotations(melody.quavers, [quavers for _, quavers in others])
        ids = self._ids[tunes].tolist()
        measured, found_up = [], []
        profiles = Profile(melody.notes), Profile(melody.quavers)
        for (notes, quavers), up in zip(others, ups.tolist(), strict=True):
            row: list[float] = []
            scores = [
                [profile.score(letters(steps), moved) for moved in {0: (0,)}.get(up, (0, up))]
                for profile, steps in zip(profiles, (notes, quavers), strict=True)
            ]
            for own, steps, some in zip(melody[1:3], (notes, quavers), scores, strict=True):
                best, lengths = max(some), (len(own), len(steps))
                row += [
                    best / (MATCH * (lengths[0] * lengths[1]) ** 0.5 + 1),
                    best / (MATCH * min(lengths) + 1),
                ]
            moved = up if sum(some[-1] for some in scores) > sum(some[0] for some in scores) else 0
            row.append(up != 0)
            measured.append(row)
            found_up.append(moved)
        same = self.candidates.headers[tunes] == np.array(melody.header)
        columns = np.column_stack([np.array(measured, dtype=np.float64), same, np.sqrt(shared)])
        found = zip(ids, probabilities(columns).tolist(), found_up, strict=True)
        return sorted((Near(*one) for one in found), key=lambda one: (-one.probability, one.tune))


_DIGITS: Final = np.array([(k - MIDDLE) % STEPS for k in range(256)], dtype=np.int32)


def _runs(steps: bytes) -> NDArray[np.int32]:
    """Each run of _RUN successive pitches modulo an octave, as a number: (n,)."""
    digits = _DIGITS[np.frombuffer(steps, dtype=np.uint8)]
    count = max(len(digits) - _RUN + 1, 0)
    runs = np.zeros(count, dtype=np.int32)
    for k in range(_RUN):
        runs = runs * STEPS + digits[k : k + count]
    return runs


@cache
def _raised_runs() -> NDArray[np.int32]:
    """(STEPS, runs) the run that each run becomes when it is raised by 0 to 6 steps."""
    runs = np.arange(STEPS**_RUN)
    digits = [runs // STEPS**place % STEPS for place in range(_RUN)]
    raised = [
        sum((digit + up) % STEPS * STEPS**place for place, digit in enumerate(digits))
        for up in range(STEPS)
    ]
    return np.array(raised, dtype=np.int32)


def _rotations(quavers: bytes, others: Sequence[bytes]) -> NDArray[np.int64]:
    """By how many steps a melody is raised to share most runs with each other one: (others,)."""
    own = np.unique(_runs(quavers))
    # Bit k of a run: whether the melody, raised by k steps, has it.
    has = np.zeros(STEPS**_RUN, dtype=np.uint8)
    for up, runs in enumerate(_raised_runs()):
        has[runs[own]] |= 1 << up
    lengths = np.array([len(other) for other in others])
    ends = np.cumsum(lengths)
    shared = has[_runs(b"".join(others))]
    shared = np.append(shared, np.zeros(int(ends[-1]) - len(shared), dtype=np.uint8))
    for end in range(1, _RUN):  # runs that go on into the next melody
        shared[np.maximum(ends - end, 0)] = 0
    bits = shared[:, None] >> np.arange(STEPS, dtype=np.uint8) & 1
    sums = np.concatenate([np.zeros((1, STEPS), np.int64), np.cumsum(bits, axis=0)])
    best: NDArray[np.int64] = np.argmax(sums[ends] - sums[ends - lengths], axis=1)
    return best
