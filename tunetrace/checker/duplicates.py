"""Duplicates inside a batch: transcriptions that repeat an earlier one, exactly or nearly.

A model that writes many transcriptions may repeat itself. What counts as a near duplicate is the
criterion by which Lee et al., "Deduplicating Training Data Makes Language Models Better" (2022),
clean training data: much the same set of 5-grams. Candidates come from buckets of equal
signatures and are compared exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.minhash import (
    NGRAM_TOKENS,
    Buckets,
    Numbers,
    Places,
    ngrams,
    pieces,
    ranges,
)

NEAR_DUPLICATE: Final = 0.8
"""The Jaccard similarity of two sets of n-grams from which on they are near duplicates."""

_TUNES_AT_ONCE: Final = 4096
_SYMBOLS_AT_ONCE: Final = 1 << 18
_NGRAM_BITS: Final = np.uint64(8 * NGRAM_TOKENS)
_NGRAM: Final = np.uint64((1 << 8 * NGRAM_TOKENS) - 1)


@dataclass(frozen=True, slots=True)
class Repeat:
    """What a transcription repeats.

    of: the place of the earlier one, from 0, in the order of all that were added. similarity: the
    Jaccard similarity of their sets of n-grams, NEAR_DUPLICATE to 1.0; 1.0 for an exact duplicate,
    and for another one with the same set. is_exact: whether it has the same symbols.
    """

    of: int
    similarity: float
    is_exact: bool


class Duplicates:
    """Finds, in a batch that comes in slices, the transcriptions that repeat an earlier one.

    An exact duplicate has the same symbols; it repeats the first such transcription. A near
    duplicate has a similarity of at least NEAR_DUPLICATE with an earlier one; it repeats the most
    similar, and of these the earliest. Transcriptions shorter than NGRAM_TOKENS are compared
    exactly only. A near duplicate at 0.8 is missed with a probability of 5e-8, less the more
    similar it is, and more often only in crowds (minhash.py says when). How the batch is cut into
    slices makes no difference to the answers.
    """

    def __init__(self) -> None:
        self._first: dict[bytes, int] = {}
        self._buckets = Buckets()
        # What the buckets number from 0: the transcriptions and their places in the batch.
        self._tunes: list[bytes] = []
        self._places: list[int] = []
        self._added = 0

    def add(self, tunes: Sequence[bytes]) -> list[Repeat | None]:
        """What each of these next transcriptions repeats, None for nothing.

        tunes: the symbols of each, one byte a token, headers left out.
        """
        repeats: list[Repeat | None] = []
        for start in range(0, len(tunes), _TUNES_AT_ONCE):
            repeats += self._add(tunes[start : start + _TUNES_AT_ONCE])
        return repeats

    def _add(self, tunes: Sequence[bytes]) -> list[Repeat | None]:
        repeats: list[Repeat | None] = []
        start, known = self._added, len(self._tunes)
        for place, tune in enumerate(tunes, start):
            first = self._first.setdefault(tune, place)
            repeats.append(Repeat(first, 1.0, True) if first != place else None)
            if first == place and len(tune) >= NGRAM_TOKENS:
                self._tunes.append(tune)
                self._places.append(place)
        self._added += len(tunes)
        if len(self._tunes) > known:
            later, earlier = self._buckets.add(self._tunes[known:])
            for number, repeated, similarity in self._nearest(later, earlier):
                repeat = Repeat(self._places[repeated], similarity, False)
                repeats[self._places[number] - start] = repeat
        return repeats

    def _nearest(self, later: Numbers, earlier: Numbers) -> list[tuple[int, int, float]]:
        """For each later one of some pairs that is a near duplicate: itself, of which, how near."""
        similarity = self._similarities(later, earlier)
        is_near = similarity >= NEAR_DUPLICATE
        later, earlier, similarity = later[is_near], earlier[is_near], similarity[is_near]
        order = np.lexsort((earlier, -similarity, later))
        later, earlier, similarity = later[order], earlier[order], similarity[order]
        best = np.flatnonzero(np.diff(later, prepend=later[:1] + np.uint64(1)))
        columns = (later[best].tolist(), earlier[best].tolist(), similarity[best].tolist())
        return list(zip(*columns, strict=True))

    def _similarities(self, left: Numbers, right: Numbers) -> NDArray[np.float64]:
        """The Jaccard similarity of the sets of n-grams of each pair, exactly."""
        length = np.fromiter(map(len, self._tunes), dtype=np.intp, count=len(self._tunes))
        lengths = (length[left] + length[right]).tolist()
        found = np.empty(len(lengths))
        for piece in pieces(lengths, _SYMBOLS_AT_ONCE) if lengths else ():
            tunes, places = np.unique(np.stack([left[piece], right[piece]]), return_inverse=True)
            sets, counts = _sets([self._tunes[tune] for tune in tunes.tolist()])
            found[piece] = _jaccard(sets, counts, places.reshape(2, -1))
        return found


def _sets(tunes: Sequence[bytes]) -> tuple[Numbers, Places]:
    """The sets of n-grams of some transcriptions, each sorted, and how many each has."""
    numbers, counts = ngrams(tunes)
    # Fewer than 2 ** 24 transcriptions: the number of one fits above the 40 bits of an n-gram.
    numbers |= np.repeat(np.arange(len(tunes), dtype=np.uint64) << _NGRAM_BITS, counts)
    numbers.sort()
    numbers = numbers[np.diff(numbers, prepend=~numbers[:1]) != 0]
    owners = (numbers >> _NGRAM_BITS).astype(np.intp)
    return numbers & _NGRAM, np.bincount(owners, minlength=len(tunes))


def _jaccard(sets: Numbers, counts: Places, pairs: Places) -> NDArray[np.float64]:
    """The similarity of each pair of sets. pairs: (2, n) which of the sets.

    Both sets of a pair are written side by side under the pair's number: sorted, an n-gram that
    both have stands twice. The sort is a merge, since each set comes sorted.
    """
    starts = np.cumsum(counts) - counts
    sides = pairs.T.reshape(-1)
    owners = np.repeat(np.arange(len(sides), dtype=np.uint64) >> np.uint64(1), counts[sides])
    numbers = sets[ranges(starts[sides], counts[sides])] | (owners << _NGRAM_BITS)
    numbers.sort(kind="stable")
    twice = numbers[1:][numbers[1:] == numbers[:-1]] >> _NGRAM_BITS
    shared = np.bincount(twice.astype(np.intp), minlength=pairs.shape[1])
    found: NDArray[np.float64] = shared / (counts[pairs].sum(axis=0) - shared)
    return found
