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
from tunetrace.indexer.backoff import ExpectedHits

Floats = NDArray[np.float64]

SHARED_NOTES: Final = 8
"""The notes from which on a shared stretch counts, however common it is."""

SOURCES: Final = 10
"""How many sources a check names."""

_TOGETHER: Final = 1 << 23
"""About so many hits are looked at at once."""


def hits_by_figure(found: FoundFigures) -> Iterator[FigureHits]:
    """All hits of figures, some figures at a time."""
    edges = np.flatnonzero(np.diff(np.cumsum(found.sizes) // _TOGETHER)) + 1
    bounds = [0, *edges.tolist(), len(found.sizes)]
    for first, stop in pairwise(bounds):
        yield found.hits(slice(first, stop))


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
    spans: SpanArrays, matches: StreamMatches, most: int
) -> tuple[SpanTunes, FigureHits]:
    """Where spans occur; and of each the first hit in each of its tunes."""
    hits, tunes = np.zeros((2, len(spans)), dtype=np.int32)
    firsts: list[FigureHits] = []
    for some in hits_by_figure(matches.find(spans.first_tokens, spans.stop_tokens)):
        hits += np.bincount(some.of, minlength=len(spans)).astype(np.int32)
        is_first = np.ones(len(some.of), dtype=bool)
        is_first[1:] = (some.of[1:] != some.of[:-1]) | (some.tunes[1:] != some.tunes[:-1])
        firsts.append(FigureHits(some.of[is_first], some.tunes[is_first], some.tokens[is_first]))
        tunes += np.bincount(firsts[-1].of, minlength=len(spans)).astype(np.int32)
    first = FigureHits(
        np.concatenate([some.of for some in firsts]),
        np.concatenate([some.tunes for some in firsts]),
        np.concatenate([some.tokens for some in firsts]),
    )
    place = np.arange(len(first.of)) - (np.cumsum(tunes) - tunes)[first.of]
    is_example = place < most
    examples, tokens = np.zeros((2, len(spans), most), dtype=np.int32)
    at = first.of[is_example], place[is_example]
    examples[at], tokens[at] = first.tunes[is_example], first.tokens[is_example]
    return SpanTunes(hits, tunes, examples, tokens), first


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
    stream: BatchStream,
    matches: StreamMatches,
    spans: SpanArrays,
    span_hits: FigureHits,
    is_telling: NDArray[np.bool_],
) -> Shared:
    """The stretches that transcriptions share with each corpus tune.

    spans: those that are reported; span_hits: of each the first hit in each of its tunes;
    is_telling: (spans,) which of the short ones count.
    """
    found = _merged(list(_runs(stream, matches)))
    counts = is_telling[span_hits.of] & (spans.notes[span_hits.of] < SHARED_NOTES)
    of_span = span_hits.of[counts]
    short = Shared(
        stream.tune_of_notes(spans.first_notes[of_span]),
        span_hits.tunes[counts],
        spans.first_notes[of_span],
        spans.stop_notes[of_span],
        spans.first_tokens[of_span],
        span_hits.tokens[counts],
    )
    return _maximal(_joined([found, short]))


def _runs(stream: BatchStream, matches: StreamMatches) -> Iterator[Shared]:
    """Windows of eight notes that occur in a corpus tune one after another, put together.

    A window at note i that begins at token t of a tune goes on in the window at note i + 1 if that
    begins as many tokens further on. Runs that are cut where the hits are are not put together yet.
    """
    windows = len(stream.note_begins) - SHARED_NOTES + 1
    notes = np.arange(max(windows, 0), dtype=np.int32)
    begins, ends = stream.note_begins[notes], stream.note_ends[notes + SHARED_NOTES - 1]
    # A match ends before its tune does, so that no window of two tunes is among these.
    is_there = matches.longest[begins] >= ends - begins
    notes, begins, ends = notes[is_there], begins[is_there], ends[is_there]
    tunes = stream.tune_of_notes(notes)
    for hits in hits_by_figure(matches.find(begins, ends)):
        note, token = notes[hits.of], hits.tokens
        of, shift = tunes[hits.of], token - begins[hits.of]
        in_order = np.lexsort((note, shift, hits.tunes, of))
        note, token, of = note[in_order], token[in_order], of[in_order]
        tune, shift = hits.tunes[in_order], shift[in_order]
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
            begins[np.searchsorted(notes, note[first])], token[first],
        )  # fmt: skip


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
