"""A tune's tokens laid out by bars, with the spans marked in them.

Spans overlap, and marks in a page cannot. So each bar is cut into runs of tokens that lie in the
same spans, and a run is marked as the least probable of these deserves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from tunetrace.checker.records import CheckedTune, Source, Span
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.layout.timeline import Bar
from tunetrace.tokenizer.vocabulary import LENGTH_SIGN, MEANINGS, is_header

MOST_TOKENS: Final = 5_000
"""So many tokens of a tune are shown at most."""

FAR_BEYOND_CHANCE: Final = 1e-6
"""Spans of which chance would give a transcription fewer than this are marked most of all."""

_CLOSING_LINES: Final = ("|", ":|")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a span stands in a tune's tokens. number: which of the spans, from 1."""

    first: int
    stop: int
    number: int
    level: int


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens next to one another in the same spans.

    spans: the numbers of these, none where the tokens stand in no span; level: 1 to 3, the
    highest of theirs, 0 for none; begins: those that begin here.
    """

    text: str
    spans: tuple[int, ...]
    level: int
    begins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShownBar:
    """One bar with its bar lines. number: within its part, 0 for a pickup."""

    part: int
    number: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class ShownPart:
    """The bars of one part that are shown; number counts from 1."""

    number: int
    bars: tuple[ShownBar, ...]


def level_of(span: Span) -> int:
    """How improbable a span is: 1 where chance may have it so, 2 beyond chance, 3 far beyond."""
    return 1 + span.is_beyond_chance + (span.by_chance < FAR_BEYOND_CHANCE)


def stretches_of(spans: Sequence[Span]) -> list[Stretch]:
    """Where the spans of a transcription stand in it, numbered in their order."""
    return [
        Stretch(span.first_token, span.stop_token, number, level_of(span))
        for number, span in enumerate(spans, 1)
    ]


def find_stretches(source: Source, tune: CheckedTune, corpus_tune: Sequence[str]) -> list[Stretch]:
    """Where what a source shares with a transcription occurs in it.

    corpus_tune: the tokens of the source. A stretch has the number of the span that it is of, all
    or a part. As everywhere, it is no hit inside a longer note.
    """
    found = []
    for shared in source.stretches:
        figure = list(tune.transcription.tokens[shared.first_token : shared.stop_token])
        number, span = next(
            (number, span)
            for number, span in enumerate(tune.spans, 1)
            if span.first_token <= shared.first_token and shared.stop_token <= span.stop_token
        )
        for first in range(len(corpus_tune) - len(figure) + 1 if figure else 0):
            stop = first + len(figure)
            if corpus_tune[first] != figure[0] or list(corpus_tune[first:stop]) != figure:
                continue
            if stop == len(corpus_tune) or MEANINGS[corpus_tune[stop]].kind != LENGTH_SIGN:
                found.append(Stretch(first, stop, number, level_of(span)))
    return found


def show(
    tokens: Sequence[str],
    shown: Sequence[str],
    stretches: Sequence[Stretch],
    *,
    marked_bars_only: bool = False,
) -> tuple[ShownPart, ...]:
    """The parts and bars of a tune with its stretches marked.

    tokens: what the stretches count in, on C; shown: the same tokens as people read them, in
    whatever key. The headers before the music are left out. marked_bars_only: leave out the bars
    without a mark.
    """
    layout = lay_out(tokens[:MOST_TOKENS])
    bars = []
    for bar, first, stop in _bounds(layout):
        runs = tuple(_runs(shown, first, stop, stretches))
        if marked_bars_only and not any(run.spans for run in runs):
            continue
        bars.append(ShownBar(bar.part, bar.number, runs))
    parts = groupby(bars, key=lambda bar: bar.part)
    return tuple(ShownPart(number, tuple(some)) for number, some in parts)


def _bounds(layout: Layout) -> Iterator[tuple[Bar, int, int]]:
    """Each bar with its first token and the one past its last, the bar lines shared out.

    The lines between two bars go to the first of them up to the one that opens a repeat or an
    ending (`|:`, `|1`). Every token after the first headers belongs to one bar.
    """
    tokens, bars = layout.tokens, layout.bars
    first = 0
    while first < len(tokens) and is_header(tokens[first]):
        first += 1
    for k, bar in enumerate(bars):
        stop = bar.stop
        next_start = bars[k + 1].start if k + 1 < len(bars) else len(tokens)
        is_last = k + 1 == len(bars)
        while stop < next_start and (is_last or tokens[stop] in _CLOSING_LINES):
            stop += 1
        yield bar, first, stop
        first = stop


def _runs(
    shown: Sequence[str], first: int, stop: int, stretches: Sequence[Stretch]
) -> Iterator[Run]:
    """The tokens from first up to stop, cut where a stretch begins or ends."""
    near = [some for some in stretches if some.first < stop and some.stop > first]
    cuts = {first, stop, *(some.first for some in near), *(some.stop for some in near)}
    edges = sorted(cut for cut in cuts if first <= cut <= stop)
    for begin, end in pairwise(edges):
        over = [some for some in near if some.first <= begin and some.stop >= end]
        yield Run(
            text=" ".join(shown[begin:end]),
            spans=tuple(sorted({some.number for some in over})),
            level=max((some.level for some in over), default=0),
            begins=tuple(sorted({some.number for some in over if some.first == begin})),
        )
