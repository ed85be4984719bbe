"""Which transcriptions may be near duplicates, without comparing every one with every other.

The least hash value of a set of n-grams is the same for two sets with the probability of their
Jaccard similarity. A signature is many such values; cut into bands, it says in which buckets a
transcription lies, and only those that share a bucket are worth a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

NGRAM_TOKENS: Final = 5
"""Near duplicates are told by the sets of their token n-grams of this length (Lee et al. 2022).

Five symbols of one byte are a number of 40 bits, so that an n-gram is its own name.
"""

BANDS: Final = 32
ROWS: Final = 4
"""A signature has BANDS times ROWS values; a bucket holds those that agree in all rows of a band.

Two transcriptions of similarity s share no bucket with the probability (1 - s ** ROWS) ** BANDS:
4.7e-8 at 0.8, 1.5e-15 at 0.9. Two that have little in common (0.05, more than chance gives) share
one with the probability 2e-4.
"""

CROWD: Final = 16
"""In a bucket each is compared with the others up to so many earlier ones, else with the first."""

_DEPTHS: Final = 3
_LEAST_AGREEMENT: Final = 72  # of 128 values; two of similarity 0.8 agree in fewer once in 3e9
_MOST_CANDIDATES: Final = 32
_SYMBOLS_AT_ONCE: Final = 1 << 17  # what keeps the arrays of one step in the processor's cache
_PAIRS_AT_ONCE: Final = 1 << 12
_NUMBER: Final = np.uint64((1 << 32) - 1)
_KEY_BITS: Final = np.uint64(32)

Numbers = NDArray[np.uint64]
Values = NDArray[np.uint32]
Places = NDArray[np.intp]
Pairs = tuple[Numbers, Numbers]


def ngrams(tunes: Sequence[bytes]) -> tuple[Numbers, Places]:
    """The n-grams of some transcriptions, one after the other, and how many each has.

    tunes: at least one, each of NGRAM_TOKENS symbols or more. An n-gram is a number of 40 bits. It
    stands as often as in the transcription, but once only where it follows on itself.
    """
    symbols = np.frombuffer(b"".join(tunes), dtype=np.uint8)
    stops = np.cumsum(np.fromiter(map(len, tunes), dtype=np.intp, count=len(tunes)))
    # A model that is stuck on one token goes on for long, and all of it is one n-gram.
    is_same = np.diff(symbols) == 0
    is_counted = np.ones(len(symbols), dtype=np.bool_)
    is_counted[1 : 1 - NGRAM_TOKENS] = ~_windows_all(is_same)
    is_counted[stops[:-1]] = is_counted[0] = True
    for token in range(1, NGRAM_TOKENS):
        is_counted[stops - token] = False
    starts = np.flatnonzero(is_counted)
    numbers = symbols[starts].astype(np.uint64)
    for token in range(1, NGRAM_TOKENS):
        numbers <<= np.uint64(8)
        numbers |= symbols[starts + token]
    return numbers, np.diff(np.searchsorted(starts, stops), prepend=0)


def _windows_all(claims: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether NGRAM_TOKENS claims from each one on are all true."""
    count = len(claims) - NGRAM_TOKENS + 1
    found = claims[:count].copy()
    for token in range(1, NGRAM_TOKENS):
        found &= claims[token : token + count]
    return found


def ranges(starts: Places, counts: Places) -> Places:
    """The places start, start + 1, ... of each range, counts of them, one range after the other."""
    before = np.cumsum(counts) - counts
    found: Places = np.arange(counts.sum()) + np.repeat(starts - before, counts)
    return found


def pieces(sizes: Iterable[int], most: int) -> Iterator[slice]:
    """Cut a sequence into slices whose sizes sum to no more than most, or that hold one item."""
    first = item = total = 0
    for item, size in enumerate(sizes):
        if total + size > most and item > first:
            yield slice(first, item)
            first, total = item, 0
        total += size
    yield slice(first, item + 1)


def signatures(tunes: Sequence[bytes]) -> Values:
    """MinHash (Broder 1997): (BANDS * ROWS, len(tunes)) the least value of each hash function.

    tunes: as for ngrams. A function multiplies the hash of an n-gram by an odd number, modulo
    2 ** 32; that two n-grams may have one hash makes at most a candidate too many.
    """
    least = np.empty((len(_FACTORS), len(tunes)), dtype=np.uint32)
    for piece in pieces(map(len, tunes), _SYMBOLS_AT_ONCE):
        numbers, counts = ngrams(tunes[piece])
        hashes, starts = _mixed(numbers), np.cumsum(counts) - counts
        values = np.empty_like(hashes)
        for row, factor in enumerate(_FACTORS):
            np.multiply(hashes, factor, out=values)
            np.minimum.reduceat(values, starts, out=least[row, piece])
    return least


def _mixed(numbers: Numbers) -> Values:
    """A hash of 32 bits of each number (SplitMix: Steele, Lea and Flood 2014).

    Without the sum the n-gram of five symbols 0 would be 0 under every function, so that of two
    sets one with it and one without it would agree in nothing.
    """
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (numbers ^ (numbers >> np.uint64(31))).astype(np.uint32)


# Not drawn by a random generator, so that every version of NumPy gives the same signatures.
_FACTORS: Final = _mixed(np.arange(1, BANDS * ROWS + 1, dtype=np.uint64)) | np.uint32(1)


class Buckets:
    """The signatures of transcriptions, and which of them share a bucket.

    They are numbered from 0 in the order in which they come. Method: locality-sensitive hashing
    (Indyk and Motwani 1998). It takes 512 bytes a transcription, and while one more lot is sorted
    in, half as much again.
    """

    def __init__(self) -> None:
        # A key is a hash of a band's values. An entry is a key and, below it, the number of the
        # transcription: sorted, the entries of a bucket are neighbours, the earliest first.
        self._keys: Values = np.empty((BANDS, 0), dtype=np.uint32)
        self._entries: Numbers = np.empty((BANDS, 0), dtype=np.uint64)
        self._traces: NDArray[np.uint8] = np.empty((0, BANDS * ROWS), dtype=np.uint8)

    def add(self, tunes: Sequence[bytes]) -> Pairs:
        """The pairs of one of these next transcriptions and an earlier one that may be alike.

        tunes: as for ngrams. Returns the numbers of the later and of the earlier ones, in the
        order of the later. How the transcriptions are cut into calls makes no difference.
        """
        first = len(self._traces)
        values = signatures(tunes)
        keys = np.zeros((BANDS, len(tunes)), dtype=np.uint32)
        for row in range(ROWS):
            keys = _mixed(_joined(keys, values[row::ROWS]))
        numbers = np.arange(first, first + len(tunes), dtype=np.uint64)
        self._keys = np.concatenate([self._keys, keys], axis=1)
        # One byte of a value (Li and König 2010, b-bit minwise hashing) is enough to estimate.
        self._traces = np.concatenate([self._traces, values.astype(np.uint8).T])
        # A stable sort takes sorted stretches as they are and merges them.
        entries = np.sort(_joined(keys, numbers), axis=1)
        entries = np.concatenate([self._entries, entries], axis=1)
        entries.sort(axis=1, kind="stable")
        self._entries = entries
        pairs = [pair for band in range(BANDS) for pair in self._pairs(band, first)]
        return self._likeliest(np.concatenate(pairs))

    def _pairs(self, band: int, first: int) -> Iterator[Numbers]:
        """The pairs, each as an entry of later and earlier number, that one band gives.

        Without a limit 30,000 transcriptions in one bucket would be 450 million pairs. So whoever
        comes late into a crowded bucket meets there the first alone, and in finer buckets, of the
        band and the next one or two, those that are nearer to it. What this can cost: in a crowd
        the most similar earlier one may be missed and another near duplicate be named. And where
        a transcription is late in every bucket that it shares with its only near duplicate, the
        duplicate may be missed, at similarity 0.8 once in 90 where buckets of two bands are not
        crowded, once in 5 where only those of three are not; at 0.9 once in 260,000 and in 380.
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

    def _likeliest(self, pairs: Numbers) -> Pairs:
        """Of the pairs, each once, those whose signatures agree in enough values.

        Of more than _MOST_CANDIDATES that one transcription has, those that agree in most, and the
        earliest of these. An estimate is off by 0.035 or so at 0.8: in a crowd of which only a few
        are near duplicates, and barely so, they may stay behind others that are barely none.
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


def _joined(high: NDArray[np.unsignedinteger], low: NDArray[np.unsignedinteger]) -> Numbers:
    """One number of 64 bits of two of 32."""
    return (high.astype(np.uint64) << _KEY_BITS) | low


def _meetings(entries: Numbers, first: int) -> tuple[Numbers, Numbers]:
    """The pairs that meet in the buckets of sorted entries, and the entries of crowded buckets.

    first: the number from which on transcriptions are new; a pair's later one is.
    """
    followers = np.flatnonzero((entries[1:] ^ entries[:-1]) <= _NUMBER) + 1
    # Where a bucket's followers begin among all followers, and where it begins itself.
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
