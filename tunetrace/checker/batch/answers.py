"""The records of a check, made of the arrays of a matched slice; and the details of one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import chain, groupby, pairwise
from math import log10
from typing import Any, Final, TypeVar, cast

import numpy as np

from tunetrace.checker.baseline.percentiles import Percentiles, peers_in
from tunetrace.checker.batch.arrays import Numbers, rows
from tunetrace.checker.batch.match import EXAMPLES, MatchedSlice
from tunetrace.checker.batch.search import SearchMatches
from tunetrace.checker.batch.spans import SliceMeasures
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.checker.compare.duplicates import Repeat
from tunetrace.checker.measures import COPIED_LENGTHS, SIMILARITY
from tunetrace.checker.records import (
    CheckedBar,
    CheckedTune,
    LikeTune,
    RareFigure,
    SameTune,
    SharedStretch,
    Source,
    Span,
    TuneName,
    Verdict,
    names_of,
)
from tunetrace.checker.similar.answers import same_first, similar_tunes
from tunetrace.checker.similar.records import SimilarTune
from tunetrace.checker.verdict import verdict_on
from tunetrace.indexer.index import Index
from tunetrace.indexer.music.sameness import SameMusic
from tunetrace.indexer.near.search import Near
from tunetrace.indexer.records import Hit, Tune
from tunetrace.indexer.search.projections import stop_of_notes
from tunetrace.indexer.search.views import TOKENS, View
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.layout.music import describe_music
from tunetrace.tokenizer.transcription import Transcription

MIN_FIGURE_NOTES: Final = 3
"""The rarest figure of a bar has at least this many notes."""

_LOG10_2: Final = log10(2)

Item = TypeVar("Item")


def answers(
    placed: Sequence[tuple[int, Transcription]],
    repeats: Sequence[Repeat | None],
    matched: MatchedSlice,
    index: Index,
    copy_share: float,
    view: View,
) -> list[CheckedTune]:
    """The records of the transcriptions of a slice, without details.

    placed: each with its place in the input. repeats: the transcription that each one repeats.
    copy_share: as for check_batch. view: in which they were matched.
    """
    tunes = [tune for _, tune in placed]
    measures, count = matched.measures, len(placed)
    known = _known_tunes(matched, index)
    names = {id: TuneName.of(tune) for id, tune in known.items()}
    alike = dict(_same(matched.same))
    standings: Sequence[Percentiles | None] = [None] * count
    if view is TOKENS and index.baseline is not None:  # which was measured in tokens
        meters = [tune.meter for tune in tunes]
        values: dict[str, Any] = dict(measures.by_name())
        if matched.near is not None:
            values[SIMILARITY.name] = [near.similarity for near in matched.near]
        standings = peers_in(index.baseline).percentiles(meters, measures.notes, values)
    columns = zip(
        placed,
        repeats,
        _measured(measures),
        standings,
        (alike.get(k, []) for k in range(count)),
        _by_tune(_spans(matched, tunes, names), matched.spans.of, count),
        _by_tune(_sources(matched, names, index.family_of), matched.sources.of, count),
        rows(matched.cover, matched.most, matched.most_from),
        matched.near if matched.near is not None else cast(list[None], [None] * count),
        strict=True,
    )
    layouts = {
        id: lay_out(index.vocabulary.decode(symbols))
        for id, symbols in matched.near_symbols.items()
    }

    def layout_of(id: int) -> Layout:
        return layouts[id] if id in layouts else index.layout(id)

    found = []
    for (place, tune), repeat, measured, standing, same, spans, sources, numbers, near in columns:
        cover, most, most_from = numbers
        named = [_same_tune(known[some.tune], tune, some) for some in same]
        near_copies = (
            None if near is None else _near_copies(tune, near.named, same, index, layout_of)
        )
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
            identical_to=tuple([some for some in named if not (some.own_part or some.part)]),
            same_parts=tuple([some for some in named if some.own_part or some.part]),
            longest_span=max(spans, key=_length, default=None),
            copied_from=cover,
            most_from=_like(known[most_from], tune) if most_from else None,
            most_share=most / measured["notes"] if most else 0.0,
            duplicate_of=repeat.of if repeat and repeat.is_exact else None,
            near_duplicate_of=repeat.of if repeat and not repeat.is_exact else None,
            standing=standing,
            spans=spans,
            sources=tuple(_alike(source, named, near_copies or ()) for source in sources),
            similarity=None if near is None else near.similarity,
            most_similar=None if near is None else names.get(near.most_similar),
            near_copies=near_copies,
            view=view.name,
        )
        # The record is not yet in use, and a copy would cost as much as the record.
        object.__setattr__(checked, "verdict", verdict_on(checked, copy_share))
        found.append(checked)
    return found


def _same(found: Iterable[SameMusic]) -> Iterator[tuple[int, list[SameMusic]]]:
    """The number of each transcription, and what is the same music.

    A corpus tune that has all of the transcription is not named for its parts as well.
    """
    for number, group in groupby(found, key=lambda same: same.place):
        every = list(group)
        best: dict[int, int] = {}
        for same in every:
            best[same.tune] = min(_rank(same), best.get(same.tune, 2))
        yield number, [same for same in every if _rank(same) == best[same.tune]]


def _rank(same: SameMusic) -> int:
    """0 for all of both, 1 for all of the transcription and a part of the tune, 2 for others."""
    return 2 if same.own_part else min(same.part, 1)


def _near_copies(
    tune: Transcription,
    named: Sequence[Near],
    same: Sequence[SameMusic],
    index: Index,
    layout_of: Callable[[int], Layout],
) -> tuple[SimilarTune, ...]:
    """The near copies of a transcription, with what it has in common with each."""
    if not named:
        return ()
    found = same_first(named, same)
    return tuple(
        similar_tunes(
            lay_out(tune.tokens), tune.original_key, found, index, same, layout_of=layout_of
        )
    )


def _alike(source: Source, same: Sequence[SameTune], near: Sequence[SimilarTune]) -> Source:
    """A source with its aspect and scope: as the same music, else as a near copy, else in bars."""
    for one in same:
        if one.tune == source.tune:
            is_whole = not (one.own_part or one.part)
            return replace(source, scope="whole" if is_whole else "part")
    for like in near:
        if like.tune == source.tune:
            return replace(source, aspect=like.aspect, scope=like.scope)
    return source


def _known_tunes(matched: MatchedSlice, index: Index) -> dict[int, Tune]:
    """The corpus tunes of a matched slice by their ids."""
    same = np.array([same.tune for same in matched.same], dtype=np.int32)
    examples = matched.spans.found.examples.ravel()
    near = np.array([one.most_similar for one in matched.near or ()], dtype=np.int32)
    ids = np.unique(
        np.concatenate([examples, matched.sources.tunes, matched.most_from, same, near])
    )
    return index.catalogue.tunes(ids[ids > 0].tolist())


def _like(tune: Tune, checked: Transcription) -> LikeTune:
    meter = tune.meter if tune.meter != checked.meter else None
    key = tune.key if tune.key != checked.key else None
    return LikeTune(*names_of(tune), meter, key)


def _same_tune(tune: Tune, checked: Transcription, same: SameMusic) -> SameTune:
    like = _like(tune, checked)
    return SameTune(*names_of(tune), like.meter, like.key, same.own_part, same.part)


def _length(span: Span) -> tuple[int, float]:
    """What makes a span the longest: its notes, and of several the smallest expected count."""
    return span.notes, -span.log10_expected


def _measured(measures: SliceMeasures) -> Iterator[dict[str, Any]]:
    """The measured fields of each record."""
    names = ("notes", "longest_notes", "creativity", "originality", "bar_count", "bars_in_corpus",
             "bars_same_position")  # fmt: skip
    numbers = rows(*(getattr(measures, name) for name in names))
    copied = rows(*measures.copied_share.values())
    curves = rows(measures.uniqueness, measures.novelty, measures.novelty_lengths)
    for values, shares, (unique, novel, length) in zip(numbers, copied, curves, strict=True):
        yield {
            **dict(zip(names, values, strict=True)),
            "copied_share": dict(zip(COPIED_LENGTHS, shares, strict=True)),
            "uniqueness": tuple(unique),
            "novelty": tuple(novel[:length]),
        }


def _spans(
    matched: MatchedSlice, tunes: Sequence[Transcription], names: Mapping[int, TuneName]
) -> list[Span]:
    """The spans of all transcriptions."""
    spans, found = matched.spans, matched.spans.found
    notes = matched.measures.notes[spans.of]
    expected = np.exp2(spans.log2_expected)
    families = [None] * len(spans.of) if found.families is None else found.families.tolist()
    columns = rows(
        spans.of, spans.first_token, spans.stop_token, spans.first_note, spans.stop_note,
        spans.bars, spans.part, spans.bar, found.tunes, found.hits, expected,
        spans.log2_expected * _LOG10_2, expected * notes, found.examples, found.example_tokens,
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
            families=in_families,
            hits=hits,
            expected=hits_expected,
            log10_expected=logarithm,
            by_chance=by_chance,
            examples=tuple([names[tune] for tune in examples[:in_tunes]]),
            first_token=first,
            stop_token=stop,
            first_note=first_note,
            stop_note=stop_note,
            example_tokens=tuple(tokens[:in_tunes]),
        )
        for (of, first, stop, first_note, stop_note, bars, part, bar, in_tunes, hits,
             hits_expected, logarithm, by_chance, examples, tokens), onset, in_families
        in zip(columns, spans.onsets, families, strict=True)
    ]  # fmt: skip


def _sources(
    matched: MatchedSlice, names: Mapping[int, TuneName], family_of: Numbers | None
) -> list[Source]:
    """The sources of all transcriptions. family_of: as Index.family_of."""
    sources, some = matched.sources, matched.stretches
    columns = (getattr(some, field.name) for field in fields(SharedStretch))
    stretches = [SharedStretch(*row) for row in rows(*columns)]
    return [
        Source(
            *names_of(names[tune]),
            notes,
            longest,
            bars,
            "exact",
            "bars",
            bits,
            shared,
            None if family_of is None else int(family_of[tune]),
        )
        for (tune, notes, longest, bars, bits), shared in zip(
            rows(sources.tunes, sources.notes, sources.longest, matched.bars_shared, sources.bits),
            _by_tune(stretches, some.source, len(sources.tunes)),
            strict=True,
        )
    ]


def _by_tune(items: Sequence[Item], of: Numbers, tunes: int) -> Iterator[tuple[Item, ...]]:
    """The items of each tune. of: the tune of each item, in ascending order."""
    bounds = np.searchsorted(of, np.arange(tunes + 1)).tolist()
    return (tuple(items[first:stop]) for first, stop in pairwise(bounds))


def with_details(
    tune: CheckedTune,
    layout: Layout,
    stream: BatchStream,
    matches: SearchMatches,
    matched: MatchedSlice,
    index: Index,
) -> CheckedTune:
    """Add its bars, the places of its spans and its music to a checked transcription.

    layout: of its tokens. stream: it alone. matches: the stream matched with the index. matched:
    what was found.
    """
    spans = tuple([replace(span, places=_places(span, index, stream.view)) for span in tune.spans])
    return replace(
        tune,
        spans=spans,
        longest_span=max(spans, key=_length, default=None),
        bars=_Bars(layout, stream, matches, matched.reach, index).describe(),
        music=describe_music(layout, tune.key),
    )


def _places(span: Span, index: Index, view: View) -> tuple[Hit, ...]:
    tunes = index.catalogue.tunes(name.tune for name in span.examples)
    places = []
    for name, token in zip(span.examples, span.example_tokens, strict=True):
        stop = token + span.tokens
        if view.units is not None:  # the notes may have other lengths there
            stop = stop_of_notes(index.layout(name.tune), token, span.notes)
        places.append(index.hit(tunes[name.tune], token, stop))
    return tuple(places)


class _Bars:
    """The bars of a transcription."""

    def __init__(
        self,
        layout: Layout,
        stream: BatchStream,
        matches: SearchMatches,
        reach: Numbers,
        index: Index,
    ) -> None:
        self._layout = layout
        self._matches = matches
        self._index = index
        self._stream = stream
        self._begins: list[int] = stream.note_begins.tolist()
        self._ends: list[int] = stream.note_ends.tolist()
        self._reach: list[int] = reach.tolist()
        self._first_notes = [*stream.first_notes_of_bars.tolist(), len(self._begins)]

    def describe(self) -> tuple[CheckedBar, ...]:
        bars = self._layout.bars
        places = [self._matches.bars.places(number) for number in range(len(bars))]
        examples = [
            some.first(bar.part, bar.number, EXAMPLES)
            for bar, some in zip(bars, places, strict=True)
        ]
        names = self._index.catalogue.tunes(chain.from_iterable(examples))
        # Bars of one text may have other symbols, and bars of the same symbols another text.
        keys = list(zip((bar.text for bar in bars), self._stream.bar_keys, strict=True))
        rarest: dict[Any, RareFigure | None] = {}
        for k, key in enumerate(keys):
            if key not in rarest:
                rarest[key] = self._rarest_figure(k)
        return tuple(
            CheckedBar(
                part=bar.part,
                bar=bar.number,
                ending=bar.ending,
                text=bar.text,
                tunes=len(some.tunes),
                families=self._index.count_families(some.tunes),
                hits=some.hits,
                same_position=len(some.tunes_at(bar.part, bar.number)),
                rarest_figure=rarest[key],
                examples=tuple(TuneName.of(names[tune]) for tune in ids),
            )
            for bar, key, some, ids in zip(bars, keys, places, examples, strict=True)
        )

    def _rarest_figure(self, bar: int) -> RareFigure | None:
        """The shortest figure of three or more notes in a bar that is found in the fewest tunes.

        A figure is found in no more tunes than a figure inside it. So no figure is found in fewer
        tunes than the whole bar, and two pointers find the shortest one found in as few.
        """
        first, last = self._first_notes[bar], self._first_notes[bar + 1]
        if last - first < MIN_FIGURE_NOTES:
            return None
        fewest, _ = self._count(first, last)
        best = (first, last)
        stop = first + MIN_FIGURE_NOTES
        for note in range(first, last - MIN_FIGURE_NOTES + 1):
            stop = max(stop, note + MIN_FIGURE_NOTES)
            while stop <= last and self._occurs_in_more(note, stop, fewest):
                stop += 1
            if stop > last:
                break
            if stop - note < best[1] - best[0]:
                best = (note, stop)
        tunes, hits = self._count(*best)
        text = " ".join(self._layout.tokens[slice(*self._tokens(*best))])
        return RareFigure(text, tunes, hits)

    def _tokens(self, note: int, stop_note: int) -> tuple[int, int]:
        """The tokens of a stretch of notes."""
        tokens = self._stream.note_tokens
        if tokens is None:
            return self._begins[note], self._ends[stop_note - 1]
        return int(tokens.firsts[note]), int(tokens.stops[stop_note - 1])

    def _occurs_in_more(self, note: int, stop_note: int, tunes: int) -> bool:
        """Whether a stretch of notes is found in more than this number of tunes."""
        if stop_note > self._reach[note]:
            return False
        if not tunes:
            return True
        first, stop = self._begins[note], self._ends[stop_note - 1]
        return self._matches.occurs_in_more(first, stop, tunes)

    def _count(self, note: int, stop_note: int) -> tuple[int, int]:
        """The number of tunes and of hits of a stretch of notes."""
        if stop_note > self._reach[note]:
            return 0, 0
        return self._matches.count(self._begins[note], self._ends[stop_note - 1])
