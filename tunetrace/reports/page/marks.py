"""A tune's tokens laid out by bars, with its spans marked.

Spans overlap, and marks in a page cannot. So each bar is cut into runs: tokens in the same spans. A
run is marked by the least probable of its spans.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from tunetrace.checker.records import CheckedTune, Source
from tunetrace.indexer.search.projections import stop_of_notes
from tunetrace.indexer.search.views import TOKENS
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.layout.timeline import Bar
from tunetrace.tokenizer.vocabulary import LENGTH_SIGN, MEANINGS, is_header

MOST_TOKENS: Final = 5_000
"""Tokens of a tune that are shown at most."""

_CLOSING_LINES: Final = ("|", ":|")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a span is in a tune's tokens."""

    first: int
    stop: int
    number: int
    """The number of the span, from 1."""
    level: int


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring tokens that are in the same spans."""

    text: str
    spans: tuple[int, ...]
    """The numbers of the spans; empty if the tokens are in no span."""
    level: int
    """The highest level of the spans, 1 to 3; 0 if there is none."""
    begins: tuple[int, ...]
    """The numbers of the spans that begin here."""


@dataclass(frozen=True, slots=True)
class ShownBar:
    """One bar with its bar lines."""

    part: int
    number: int
    """Counted from 1 in its part; 0 for a pickup."""
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class ShownPart:
    """One part with those of its bars that are shown."""

    number: int
    """Counted from 1."""
    bars: tuple[ShownBar, ...]


def find_stretches(source: Source, tune: CheckedTune, layout: Layout) -> list[Stretch]:
    """The places in a source of all that it shares with a transcription.

    layout: of the source. A stretch has the number of the span that contains it. In the view of
    tokens it is marked everywhere in the source; as everywhere, a figure does not match inside a
    longer note. In other views it is marked where it is shared.
    """
    found = []
    corpus_tune = layout.tokens
    for shared in source.stretches:
        figure = list(tune.transcription.tokens[shared.first_token : shared.stop_token])
        number, span = next(
            (number, span)
            for number, span in enumerate(tune.spans, 1)
            if span.first_token <= shared.first_token and shared.stop_token <= span.stop_token
        )
        if tune.view != TOKENS.name:
            first, notes = shared.source_token, shared.stop_note - shared.first_note
            stop = stop_of_notes(layout, first, notes)
            found.append(Stretch(first, stop, number, span.level))
            continue
        for first in range(len(corpus_tune) - len(figure) + 1 if figure else 0):
            stop = first + len(figure)
            if corpus_tune[first] != figure[0] or list(corpus_tune[first:stop]) != figure:
                continue
            if stop == len(corpus_tune) or MEANINGS[corpus_tune[stop]].kind != LENGTH_SIGN:
                found.append(Stretch(first, stop, number, span.level))
    return found


def show(
    tokens: Sequence[str],
    shown: Sequence[str],
    stretches: Sequence[Stretch],
    *,
    marked_bars_only: bool = False,
) -> tuple[ShownPart, ...]:
    """The parts and bars of a tune, with its stretches marked; headers before the music left out.

    tokens: the tokens on C, in which the stretches are counted.
    shown: the same tokens in the key in which people read them.
    marked_bars_only: leave out the bars without a mark.
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
    """Each bar with its first token and the one after its last; every bar line goes to one bar.

    Lines between two bars belong to the first bar, but `|:` and `|1` (which open a repeat or an
    ending) and the lines after them belong to the second.
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
    """The tokens from first to stop, cut where a stretch begins or ends."""
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
