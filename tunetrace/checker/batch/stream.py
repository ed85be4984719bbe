"""Transcriptions as one stream of symbols, with all that is counted in it: notes and bars.

Notes, bars and tunes are numbered through; arrays say which note is in which bar and which bar in
which tune, so that what is asked of all of them is asked at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import compress, count, islice

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.views import TOKENS
from tunetrace.tokenizer.bars import Layout
from tunetrace.tokenizer.timeline import Events, Ticks, eighths
from tunetrace.tokenizer.vocabulary import (
    FRAME,
    HEADER,
    MEANINGS,
    SEPARATOR,
    TUPLET,
    Vocabulary,
)

Numbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class BatchStream:
    """Some transcriptions, laid out one after another.

    symbols: (n,) uint8, a SEPARATOR after each tune, and where an index lacks a token or a header
    stands. is_wall: (n,) whether a header or a tune's end stands there, which no n-gram passes.
    starts: (tunes + 1,) where each tune begins, and the end.

    note_begins, note_ends: (notes,) the first token of each note and the one past its last;
    note_leads: the token at which a span from the note on may begin, which is the tuplet sign
    before it or its first; note_bars: its bar; first_notes: (tunes + 1,) the first note of each
    tune, and how many there are. bar_texts, bar_parts, bar_numbers, bar_events, bar_offsets:
    (bars,) of each bar; bar_counts: (bars,) the bars up to it, the two halves of one counted once;
    first_notes_of_bars: (bars,) the first note at or after each bar; first_bars: (tunes + 1,) the
    first bar of each tune, and how many there are.
    """

    symbols: NDArray[np.uint8]
    is_wall: NDArray[np.bool_]
    starts: Numbers
    note_begins: Numbers
    note_ends: Numbers
    note_leads: Numbers
    note_bars: Numbers
    first_notes: Numbers
    bar_texts: list[str]
    bar_parts: Numbers
    bar_numbers: Numbers
    bar_events: list[Events]
    bar_offsets: list[Ticks]
    bar_counts: Numbers
    first_notes_of_bars: Numbers
    first_bars: Numbers

    @property
    def tunes(self) -> int:
        return len(self.starts) - 1

    @property
    def notes(self) -> Numbers:
        """How many notes each tune has: (tunes,)."""
        return np.diff(self.first_notes)

    @property
    def bars(self) -> Numbers:
        """How many bars each tune has: (tunes,)."""
        return np.diff(self.first_bars)

    def tune_of_notes(self, notes: Numbers) -> Numbers:
        """The tunes that notes are in."""
        return np.searchsorted(self.first_notes, notes, side="right").astype(np.int32) - 1

    def onsets(self, notes: Numbers) -> list[Fraction]:
        """Where notes begin in their bars, in eighths."""
        bars = self.note_bars[notes]
        sounding = notes - self.first_notes_of_bars[bars]
        found = []
        for bar, nth in zip(bars.tolist(), sounding.tolist(), strict=True):
            events = self.bar_events[bar]
            event = next(islice(compress(count(), events.sounds), nth, None))
            found.append(eighths(sum(events.durations[:event], start=self.bar_offsets[bar])))
        return found

    def sum_of_bars(self, values: NDArray[np.bool_]) -> Numbers:
        """For each tune the sum over its bars: (tunes,)."""
        sums = np.concatenate([[0], np.cumsum(values, dtype=np.int32)])
        return np.diff(sums[self.first_bars])


def join_layouts(layouts: Iterable[Layout], vocabulary: Vocabulary) -> BatchStream:
    """Tunes as one stream. vocabulary: that of the index, which stays as it is."""
    stream = bytearray()
    unknown: list[int] = []  # where a header stands that the index lacks
    starts, first_notes, first_bars = [0], [0], [0]
    begins: list[int] = []
    ends: list[int] = []
    bar_begins: list[int] = []
    notes_before: list[int] = []  # each bar
    texts: list[str] = []
    parts: list[int] = []
    numbers: list[int] = []
    events: list[Events] = []
    offsets: list[Ticks] = []
    counts: list[int] = []
    counted = 0
    for layout in layouts:
        start, tokens = len(stream), layout.tokens
        encoded = vocabulary.encode_known(tokens)
        stream += encoded
        stream.append(SEPARATOR)
        if SEPARATOR in encoded:
            unknown += [
                start + at
                for at, token in enumerate(tokens)
                if encoded[at] == SEPARATOR and MEANINGS[token].kind in (HEADER, FRAME)
            ]
        before = None
        for bar in layout.bars:
            bar_starts, bar_stops, _, sounds, *_ = bar.events
            place = (bar.part, bar.number, bar.ending)
            counted += place != before
            before = place
            counts.append(counted)
            events.append(bar.events)
            offsets.append(bar.offset)
            bar_begins.append(start + bar.start)
            notes_before.append(len(begins))
            begins.extend(compress(bar_starts, sounds))  # counted from the bar's first token
            ends.extend(compress(bar_stops, sounds))
            texts.append(bar.text)
            parts.append(bar.part)
            numbers.append(bar.number)
        starts.append(len(stream))
        first_notes.append(len(begins))
        first_bars.append(len(texts))
    symbols = np.frombuffer(stream, dtype=np.uint8)
    is_wall = _is_header(vocabulary)[symbols]
    is_wall[[*unknown, *(start - 1 for start in starts[1:])]] = True
    note_bars = np.repeat(
        np.arange(len(texts), dtype=np.int32),
        np.diff(np.array([*notes_before, len(begins)], dtype=np.int32)).astype(np.int64),
    )
    bar_begin = np.array(bar_begins, dtype=np.int32)[note_bars]
    note_begins = np.array(begins, dtype=np.int32) + bar_begin
    # A tune begins with a note at the earliest, and before the first tune's nothing stands.
    preceding = symbols[np.maximum(note_begins - 1, 0)]
    leads = note_begins - _is_tuplet(vocabulary)[preceding] * (note_begins > 0)
    return BatchStream(
        symbols=np.where(is_wall, np.uint8(SEPARATOR), symbols),
        is_wall=is_wall,
        starts=np.array(starts, dtype=np.int32),
        note_begins=note_begins,
        note_ends=np.array(ends, dtype=np.int32) + bar_begin,
        note_leads=leads.astype(np.int32),
        note_bars=note_bars,
        first_notes=np.array(first_notes, dtype=np.int32),
        bar_texts=texts,
        bar_parts=np.array(parts, dtype=np.int32),
        bar_numbers=np.array(numbers, dtype=np.int32),
        bar_events=events,
        bar_offsets=offsets,
        bar_counts=np.array(counts, dtype=np.int32),
        first_notes_of_bars=np.array(notes_before, dtype=np.int32),
        first_bars=np.array(first_bars, dtype=np.int32),
    )


def _is_header(vocabulary: Vocabulary) -> NDArray[np.bool_]:
    """Which symbols are headers or frames: (256,)."""
    found = np.zeros(256, dtype=bool)
    found[list(TOKENS.alphabet(vocabulary).boundaries)] = True
    found[SEPARATOR] = False
    return found


def _is_tuplet(vocabulary: Vocabulary) -> NDArray[np.bool_]:
    """Which symbols are tuplet signs: (256,)."""
    found = np.zeros(256, dtype=bool)
    found[: len(vocabulary)] = [MEANINGS[token].kind == TUPLET for token in vocabulary.tokens]
    return found
