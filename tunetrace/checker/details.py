"""The details of one checked transcription: its bars, the places of its spans, its music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tunetrace.checker.batch.arrays import Numbers
from tunetrace.checker.batch.match import EXAMPLES, MatchedSlice
from tunetrace.checker.batch.search import SearchMatches
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.checker.records import CheckedBar, CheckedTune, RareFigure, Span, TuneName
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import NOWHERE, Hit
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.music import describe_music

MIN_FIGURE_NOTES: Final = 3
"""The rarest figure of a bar has at least this many notes."""


def with_details(
    tune: CheckedTune,
    layout: Layout,
    stream: BatchStream,
    matches: SearchMatches,
    matched: MatchedSlice,
    index: Index,
) -> CheckedTune:
    """Add details to a checked transcription.

    layout: of its tokens. stream: it alone. matches: the stream matched with the index. matched:
    what was found.
    """
    spans = tuple([replace(span, places=_places(span, index)) for span in tune.spans])
    longest = None
    if tune.longest_span is not None:
        longest = spans[tune.spans.index(tune.longest_span)]
    return replace(
        tune,
        spans=spans,
        longest_span=longest,
        bars=_Bars(layout, stream, matches, matched.reach, index).describe(),
        music=describe_music(layout, tune.key),
    )


def _places(span: Span, index: Index) -> tuple[Hit, ...]:
    tunes = index.catalogue.tunes(name.tune for name in span.examples)
    return tuple(
        index.hit(tunes[name.tune], token, token + span.tokens)
        for name, token in zip(span.examples, span.example_tokens, strict=True)
    )


class _Bars:
    """The bars of a transcription. Each different bar is looked up once."""

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
        self._begins: list[int] = stream.note_begins.tolist()
        self._ends: list[int] = stream.note_ends.tolist()
        self._reach: list[int] = reach.tolist()
        self._first_notes = [*stream.first_notes_of_bars.tolist(), len(self._begins)]
        self._rarest: dict[str, RareFigure | None] = {}

    def describe(self) -> tuple[CheckedBar, ...]:
        bars = self._layout.bars
        places = [self._matches.bar_places.get(bar.text, NOWHERE) for bar in bars]
        examples = [
            some.first((bar.part, bar.number), EXAMPLES)
            for bar, some in zip(bars, places, strict=True)
        ]
        names = self._index.catalogue.tunes(tune for some in examples for tune in some)
        described = []
        for k, (bar, some, ids) in enumerate(zip(bars, places, examples, strict=True)):
            if bar.text not in self._rarest:
                self._rarest[bar.text] = self._rarest_figure(k)
            described.append(
                CheckedBar(
                    part=bar.part,
                    bar=bar.number,
                    ending=bar.ending,
                    text=bar.text,
                    tunes=len(some.tunes),
                    hits=some.hits,
                    same_position=len(some.at.get((bar.part, bar.number), ())),
                    rarest_figure=self._rarest[bar.text],
                    examples=tuple(TuneName.of(names[tune]) for tune in ids),
                )
            )
        return tuple(described)

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
        tokens: Sequence[str] = self._layout.tokens
        text = " ".join(tokens[self._begins[best[0]] : self._ends[best[1] - 1]])
        return RareFigure(text, tunes, hits)

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
