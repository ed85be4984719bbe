"""The outline of tunes: which events sound, and in which bars they are, for many tunes at once.

An event is a note, a chord or a rest (timeline.py). The symbols of a view that is made of events
are counted here, so that what is found in a view maps back to tokens and to bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import Positions
from tunetrace.indexer.search.views import Units
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.vocabulary import (
    BAR_LINE,
    CHORD_CLOSE,
    CHORD_OPEN,
    MEANINGS,
    NOTE,
    REST,
    SEPARATOR,
    TUPLET,
    Vocabulary,
)


@dataclass(frozen=True)
class Outline:
    """The events of some tunes, in their order.

    Tunes are counted from 0, and bars from 0 over all tunes. Every bar has an event.
    """

    tokens: Positions
    """(events,) the first token of each event, counted in its tune. A tuplet sign before an event
    belongs to it."""
    sounds: NDArray[np.bool_]
    """(events,) False for a rest."""
    first_events: Positions
    """(bars + 1,) the first event of each bar, and the number of events."""
    first_bars: Positions
    """(tunes + 1,) the first bar of each tune, and the number of bars."""

    @cached_property
    def bars(self) -> Positions:
        """The bar of each event: (events,)."""
        numbers = np.arange(len(self.first_events) - 1, dtype=np.int32)
        return np.repeat(numbers, np.diff(self.first_events))

    @cached_property
    def tunes(self) -> Positions:
        """The tune of each bar: (bars,)."""
        numbers = np.arange(len(self.first_bars) - 1, dtype=np.int32)
        return np.repeat(numbers, np.diff(self.first_bars))

    def symbols(self, units: Units) -> Positions:
        """The symbol of each event, counted in its tune: (events,).

        A rest without a symbol has that of the next note.
        """
        before = self._counted_before(units)
        tune_starts = self.first_events[self.first_bars[:-1]]  # of empty tunes the next one's
        symbols = before[:-1] - before[tune_starts][self.tunes[self.bars]]
        if units.has_rests:  # and a bar line before each bar
            symbols += self.bars - self.first_bars[self.tunes[self.bars]] + 1
        return symbols

    def bar_symbols(self, units: Units) -> tuple[Positions, Positions]:
        """The first symbol of each bar, counted in its tune, and how many it has: two (bars,).

        A symbol between the notes of two bars belongs to neither.
        """
        before = self._counted_before(units)
        counts = np.diff(before[self.first_events])
        firsts = self.symbols(units)[self.first_events[:-1]]
        return firsts, np.maximum(counts - np.int32(1 - units.of_note), 0)

    def _counted_before(self, units: Units) -> Positions:
        """How many events with a symbol are before each event and before the end: (events + 1,)."""
        before = np.zeros(len(self.sounds) + 1, dtype=np.int32)
        np.cumsum(self.sounds | units.has_rests, out=before[1:])
        return before


def outline_of_layouts(layouts: Sequence[Layout]) -> Outline:
    """The outline of some tunes."""
    bars = [bar for layout in layouts for bar in layout.bars]
    counts = [len(bar.events.starts) for bar in bars]
    tokens = [bar.start + start for bar in bars for start in bar.events.starts]
    before = chain.from_iterable(
        [bar.start + start > 0 and MEANINGS[layout.tokens[bar.start + start - 1]].kind == TUPLET
         for bar in layout.bars for start in bar.events.starts]
        for layout in layouts
    )  # fmt: skip
    return Outline(
        np.array(tokens, dtype=np.int32) - np.fromiter(before, dtype=np.int32, count=len(tokens)),
        np.fromiter(chain.from_iterable(bar.events.sounds for bar in bars), dtype=bool),
        np.array([0, *accumulate(counts)], dtype=np.int32),
        np.array([0, *accumulate(len(layout.bars) for layout in layouts)], dtype=np.int32),
    )


def kinds_of(vocabulary: Vocabulary) -> NDArray[np.uint8]:
    """The kind of each symbol of the view of tokens: (256,). SEPARATOR is like a bar line."""
    kinds = np.full(256, BAR_LINE, dtype=np.uint8)
    kinds[: len(vocabulary)] = [MEANINGS[token].kind for token in vocabulary.tokens]
    return kinds


def begins_event(kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where an event begins in a stream: a chord, or a note or a rest outside of chords. (n,)

    kinds: (n,) those of its symbols; it begins with a SEPARATOR. A bar line ends a chord.
    """
    is_event, opens = kinds <= REST, kinds == CHORD_OPEN
    if opens.any():
        turns = np.flatnonzero(opens | (kinds == CHORD_CLOSE) | (kinds == BAR_LINE))
        is_event &= ~np.repeat(opens[turns], np.diff(turns, append=len(kinds)))
        is_event |= opens
    return is_event


def outline_of_segment(segment: Segment, vocabulary: Vocabulary) -> Outline:
    """The outline of the tunes of a segment. segment: in the view of tokens."""
    kinds = kinds_of(vocabulary)[segment.symbols]
    ends_bar = kinds == BAR_LINE
    is_event = begins_event(kinds)
    events = np.flatnonzero(is_event).astype(np.int32)
    number = np.cumsum(is_event, dtype=np.int32) - 1
    sounds = np.zeros(len(events), dtype=bool)
    sounds[number[kinds == NOTE]] = True
    lines_before = np.cumsum(ends_bar, dtype=np.int32)[events]
    first_events = np.flatnonzero(np.diff(lines_before, prepend=-1))
    separators = np.flatnonzero(segment.symbols == SEPARATOR).astype(np.int32)
    tune = np.searchsorted(separators, events, side="right") - 1
    bars_of = np.bincount(tune[first_events], minlength=len(separators) - 1)
    has_sign = kinds[events - 1] == TUPLET
    return Outline(
        (events - has_sign - separators[tune] - 1).astype(np.int32),
        sounds,
        np.append(first_events, len(events)).astype(np.int32),
        np.concatenate([[0], np.cumsum(bars_of)]).astype(np.int32),
    )
