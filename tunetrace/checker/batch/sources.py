"""Sources: the corpus tunes that transcriptions share stretches with.

A stretch is shared with a corpus tune where each eight notes of it occur there one after another,
that is, where it occurs in that one tune verbatim. Shorter stretches are shared only where they are
improbable: the reported spans under eight notes of which less than one hit is expected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.matching import FigureHits, FoundFigures, StreamMatches
from tunetrace.checker.batch.spans import SpanArrays
from tunetrace.checker.batch.stream import BatchStream, Numbers
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.statistics.backoff import ExpectedHits

Floats = NDArray[np.float64]

SHARED_NOTES: Final = 8
"""The notes from which on a shared stretch counts, however common it is."""

SOURCES: Final = 10
"""How many sources a check names."""

MOST_IN_TUNE: Final = 64
MOST_IN_TRANSCRIPTION: Final = 1024
"""Of eight notes that occur more often in a corpus tune, or in a transcription, the first places
count. No music comes near, and two tunes of one note only would meet at each pair of places."""

_ANY: Final = 2**31 - 1

_TOGETHER: Final = 1 << 23
"""About so many hits are looked at at once."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Figures of a stream that were looked up, equal ones once.

    figure: (m,) the number of each among the different ones. hits: of these. first, count:
    (different ones,) where the hits of each begin among all, and how many there are.
    """

    figure: Numbers
    hits: FigureHits
    first: NDArray[np.int64]
    count: NDArray[np.int64]


def look_up(
    stream: BatchStream, matches: StreamMatches, firsts: Numbers, stops: Numbers, most: int
) -> LookedUp:
    """Look up the figures from firsts up to stops. most: hits of a figure in one tune."""
    symbols = stream.symbols.tobytes()
    numbers: dict[bytes, int] = {}
    bounds = zip(firsts.tolist(), stops.tolist(), strict=True)
    figure = np.array(
        [numbers.setdefault(symbols[first:stop], len(numbers)) for first, stop in bounds],
        dtype=np.int32,
    )
    _, alike = np.unique(figure, return_index=True)
    found = matches.find(firsts[alike], stops[alike])
    hits = [_first_in_each_tune(some, most) for some in _in_pieces(found)]
    together = FigureHits(
        np.concatenate([some.of for some in hits]),
        np.concatenate([some.tunes for some in hits]),
        np.concatenate([some.tokens for some in hits]),
    )
    count = np.bincount(together.of, minlength=len(alike))
    return LookedUp(figure, together, np.cumsum(count) - count, count)


def _in_pieces(found: FoundFigures) -> Iterator[FigureHits]:
    """All hits of figures, some figures at a time."""
    edges = np.flatnonzero(np.diff(np.cumsum(found.sizes) // _TOGETHER)) + 1
    bounds = [0, *edges.tolist(), len(found.sizes)]
    for first, stop in pairwise(bounds):
        yield found.hits(slice(first, stop))


def _first_in_each_tune(hits: FigureHits, most: int) -> FigureHits:
    """The first few hits of each figure in each tune."""
    begins = np.ones(len(hits.of), dtype=bool)
    begins[1:] = (hits.of[1:] != hits.of[:-1]) | (hits.tunes[1:] != hits.tunes[:-1])
    kept = _rank(begins) < most
    return FigureHits(hits.of[kept], hits.tunes[kept], hits.tokens[kept])


def _rank(begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many come before each since the last one that begins: (n,)."""
    places = np.arange(len(begins))
    since: NDArray[np.int64] = places - np.maximum.accumulate(np.where(begins, places, 0))
    return since


def _expanded(first: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers first, first + 1 … of each, count of them, one after another."""
    skipped = np.cumsum(count) - count
    numbers: NDArray[np.int64] = np.arange(int(count.sum())) + np.repeat(first - skipped, count)
    return numbers


@dataclass(frozen=True, slots=True)
class SpanTunes:
    """How often each span occurs in the corpus, and in which tunes: (spans,) each.

    examples: (spans, most) the ids of the first few tunes, 0 where there are fewer; example_tokens:
    the token of each at which the first hit in it begins.
    """

    hits: Numbers
    tunes: Numbers
    examples: Numbers
    example_tokens: Numbers


def find_span_tunes(
    stream: BatchStream, spans: SpanArrays, matches: StreamMatches, most: int, wanted: Mask
) -> tuple[SpanTunes, FigureHits]:
    """Where spans occur; and of the wanted ones the first hit in each of their tunes.

    most: the examples of each. wanted: (spans,).
    """
    found = look_up(stream, matches, spans.first_tokens, spans.stop_tokens, _ANY)
    first = _first_in_each_tune(found.hits, 1)
    tunes = np.bincount(first.of, minlength=len(found.count))
    begins = np.cumsum(tunes) - tunes
    examples, tokens = np.zeros((2, len(tunes), most), dtype=np.int32)
    place = np.arange(len(first.of)) - begins[first.of]
    is_example = place < most
    at = first.of[is_example], place[is_example]
    examples[at], tokens[at] = first.tunes[is_example], first.tokens[is_example]
    of = found.figure
    asked = np.flatnonzero(wanted)
    chosen = _expanded(begins[of[asked]], tunes[of[asked]])
    return (
        SpanTunes(
            found.count[of].astype(np.int32), tunes[of].astype(np.int32), examples[of], tokens[of]
        ),
        FigureHits(
            np.repeat(asked, tunes[of[asked]]).astype(np.int32),
            first.tunes[chosen],
            first.tokens[chosen],
        ),
    )


@dataclass(frozen=True, slots=True)
class Shared:
    """The stretches that transcriptions share with corpus tunes: (stretches,) each.

    of: the transcription. tunes: the id of the corpus tune. first_notes, stop_notes: in the stream;
    first_tokens: the stretch's first token there. tokens: its first token in the corpus tune.
    In the order of transcriptions, tunes and notes. None lies within another of the same pair.
    """

    of: Numbers
    tunes: Numbers
    first_notes: Numbers
    stop_notes: Numbers
    first_tokens: Numbers
    tokens: Numbers

    @property
    def notes(self) -> Numbers:
        return self.stop_notes - self.first_notes

    @property
    def begins_pair(self) -> NDArray[np.bool_]:
        """Which are the first of a transcription and a corpus tune."""
        begins = np.ones(len(self.of), dtype=bool)
        begins[1:] = (self.of[1:] != self.of[:-1]) | (self.tunes[1:] != self.tunes[:-1])
        return begins

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Those that a mask or a list of their numbers chooses."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))


def find_shared(
    stream: BatchStream, matches: StreamMatches, spans: SpanArrays, span_hits: FigureHits
) -> Shared:
    """The stretches that transcriptions share with each corpus tune.

    spans: those that are reported; span_hits: of the short ones that count, the first hit in each
    of their tunes.
    """
    found = _merged(list(_runs(stream, matches)))
    short = Shared(
        stream.tune_of_notes(spans.first_notes[span_hits.of]),
        span_hits.tunes,
        spans.first_notes[span_hits.of],
        spans.stop_notes[span_hits.of],
        spans.first_tokens[span_hits.of],
        span_hits.tokens,
    )
    return _maximal(_joined([found, short]))


def _runs(stream: BatchStream, matches: StreamMatches) -> Iterator[Shared]:
    """Windows of eight notes that occur in a corpus tune one after another, put together.

    A window at note i that begins at token t of a tune goes on in the window at note i + 1 if that
    begins as many tokens further on. What goes on in the next piece is not put together yet.
    """
    windows = len(stream.note_begins) - SHARED_NOTES + 1
    notes = np.arange(max(windows, 0), dtype=np.int32)
    begins, ends = stream.note_begins[notes], stream.note_ends[notes + SHARED_NOTES - 1]
    # A match ends before its tune does, so that no window of two tunes is among these.
    is_there = matches.longest[begins] >= ends - begins
    notes, begins, ends = notes[is_there], begins[is_there], ends[is_there]
    tunes = stream.tune_of_notes(notes)
    found = look_up(stream, matches, begins, ends, MOST_IN_TUNE)
    few = _few_in_each_tune(found.figure, tunes)
    notes, begins, tunes, figure = notes[few], begins[few], tunes[few], found.figure[few]
    counts = found.count[figure]
    edges = np.flatnonzero(np.diff(np.cumsum(counts) // _TOGETHER)) + 1
    for some in np.split(np.arange(len(notes)), edges):
        at = np.repeat(some, counts[some])
        hit = _expanded(found.first[figure[some]], counts[some])
        of, note, tune, token = tunes[at], notes[at], found.hits.tunes[hit], found.hits.tokens[hit]
        shift = token - begins[at]
        in_order = np.lexsort((note, shift, tune, of))
        of, note, tune = of[in_order], note[in_order], tune[in_order]
        token, shift = token[in_order], shift[in_order]
        is_first = np.ones(len(note), dtype=bool)
        is_first[1:] = (
            (of[1:] != of[:-1])
            | (tune[1:] != tune[:-1])
            | (shift[1:] != shift[:-1])
            | (note[1:] != note[:-1] + 1)
        )
        first = np.flatnonzero(is_first)
        last = np.append(first[1:], len(note)) - 1
        yield Shared(
            of[first], tune[first], note[first], note[last[: len(first)]] + SHARED_NOTES,
            token[first] - shift[first], token[first],
        )  # fmt: skip


def _few_in_each_tune(figure: Numbers, tunes: Numbers) -> NDArray[np.bool_]:
    """The first places of each figure in each transcription: (m,). tunes: of each place."""
    in_order = np.lexsort((figure, tunes))
    begins = np.ones(len(figure), dtype=bool)
    begins[1:] = np.diff(figure[in_order]).astype(bool) | np.diff(tunes[in_order]).astype(bool)
    is_few = np.empty(len(figure), dtype=bool)
    is_few[in_order] = _rank(begins) < MOST_IN_TRANSCRIPTION
    return is_few


def _merged(runs: list[Shared]) -> Shared:
    """Runs of which some go on in others, put together."""
    every = _joined(runs)
    if len(runs) < 2:
        return every
    shift = every.tokens - every.first_tokens
    every = every.select(np.lexsort((every.first_notes, shift, every.tunes, every.of)))
    shift = every.tokens - every.first_tokens
    goes_on = np.zeros(len(every.of), dtype=bool)
    goes_on[1:] = (
        ~every.begins_pair[1:]
        & (shift[1:] == shift[:-1])
        & (every.first_notes[1:] == every.stop_notes[:-1] - SHARED_NOTES + 1)
    )
    first = np.flatnonzero(~goes_on)
    last = np.append(first[1:], len(goes_on)) - 1
    merged = every.select(first)
    merged.stop_notes[:] = every.stop_notes[last[: len(first)]]
    return merged


def _joined(some: list[Shared]) -> Shared:
    columns = zip(
        *([getattr(one, field.name) for field in fields(one)] for one in some), strict=True
    )
    return Shared(*(np.concatenate(column) for column in columns))


def _maximal(every: Shared) -> Shared:
    """Those that lie within no other of the same pair, each once, in their order."""
    every = every.select(
        np.lexsort((every.tokens, -every.stop_notes, every.first_notes, every.tunes, every.of))
    )
    # Each pair's notes are shifted above those of the one before it.
    pair = np.cumsum(every.begins_pair, dtype=np.int64)
    stops = pair * (int(every.stop_notes.max(initial=0)) + 1) + every.stop_notes
    before = np.zeros_like(stops)
    np.maximum.accumulate(stops[:-1], out=before[1:])
    return every.select(stops > before)


def bits_of(shared: Shared, stream: BatchStream, by_chance: ExpectedHits) -> Floats:
    """What each stretch says: -log2 of its expected count, 0 where that is above one."""
    stops = stream.note_ends[shared.stop_notes - 1]
    bounds, which = np.unique(
        shared.first_tokens.astype(np.int64) << 32 | stops, return_inverse=True
    )
    logs = by_chance.log2((bounds >> 32).astype(np.int32), bounds.astype(np.int32))
    return np.maximum(0.0, -logs)[which]


@dataclass(frozen=True, slots=True)
class SourceArrays:
    """Corpus tunes that share stretches with transcriptions: (pairs,) each, the best first.

    of: the transcription. tunes: the id of the corpus tune. first, stop: its stretches among all.
    bits, notes, longest: what its stretches say, how many notes they have together where they have
    eight or more, and the notes of the longest.
    """

    of: Numbers
    tunes: Numbers
    first: Numbers
    stop: Numbers
    bits: Floats
    notes: Numbers
    longest: Numbers

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Those that a mask or a list of their numbers chooses."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))


def rank_sources(shared: Shared, bits: Floats) -> SourceArrays:
    """All sources of each transcription: by what the stretches say, then by notes.

    Notes that two stretches of a tune share are counted once.
    """
    begins_pair = shared.begins_pair
    first = np.flatnonzero(begins_pair)
    stop = np.append(first[1:], len(begins_pair))[: len(first)]
    if not len(first):
        none = np.empty(0, dtype=np.int32)
        return SourceArrays(none, none, none, none, np.empty(0), none, none)
    said = np.add.reduceat(bits * _added(shared) / shared.notes, first)
    is_long = shared.notes >= SHARED_NOTES
    pair = (np.cumsum(begins_pair) - 1)[is_long]
    added = _added(shared.select(is_long))
    notes = np.bincount(pair, weights=added, minlength=len(first)).astype(np.int32)
    longest = np.maximum.reduceat(shared.notes, first)
    of, tunes = shared.of[first], shared.tunes[first]
    sources = SourceArrays(
        of, tunes, first.astype(np.int32), stop.astype(np.int32), said, notes, longest
    )
    return sources.select(np.lexsort((tunes, -longest, -notes, -said, of)))


def _added(shared: Shared) -> Numbers:
    """The notes of each stretch that those of the same pair before it do not have.

    Stretches ascend in both their ends, so that one overlaps with the one before it alone.
    """
    begins = shared.first_notes.copy()
    goes_on = ~shared.begins_pair[1:]
    begins[1:] = np.where(goes_on, np.maximum(begins[1:], shared.stop_notes[:-1]), begins[1:])
    return shared.stop_notes - begins


def count_cover(shared: Shared, tunes: int) -> Numbers:
    """From how few corpus tunes the copied notes of each transcription can be: (tunes,).

    A greedy cover: the tune with most notes that no tune before it has, again and again (Johnson
    1974). Notes are copied where they lie in a shared stretch of eight notes or more. Of equal
    tunes the one with the lowest id goes first.
    """
    cover = np.zeros(tunes, dtype=np.int32)
    long = shared.select(shared.notes >= SHARED_NOTES)
    bounds = np.searchsorted(long.of, np.arange(tunes + 1))
    for k in np.flatnonzero(np.diff(bounds)).tolist():
        mine = slice(bounds[k], bounds[k + 1])
        start = int(long.first_notes[mine].min())
        notes: dict[int, int] = {}  # of each tune, as the bits of a number
        for tune, first, stop in zip(
            long.tunes[mine].tolist(),
            (long.first_notes[mine] - start).tolist(),
            (long.stop_notes[mine] - start).tolist(),
            strict=True,
        ):
            notes[tune] = notes.get(tune, 0) | (1 << stop) - (1 << first)
        cover[k] = _greedy_cover(list(notes.values()))
    return cover


def _greedy_cover(sets: list[int]) -> int:
    """How many sets a greedy cover of all of them has. sets: as the bits of numbers."""
    chosen = 0
    while sets := [some for some in sets if some]:
        best = max(sets, key=int.bit_count)
        sets = [some & ~best for some in sets]
        chosen += 1
    return chosen
