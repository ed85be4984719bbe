"""The commonest figures and n-grams of a stream, counted exactly.

A figure of n notes is a window of the stream. Windows of the same length are sorted as strings, so
that equal ones are neighbours. n-grams all have the same length, so that they are sorted with the
suffixes of the stream. Nothing is hashed or sampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.suffix import Positions, Symbols, suffix_array, words
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


@dataclass(frozen=True, slots=True)
class NotesOfStream:
    """The n notes of a stream, in its order: (n,) int32 each.

    A chord is one note, a rest is none; a length belongs to the note before it.
    """

    starts: Positions
    """The position of the first token of each note."""
    stops: Positions
    """The position past its last token."""
    tunes: Positions
    """The id of its tune."""


def commonest_figures(
    stream: bytes, notes: NotesOfStream, count: int, boundaries: bytes, top: int
) -> list[tuple[bytes, int, int]]:
    """The figures of `count` notes that most tunes have: (symbols, tunes, hits).

    A figure starts at a note and ends where its last note ends. All tokens between its notes are
    part of it, also bar lines and rests. boundaries: the symbols that no figure crosses, SEPARATOR
    among them. Figures in equally many tunes come by hits, then by their first position.
    """
    last = len(notes.starts) - count + 1
    if last <= 0 or top <= 0:
        return []
    starts, stops, tunes = notes.starts[:last], notes.stops[count - 1 :], notes.tunes[:last]
    before = _boundaries_before(stream, boundaries)
    is_whole = before[starts] == before[stops]
    starts, tunes = starts[is_whole], tunes[is_whole]
    lengths = stops[is_whole] - starts
    by_length = np.argsort(lengths, kind="stable")
    ends = np.flatnonzero(np.diff(lengths[by_length])) + 1
    symbols = np.frombuffer(stream, dtype=np.uint8)
    found: list[tuple[int, int, int, int]] = []
    for windows in np.split(by_length, ends):
        if len(windows):
            found += _counted(symbols, starts[windows], tunes[windows], lengths[windows[0]], top)
    best = sorted(found)[:top]
    return [(stream[at : at + length], -tunes, -hits) for tunes, hits, at, length in best]


def _counted(
    symbols: Symbols, starts: Positions, tunes: Positions, length: int, top: int
) -> list[tuple[int, int, int, int]]:
    """The commonest windows of one length: (-tunes, -hits, first position, length)."""
    windows = np.lib.stride_tricks.sliding_window_view(symbols, length)[starts]
    # NumPy strips zeros at the end of strings, so 1 is added; only SEPARATOR becomes zero then.
    assert SEPARATOR == 255, "symbols must be below 255"
    texts = (windows + np.uint8(1)).view(f"S{length}").ravel()
    _, first, figure, hits = np.unique(
        texts, return_index=True, return_inverse=True, return_counts=True
    )
    in_tunes = _tunes_of_each(figure, tunes, len(hits))
    best = _best(in_tunes, hits, starts[first], top)
    return [(-int(in_tunes[k]), -int(hits[k]), int(starts[first[k]]), int(length)) for k in best]


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
    if not len(hits) or not top:
        return NgramCounts(different, left_out, [])
    tune_at = np.cumsum(np.frombuffer(stream, dtype=np.uint8) == SEPARATOR, dtype=np.int64)
    tunes = np.ones(len(hits), dtype=np.int64)
    is_repeated = hits > 1  # most are found once
    counts = hits[is_repeated]
    of = np.repeat(np.arange(len(counts)), counts)
    found_in = tune_at[places[np.repeat(is_repeated, hits)]]
    tunes[is_repeated] = _tunes_of_each(of, found_in, len(counts))
    firsts = np.minimum.reduceat(places, np.cumsum(hits) - hits)
    commonest = [
        (stream[firsts[k] : firsts[k] + n], int(tunes[k]), int(hits[k]))
        for k in _best(tunes, hits, firsts, top)
    ]
    return NgramCounts(different, left_out, commonest)


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


def _tunes_of_each(of: NDArray[np.integer], tunes: NDArray[np.integer], count: int) -> Numbers:
    """How many tunes have each of `count` texts: (count,).

    of, tunes: (hits,) which text each hit is, and the tune that it is found in.
    """
    pairs = np.sort(of.astype(np.int64) << 32 | tunes)
    is_new = np.ones(len(pairs), dtype=bool)
    is_new[1:] = pairs[1:] != pairs[:-1]
    return np.bincount(pairs[is_new] >> 32, minlength=count)


def _best(tunes: Numbers, hits: Numbers, firsts: NDArray[np.integer], top: int) -> list[int]:
    """The texts in most tunes; those in equally many by hits, then by their first position."""
    chosen = np.arange(len(tunes))
    if len(tunes) > top:
        chosen = np.flatnonzero(tunes >= np.partition(tunes, -top)[-top])
    order = np.lexsort((firsts[chosen], -hits[chosen], -tunes[chosen]))[:top]
    found: list[int] = chosen[order].tolist()
    return found
