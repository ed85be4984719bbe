"""Sources: the corpus tunes that transcriptions share stretches with.

A shared stretch is found verbatim in the corpus tune and has at least as many notes as its view
asks, in tokens eight. A shorter one counts only if it is improbable: a reported span of which less
than one hit is expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import (
    Floats,
    Numbers,
    changes,
    highest_before,
    join,
    ranges,
    rows,
    select,
)
from tunetrace.checker.batch.matcher import StreamMatches
from tunetrace.checker.batch.spans import SpanArrays
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.indexer.search.joint import Hits, rank_in_runs
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.statistics.backoff import ExpectedHits

SOURCES: Final = 10
"""A check names at most this many sources."""

MOST_IN_TUNE: Final = 64
MOST_IN_TRANSCRIPTION: Final = 1024
"""The most hits of the same shortest stretch that count in a corpus tune, or in a transcription.

No music has as many. Two tunes of a single repeated note would match at every pair of places.
"""

_TOGETHER: Final = 1 << 23
"""About this many hits are in memory together."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The hits of figures of a stream; equal figures are searched for once."""

    figure: Numbers
    """(m,) the number of each figure among the different ones."""
    hits: Hits
    """The hits of the different figures."""
    first: NDArray[np.int64]
    """(different figures,) where the hits of each begin."""
    count: NDArray[np.int64]
    """(different figures,) how many hits each has."""


def look_up(
    stream: BatchStream,
    matches: StreamMatches,
    firsts: Numbers,
    stops: Numbers,
    most: int | None = None,
) -> LookedUp:
    """Search for the figures from firsts up to stops. most: the most hits in one tune."""
    numbers: dict[bytes, int] = {}
    texts = (stream.text[first:stop] for first, stop in rows(firsts, stops))
    figure = np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int32)
    _, alike = np.unique(figure, return_index=True)
    hits = matches.find(firsts[alike], stops[alike], most)
    count = np.bincount(hits.of, minlength=len(alike))
    return LookedUp(figure, hits, np.cumsum(count) - count, count)


def _cuts(sizes: NDArray[np.int64]) -> list[int]:
    """Where to cut figures into pieces that have about _TOGETHER hits. sizes: of each figure."""
    cuts = np.flatnonzero(np.diff(np.cumsum(sizes) // _TOGETHER)) + 1
    return cuts.tolist()


@dataclass(frozen=True, slots=True)
class SpanTunes:
    """The hits and the tunes of spans in the corpus: (spans,) each."""

    hits: Numbers
    """The number of hits."""
    tunes: Numbers
    """The number of tunes."""
    families: Numbers | None
    """The number of families that these are of; None if they are not known."""
    examples: Numbers
    """(spans, most) the ids of the first tunes, filled up with 0."""
    example_tokens: Numbers
    """(spans, most) the first token of the first hit in each of these tunes."""


def find_span_tunes(
    stream: BatchStream, spans: SpanArrays, matches: StreamMatches, most: int, wanted: Mask
) -> tuple[SpanTunes, Hits]:
    """The hits of all spans, and the first hit of each wanted span in each tune.

    most: how many examples a span has. wanted: (spans,).
    """
    found = look_up(stream, matches, spans.first_symbols, spans.stop_symbols)
    first = select(found.hits, changes(found.hits.of, found.hits.tunes))
    tunes = np.bincount(first.of, minlength=len(found.count))
    begins = np.cumsum(tunes) - tunes
    examples, symbols = np.zeros((2, len(tunes), most), dtype=np.int32)
    place = np.arange(len(first.of)) - begins[first.of]
    is_example = place < most
    at = first.of[is_example], place[is_example]
    examples[at], symbols[at] = first.tunes[is_example], first.symbols[is_example]
    tokens = matches.first_tokens(examples, symbols)
    of = found.figure
    families = None
    if matches.family_of is not None:
        families = _families(first, matches.family_of, len(tunes))[of]
    asked = np.flatnonzero(wanted)
    chosen = ranges(begins[of[asked]], tunes[of[asked]])
    return (
        SpanTunes(
            found.count[of].astype(np.int32),
            tunes[of].astype(np.int32),
            families,
            examples[of],
            tokens[of],
        ),
        Hits(
            np.repeat(asked, tunes[of[asked]]).astype(np.int32),
            first.tunes[chosen],
            first.symbols[chosen],
        ),
    )


def _families(hits: Hits, family_of: Numbers, figures: int) -> Numbers:
    """How many families have each of some figures: (figures,)."""
    packed = np.unique(hits.of.astype(np.int64) << 32 | family_of[hits.tunes])
    return np.bincount(packed >> 32, minlength=figures).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Shared:
    """The stretches that transcriptions share with corpus tunes: (stretches,) each.

    They are ordered by transcription, tune and note. No stretch is part of another of the same pair
    of tunes.
    """

    of: Numbers
    """The transcription."""
    tunes: Numbers
    """The id of the corpus tune."""
    first_notes: Numbers
    """The first note, counted in the stream."""
    stop_notes: Numbers
    """The note after the last."""
    first_symbols: Numbers
    """The first symbol, counted in the stream."""
    symbols: Numbers
    """The first symbol in the corpus tune."""

    @property
    def notes(self) -> Numbers:
        return self.stop_notes - self.first_notes

    @property
    def begins_pair(self) -> NDArray[np.bool_]:
        """Whether each is the first stretch of a transcription and a corpus tune."""
        return changes(self.of, self.tunes)


def find_shared(
    stream: BatchStream, matches: StreamMatches, spans: SpanArrays, span_hits: Hits
) -> Shared:
    """The stretches that transcriptions share with each corpus tune.

    spans: the reported ones. span_hits: the first hit in each tune of the short ones that count.
    """
    of = span_hits.of
    short = Shared(
        stream.tune_of_notes(spans.first_notes[of]),
        span_hits.tunes,
        spans.first_notes[of],
        spans.stop_notes[of],
        spans.first_symbols[of],
        span_hits.symbols,
    )
    return _maximal(join([_find_long(stream, matches), short]))


def _find_long(stream: BatchStream, matches: StreamMatches) -> Shared:
    """The long shared stretches: windows of the least number of notes, joined."""
    least = stream.view.shared_notes
    windows = len(stream.note_begins) - least + 1
    notes = np.arange(max(windows, 0), dtype=np.int32)
    begins, ends = stream.note_begins[notes], stream.note_ends[notes + least - 1]
    # A match ends within its tune, so no window crosses from one tune to the next.
    is_there = matches.longest[begins] >= ends - begins
    notes, begins, ends = notes[is_there], begins[is_there], ends[is_there]
    tunes = stream.tune_of_notes(notes)
    found = look_up(stream, matches, begins, ends, MOST_IN_TUNE)
    few = _few_in_each_tune(found.figure, tunes)
    notes, begins, tunes, figure = notes[few], begins[few], tunes[few], found.figure[few]
    counts = found.count[figure]
    pieces = []
    for some in np.split(np.arange(len(notes)), _cuts(counts)):
        at = np.repeat(some, counts[some])
        hits = select(found.hits, ranges(found.first[figure[some]], counts[some]))
        note, begin = notes[at], begins[at]
        stop = note + np.int32(least)
        shared = Shared(tunes[at], hits.tunes, note, stop, begin, hits.symbols)
        pieces.append(_joined(shared, least))
    return _joined(join(pieces), least) if len(pieces) > 1 else pieces[0]


def _joined(some: Shared, least: int) -> Shared:
    """Join stretches that continue in other stretches, of which they have all notes but the last.

    Two stretches continue if they begin equally far apart in the transcription and in the tune.
    least: how many notes the shortest stretch has.
    """
    shift = some.symbols - some.first_symbols
    in_order = np.lexsort((some.first_notes, shift, some.tunes, some.of))
    some = select(some, in_order)
    begins = changes(some.of, some.tunes, shift[in_order])
    begins[1:] |= some.first_notes[1:] != some.stop_notes[:-1] - least + 1
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(begins)) - 1
    joined = select(some, first)
    joined.stop_notes[:] = some.stop_notes[last[: len(first)]]
    return joined


def _few_in_each_tune(figure: Numbers, tunes: Numbers) -> NDArray[np.bool_]:
    """Whether each place is among the first of its figure in its transcription: (m,).

    tunes: the transcription of each place.
    """
    in_order = np.lexsort((figure, tunes))
    is_few = np.empty(len(figure), dtype=bool)
    is_few[in_order] = rank_in_runs(figure[in_order], tunes[in_order]) < MOST_IN_TRANSCRIPTION
    return is_few


def _maximal(every: Shared) -> Shared:
    """The stretches that are part of no other of the same pair, each once, in order."""
    every = select(
        every,
        np.lexsort((every.symbols, -every.stop_notes, every.first_notes, every.tunes, every.of)),
    )
    # The notes of each pair are shifted above those of the pair before it.
    pair = np.cumsum(every.begins_pair, dtype=np.int64)
    stops = pair * (int(every.stop_notes.max(initial=0)) + 1) + every.stop_notes
    return select(every, stops > highest_before(stops))


def bits_of(shared: Shared, stream: BatchStream, by_chance: ExpectedHits) -> Floats:
    """The bits of each stretch: -log2 of its expected count, 0 if the count is above 1."""
    stops = stream.note_ends[shared.stop_notes - 1]
    bounds, which = np.unique(
        shared.first_symbols.astype(np.int64) << 32 | stops, return_inverse=True
    )
    logs = by_chance.log2((bounds >> 32).astype(np.int32), bounds.astype(np.int32))
    return np.maximum(0.0, -logs)[which]


@dataclass(frozen=True, slots=True)
class SourceArrays:
    """Pairs of a transcription and a source: (pairs,) each, the best of a transcription first."""

    of: Numbers
    """The transcription."""
    tunes: Numbers
    """The id of the corpus tune."""
    first: NDArray[np.intp]
    """The first of its stretches among all."""
    stop: NDArray[np.intp]
    """The stretch after its last."""
    bits: Floats
    """The sum of the bits of its stretches."""
    notes: Numbers
    """The notes in its long stretches."""
    longest: Numbers
    """The notes of its longest stretch."""


def rank_sources(shared: Shared, bits: Floats, least: int) -> SourceArrays:
    """All sources of each transcription, ranked by bits, then by notes.

    Notes that two stretches of a tune share count once. least: from this many notes on a stretch is
    long.
    """
    begins_pair = shared.begins_pair
    first = np.flatnonzero(begins_pair)
    stop = np.append(first[1:], len(begins_pair))[: len(first)]
    bits = np.add.reduceat(bits * _added(shared) / shared.notes, first)
    is_long = shared.notes >= least
    pair = (np.cumsum(begins_pair) - 1)[is_long]
    added = _added(select(shared, is_long))
    notes = np.bincount(pair, weights=added, minlength=len(first)).astype(np.int32)
    longest = np.maximum.reduceat(shared.notes, first)
    of, tunes = shared.of[first], shared.tunes[first]
    sources = SourceArrays(of, tunes, first, stop, bits, notes, longest)
    return select(sources, np.lexsort((tunes, -longest, -notes, -bits, of)))


def _added(shared: Shared) -> Numbers:
    """The notes of each stretch that no stretch before it in the same pair has.

    Both ends of stretches ascend, so the stretch before is the only one to compare with.
    """
    covered = np.where(shared.begins_pair, 0, np.roll(shared.stop_notes, 1))
    return shared.stop_notes - np.maximum(shared.first_notes, covered)


def count_cover(shared: Shared, tunes: int, least: int) -> Numbers:
    """The number of corpus tunes that together have the copied notes of each tune: (tunes,).

    Copied notes are those in shared stretches of `least` notes or more. Method: a greedy cover
    takes the tune with most notes that are not yet covered, again and again (Johnson 1974). Of
    equal tunes it takes the one with the lowest id.
    """
    cover = np.zeros(tunes, dtype=np.int32)
    long = select(shared, shared.notes >= least)
    bounds = np.searchsorted(long.of, np.arange(tunes + 1))
    for k in np.flatnonzero(np.diff(bounds)).tolist():
        mine = slice(bounds[k], bounds[k + 1])
        start = int(long.first_notes[mine].min())
        notes: dict[int, int] = {}  # a bit for each note of the transcription that a tune has
        bits = rows(long.tunes[mine], long.first_notes[mine] - start, long.stop_notes[mine] - start)
        for tune, first, stop in bits:
            notes[tune] = notes.get(tune, 0) | (1 << stop) - (1 << first)
        cover[k] = _greedy_cover(list(notes.values()))
    return cover


def _greedy_cover(sets: list[int]) -> int:
    """The number of sets in a greedy cover of all. sets: the bits of numbers."""
    chosen = 0
    while sets := [some for some in sets if some]:
        best = max(sets, key=int.bit_count)
        sets = [some & ~best for some in sets]
        chosen += 1
    return chosen
