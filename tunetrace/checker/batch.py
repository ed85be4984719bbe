"""Checking a batch: any number of transcriptions against an index, a slice of them at a time.

Each slice is sorted together with the corpus, which costs the same whether it holds one
transcription or ten thousand; all else is arrays over the slice. What a batch needs in memory is
what a slice does, and some 600 bytes for each transcription, by which duplicates are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch_corpus import BatchCorpus
from tunetrace.checker.batch_hits import find_sources, find_tunes
from tunetrace.checker.batch_measures import measure_slice
from tunetrace.checker.batch_records import BatchSource, BatchSpan, BatchTune
from tunetrace.checker.batch_spans import SpanArrays, find_spans
from tunetrace.checker.batch_stream import Numbers, lay_out_stream
from tunetrace.checker.check import COPIED_LENGTHS, EXAMPLES
from tunetrace.checker.records import TuneName
from tunetrace.checker.sources import SOURCES
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index
from tunetrace.indexer.joint import JointArrays
from tunetrace.tokenizer.transcription import Transcription

Floats = NDArray[np.float64]
Record = TypeVar("Record")

SLICE_TOKENS: Final = 2_000_000
"""About so many tokens are checked together."""

TELLING: Final = 0.01
"""A shorter span is told of where fewer hits of it than this are expected in the corpus."""


def check_transcriptions(
    tunes: Iterable[Transcription | Rejected], index: Index, slice_tokens: int = SLICE_TOKENS
) -> Iterator[BatchTune | Rejected]:
    """Check each transcription of a batch, in its order; those set aside are handed on."""
    checker = _BatchChecker(index)
    waiting: list[Transcription | Rejected] = []
    tokens = place = 0
    for tune in tunes:
        waiting.append(tune)
        tokens += 0 if isinstance(tune, Rejected) else len(tune.tokens)
        if tokens >= slice_tokens:
            yield from checker.check(waiting, place)
            place += len(waiting)
            waiting, tokens = [], 0
    if waiting:
        yield from checker.check(waiting, place)


class _BatchChecker:
    """Checks the slices of one batch."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._corpus = BatchCorpus(index)

    def check(
        self, tunes: Sequence[Transcription | Rejected], before: int
    ) -> Iterator[BatchTune | Rejected]:
        """Check a slice. before: how many tunes of the batch came before it."""
        placed = [
            (place, tune)
            for place, tune in enumerate(tunes, before + 1)
            if not isinstance(tune, Rejected)
        ]
        checked = _SliceCheck(placed, self._index, self._corpus).tunes()
        for tune in tunes:
            yield tune if isinstance(tune, Rejected) else next(checked)


class _SliceCheck:
    """One slice under way: arrays first, then the records."""

    def __init__(
        self, placed: Sequence[tuple[int, Transcription]], index: Index, corpus: BatchCorpus
    ) -> None:
        self._placed = placed
        self._index = index
        self._corpus = corpus
        self._stream = stream = lay_out_stream((t.tokens for _, t in placed), index.vocabulary)
        joint = JointArrays(np.concatenate([corpus.symbols, corpus.order.places[stream.symbols]]))
        is_batch = np.zeros(len(joint.symbols), dtype=np.int32)
        is_batch[len(corpus.symbols) :] = 1
        matches = joint.matches(is_batch, slice(len(corpus.symbols), None))
        spans = find_spans(stream, matches, joint.symbols, corpus.order.going_on)
        self._measures = measure_slice(stream, spans, matches.longest, corpus.bars_found(stream))
        expected = corpus.model.log2_expected(
            stream.symbols.tobytes(), spans.first_tokens, spans.stop_tokens
        )
        chosen = self._worth_telling(spans, expected)
        self._spans, self._log2_expected = spans.select(chosen), expected[chosen]
        self._of = stream.tune_of_notes(self._spans.first_notes)
        self._found = find_tunes(self._spans, joint, corpus)

    def _worth_telling(self, spans: SpanArrays, log2_expected: Floats) -> NDArray[np.bool_]:
        """Those of eight notes or more, the improbable ones, and each transcription's longest."""
        of = self._stream.tune_of_notes(spans.first_notes)
        in_order = np.lexsort((log2_expected, -spans.notes, of))
        first = np.searchsorted(of[in_order], np.arange(self._stream.tunes))
        is_longest: NDArray[np.bool_] = np.zeros(len(spans), dtype=bool)
        is_longest[in_order[first[self._measures.longest_notes > 0]]] = True
        is_long: NDArray[np.bool_] = spans.notes >= COPIED_LENGTHS[0]
        is_rare: NDArray[np.bool_] = log2_expected < np.log2(TELLING)
        return is_longest | is_long | is_rare

    def tunes(self) -> Iterator[BatchTune]:
        """The records of the slice's transcriptions."""
        measured = self._measures
        columns = zip(
            measured.notes.tolist(),
            measured.longest_notes.tolist(),
            measured.copied_share.tolist(),
            measured.uniqueness.tolist(),
            measured.novelty.tolist(),
            measured.novelty_lengths.tolist(),
            measured.creativity.tolist(),
            measured.originality.tolist(),
            measured.bars.tolist(),
            measured.bars_in_corpus.tolist(),
            measured.bars_same_position.tolist(),
            strict=True,
        )
        every = zip(self._placed, columns, self._span_records(), self._sources(), strict=True)
        for (place, tune), row, spans, sources in every:
            (notes, longest, copied, unique, novel, lengths, creativity, original,
             bars, bars_in_corpus, bars_same_position) = row  # fmt: skip
            # Of a whole copy every note stands in the corpus.
            identical = [] if unique[0] else self._corpus.identical(tune.tokens)
            yield BatchTune(
                place=place,
                transcription=tune,
                notes=notes,
                longest_notes=longest,
                copied_share=dict(zip(COPIED_LENGTHS, copied, strict=True)),
                uniqueness=tuple(unique),
                novelty=tuple(novel[:lengths]),
                creativity=creativity,
                originality=original,
                bars=bars,
                bars_in_corpus=bars_in_corpus,
                bars_same_position=bars_same_position,
                identical_to=tuple(
                    TuneName(tune.tune, tune.title, tune.corpus, tune.number, tune.link)
                    for tune in self._index.catalogue.tunes(identical).values()
                ),
                duplicate_of=None,
                near_duplicate_of=None,
                standing=None,
                spans=spans,
                sources=sources,
            )

    def _span_records(self) -> Iterator[tuple[BatchSpan, ...]]:
        """The spans of each transcription."""
        stream, spans, found = self._stream, self._spans, self._found
        starts = stream.starts[self._of]
        first_notes = stream.first_notes[self._of]
        bars = stream.note_bars[spans.first_notes]
        expected = np.exp2(self._log2_expected)
        columns = (
            spans.first_tokens - starts,
            spans.stop_tokens - starts,
            spans.first_notes - first_notes,
            spans.stop_notes - first_notes,
            stream.bar_parts[bars],
            stream.bar_numbers[bars],
            found.tunes,
            found.hits,
            expected,
            expected * stream.notes[self._of],
        )
        examples = [found.examples(span, EXAMPLES) for span in range(len(spans))]
        rows: Iterator[Any] = zip(*(column.tolist() for column in columns), examples, strict=True)
        records = [BatchSpan(*row) for row in rows]
        return _by_tune(records, self._of, stream.tunes)

    def _sources(self) -> Iterator[tuple[BatchSource, ...]]:
        """The sources of each transcription."""
        bits = np.maximum(0.0, -self._log2_expected)
        sources = find_sources(self._spans, self._of, bits, self._found, SOURCES)
        names = self._index.catalogue.tunes(sources.ids.tolist())
        records = [
            BatchSource(tune, names[tune].title, names[tune].corpus, names[tune].number,
                        names[tune].link, notes, longest, said)
            for tune, notes, longest, said in zip(
                sources.ids.tolist(), sources.notes.tolist(), sources.longest.tolist(),
                sources.bits.tolist(), strict=True,
            )
        ]  # fmt: skip
        return _by_tune(records, sources.of, self._stream.tunes)


def _by_tune(records: Sequence[Record], of: Numbers, tunes: int) -> Iterator[tuple[Record, ...]]:
    """Records, in the order of the tunes that they are of, tune by tune."""
    bounds = np.searchsorted(of, np.arange(tunes + 1)).tolist()
    return (tuple(records[first:stop]) for first, stop in pairwise(bounds))
