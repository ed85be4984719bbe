"""Duplicates in a batch: transcriptions that repeat an earlier one, exactly or nearly.

A model that writes many transcriptions may repeat itself. Two transcriptions are near duplicates
if their sets of 5-grams are much the same: the criterion of Lee et al., "Deduplicating Training
Data Makes Language Models Better" (2022).

Candidates are found without comparing all pairs. The smallest hash value of a set of n-grams is the
same for two sets with a probability equal to their Jaccard similarity. A signature is many such
values. It is cut into bands, and each band names a bucket. Transcriptions that share a bucket are
compared exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import ranges, rows
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import is_header

NEAR_DUPLICATE: Final = 0.8
"""Two transcriptions are near duplicates from this Jaccard similarity of their n-grams on."""

NGRAM_TOKENS: Final = 5
"""The length of the n-grams. Five symbols of one byte make a number of 40 bits."""

BANDS: Final = 32
ROWS: Final = 4
"""A signature has BANDS times ROWS values. A bucket holds those that agree in all rows of a band.

Two transcriptions of similarity s share no bucket with a probability of (1 - s ** ROWS) ** BANDS:
4.7e-8 at 0.8, 1.5e-15 at 0.9. At 0.05, more than unrelated ones have, they share one with a
probability of 2e-4.
"""

CROWD: Final = 16
"""In a larger bucket, each transcription after this many is compared with the first one only."""

_DEPTHS: Final = 3
_LEAST_AGREEMENT: Final = 72  # of 128 values; two of similarity 0.8 agree in fewer once in 3e9
_MOST_CANDIDATES: Final = 32
_TUNES_AT_ONCE: Final = 4096
_HASHED_AT_ONCE: Final = 1 << 17  # symbols: the arrays of one step fit into the processor's cache
_COMPARED_AT_ONCE: Final = 1 << 18  # symbols
_NGRAM_BITS: Final = np.uint64(8 * NGRAM_TOKENS)
_NGRAM: Final = np.uint64((1 << 8 * NGRAM_TOKENS) - 1)
_PAIRS_AT_ONCE: Final = 1 << 12
_NUMBER: Final = np.uint64((1 << 32) - 1)
_KEY_BITS: Final = np.uint64(32)

Numbers64 = NDArray[np.uint64]
Numbers32 = NDArray[np.uint32]
Counts = NDArray[np.intp]
Pairs = tuple[Numbers64, Numbers64]


@dataclass(frozen=True, slots=True)
class Repeat:
    """An earlier transcription that a transcription repeats."""

    of: int
    """The earlier one, by its number from 0 or by its place in the input."""
    similarity: float
    """The Jaccard similarity of their sets of n-grams, at least NEAR_DUPLICATE."""
    is_exact: bool
    """Whether all symbols are the same."""


class Repeats:
    """The transcriptions of a batch so far, to find out what the next ones repeat."""

    def __init__(self) -> None:
        self._duplicates = Duplicates()
        self._numbers = _TokenNumbers()
        self._places: list[int] = []
        self._first: list[tuple[int, Transcription]] = []  # the first one, until a second comes

    def add(self, placed: Sequence[tuple[int, Transcription]]) -> list[Repeat | None]:
        """What each of the next transcriptions repeats. placed: each with its place."""
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
    crowded buckets (Buckets.add). The answers do not depend on how the batch is cut into slices.
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

    def _nearest(self, later: Numbers64, earlier: Numbers64) -> Iterator[tuple[int, int, float]]:
        """The near duplicates among pairs: the later one, the most similar one, how similar."""
        similarity = self._similarities(later, earlier)
        is_near = similarity >= NEAR_DUPLICATE
        later, earlier, similarity = later[is_near], earlier[is_near], similarity[is_near]
        order = np.lexsort((earlier, -similarity, later))
        later, earlier, similarity = later[order], earlier[order], similarity[order]
        best = np.flatnonzero(np.diff(later, prepend=later[:1] + np.uint64(1)))
        return rows(later[best], earlier[best], similarity[best])

    def _similarities(self, left: Numbers64, right: Numbers64) -> NDArray[np.float64]:
        """The exact Jaccard similarity of the sets of n-grams of each pair."""
        length = np.fromiter(map(len, self._tunes), dtype=np.intp, count=len(self._tunes))
        lengths = (length[left] + length[right]).tolist()
        found = np.empty(len(lengths))
        for piece in pieces(lengths, _COMPARED_AT_ONCE) if lengths else ():
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


def ngrams(tunes: Sequence[bytes]) -> tuple[Numbers64, Counts]:
    """The n-grams of transcriptions, one after the other, and the number that each has.

    tunes: at least one, each of NGRAM_TOKENS symbols or more. An n-gram is a number of 40 bits. An
    n-gram that repeats without a break is listed once.
    """
    symbols = np.frombuffer(b"".join(tunes), dtype=np.uint8)
    stops = np.cumsum(np.fromiter(map(len, tunes), dtype=np.intp, count=len(tunes)))
    numbers = np.zeros(len(symbols) - NGRAM_TOKENS + 1, dtype=np.uint64)
    for token in range(NGRAM_TOKENS):
        numbers <<= np.uint64(8)
        numbers |= symbols[token : len(numbers) + token]
    # A model that is stuck on one token repeats one n-gram for long.
    is_counted = np.diff(numbers, prepend=~numbers[:1]) != 0
    is_counted[stops[:-1]] = True
    for token in range(1, NGRAM_TOKENS):
        is_counted[stops[:-1] - token] = False
    starts = np.array([0, *stops[:-1]])
    return numbers[is_counted], np.add.reduceat(is_counted, starts, dtype=np.intp)


def pieces(sizes: Iterable[int], most: int) -> Iterator[slice]:
    """Cut a sequence into slices whose sizes sum to at most `most`, or that hold a single item."""
    first = item = total = 0
    for item, size in enumerate(sizes):
        if total + size > most and item > first:
            yield slice(first, item)
            first, total = item, 0
        total += size
    yield slice(first, item + 1)


def signatures(tunes: Sequence[bytes]) -> Numbers32:
    """MinHash (Broder 1997): (BANDS * ROWS, len(tunes)) the smallest value of each hash function.

    tunes: as for ngrams. A function multiplies the hash of an n-gram by an odd number, modulo
    2 ** 32. Two n-grams with the same hash only make one candidate too many.
    """
    least = np.empty((len(_FACTORS), len(tunes)), dtype=np.uint32)
    for piece in pieces(map(len, tunes), _HASHED_AT_ONCE):
        numbers, counts = ngrams(tunes[piece])
        hashes, starts = _mixed(numbers), np.cumsum(counts) - counts
        values = np.empty_like(hashes)
        for row, factor in enumerate(_FACTORS):
            np.multiply(hashes, factor, out=values)
            np.minimum.reduceat(values, starts, out=least[row, piece])
    return least


def _mixed(numbers: Numbers64) -> Numbers32:
    """A hash of 32 bits of each number (SplitMix: Steele, Lea and Flood 2014).

    Without the addition, the n-gram of five zeros would be 0 under every function. A set with it
    and a set without it would then agree in no value.
    """
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (numbers ^ (numbers >> np.uint64(31))).astype(np.uint32)


# No random generator is used, so that every version of NumPy gives the same signatures.
_FACTORS: Final = _mixed(np.arange(1, BANDS * ROWS + 1, dtype=np.uint64)) | np.uint32(1)


class Buckets:
    """The signatures of transcriptions, and which of them share a bucket.

    Transcriptions are numbered from 0 in their order. Memory: 512 bytes for each, and half as much
    again while more are added. Method: locality-sensitive hashing (Indyk and Motwani 1998).
    """

    def __init__(self) -> None:
        # A key is a hash of a band's values. An entry has a key in its upper 32 bits and the number
        # of a transcription in its lower ones. Sorted, the entries of a bucket are neighbours.
        self._keys: Numbers32 = np.empty((BANDS, 0), dtype=np.uint32)
        self._entries: Numbers64 = np.empty((BANDS, 0), dtype=np.uint64)
        self._traces: NDArray[np.uint8] = np.empty((0, BANDS * ROWS), dtype=np.uint8)

    def add(self, tunes: Sequence[bytes]) -> Pairs:
        """Add transcriptions; gives the pairs of one of them and an earlier one that may be alike.

        tunes: as for ngrams. Returns the numbers of the later and of the earlier ones, in the
        order of the later ones. The answer does not depend on how calls divide the batch.
        """
        first = len(self._traces)
        values = signatures(tunes)
        keys = np.zeros((BANDS, len(tunes)), dtype=np.uint32)
        for row in range(ROWS):
            keys = _mixed(_joined(keys, values[row::ROWS]))
        numbers = np.arange(first, first + len(tunes), dtype=np.uint64)
        self._keys = np.concatenate([self._keys, keys], axis=1)
        # One byte of a value is enough for an estimate (b-bit minwise hashing, Li and König 2010).
        self._traces = np.concatenate([self._traces, values.astype(np.uint8).T])
        # A stable sort merges stretches that are already sorted.
        entries = np.sort(_joined(keys, numbers), axis=1)
        entries = np.concatenate([self._entries, entries], axis=1)
        entries.sort(axis=1, kind="stable")
        self._entries = entries
        pairs = [pair for band in range(BANDS) for pair in self._pairs(band, first)]
        return self._likeliest(np.concatenate(pairs))

    def _pairs(self, band: int, first: int) -> Iterator[Numbers64]:
        """The pairs that one band gives, each as an entry of a later and an earlier number.

        Without a limit, 30,000 transcriptions in one bucket would give 450 million pairs. So a late
        transcription in a crowded bucket is paired with the first one only, and with those in the
        same finer bucket, which joins the keys of two or three bands. In a crowd this can miss the
        most similar earlier one and name another near duplicate. It can also miss the only near
        duplicate: at similarity 0.8 once in 90 cases if buckets of two bands are not crowded, once
        in 5 if only buckets of three bands are not; at 0.9 once in 260,000 and once in 380.
        """
        entries = self._entries[band]
        for depth in range(1, _DEPTHS + 1):
            pairs, crowd = _meetings(entries, first)
            yield pairs
            if depth == _DEPTHS or not len(crowd):
                return
            members = crowd & _NUMBER
            following = self._keys[(band + depth) % BANDS, members]
            entries = np.sort(_joined(_mixed(_joined(crowd >> _KEY_BITS, following)), members))

    def _likeliest(self, pairs: Numbers64) -> Pairs:
        """The pairs whose signatures agree in enough values, each pair once.

        If a transcription has more than _MOST_CANDIDATES, those with most agreement are kept, of
        equal ones the earliest. The estimate has an error of about 0.035 at 0.8. So in a crowd of
        candidates just below the limit, a few near duplicates just above it may be lost.
        """
        pairs = np.sort(pairs)
        pairs = pairs[np.diff(pairs, prepend=~pairs[:1]) != 0]
        later, earlier = pairs >> _KEY_BITS, pairs & _NUMBER
        agreement = np.empty(len(pairs), dtype=np.uint64)
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):
            piece = slice(start, start + _PAIRS_AT_ONCE)
            agree = self._traces[later[piece]] == self._traces[earlier[piece]]
            agreement[piece] = np.count_nonzero(agree, axis=1)
        is_likely = agreement >= _LEAST_AGREEMENT
        later, earlier, agreement = later[is_likely], earlier[is_likely], agreement[is_likely]
        ranked = np.lexsort((earlier, -agreement.astype(np.intp), later))
        later, earlier = later[ranked], earlier[ranked]
        rank = np.arange(len(later)) - np.searchsorted(later, later)
        is_among_best = rank < _MOST_CANDIDATES
        return later[is_among_best], earlier[is_among_best]


def _joined(high: NDArray[np.unsignedinteger], low: NDArray[np.unsignedinteger]) -> Numbers64:
    """Two numbers of 32 bits as one of 64."""
    return (high.astype(np.uint64) << _KEY_BITS) | low


def _meetings(entries: Numbers64, first: int) -> tuple[Numbers64, Numbers64]:
    """The pairs in the buckets of sorted entries, and the entries of crowded buckets.

    first: the number of the first new transcription; the later one of a pair is new.
    """
    followers = np.flatnonzero((entries[1:] ^ entries[:-1]) <= _NUMBER) + 1
    # Where the followers of each bucket begin among all followers, and where the bucket begins.
    begins = np.flatnonzero(np.diff(followers, prepend=-1) != 1)
    sizes = np.diff(begins, append=len(followers))
    starts = followers[begins] - 1
    start = np.repeat(starts, sizes)
    rank = followers - start
    numbers = entries & _NUMBER
    meets = np.where(rank <= CROWD, rank, 1) * (numbers[followers] >= first)
    pairs = _joined(np.repeat(numbers[followers], meets), numbers[ranges(start, meets)])
    is_crowded = sizes > CROWD
    return pairs, entries[ranges(starts[is_crowded], sizes[is_crowded] + 1)]
