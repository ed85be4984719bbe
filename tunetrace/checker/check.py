"""Checking one transcription: every question a check answers, put to the index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tunetrace.checker.bars import NOWHERE, BarPlaces, find_bar_places
from tunetrace.checker.batch_measures import measure_slice
from tunetrace.checker.batch_spans import SpanArrays
from tunetrace.checker.batch_stream import join_layouts
from tunetrace.checker.records import (
    CheckedBar,
    CheckedTune,
    NoveltyPoint,
    RareFigure,
    Source,
    Span,
    TuneName,
)
from tunetrace.checker.sources import find_sources
from tunetrace.checker.spans import (
    COPIED_LENGTHS,
    CheckedStream,
    NoteStretch,
    copied_share,
    log2_expected,
    novelty,
)
from tunetrace.indexer.backoff import ExpectedHits
from tunetrace.indexer.baseline import Standing
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import Tune
from tunetrace.indexer.segment import Mask
from tunetrace.tokenizer.bars import lay_out
from tunetrace.tokenizer.music import describe_music
from tunetrace.tokenizer.timeline import Bar
from tunetrace.tokenizer.transcription import Transcription

NOVELTY_LENGTHS: Final = range(1, 33)
MIN_FIGURE_NOTES: Final = 3
EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class _FoundSpan:
    """A span and where it stands; first: the first few hits as (tune, position, tokens)."""

    stretch: NoteStretch
    tunes: int
    hits: int
    first: list[tuple[int, int, int]]


def check_tune(
    tune: Transcription, index: Index, admitted: Mask | None = None, *, number: int = 1
) -> CheckedTune:
    """What of a transcription stands in an index.

    admitted: which tunes of the index count, as a mask by id; None for all. number: the tune's in
    its input, where it has no X: field.
    """
    return _TuneCheck(tune, index, admitted).result(number)


class _TuneCheck:
    """One check under way. Everything is found first, so that names are asked for at once."""

    def __init__(self, tune: Transcription, index: Index, admitted: Mask | None) -> None:
        self._tune = tune
        self._index = index
        self._admitted = admitted
        self._layout = lay_out(tune.tokens)
        self._stream = CheckedStream(self._layout, index.figures, admitted)
        self._rarest: dict[str, RareFigure | None] = {}  # of each different bar

    def result(self, number: int) -> CheckedTune:
        tune, stream = self._tune, self._stream
        stretches = stream.spans()
        # Short spans stand in many tunes; examples of them would cost most of the check.
        least = min(COPIED_LENGTHS[0], max((stretch.notes for stretch in stretches), default=0))
        found_spans = [self._find_span(stretch, least) for stretch in stretches]
        bars = self._layout.bars
        places = find_bar_places((bar.text for bar in bars), self._index, self._admitted)
        expected = ExpectedHits(self._index.model, stream.symbols)
        shared = find_sources(stream, stretches, places, expected, self._index)
        identical = self._index.identical(tune.tokens, self._admitted)
        names = self._index.catalogue.tunes(
            [*identical, *(some.tune for some in shared)]
            + [
                tune_id
                for bar in bars
                for tune_id in places.get(bar.text, NOWHERE).first((bar.part, bar.number), EXAMPLES)
            ]
            + [tune_id for span in found_spans for tune_id, _, _ in span.first]
        )
        spans = tuple(
            self._span(found, 2.0**logarithm, names)
            for found, logarithm in zip(
                found_spans, log2_expected(expected, stretches), strict=True
            )
        )
        notes = len(stream.begins)
        return CheckedTune(
            title=tune.title,
            number=number if tune.number is None else tune.number,
            meter=tune.meter,
            key=tune.key,
            original_key=tune.original_key,
            notes=notes,
            identical_to=_named(identical, names),
            longest_span=max(spans, key=lambda span: (span.notes, -span.tunes), default=None),
            spans=spans,
            copied_share={n: copied_share(stretches, notes, n) for n in COPIED_LENGTHS},
            novelty=tuple(
                NoveltyPoint(n, absent) for n, absent in novelty(stream, NOVELTY_LENGTHS).items()
            ),
            bars=tuple(self._bar(bar, places.get(bar.text, NOWHERE), names) for bar in bars),
            sources=tuple(
                Source(
                    tune=some.tune,
                    title=names[some.tune].title,
                    corpus=names[some.tune].corpus,
                    number=names[some.tune].number,
                    link=names[some.tune].link,
                    bars_shared=some.bars,
                    longest_span_notes=some.longest_notes,
                    notes_shared=some.notes,
                    bits=some.bits,
                )
                for some in shared
            ),
            music=describe_music(self._layout, tune.key),
            standing=self._standing(stretches, places),
        )

    # Spans

    def _find_span(self, stretch: NoteStretch, least: int) -> _FoundSpan:
        """Where a span stands, with examples if it has at least so many notes."""
        figures = self._index.figures
        found = self._stream.find(self._stream.figure(stretch))
        hits = sum(len(some.positions) for some in found)
        first = figures.first(found, EXAMPLES if stretch.notes >= least else 0)
        return _FoundSpan(stretch, figures.distinct_tunes(found), hits, first)

    def _span(self, found: _FoundSpan, expected: float, names: dict[int, Tune]) -> Span:
        stretch, layout = found.stretch, self._layout
        place = layout.position(stretch.first, stretch.stop)
        tokens = layout.tokens[stretch.first : stretch.stop]
        return Span(
            notes=stretch.notes,
            tokens=len(tokens),
            bars=layout.bars_between(stretch.first, stretch.stop),
            text=" ".join(tokens),
            part=place.part,
            bar=place.bar,
            onset=place.onset,
            tunes=found.tunes,
            hits=found.hits,
            expected=expected,
            examples=tuple(
                self._index.hit(names[tune_id], at, length) for tune_id, at, length in found.first
            ),
            first_token=stretch.first,
            stop_token=stretch.stop,
        )

    def _standing(
        self, stretches: Sequence[NoteStretch], places: Mapping[str, BarPlaces]
    ) -> Standing | None:
        """Where the tune lies among people's tunes, measured as a batch of one."""
        baseline = self._index.baseline
        if baseline is None:
            return None
        stream = join_layouts([self._layout], self._index.vocabulary)
        columns = [(s.first, s.stop, s.first_note, s.stop_note) for s in stretches]
        spans = SpanArrays(*np.array(columns, dtype=np.int32).reshape(-1, 4).T)
        found = [places.get(bar.text, NOWHERE) for bar in self._layout.bars]
        at = [(bar.part, bar.number) for bar in self._layout.bars]
        bars_found = (
            np.array([bool(some.hits) for some in found], dtype=bool),
            np.array([place in some.at for some, place in zip(found, at, strict=True)], dtype=bool),
        )
        longest = np.append(self._stream.matches, np.int32(0))  # at the tune's end
        measured = measure_slice(stream, spans, longest, bars_found)
        return baseline.standings([self._tune.meter], measured.notes, measured.by_name())[0]

    # Bars

    def _bar(self, bar: Bar, places: BarPlaces, names: dict[int, Tune]) -> CheckedBar:
        place = (bar.part, bar.number)
        if bar.text not in self._rarest:
            self._rarest[bar.text] = self._rarest_figure(bar)
        return CheckedBar(
            part=bar.part,
            bar=bar.number,
            ending=bar.ending,
            text=bar.text,
            tunes=len(places.tunes),
            hits=places.hits,
            same_position=len(places.at.get(place, ())),
            rarest_figure=self._rarest[bar.text],
            examples=_named(places.first(place, EXAMPLES), names),
        )

    def _rarest_figure(self, bar: Bar) -> RareFigure | None:
        """The shortest figure of three or more notes of a bar that stands in the fewest tunes.

        A longer figure stands in no more tunes than one inside it, so that the fewest are those of
        the whole bar, and from each note on the figures that reach them begin at some length.
        """
        first, last = self._stream.notes_between(bar.start, bar.stop)
        if last - first < MIN_FIGURE_NOTES:
            return None
        fewest, _ = self._count(first, last)
        best = (first, last)
        stop = first + MIN_FIGURE_NOTES
        for note in range(first, last - MIN_FIGURE_NOTES + 1):
            stop = max(stop, note + MIN_FIGURE_NOTES)
            while stop <= last and self._stands_in_more(note, stop, fewest):
                stop += 1
            if stop > last:
                break
            if stop - note < best[1] - best[0]:
                best = (note, stop)
        stretch = self._stream.stretch(*best)
        tunes, hits = self._count(*best)
        text = " ".join(self._layout.tokens[stretch.first : stretch.stop])
        return RareFigure(text, tunes, hits)

    def _stands_in_more(self, note: int, stop_note: int, tunes: int) -> bool:
        """Whether the stretch of these notes stands in more than so many tunes."""
        if not tunes:
            stretch = self._stream.stretch(note, stop_note)
            return self._stream.stands(stretch.first, stretch.stop)
        return self._count(note, stop_note)[0] > tunes

    def _count(self, note: int, stop_note: int) -> tuple[int, int]:
        """In how many tunes, and how often, the stretch of these notes stands."""
        stretch = self._stream.stretch(note, stop_note)
        if not self._stream.may_stand(stretch):
            return 0, 0
        found = self._stream.find(self._stream.figure(stretch))
        return self._index.figures.distinct_tunes(found), sum(len(o.positions) for o in found)


def _named(tunes: Iterable[int], names: dict[int, Tune]) -> tuple[TuneName, ...]:
    found = ((tune, names[tune]) for tune in tunes)
    return tuple(
        TuneName(tune, name.title, name.corpus, name.number, name.link) for tune, name in found
    )
