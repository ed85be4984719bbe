"""Duplicates in a batch: transcriptions that repeat an earlier one, exactly or nearly.

A model that writes many transcriptions may repeat itself. Two transcriptions are near duplicates
if their sets of 5-grams are much the same: the criterion of Lee et al., "Deduplicating Training
Data Makes Language Models Better" (2022). Buckets of equal signatures give the candidates
(minhash.py), which are compared exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import ranges
from tunetrace.checker.minhash import (
    NGRAM_TOKENS,
    Buckets,
    Counts,
    Numbers64,
    ngrams,
    pieces,
)
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import is_header

NEAR_DUPLICATE: Final = 0.8
"""Two transcriptions are near duplicates from this Jaccard similarity of their n-grams on."""

_TUNES_AT_ONCE: Final = 4096
_SYMBOLS_AT_ONCE: Final = 1 << 18
_NGRAM_BITS: Final = np.uint64(8 * NGRAM_TOKENS)
_NGRAM: Final = np.uint64((1 << 8 * NGRAM_TOKENS) - 1)


@dataclass(frozen=True, slots=True)
class Repeat:
    """An earlier transcription that a transcription repeats.

    of: the earlier one, by its number from 0 or by its place in the input. similarity: the Jaccard
    similarity of their sets of n-grams, from NEAR_DUPLICATE to 1.0. is_exact: whether all symbols
    are the same.
    """

    of: int
    similarity: float
    is_exact: bool


class Repeats:
    """The transcriptions of a batch so far, to find out what the next ones repeat."""

    def __init__(self) -> None:
        self._duplicates = Duplicates()
        self._numbers = _TokenNumbers()
        self._places: list[int] = []
        self._first: list[tuple[int, Transcription]] = []  # the first one, until a second comes

    def add(self, placed: Sequence[tuple[int, Transcription]]) -> list[Repeat | None]:
        """What each of the next transcriptions repeats, by its place; None for nothing.

        placed: the transcriptions with their places in the input.
        """
        if len(placed) == 1 and not self._places and not self._first:
            self._first += placed
            return [None]  # most checks have one transcription and need no signatures
        first, self._first = self._first, []
        self._places += [place for place, _ in (*first, *placed)]
        bodies = [self._numbers.body(tune.tokens) for _, tune in (*first, *placed)]
        found = self._duplicates.add(bodies)[len(first) :]
        return [
            repeat and Repeat(self._places[repeat.of], repeat.similarity, repeat.is_exact)
            for repeat in found
        ]


class _TokenNumbers(dict[str, int]):
    """Numbers for the tokens of a batch; the index may lack some of these tokens.

    A header has the number 0. Tokens after the 254th, which no music needs, share a number.
    """

    def __missing__(self, token: str) -> int:
        number = 0 if is_header(token) else min(len(self) + 1, 255)
        self[token] = number
        return number

    def body(self, tokens: Sequence[str]) -> bytes:
        """A transcription without its headers, one byte for each token."""
        return bytes(map(self.__getitem__, tokens)).translate(None, delete=b"\0")


class Duplicates:
    """The symbols of the transcriptions of a batch so far.

    An exact duplicate has the same symbols as an earlier transcription; it repeats the first of
    these. A near duplicate has a similarity of at least NEAR_DUPLICATE; it repeats the most similar
    one, and of several the earliest. Transcriptions shorter than NGRAM_TOKENS are compared exactly
    only. A near duplicate at 0.8 is missed with a probability of 5e-8, and more often only in
    crowded buckets (minhash.py). The answers do not depend on how the batch is cut into slices.
    """

    def __init__(self) -> None:
        self._first: dict[bytes, int] = {}
        self._buckets = Buckets()
        # The transcriptions in the buckets, and their numbers in the batch.
        self._tunes: list[bytes] = []
        self._numbers: list[int] = []
        self._added = 0

    def add(self, tunes: Sequence[bytes]) -> list[Repeat | None]:
        """What each of the next transcriptions repeats, by its number; None for nothing.

        tunes: the symbols of each, one byte for each token, without headers.
        """
        repeats: list[Repeat | None] = []
        for start in range(0, len(tunes), _TUNES_AT_ONCE):
            repeats += self._add(tunes[start : start + _TUNES_AT_ONCE])
        return repeats

    def _add(self, tunes: Sequence[bytes]) -> list[Repeat | None]:
        repeats: list[Repeat | None] = []
        start, known = self._added, len(self._tunes)
        for number, tune in enumerate(tunes, start):
            first = self._first.setdefault(tune, number)
            repeats.append(Repeat(first, 1.0, True) if first != number else None)
            if first == number and len(tune) >= NGRAM_TOKENS:
                self._tunes.append(tune)
                self._numbers.append(number)
        self._added += len(tunes)
        if len(self._tunes) > known:
            later, earlier = self._buckets.add(self._tunes[known:])
            for repeating, repeated, similarity in self._nearest(later, earlier):
                repeat = Repeat(self._numbers[repeated], similarity, False)
                repeats[self._numbers[repeating] - start] = repeat
        return repeats

    def _nearest(self, later: Numbers64, earlier: Numbers64) -> list[tuple[int, int, float]]:
        """The near duplicates among pairs: the later one, the most similar one, how similar."""
        similarity = self._similarities(later, earlier)
        is_near = similarity >= NEAR_DUPLICATE
        later, earlier, similarity = later[is_near], earlier[is_near], similarity[is_near]
        order = np.lexsort((earlier, -similarity, later))
        later, earlier, similarity = later[order], earlier[order], similarity[order]
        best = np.flatnonzero(np.diff(later, prepend=later[:1] + np.uint64(1)))
        columns = (later[best].tolist(), earlier[best].tolist(), similarity[best].tolist())
        return list(zip(*columns, strict=True))

    def _similarities(self, left: Numbers64, right: Numbers64) -> NDArray[np.float64]:
        """The exact Jaccard similarity of the sets of n-grams of each pair."""
        length = np.fromiter(map(len, self._tunes), dtype=np.intp, count=len(self._tunes))
        lengths = (length[left] + length[right]).tolist()
        found = np.empty(len(lengths))
        for piece in pieces(lengths, _SYMBOLS_AT_ONCE) if lengths else ():
            tunes, places = np.unique(np.stack([left[piece], right[piece]]), return_inverse=True)
            sets, counts = _sets([self._tunes[tune] for tune in tunes.tolist()])
            found[piece] = _jaccard(sets, counts, places.reshape(2, -1))
        return found


def _sets(tunes: Sequence[bytes]) -> tuple[Numbers64, Counts]:
    """The sets of n-grams of transcriptions, each sorted, and the size of each set."""
    numbers, counts = ngrams(tunes)
    # With fewer than 2 ** 24 transcriptions, a number fits above the 40 bits of an n-gram.
    numbers |= np.repeat(np.arange(len(tunes), dtype=np.uint64) << _NGRAM_BITS, counts)
    numbers.sort()
    numbers = numbers[np.diff(numbers, prepend=~numbers[:1]) != 0]
    owners = (numbers >> _NGRAM_BITS).astype(np.intp)
    return numbers & _NGRAM, np.bincount(owners, minlength=len(tunes))


def _jaccard(sets: Numbers64, counts: Counts, pairs: Counts) -> NDArray[np.float64]:
    """The similarity of each pair of sets. pairs: (2, n) the numbers of the sets.

    Both sets of a pair are written under the pair's number and sorted, so that an n-gram of both
    comes twice in a row. The sort is a merge, since each set is sorted.
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
