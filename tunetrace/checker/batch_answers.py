"""What a batch check says of each transcription, made of the arrays of its slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from tunetrace.checker.batch_match import MatchedSlice, SpanColumns
from tunetrace.checker.batch_measures import SliceMeasures
from tunetrace.checker.batch_records import BatchSource, BatchSpan, BatchTune
from tunetrace.checker.batch_stream import Numbers
from tunetrace.checker.duplicates import Repeat
from tunetrace.checker.records import TuneName
from tunetrace.checker.spans import COPIED_LENGTHS
from tunetrace.indexer.baseline import Standing
from tunetrace.indexer.index import Index
from tunetrace.tokenizer.transcription import Transcription

Record = TypeVar("Record")


def answers(
    placed: Sequence[tuple[int, Transcription]],
    repeats: Sequence[tuple[int, Repeat] | None],
    matched: MatchedSlice,
    index: Index,
) -> Iterator[BatchTune]:
    """What is said of each transcription of a slice.

    placed: they and their places in the batch; repeats: what each repeats, with its place.
    """
    tunes = len(placed)
    every = zip(
        placed,
        repeats,
        _measured(matched.measures),
        _standings([tune.meter for _, tune in placed], matched.measures, index),
        _by_tune(_spans(matched.spans), matched.spans.of, tunes),
        _by_tune(_sources(matched, index), matched.sources.of, tunes),
        strict=True,
    )
    for k, ((place, tune), repeat, measured, standing, spans, sources) in enumerate(every):
        names = index.catalogue.tunes(matched.identical.get(k, ())).values()
        is_exact = repeat is not None and repeat[1].is_exact
        yield BatchTune(
            place=place,
            transcription=tune,
            **measured,
            identical_to=tuple(
                TuneName(name.tune, name.title, name.corpus, name.number, name.link)
                for name in names
            ),
            duplicate_of=repeat[0] if repeat and is_exact else None,
            near_duplicate_of=repeat[0] if repeat and not is_exact else None,
            standing=standing,
            spans=spans,
            sources=sources,
        )


def _measured(measures: SliceMeasures) -> Iterator[dict[str, Any]]:
    """The fields of a record that are measured, of each transcription."""
    columns: Iterator[Any] = zip(
        measures.notes.tolist(),
        measures.longest_notes.tolist(),
        measures.copied_share.tolist(),
        measures.uniqueness.tolist(),
        measures.novelty.tolist(),
        measures.novelty_lengths.tolist(),
        measures.creativity.tolist(),
        measures.originality.tolist(),
        measures.bars.tolist(),
        measures.bars_in_corpus.tolist(),
        measures.bars_same_position.tolist(),
        strict=True,
    )
    for (notes, longest_notes, copied, uniqueness, novelty, lengths, creativity, originality,
         bars, bars_in_corpus, bars_same_position) in columns:  # fmt: skip
        yield {
            "notes": notes,
            "longest_notes": longest_notes,
            "copied_share": dict(zip(COPIED_LENGTHS, copied, strict=True)),
            "uniqueness": tuple(uniqueness),
            "novelty": tuple(novelty[:lengths]),
            "creativity": creativity,
            "originality": originality,
            "bars": bars,
            "bars_in_corpus": bars_in_corpus,
            "bars_same_position": bars_same_position,
        }


def _standings(
    meters: Sequence[str | None], measures: SliceMeasures, index: Index
) -> Sequence[Standing | None]:
    """Where each transcription lies among people's tunes."""
    if index.baseline is None:
        return [None] * len(meters)
    return index.baseline.standings(meters, measures.notes, measures.by_name())


def _spans(spans: SpanColumns) -> list[BatchSpan]:
    """The spans of all transcriptions."""
    examples = [tuple(filter(None, ids)) for ids in spans.examples.tolist()]
    columns = (
        spans.first_token, spans.stop_token, spans.first_note, spans.stop_note, spans.part,
        spans.bar, spans.tunes, spans.hits, spans.expected, spans.by_chance,
    )  # fmt: skip
    rows: Iterator[Any] = zip(*(column.tolist() for column in columns), examples, strict=True)
    return [BatchSpan(*row) for row in rows]


def _sources(matched: MatchedSlice, index: Index) -> list[BatchSource]:
    """The sources of all transcriptions."""
    sources = matched.sources
    names = index.catalogue.tunes(sources.ids.tolist())
    return [
        BatchSource(tune, names[tune].title, names[tune].corpus, names[tune].number,
                    names[tune].link, notes, longest, bits)
        for tune, notes, longest, bits in zip(
            sources.ids.tolist(), sources.notes.tolist(), sources.longest.tolist(),
            sources.bits.tolist(), strict=True,
        )
    ]  # fmt: skip


def _by_tune(records: Sequence[Record], of: Numbers, tunes: int) -> Iterator[tuple[Record, ...]]:
    """Records, in the order of the tunes that they are of, tune by tune."""
    bounds = np.searchsorted(of, np.arange(tunes + 1)).tolist()
    return (tuple(records[first:stop]) for first, stop in pairwise(bounds))
