"""One slice of a batch, checked: arrays over all of it, and the records that they are told in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch_corpus import BatchCorpus
from tunetrace.checker.batch_hits import find_sources, find_tunes
from tunetrace.checker.batch_measures import measure_slice
from tunetrace.checker.batch_records import BatchSource, BatchSpan, BatchTune
from tunetrace.checker.batch_spans import SpanArrays, find_spans
from tunetrace.checker.batch_stream import BatchStream, Numbers
from tunetrace.checker.check import EXAMPLES
from tunetrace.checker.duplicates import Repeat
from tunetrace.checker.records import TuneName
from tunetrace.checker.sources import SOURCES
from tunetrace.checker.spans import COPIED_LENGTHS
from tunetrace.indexer.baseline import Standing
from tunetrace.indexer.index import Index
from tunetrace.indexer.joint import JointArrays
from tunetrace.tokenizer.transcription import Transcription

Floats = NDArray[np.float64]
Record = TypeVar("Record")

TELLING: Final = 0.01
"""A shorter span is told of where fewer hits of it than this are expected in the corpus."""


class SliceCheck:
    """The usable transcriptions of a slice, matched with the corpus."""

    def __init__(self, stream: BatchStream, index: Index, corpus: BatchCorpus) -> None:
        self._stream = stream
        self._index = index
        self._corpus = corpus
        joint = JointArrays(np.concatenate([corpus.symbols, corpus.order.places[stream.symbols]]))
        is_batch = np.zeros(len(joint.symbols), dtype=np.int32)
        is_batch[len(corpus.symbols) :] = 1
        matches = joint.matches(is_batch, slice(len(corpus.symbols), None))
        spans = find_spans(stream, matches, joint.symbols, corpus.order.going_on)
        self._measures = measure_slice(stream, spans, matches.longest, corpus.bars_found(stream))
        expected = index.model.log2_expected(
            stream.symbols.tobytes(), spans.first_tokens, spans.stop_tokens
        )
        chosen = self._worth_telling(spans, expected)
        self._spans, self._log2_expected = spans.select(chosen), expected[chosen]
        self._of = stream.tune_of_notes(self._spans.first_notes)
        self._found = find_tunes(self._spans, joint, corpus)

    def _worth_telling(self, spans: SpanArrays, log2_expected: Floats) -> NDArray[np.bool_]:
        """Those of eight notes or more, the improbable ones, and each transcription's longest."""
        of = self._stream.tune_of_notes(spans.first_notes)
        longest = np.flatnonzero(spans.notes == self._measures.longest_notes[of])
        in_order = longest[np.lexsort((log2_expected[longest], of[longest]))]
        is_longest: NDArray[np.bool_] = np.zeros(len(spans), dtype=bool)
        is_longest[in_order[np.diff(of[in_order], prepend=-1) > 0]] = True
        is_long: NDArray[np.bool_] = spans.notes >= COPIED_LENGTHS[0]
        is_rare: NDArray[np.bool_] = log2_expected < np.log2(TELLING)
        return is_longest | is_long | is_rare

    def records(
        self,
        placed: Sequence[tuple[int, Transcription]],
        repeats: Sequence[tuple[int, Repeat] | None],
    ) -> Iterator[BatchTune]:
        """What is said of each transcription.

        placed: they and their places in the batch; repeats: what each repeats, with its place.
        """
        measured = self._measures
        columns: Iterator[Any] = zip(
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
            # A whole copy is one span, or one for each stretch between headers.
            ((measured.longest_notes == measured.notes) | self._stream.has_inner_walls).tolist(),
            strict=True,
        )
        every = zip(
            placed, columns, repeats, self._standings([tune.meter for _, tune in placed]),
            self._span_records(), self._sources(), strict=True,
        )  # fmt: skip
        for (place, tune), row, repeat, standing, spans, sources in every:
            (notes, longest, copied, unique, novel, lengths, creativity, original,
             bars, bars_in_corpus, bars_same_position, may_be_whole) = row  # fmt: skip
            is_exact = repeat is not None and repeat[1].is_exact
            identical = self._corpus.identical(tune.tokens) if may_be_whole else []
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
                    TuneName(name.tune, name.title, name.corpus, name.number, name.link)
                    for name in self._index.catalogue.tunes(identical).values()
                ),
                duplicate_of=repeat[0] if repeat and is_exact else None,
                near_duplicate_of=repeat[0] if repeat and not is_exact else None,
                standing=standing,
                spans=spans,
                sources=sources,
            )

    def _standings(self, meters: Sequence[str | None]) -> Sequence[Standing | None]:
        """Where each transcription lies among people's tunes."""
        baseline = self._index.baseline
        if baseline is None:
            return [None] * len(meters)
        return baseline.standings(meters, self._measures.notes, self._measures.by_name())

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
