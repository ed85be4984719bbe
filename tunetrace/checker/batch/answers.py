"""What a check says of each transcription, made of the arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from math import log10
from typing import Any, Final, TypeVar

import numpy as np

from tunetrace.checker.batch.match import MatchedSlice, SourceColumns, SpanColumns
from tunetrace.checker.batch.measures import SliceMeasures
from tunetrace.checker.batch.stream import Numbers
from tunetrace.checker.duplicates import Repeat
from tunetrace.checker.measures import COPIED_LENGTHS
from tunetrace.checker.records import (
    CheckedTune,
    LikeTune,
    SameTune,
    SharedStretch,
    Source,
    Span,
    TuneName,
    Verdict,
)
from tunetrace.checker.verdict import verdict_on
from tunetrace.indexer.index import Index
from tunetrace.indexer.sameness import SameMusic
from tunetrace.indexer.store.baseline import Standing
from tunetrace.tokenizer.transcription import Transcription

_LOG10_2: Final = log10(2)

Record = TypeVar("Record")


def answers(
    placed: Sequence[tuple[int, Transcription]],
    repeats: Sequence[tuple[int, Repeat] | None],
    matched: MatchedSlice,
    index: Index,
    copy_share: float,
) -> Iterator[CheckedTune]:
    """What is said of each transcription that was matched, without details.

    placed: they and their places in the input; repeats: what each repeats, with its place;
    copy_share: as of check_transcriptions.
    """
    tunes = len(placed)
    named = _Names(index)
    named.load(
        matched.spans.examples.ravel(), matched.sources.tunes, matched.most_from,
        (same.tune for same in matched.same),
    )  # fmt: skip
    same = _same(matched.same)
    every = zip(
        placed,
        repeats,
        _measured(matched.measures),
        _standings([tune.meter for _, tune in placed], matched.measures, index),
        _by_tune(_spans(matched, [tune for _, tune in placed], named), matched.spans.of, tunes),
        _by_tune(_sources(matched.sources, named), matched.sources.of, tunes),
        matched.cover.tolist(),
        matched.most.tolist(),
        matched.most_from.tolist(),
        strict=True,
    )
    for k, ((place, tune), repeat, measured, standing, spans, sources, cover, most, most_from) in (
        enumerate(every)
    ):  # fmt: skip
        is_exact = repeat is not None and repeat[1].is_exact
        identical, same_parts = named.same(tune, same.get(k, ()))
        checked = CheckedTune(
            transcription=tune,
            place=place,
            input=tune.input,
            line=tune.line,
            number=tune.number,
            title=tune.title,
            meter=tune.meter,
            key=tune.key,
            original_key=tune.original_key,
            remarks=tune.remarks,
            **measured,
            verdict=Verdict("none", ""),
            identical_to=identical,
            same_parts=same_parts,
            longest_span=max(spans, key=_length, default=None),
            copied_from=cover,
            most_from=LikeTune(*named.like(most_from, tune)) if most_from else None,
            most_share=most / measured["notes"] if most else 0.0,
            duplicate_of=repeat[0] if repeat and is_exact else None,
            near_duplicate_of=repeat[0] if repeat and not is_exact else None,
            standing=standing,
            spans=spans,
            sources=sources,
        )
        # Nobody has seen the record yet, and a copy of it would cost as much as all of it.
        object.__setattr__(checked, "verdict", verdict_on(checked, copy_share))
        yield checked


def _same(found: Iterable[SameMusic]) -> dict[int, list[SameMusic]]:
    """What is the same music as each transcription, by its number; a whole leaves out its parts."""
    of: dict[int, list[SameMusic]] = {}
    for number, some in groupby(found, key=lambda same: same.place):
        every = list(some)
        wholes = {same.tune for same in every if not same.own_part and not same.part}
        all_in_part = {same.tune for same in every if not same.own_part} - wholes
        of[number] = [
            same
            for same in every
            if (not same.own_part and not same.part)
            or (same.tune not in wholes and not (same.own_part and same.tune in all_in_part))
        ]
    return of


class _Names(dict[int, TuneName]):
    """Corpus tunes by their ids."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._meters_and_keys: dict[int, tuple[str | None, str | None]] = {}

    def load(self, *ids: Iterable[int]) -> None:
        """Take in the tunes of these ids, and nothing for an id of 0."""
        wanted = {int(tune) for some in ids for tune in some} - {0}
        for tune in self._index.catalogue.tunes(wanted).values():
            self[tune.tune] = TuneName.of(tune)
            self._meters_and_keys[tune.tune] = tune.meter, tune.key

    def like(
        self, tune: int, checked: Transcription
    ) -> tuple[int, str, str, int, str | None, str | None, str | None]:
        """The fields of a LikeTune, for a transcription."""
        name = self[tune]
        meter, key = self._meters_and_keys[tune]
        return (
            name.tune, name.title, name.corpus, name.number, name.link,
            meter if meter != checked.meter else None, key if key != checked.key else None,
        )  # fmt: skip

    def same(
        self, checked: Transcription, found: Iterable[SameMusic]
    ) -> tuple[tuple[SameTune, ...], tuple[SameTune, ...]]:
        """The corpus tunes that a transcription is as a whole, and those with the same part."""
        named = [
            SameTune(*self.like(some.tune, checked), some.own_part, some.part) for some in found
        ]
        wholes = [tune for tune in named if not tune.own_part and not tune.part]
        return tuple(wholes), tuple(tune for tune in named if tune.own_part or tune.part)

    def __missing__(self, tune: int) -> TuneName:
        self.load([tune])
        return self[tune]

    def all(self, ids: Iterable[int]) -> tuple[TuneName, ...]:
        return tuple([self[tune] for tune in ids])


def _length(span: Span) -> tuple[int, float]:
    """The longest span has most notes; of several it is the least expected one."""
    return span.notes, -span.log10_expected


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
            "bar_count": bars,
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


def _spans(matched: MatchedSlice, tunes: Sequence[Transcription], named: _Names) -> list[Span]:
    """The spans of all transcriptions."""
    spans: SpanColumns = matched.spans
    notes = matched.measures.notes.tolist()
    rows: Iterator[Any] = zip(
        spans.of.tolist(), spans.first_token.tolist(), spans.stop_token.tolist(),
        spans.first_note.tolist(), spans.stop_note.tolist(), spans.bars.tolist(),
        spans.part.tolist(), spans.bar.tolist(), spans.onsets, spans.tunes.tolist(),
        spans.hits.tolist(), spans.log2_expected.tolist(), np.exp2(spans.log2_expected).tolist(),
        spans.examples.tolist(), spans.example_tokens.tolist(), strict=True,
    )  # fmt: skip
    return [
        Span(
            notes=stop_note - first_note,
            tokens=stop - first,
            bars=bars,
            text=" ".join(tunes[of].tokens[first:stop]),
            part=part,
            bar=bar,
            onset=onset,
            tunes=in_tunes,
            hits=hits,
            expected=expected,
            log10_expected=logarithm * _LOG10_2,
            by_chance=expected * notes[of],
            examples=named.all(filter(None, examples)),
            first_token=first,
            stop_token=stop,
            first_note=first_note,
            stop_note=stop_note,
            example_tokens=tuple(tokens[: min(in_tunes, len(tokens))]),
        )
        for of, first, stop, first_note, stop_note, bars, part, bar, onset, in_tunes, hits,
        logarithm, expected, examples, tokens in rows
    ]  # fmt: skip


def _sources(sources: SourceColumns, named: _Names) -> list[Source]:
    """The sources of all transcriptions."""
    stretches = sources.stretches
    columns = (
        stretches.first_token, stretches.stop_token, stretches.first_note, stretches.stop_note,
        stretches.source_token,
    )  # fmt: skip
    shared = [SharedStretch(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    rows: Iterator[Any] = zip(
        named.all(sources.tunes.tolist()), sources.notes.tolist(), sources.longest.tolist(),
        sources.bars.tolist(), sources.bits.tolist(),
        _by_tune(shared, stretches.source, len(sources.tunes)), strict=True,
    )  # fmt: skip
    return [
        Source(name.tune, name.title, name.corpus, name.number, name.link, notes, longest, in_bars,
               bits, some)
        for name, notes, longest, in_bars, bits, some in rows
    ]  # fmt: skip


def _by_tune(records: Sequence[Record], of: Numbers, tunes: int) -> Iterator[tuple[Record, ...]]:
    """Records, in the order of the tunes that they are of, tune by tune."""
    bounds = np.searchsorted(of, np.arange(tunes + 1)).tolist()
    return (tuple(records[first:stop]) for first, stop in pairwise(bounds))
