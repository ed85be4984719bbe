"""Matching a slice of transcriptions with a corpus, from tokens to arrays.

The answer consists of arrays alone, so that another process can give it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Floats, Numbers, changes, ranges, select
from tunetrace.checker.batch.joint import JointMatcher, JointMatches
from tunetrace.checker.batch.matcher import StreamMatches
from tunetrace.checker.batch.sources import (
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
from tunetrace.checker.batch.spans import SliceMeasures, SpanArrays, find_spans, measure_slice
from tunetrace.checker.batch.stream import BatchStream, join_layouts
from tunetrace.checker.similar.search import SimilarSearch, named_from
from tunetrace.garbage import collector_paused
from tunetrace.indexer.index import Index
from tunetrace.indexer.music.sameness import SameMusic
from tunetrace.indexer.near.search import Near
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.statistics.backoff import ExpectedHits
from tunetrace.tokenizer.layout.bars import Layout, lay_out

REPORTED_BELOW: Final = 0.01
"""Shorter spans than those that the view counts as shared are reported only if fewer hits than this
are expected by chance."""

EXAMPLES: Final = 3
"""The most tunes that are named as examples of a span or a bar."""

NEAR: Final = 3
"""The most tunes that are named as near copies."""


class NearTunes(NamedTuple):
    """The tunes that one transcription is most like."""

    similarity: float
    """The probability of the most probable one; 0 if none has a passage like one of it."""
    most_similar: int
    """The id of this tune; 0 if there is none."""
    named: list[Near]
    """Those that are probable enough to be named, best first, at most NEAR."""


@dataclass(frozen=True, slots=True)
class SpanColumns:
    """The reported spans, in the order of the stream: (spans,) each."""

    of: Numbers
    """The transcription."""
    first_token: Numbers
    """The first token, counted in the transcription, as all below."""
    stop_token: Numbers
    first_note: Numbers
    stop_note: Numbers
    bars: Numbers
    """The number of bars that the span touches."""
    part: Numbers
    """The part where it begins."""
    bar: Numbers
    onsets: list[Fraction]
    found: SpanTunes
    log2_expected: Floats
    """log2 of the hits expected by chance."""


@dataclass(frozen=True, slots=True)
class StretchColumns:
    """What transcriptions share with the named sources: (stretches,) each."""

    source: Numbers
    """The source, by its row in MatchedSlice.sources."""
    first_token: Numbers
    """The first token, counted in the transcription."""
    stop_token: Numbers
    first_note: Numbers
    stop_note: Numbers
    source_token: Numbers
    """The first token in the source."""


@dataclass(frozen=True, slots=True)
class MatchedSlice:
    """What was found out about the transcriptions of a slice."""

    measures: SliceMeasures
    reach: Numbers
    """(notes,) the end of the longest stretch of the corpus that begins at or before each note."""
    spans: SpanColumns
    sources: SourceArrays
    """The best sources of each transcription, which a check names."""
    bars_shared: Numbers
    """(sources,) the number of bars of the transcription that each source has."""
    stretches: StretchColumns
    """In the order of the sources."""
    same: list[SameMusic]
    cover: Numbers
    """(tunes,) the number of corpus tunes that together have all copied notes."""
    most: Numbers
    """(tunes,) the most notes that one corpus tune has."""
    most_from: Numbers
    """(tunes,) the id of that tune; 0 for none."""
    near: list[NearTunes] | None
    """The tunes that each transcription is most like; None if near copies are not sought."""
    near_symbols: Mapping[int, bytes] = field(default_factory=dict)
    """The tokens of the named ones as symbols, by their ids, if another process has their
    segments."""


def match_together(
    tunes: Iterable[Sequence[str]], matcher: JointMatcher, *, verbatim: bool
) -> MatchedSlice:
    """Match transcriptions, given as tokens, by sorting them together with a corpus.

    verbatim: do not seek near copies.
    """
    with collector_paused():
        layouts = [lay_out(tokens) for tokens in tunes]
        stream = join_layouts(layouts, matcher.index.vocabulary, matcher.view)
        near = None if verbatim else name_near(matcher.near(layouts), matcher.index.tunes)
        matched = match_stream(layouts, stream, JointMatches(matcher, stream), near)
        named = (one.tune for some in near or () for one in some.named)
        return replace(matched, near_symbols=matcher.symbols_elsewhere(named))


def find_near(layouts: Sequence[Layout], index: Index, admitted: Mask | None) -> list[NearTunes]:
    """The tunes of an index that each transcription is most like.

    admitted: which tunes of the index count, as a mask by id; None for all.
    """
    return name_near(SimilarSearch(index).near(layouts, admitted), index.tunes)


def name_near(every: Iterable[list[Near]], tunes: int) -> list[NearTunes]:
    """The tunes that each transcription is most like, of those that a search found for each.

    tunes: how many were searched.
    """
    threshold = named_from(tunes)
    found = []
    for near in every:
        named = [one for one in near if one.probability >= threshold]
        best = max(near, key=_probability, default=None)
        similarity, most_similar = (best.probability, best.tune) if best else (0.0, 0)
        found.append(NearTunes(similarity, most_similar, named[:NEAR]))
    return found


def _probability(near: Near) -> float:
    return near.probability


def match_stream(
    layouts: Sequence[Layout],
    stream: BatchStream,
    matches: StreamMatches,
    near: list[NearTunes] | None,
) -> MatchedSlice:
    """Find and measure everything that a check says about transcriptions, except for names.

    layouts: of each transcription. stream: of all of them. matches: the stream with a corpus. near:
    as find_near gives it; None if near copies are not sought.
    """
    every = find_spans(stream, matches)
    reach = np.zeros(len(stream.note_begins), dtype=np.int32)
    np.maximum.at(reach, every.first_notes, every.stop_notes)
    measures = measure_slice(stream, every, matches.longest, matches.bars_found())
    by_chance = ExpectedHits(matches.model, stream.text)
    log2_expected = by_chance.log2(every.first_symbols, every.stop_symbols)
    of = stream.tune_of_notes(every.first_notes)
    least = stream.view.shared_notes
    is_long = every.notes >= least
    is_reported = _are_reported(every, of, log2_expected, measures.longest_notes, is_long)
    spans = select(every, is_reported)
    of, log2_expected = of[is_reported], log2_expected[is_reported]
    is_improbable = (log2_expected < 0) & (spans.notes < least)
    found, span_hits = find_span_tunes(stream, spans, matches, EXAMPLES, is_improbable)
    shared = find_shared(stream, matches, spans, span_hits)
    bits = bits_of(shared, stream, by_chance)
    sources = rank_sources(shared, bits, least)
    most, most_from = _most_of_one(sources, stream.tunes)
    rank = np.arange(len(sources.of)) - np.searchsorted(sources.of, sources.of)
    best = select(sources, rank < SOURCES)
    return MatchedSlice(
        measures=measures,
        reach=np.maximum.accumulate(reach),
        spans=_span_columns(stream, spans, of, found, log2_expected),
        sources=best,
        bars_shared=matches.bars_shared(best.of, best.tunes),
        stretches=_stretch_columns(stream, best, shared, matches),
        same=matches.same_music(layouts),
        cover=count_cover(shared, stream.tunes, least),
        most=most,
        most_from=most_from,
        near=near,
    )


def _span_columns(
    stream: BatchStream, spans: SpanArrays, of: Numbers, found: SpanTunes, log2_expected: Floats
) -> SpanColumns:
    bars = stream.note_bars[spans.first_notes]
    last_bars = stream.note_bars[spans.stop_notes - 1]
    first_tokens, stop_tokens = stream.token_bounds(
        spans.first_symbols, spans.first_notes, spans.stop_notes
    )
    return SpanColumns(
        of=of,
        first_token=first_tokens,
        stop_token=stop_tokens,
        first_note=spans.first_notes - stream.first_notes[of],
        stop_note=spans.stop_notes - stream.first_notes[of],
        bars=stream.bar_counts[last_bars] - stream.bar_counts[bars] + 1,
        part=stream.bar_parts[bars],
        bar=stream.bar_numbers[bars],
        onsets=stream.onsets(spans.first_notes),
        found=found,
        log2_expected=log2_expected,
    )


def _stretch_columns(
    stream: BatchStream, sources: SourceArrays, shared: Shared, matches: StreamMatches
) -> StretchColumns:
    counts = sources.stop - sources.first
    stretches = select(shared, ranges(sources.first, counts))
    first_tokens, stop_tokens = stream.token_bounds(
        stretches.first_symbols, stretches.first_notes, stretches.stop_notes
    )
    first_notes = stream.first_notes[stretches.of]
    return StretchColumns(
        source=np.repeat(np.arange(len(counts), dtype=np.int32), counts),
        first_token=first_tokens,
        stop_token=stop_tokens,
        first_note=stretches.first_notes - first_notes,
        stop_note=stretches.stop_notes - first_notes,
        source_token=matches.first_tokens(stretches.tunes, stretches.symbols),
    )


def _most_of_one(sources: SourceArrays, tunes: int) -> tuple[Numbers, Numbers]:
    """The most notes of each transcription that one corpus tune has, and its id: (tunes,) each.

    Of equal tunes it is the better source.
    """
    most, most_from = np.zeros((2, tunes), dtype=np.int32)
    best = np.lexsort((-sources.notes, sources.of))
    best = best[changes(sources.of[best]) & (sources.notes[best] > 0)]
    most[sources.of[best]] = sources.notes[best]
    most_from[sources.of[best]] = sources.tunes[best]
    return most, most_from


def _are_reported(
    spans: SpanArrays,
    of: Numbers,
    log2_expected: Floats,
    longest_notes: Numbers,
    is_long: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Whether each span is reported: (spans,).

    Reported are long spans, improbable ones, and the longest of a transcription: of several the
    least expected one. of: the transcription of each span. longest_notes: the length of the longest
    span of each transcription. is_long: (spans,).
    """
    longest = np.flatnonzero(spans.notes == longest_notes[of])
    in_order = longest[np.lexsort((log2_expected[longest], of[longest]))]
    reported: NDArray[np.bool_] = is_long | (log2_expected < np.log2(REPORTED_BELOW))
    reported[in_order[changes(of[in_order])]] = True
    return reported
