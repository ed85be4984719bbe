"""The commonest figures and n-grams of a stream, counted exactly.

Texts of one length are sorted with the suffixes of the stream, so that equal ones are neighbours.
Nothing is hashed or sampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.suffix import Positions, suffix_array, words
from tunetrace.records import Record
from tunetrace.tokenizer.vocabulary import SEPARATOR

DEFAULT_TOP: Final = 10

_WORD: Final = 8
"""How many symbols are compared at once."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, repr=False)
class CountedText(Record):
    """A bar, a figure or an n-gram, and how common it is."""

    text: str
    """Its tokens."""
    tunes: int
    """How many tunes have it."""
    hits: int
    """How often it is found."""


_Counts = tuple[int, int, int, int]
"""How common a text is: -tunes, -hits, its first position, its length. The commonest is least."""


def commonest_figures(
    stream: bytes, starts: Positions, stops: Positions, count: int, boundaries: bytes, top: int
) -> list[tuple[bytes, int, int]]:
    """The figures of `count` notes that most tunes have: (symbols, tunes, hits).

    A figure starts at a note and ends where its last note ends. All tokens between its notes are
    part of it, also bar lines and rests. Figures in equally many tunes come by hits, then by their
    first position.

    starts, stops: (n,) the first token of each note of the stream, and the one past its last, in
    order. boundaries: the symbols that no figure crosses, SEPARATOR among them.
    """
    last = max(0, len(starts) - count + 1)
    starts, stops = starts[:last], stops[count - 1 :][:last]
    before = _boundaries_before(stream, boundaries)
    is_whole = before[starts] == before[stops]
    length_at = np.zeros(len(stream), dtype=np.int32)
    length_at[starts[is_whole]] = (stops - starts)[is_whole]
    places = suffix_array(stream)
    places = places[length_at[places] > 0]
    places = places[np.argsort(length_at[places], kind="stable")]
    lengths = length_at[places]
    tune_at = _tunes_of(stream)
    found: list[_Counts] = []
    for some in np.split(places, np.flatnonzero(np.diff(lengths)) + 1):
        if len(some):
            length = int(length_at[some[0]])
            hits = np.diff(_first_of_each(stream, some, length), append=len(some))
            found += _commonest(tune_at, some, hits, length, top)
    return _as_texts(stream, found, top)


@dataclass(frozen=True, slots=True)
class NgramCounts:
    """What was counted in a stream."""

    different: int
    """How many different n-grams there are."""
    left_out: int
    """How many of them were left out."""
    commonest: list[tuple[bytes, int, int]]
    """The commonest of the others: symbols, tunes, hits."""


def commonest_ngrams(stream: bytes, end: int, n: int, boundaries: bytes, top: int) -> NgramCounts:
    """The n-grams that most tunes of a stream have before `end`, and none has from there on.

    stream: tunes with a SEPARATOR before each and after the last. end: the start of the first tune
    whose n-grams are left out. boundaries: the symbols that no n-gram contains, SEPARATOR among
    them. n-grams in equally many tunes come by hits, then by their first position.
    """
    places = _ngram_places(stream, n, boundaries)
    first = _first_of_each(stream, places, n)
    sizes = np.diff(first, append=len(places))
    hits = np.add.reduceat(places < end, first, dtype=np.int64) if len(first) else sizes
    kept = hits == sizes
    left_out = int(np.count_nonzero(~kept & (hits > 0)))
    different = int(np.count_nonzero(hits))
    places, hits = places[np.repeat(kept, sizes)], hits[kept]
    found = _commonest(_tunes_of(stream), places, hits, n, top)
    return NgramCounts(different, left_out, _as_texts(stream, found, top))


def _ngram_places(stream: bytes, n: int, boundaries: bytes) -> Positions:
    """The positions from which n symbols on are no boundaries, in the order of the suffixes."""
    before = _boundaries_before(stream, boundaries)
    has_room = np.zeros(len(stream), dtype=bool)
    if len(stream) >= n:
        has_room[: len(stream) - n + 1] = before[n:] == before[:-n]
    suffixes = suffix_array(stream)
    return suffixes[has_room[suffixes]]


def _first_of_each(stream: bytes, places: Positions, n: int) -> NDArray[np.intp]:
    """The first of the sorted places at which each different n-gram is found."""
    every = words(stream)
    is_new = np.zeros(len(places), dtype=bool)
    is_new[:1] = True
    for start in range(0, n, _WORD):
        beyond = np.uint64(8 * max(0, start + _WORD - n))
        some = every.take(places + start) << beyond
        is_new[1:] |= some[1:] != some[:-1]
    return np.flatnonzero(is_new)


def _boundaries_before(stream: bytes, boundaries: bytes) -> Positions:
    """How many boundaries are before each position and before the end: (n + 1,)."""
    is_boundary = np.zeros(256, dtype=bool)
    is_boundary[list(boundaries)] = True
    before = np.zeros(len(stream) + 1, dtype=np.int32)
    np.cumsum(is_boundary[np.frombuffer(stream, dtype=np.uint8)], out=before[1:])
    return before


def _tunes_of(stream: bytes) -> Positions:
    """A number for the tune of each position: (n,)."""
    return np.cumsum(np.frombuffer(stream, dtype=np.uint8) == SEPARATOR, dtype=np.int32)


def _commonest(
    tune_at: Positions, places: Positions, hits: Numbers, length: int, top: int
) -> list[_Counts]:
    """The texts of one length that most tunes have.

    places: where the texts are found, text by text. hits: (texts,) how many places each has.
    """
    if not len(hits) or not top:
        return []
    tunes = np.ones(len(hits), dtype=np.int64)
    is_repeated = hits > 1  # most are found once
    counts = hits[is_repeated]
    of = np.repeat(np.arange(len(counts)), counts)
    pairs = np.sort(of << 32 | tune_at[places[np.repeat(is_repeated, hits)]])
    is_new = np.ones(len(pairs), dtype=bool)
    is_new[1:] = pairs[1:] != pairs[:-1]
    tunes[is_repeated] = np.bincount(pairs[is_new] >> 32, minlength=len(counts))
    firsts = np.minimum.reduceat(places, np.cumsum(hits) - hits)
    chosen = np.arange(len(tunes))
    if len(tunes) > top:
        chosen = np.flatnonzero(tunes >= np.partition(tunes, -top)[-top])
    best = chosen[np.lexsort((firsts[chosen], -hits[chosen], -tunes[chosen]))[:top]]
    return [(-int(tunes[k]), -int(hits[k]), int(firsts[k]), length) for k in best]


def _as_texts(stream: bytes, found: list[_Counts], top: int) -> list[tuple[bytes, int, int]]:
    """The commonest of all that were found: symbols, tunes, hits."""
    best = sorted(found)[:top]
    return [(stream[at : at + length], -tunes, -hits) for tunes, hits, at, length in best]
