"""What comes after the hits of a figure, or before them: cut out of the tunes and counted exactly.

The tunes that have the figure are laid out one after the other. After each hit a piece is cut out:
the next symbol, or all up to the end of a note or a bar. Equal pieces are counted together. Nothing
is hashed or sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.figures import FigureSearch, Occurrences
from tunetrace.indexer.search.outline import begins_event, kinds_of
from tunetrace.indexer.search.projections import BAR
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import Positions, words
from tunetrace.tokenizer.vocabulary import (
    BAR_LINE,
    CHORD_CLOSE,
    CHORD_OPEN,
    LENGTH_SIGN,
    NOTE,
    SEPARATOR,
    TUPLET,
)

Unit = Literal["symbol", "note", "bar"]
Numbers = NDArray[np.int64]

_WORD: Final = 7
"""How many symbols are compared at once. An eighth byte says how many are left."""


@dataclass(frozen=True, slots=True)
class FoundTunes:
    """The tunes that have a figure, one after the other, and the n hits of the figure in them."""

    stream: bytes
    """Their symbols, with a SEPARATOR before each tune and after the last. The headers that a tune
    begins with are left out."""
    starts: Positions
    """(n,) where each hit begins in the stream, ascending."""
    stops: Positions
    """(n,) the place after each hit."""
    tunes: Positions
    """(n,) the id of the tune of each hit."""
    firsts: Positions
    """(n,) the first symbol of each hit, counted in its whole tune, with its headers."""

    @property
    def hits(self) -> int:
        """How many hits there are."""
        return len(self.starts)


def tunes_with_hits(found: Sequence[Occurrences], headers: bytes) -> FoundTunes:
    """The tunes that have these hits. headers: the symbols that may be before a tune's music."""
    is_header = np.zeros(256, dtype=bool)
    is_header[list(headers)] = True
    pieces, size = [], 0
    columns: list[list[Positions]] = [[np.empty(0, dtype=np.int32)] for _ in range(4)]
    for some in found:
        segment = some.segment
        in_order = np.argsort(some.positions, kind="stable")
        tunes, firsts = segment.places(some.positions[in_order])
        row = segment.tune_ids.searchsorted(tunes)
        is_first = np.diff(row, prepend=-1) != 0
        rows = row[is_first]  # the tunes with hits, ascending
        of = np.cumsum(is_first) - 1  # which of them each hit is in
        begins, lengths = _music_of(segment, rows, is_header)
        headers_before = begins - segment.bounds[rows] - 1
        # Each tune is a SEPARATOR and its music.
        sizes = lengths + 1
        firsts_of_tunes = np.cumsum(sizes) - sizes
        places = np.arange(int(sizes.sum())) + np.repeat(begins - 1 - firsts_of_tunes, sizes)
        kept = segment.symbols[places]
        kept[firsts_of_tunes] = SEPARATOR
        pieces.append(kept.tobytes())
        music = size + firsts_of_tunes + 1  # where the music of each tune begins
        starts = firsts + (music - headers_before).astype(np.int32)[of]
        of_segment = (starts, starts + some.lengths[in_order], tunes, firsts)
        for column, values in zip(columns, of_segment, strict=True):
            column.append(values)
        size += len(kept)
    return FoundTunes(b"".join(pieces) + bytes([SEPARATOR]), *map(np.concatenate, columns))


def _music_of(
    segment: Segment, rows: Numbers, is_header: NDArray[np.bool_]
) -> tuple[Numbers, Numbers]:
    """Where the music of some tunes begins, after their headers, and how many symbols it has.

    rows: (n,) the places of the tunes in the segment. Gives two (n,).
    """
    begins = segment.bounds[rows].astype(np.int64) + 1
    stops = segment.bounds[rows + 1].astype(np.int64)
    going = np.flatnonzero(is_header[segment.symbols[begins]])
    while len(going):
        begins[going] += 1
        going = going[is_header[segment.symbols[begins[going]]]]
    return begins, stops - begins


@dataclass(frozen=True, slots=True)
class Stretches:
    """The notes of a stream, or its bars: n in their order. Chords and rests are notes here."""

    starts: Numbers
    """(n,) where each begins, a tuplet sign before it included."""
    notes: Numbers
    """(n,) where its first note begins."""
    stops: Numbers
    """(n,) the place after its last note and the lengths of that."""


def kinds_in(search: FigureSearch) -> NDArray[np.uint8]:
    """The kind of each symbol of a view, as tokens have it: (256,). SEPARATOR ends a bar.

    In a view of events every symbol that is no bar line is a note.
    """
    if search.view.units is None:
        return kinds_of(search.vocabulary)
    kinds = np.full(256, NOTE, dtype=np.uint8)
    names = search.alphabet.names
    if BAR in names:
        kinds[list(names).index(BAR)] = BAR_LINE
    kinds[SEPARATOR] = BAR_LINE
    return kinds


def has_bars(search: FigureSearch) -> bool:
    """Whether a view has bar lines."""
    return bool((kinds_in(search)[:SEPARATOR] == BAR_LINE).any())


def stretches(stream: bytes, kind_of: NDArray[np.uint8], unit: Unit) -> Stretches:
    """The notes or the bars of a stream. kind_of: the kind of each symbol, (256,).

    A chord is one note, and so is a rest. A bar line ends a chord that is open. There is a bar only
    where there is a note.
    """
    kinds = kind_of[np.frombuffer(stream, dtype=np.uint8)]
    ends_bar = kinds == BAR_LINE
    notes = np.flatnonzero(begins_event(kinds))
    stops = notes + 1
    chords = np.flatnonzero(kinds[notes] == CHORD_OPEN)
    turns = np.flatnonzero((kinds == CHORD_OPEN) | (kinds == CHORD_CLOSE) | ends_bar)
    closing = turns[turns.searchsorted(notes[chords], side="right")]
    stops[chords] = closing + (kinds[closing] == CHORD_CLOSE)
    is_other = kinds != LENGTH_SIGN
    others_before = np.cumsum(is_other, dtype=np.int32)[stops - 1]
    stops = np.flatnonzero(is_other)[others_before]
    starts = notes - (kinds[notes - 1] == TUPLET)
    if unit == "bar":
        lines_before = np.cumsum(ends_bar, dtype=np.int32)[notes]
        is_first = np.diff(lines_before, prepend=-1) != 0
        is_last = np.roll(is_first, -1)  # the first note of all begins a bar
        return Stretches(starts[is_first], notes[is_first], stops[is_last])
    return Stretches(starts, notes, stops)


def pieces_after(found: FoundTunes, parts: Stretches | None, count: int) -> tuple[Numbers, Numbers]:
    """The piece after each hit, as its first place and the one past its last: two (n,).

    parts: the notes or bars; a piece ends with the count-th that ends after the hit. None: a piece
    is one symbol. Where the tune ends before, the SEPARATOR is the last symbol of the piece.
    """
    starts = found.stops.astype(np.int64)
    if parts is None:
        return starts, starts + 1
    ends = _separators(found.stream)
    tune_stops = ends[ends.searchsorted(starts)] + 1
    if not len(parts.stops):
        return starts, tune_stops
    last = parts.stops.searchsorted(starts, side="right") + count - 1
    stops = parts.stops[np.minimum(last, len(parts.stops) - 1)]
    is_there = (last < len(parts.stops)) & (stops < tune_stops)
    return starts, np.where(is_there, stops, tune_stops)


def pieces_before(
    found: FoundTunes, parts: Stretches | None, count: int
) -> tuple[Numbers, Numbers]:
    """The piece before each hit, as pieces_after gives those after it.

    Where the tune begins before, the SEPARATOR is the first symbol of the piece.
    """
    stops = found.starts.astype(np.int64)
    if parts is None:
        return stops - 1, stops
    ends = _separators(found.stream)
    tune_starts = ends[ends.searchsorted(stops) - 1]
    if not len(parts.notes):
        return tune_starts, stops
    first = parts.notes.searchsorted(stops) - count
    starts = parts.starts[np.maximum(first, 0)]
    is_there = (first >= 0) & (starts > tune_starts)
    return np.where(is_there, starts, tune_starts), stops


def _separators(stream: bytes) -> Numbers:
    return np.flatnonzero(np.frombuffer(stream, dtype=np.uint8) == SEPARATOR)


def equal_pieces(stream: bytes, starts: Numbers, stops: Numbers) -> Numbers:
    """A number for each piece of a stream, from 0 without gaps, the same for equal pieces: (n,).

    Pieces are compared word by word. After each word, only those go on that are as another so far.
    """
    lengths = stops - starts
    if (lengths == 1).all():
        return _without_gaps(np.frombuffer(stream, dtype=np.uint8)[starts].astype(np.int64))
    every = words(stream)
    numbers = np.zeros(len(starts), dtype=np.int64)
    going = np.arange(len(starts))
    at = used = 0
    while len(going):
        left = np.minimum(lengths[going] - at, _WORD + 1).astype(np.uint64)
        bits = np.minimum(left, np.uint64(_WORD)) * np.uint64(8)
        word = every[starts[going] + at] & ((np.uint64(1) << bits) - np.uint64(1))
        ranks = _ranks(word | left << np.uint64(8 * _WORD))
        if at:
            ranks = _ranks(numbers[going] * len(ranks) + ranks)
        numbers[going] = ranks + used
        used += int(ranks.max()) + 1
        is_shared = np.bincount(ranks)[ranks] > 1
        going = going[is_shared & (left > _WORD)]
        at += _WORD
    return _without_gaps(numbers)


def _ranks(values: NDArray[np.integer]) -> Numbers:
    """The rank of each of n values among the different ones: (n,)."""
    order = np.argsort(values)
    ordered = values[order]
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order[1:]] = np.cumsum(ordered[1:] != ordered[:-1])
    ranks[order[0]] = 0
    return ranks


def _without_gaps(numbers: Numbers) -> Numbers:
    """The rank of each number among those that there are: (n,)."""
    is_used = np.bincount(numbers) > 0
    return (np.cumsum(is_used) - 1)[numbers]


@dataclass(frozen=True, slots=True)
class Counts:
    """Different pieces, the commonest first: g of them."""

    firsts: Numbers
    """(g,) the number of the first hit that has each."""
    hits: Numbers
    """(g,) how many hits have it."""
    tunes: Numbers
    """(g,) in how many tunes."""
    families: Numbers | None
    """(g,) in how many families of tunes; None if these are not known."""


def count_pieces(numbers: Numbers, tunes: Positions, family_of: NDArray[np.int32] | None) -> Counts:
    """The different pieces among n, with their counts; of equally many hits, those in more tunes
    come first, then those that are found first.

    numbers: (n,) as equal_pieces gives them. tunes: (n,) the tune of each hit, by its id.
    family_of: the family of each tune, by id.
    """
    hits = np.bincount(numbers)
    firsts = np.empty(len(hits), dtype=np.int64)
    firsts[numbers[::-1]] = np.arange(len(numbers))[::-1]  # of equal ones the last is kept
    in_tunes = _different(numbers, tunes)
    families = None if family_of is None else _different(numbers, family_of[tunes])
    order = np.lexsort((firsts, -in_tunes, -hits))
    return Counts(
        firsts[order],
        hits[order],
        in_tunes[order],
        None if families is None else families[order],
    )


def _different(numbers: Numbers, values: NDArray[np.integer]) -> Numbers:
    """How many different values go with each number: (g,)."""
    size = int(values.max(initial=0)) + 1
    pairs = np.sort(numbers * size + values)  # np.unique hashes, which takes far longer
    is_new = np.ones(len(pairs), dtype=bool)
    np.not_equal(pairs[1:], pairs[:-1], out=is_new[1:])
    return np.bincount(pairs[is_new] // size)
