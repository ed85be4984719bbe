"""Matching one slice of a batch with the corpus: all that is asked of the arrays, and no more.

What comes out is arrays alone, so that a process beside this one can do it and hand them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch_corpus import BatchCorpus
from tunetrace.checker.batch_hits import SourceArrays, find_sources, find_tunes
from tunetrace.checker.batch_measures import SliceMeasures, measure_slice
from tunetrace.checker.batch_spans import SpanArrays, find_spans
from tunetrace.checker.batch_stream import Numbers, join_layouts
from tunetrace.checker.check import EXAMPLES
from tunetrace.checker.sources import SOURCES
from tunetrace.checker.spans import COPIED_LENGTHS
from tunetrace.indexer.backoff import ExpectedHits
from tunetrace.indexer.joint import JointArrays
from tunetrace.tokenizer.bars import lay_out

Floats = NDArray[np.float64]

TELLING: Final = 0.01
"""A shorter span is told of where fewer hits of it than this are expected in the corpus."""


@dataclass(frozen=True, slots=True)
class SpanColumns:
    """The spans that are told of, in the order of the slice: (spans,) each.

    of: the transcription; the other fields as of BatchSpan, examples: the ids of the first tunes,
    (spans, EXAMPLES), 0 where there are fewer.
    """

    of: Numbers
    first_token: Numbers
    stop_token: Numbers
    first_note: Numbers
    stop_note: Numbers
    part: Numbers
    bar: Numbers
    tunes: Numbers
    hits: Numbers
    expected: Floats
    by_chance: Floats
    examples: Numbers


@dataclass(frozen=True, slots=True)
class MatchedSlice:
    """What was found of the transcriptions of a slice.

    identical: the ids of the corpus tunes that some of them are, by their number in the slice.
    """

    measures: SliceMeasures
    spans: SpanColumns
    sources: SourceArrays
    identical: dict[int, list[int]]


def match_slice(tunes: Sequence[Sequence[str]], corpus: BatchCorpus) -> MatchedSlice:
    """Match transcriptions, given as tokens, with the corpus."""
    stream = join_layouts(map(lay_out, tunes), corpus.vocabulary)
    joint = JointArrays(np.concatenate([corpus.symbols, corpus.order.places[stream.symbols]]))
    is_batch = np.zeros(len(joint.symbols), dtype=np.int32)
    is_batch[len(corpus.symbols) :] = 1
    matches = joint.matches(is_batch, slice(len(corpus.symbols), None))
    every = find_spans(stream, matches, joint.symbols, corpus.order.going_on)
    measures = measure_slice(stream, every, matches.longest, corpus.bars_found(stream))
    by_chance = ExpectedHits(corpus.model, stream.symbols.tobytes())
    log2_expected = by_chance.log2(every.first_tokens, every.stop_tokens)
    of = stream.tune_of_notes(every.first_notes)
    told = _worth_telling(every, of, log2_expected, measures.longest_notes)
    spans, of, log2_expected = every.select(told), of[told], log2_expected[told]
    found = find_tunes(spans, joint, corpus)
    bars = stream.note_bars[spans.first_notes]
    expected = np.exp2(log2_expected)
    columns = SpanColumns(
        of=of,
        first_token=spans.first_tokens - stream.starts[of],
        stop_token=spans.stop_tokens - stream.starts[of],
        first_note=spans.first_notes - stream.first_notes[of],
        stop_note=spans.stop_notes - stream.first_notes[of],
        part=stream.bar_parts[bars],
        bar=stream.bar_numbers[bars],
        tunes=found.tunes,
        hits=found.hits,
        expected=expected,
        by_chance=expected * stream.notes[of],
        examples=found.examples(EXAMPLES),
    )
    # A whole copy is one span, or one for each stretch between headers.
    may_be_whole = (measures.longest_notes == measures.notes) | stream.has_inner_walls
    whole = ((k, corpus.identical(tunes[k])) for k in np.flatnonzero(may_be_whole).tolist())
    return MatchedSlice(
        measures=measures,
        spans=columns,
        sources=find_sources(spans, of, np.maximum(0.0, -log2_expected), found, SOURCES),
        identical={k: ids for k, ids in whole if ids},
    )


def _worth_telling(
    spans: SpanArrays, of: Numbers, log2_expected: Floats, longest_notes: Numbers
) -> NDArray[np.bool_]:
    """Those of eight notes or more, the improbable ones, and each transcription's longest.

    of: the transcription of each; longest_notes: of each transcription.
    """
    longest = np.flatnonzero(spans.notes == longest_notes[of])
    in_order = longest[np.lexsort((log2_expected[longest], of[longest]))]
    is_longest: NDArray[np.bool_] = np.zeros(len(spans), dtype=bool)
    is_longest[in_order[np.diff(of[in_order], prepend=-1) > 0]] = True
    is_long: NDArray[np.bool_] = spans.notes >= COPIED_LENGTHS[0]
    is_rare: NDArray[np.bool_] = log2_expected < np.log2(TELLING)
    return is_longest | is_long | is_rare
