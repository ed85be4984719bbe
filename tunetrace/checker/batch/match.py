"""Matching transcriptions with a corpus: all that is asked of the arrays, and no more.

What comes out is arrays alone, so that another process can do it and hand them back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.joint import JointMatcher
from tunetrace.checker.batch.matching import StreamMatches
from tunetrace.checker.batch.measures import SliceMeasures, measure_slice
from tunetrace.checker.batch.sources import (
    SHARED_NOTES,
    SOURCES,
    Shared,
    SourceArrays,
    SpanTunes,
    bits_of,
    count_cover,
    find_shared,
    find_span_tunes,
    rank_sources,
)
from tunetrace.checker.batch.spans import SpanArrays, find_spans
from tunetrace.checker.batch.stream import BatchStream, Numbers, join_layouts
from tunetrace.checker.measures import COPIED_LENGTHS
from tunetrace.collector import collector_paused
from tunetrace.indexer.sameness import SameMusic
from tunetrace.indexer.statistics.backoff import ExpectedHits
from tunetrace.tokenizer.layout.bars import Layout, lay_out

Floats = NDArray[np.float64]

TELLING: Final = 0.01
"""Spans under eight notes are reported only if fewer hits than this are expected by chance."""

EXAMPLES: Final = 3
"""In how many tunes a span, or a bar, is shown."""


@dataclass(frozen=True, slots=True)
class SpanColumns:
    """The spans that are reported, in the order of the stream: (spans,) each.

    of: the transcription. Tokens and notes are counted in it. bars: how many bars each touches;
    part, bar, onsets: where it begins. tunes, hits: where it occurs; log2_expected: of how many
    hits chance would give. examples, example_tokens: as of SpanTunes.
    """

    of: Numbers
    first_token: Numbers
    stop_token: Numbers
    first_note: Numbers
    stop_note: Numbers
    bars: Numbers
    part: Numbers
    bar: Numbers
    onsets: list[Fraction]
    tunes: Numbers
    hits: Numbers
    log2_expected: Floats
    examples: Numbers
    example_tokens: Numbers


@dataclass(frozen=True, slots=True)
class SourceColumns:
    """The sources that are named, the best of each transcription first: (sources,) each.

    of: the transcription; tunes, bits, notes, longest: as of SourceArrays; bars: how many bars of
    the transcription the tune has. stretches: what they share, in its order: transcription and
    tokens as of SpanColumns; source: which of the sources.
    """

    of: Numbers
    tunes: Numbers
    bits: Floats
    notes: Numbers
    longest: Numbers
    bars: Numbers
    stretches: StretchColumns


@dataclass(frozen=True, slots=True)
class StretchColumns:
    """The stretches that transcriptions share with their sources: (stretches,) each.

    source: which of the sources. Tokens and notes are counted in the transcription; source_token:
    the first token in the source.
    """

    source: Numbers
    first_token: Numbers
    stop_token: Numbers
    first_note: Numbers
    stop_note: Numbers
    source_token: Numbers


@dataclass(frozen=True, slots=True)
class MatchedSlice:
    """What was found of some transcriptions.

    reach: (notes,) the note up to which what begins at each note occurs. sources: the few best.
    same: what is the same music. cover: (tunes,) from how few corpus tunes each one's copied notes
    can be. most, most_from: (tunes,) the most notes that one corpus tune has of it, and its id, 0
    for none.
    """

    measures: SliceMeasures
    reach: Numbers
    spans: SpanColumns
    sources: SourceColumns
    same: list[SameMusic]
    cover: Numbers
    most: Numbers
    most_from: Numbers


def match_together(tunes: Iterable[Sequence[str]], matcher: JointMatcher) -> MatchedSlice:
    """Match transcriptions, given as tokens, sorted together with a corpus."""
    with collector_paused():
        layouts = [lay_out(tokens) for tokens in tunes]
        stream = join_layouts(layouts, matcher.vocabulary)
        return match_stream(layouts, stream, matcher.match(stream))


def match_stream(
    layouts: Sequence[Layout], stream: BatchStream, matches: StreamMatches
) -> MatchedSlice:
    """Find and measure all that a check says of transcriptions but what they are named.

    layouts: of their tokens; stream: of all of these; matches: of the stream with a corpus.
    """
    every = find_spans(stream, matches)
    measures = measure_slice(stream, every, matches.longest, matches.bars_found())
    by_chance = ExpectedHits(matches.model, stream.symbols.tobytes())
    log2_expected = by_chance.log2(every.first_tokens, every.stop_tokens)
    of = stream.tune_of_notes(every.first_notes)
    told = _worth_telling(every, of, log2_expected, measures.longest_notes)
    spans, of, log2_expected = every.select(told), of[told], log2_expected[told]
    is_telling = (log2_expected < 0) & (spans.notes < SHARED_NOTES)
    found, span_hits = find_span_tunes(stream, spans, matches, EXAMPLES, is_telling)
    shared = find_shared(stream, matches, spans, span_hits)
    bits = bits_of(shared, stream, by_chance)
    sources = rank_sources(shared, bits)
    most, most_from = _most_of_one(sources, stream.tunes)
    return MatchedSlice(
        measures=measures,
        reach=_reach(every, len(stream.note_begins)),
        spans=_span_columns(stream, spans, of, found, log2_expected),
        sources=_source_columns(stream, sources, shared, matches),
        same=matches.same_music(layouts),
        cover=count_cover(shared, stream.tunes),
        most=most,
        most_from=most_from,
    )


def _reach(spans: SpanArrays, notes: int) -> Numbers:
    """The note up to which what begins at each note occurs: (notes,)."""
    reach = np.zeros(notes, dtype=np.int32)
    np.maximum.at(reach, spans.first_notes, spans.stop_notes)
    return np.maximum.accumulate(reach)


def _span_columns(
    stream: BatchStream, spans: SpanArrays, of: Numbers, found: SpanTunes, log2_expected: Floats
) -> SpanColumns:
    bars = stream.note_bars[spans.first_notes]
    last_bars = stream.note_bars[spans.stop_notes - 1]
    return SpanColumns(
        of=of,
        first_token=spans.first_tokens - stream.starts[of],
        stop_token=spans.stop_tokens - stream.starts[of],
        first_note=spans.first_notes - stream.first_notes[of],
        stop_note=spans.stop_notes - stream.first_notes[of],
        bars=stream.bar_counts[last_bars] - stream.bar_counts[bars] + 1,
        part=stream.bar_parts[bars],
        bar=stream.bar_numbers[bars],
        onsets=stream.onsets(spans.first_notes),
        tunes=found.tunes,
        hits=found.hits,
        log2_expected=log2_expected,
        examples=found.examples,
        example_tokens=found.example_tokens,
    )


def _source_columns(
    stream: BatchStream, sources: SourceArrays, shared: Shared, matches: StreamMatches
) -> SourceColumns:
    """The few best sources of each transcription with what they share."""
    rank = np.arange(len(sources.of)) - np.searchsorted(sources.of, sources.of)
    best = sources.select(rank < SOURCES)
    counts = best.stop - best.first
    source = np.repeat(np.arange(len(best.of), dtype=np.int32), counts)
    skipped = np.cumsum(counts) - counts
    stretches = shared.select(np.arange(len(source)) + np.repeat(best.first - skipped, counts))
    starts, first_notes = stream.starts[stretches.of], stream.first_notes[stretches.of]
    return SourceColumns(
        of=best.of,
        tunes=best.tunes,
        bits=best.bits,
        notes=best.notes,
        longest=best.longest,
        bars=matches.bars_shared(best.of, best.tunes),
        stretches=StretchColumns(
            source=source,
            first_token=stretches.first_tokens - starts,
            stop_token=stream.note_ends[stretches.stop_notes - 1] - starts,
            first_note=stretches.first_notes - first_notes,
            stop_note=stretches.stop_notes - first_notes,
            source_token=stretches.tokens,
        ),
    )


def _most_of_one(sources: SourceArrays, tunes: int) -> tuple[Numbers, Numbers]:
    """The most notes that one corpus tune has of each transcription, and its id: (tunes,) each.

    Of equal ones it is the better source.
    """
    most, most_from = np.zeros((2, tunes), dtype=np.int32)
    place = np.arange(len(sources.of))
    in_order = np.lexsort((-place, sources.notes, sources.of))  # the best of each comes last
    in_order = in_order[sources.notes[in_order] > 0]
    most[sources.of[in_order]] = sources.notes[in_order]
    most_from[sources.of[in_order]] = sources.tunes[in_order]
    return most, most_from


def _worth_telling(
    spans: SpanArrays, of: Numbers, log2_expected: Floats, longest_notes: Numbers
) -> NDArray[np.bool_]:
    """Those of eight notes or more, the improbable ones, and each transcription's longest.

    of: the transcription of each; longest_notes: of each transcription. Of several that are longest
    it is the least expected one.
    """
    longest = np.flatnonzero(spans.notes == longest_notes[of])
    in_order = longest[np.lexsort((log2_expected[longest], of[longest]))]
    is_longest: NDArray[np.bool_] = np.zeros(len(spans), dtype=bool)
    is_longest[in_order[np.diff(of[in_order], prepend=-1) > 0]] = True
    is_long: NDArray[np.bool_] = spans.notes >= COPIED_LENGTHS[0]
    is_rare: NDArray[np.bool_] = log2_expected < np.log2(TELLING)
    return is_longest | is_long | is_rare
