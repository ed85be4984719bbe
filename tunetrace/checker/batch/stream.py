"""Transcriptions as one stream of symbols, with their notes and bars as arrays.

Notes, bars and tunes have numbers in the stream. Arrays give the bar of each note and the tune of
each bar, so that one operation answers for all transcriptions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import compress, count, islice

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Numbers, rows
from tunetrace.indexer.search.views import TOKENS
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.timeline import Bar, eighths
from tunetrace.tokenizer.vocabulary import FRAME, HEADER, MEANINGS, SEPARATOR, TUPLET, Vocabulary


@dataclass(frozen=True, slots=True)
class BatchStream:
    """Some transcriptions, one after another."""

    symbols: NDArray[np.uint8]
    """(n,) the tokens; SEPARATOR after each tune, for headers, and for tokens that the index
    lacks."""
    text: bytes
    """The same symbols as bytes; a figure is a slice of them."""
    is_wall: NDArray[np.bool_]
    """(n,) whether there is a header or the end of a tune, which no n-gram crosses."""
    starts: Numbers
    """(tunes + 1,) where each tune begins, and the end of the stream."""
    note_begins: Numbers
    """(notes,) the first token of each note."""
    note_ends: Numbers
    """(notes,) the token after the last one of each note."""
    note_leads: Numbers
    """(notes,) where a span that starts with the note may begin: at a tuplet sign before it, or at
    its first token."""
    note_bars: Numbers
    """(notes,) the bar of each note."""
    first_notes: Numbers
    """(tunes + 1,) the first note of each tune, and the number of notes."""
    laid_bars: list[Bar]
    """The bars, and as arrays or lists: their texts, parts and numbers."""
    bar_texts: list[str]
    bar_parts: Numbers
    bar_numbers: Numbers
    bar_counts: Numbers
    """(bars,) the number of bars up to each one; two halves of a bar count once."""
    first_notes_of_bars: Numbers
    """(bars,) the first note in or after each bar."""
    first_bars: Numbers
    """(tunes + 1,) the first bar of each tune, and the number of bars."""

    @property
    def tunes(self) -> int:
        return len(self.starts) - 1

    @property
    def notes(self) -> Numbers:
        """The number of notes of each tune: (tunes,)."""
        return np.diff(self.first_notes)

    @property
    def bars(self) -> Numbers:
        """The number of bars of each tune: (tunes,)."""
        return np.diff(self.first_bars)

    def tune_of_notes(self, notes: Numbers) -> Numbers:
        """The tunes of notes."""
        return np.searchsorted(self.first_notes, notes, side="right").astype(np.int32) - 1

    def onsets(self, notes: Numbers) -> list[Fraction]:
        """The onsets of notes in their bars, in eighths."""
        bars = self.note_bars[notes]
        sounding = notes - self.first_notes_of_bars[bars]
        found = []
        for number, nth in rows(bars, sounding):
            bar = self.laid_bars[number]
            event = next(islice(compress(count(), bar.events.sounds), nth, None))
            found.append(eighths(sum(bar.events.durations[:event], start=bar.offset)))
        return found

    def sum_of_bars(self, values: NDArray[np.bool_]) -> Numbers:
        """The sum over the bars of each tune: (tunes,)."""
        sums = np.concatenate([[0], np.cumsum(values, dtype=np.int32)])
        return np.diff(sums[self.first_bars])


def join_layouts(layouts: Iterable[Layout], vocabulary: Vocabulary) -> BatchStream:
    """Tunes as one stream. vocabulary: that of the index; it is not changed."""
    stream = bytearray()
    unknown: list[int] = []  # headers that the index lacks
    starts, first_notes, first_bars = [0], [0], [0]
    begins: list[int] = []
    ends: list[int] = []
    bars: list[Bar] = []
    bar_begins: list[int] = []
    notes_before: list[int] = []  # of each bar
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
            place = (bar.part, bar.number, bar.ending)
            counted += place != before
            before = place
            counts.append(counted)
            bar_begins.append(start + bar.start)
            notes_before.append(len(begins))
            begins += compress(bar.events.starts, bar.events.sounds)  # from the bar's first token
            ends += compress(bar.events.stops, bar.events.sounds)
        bars += layout.bars
        starts.append(len(stream))
        first_notes.append(len(begins))
        first_bars.append(len(bars))
    symbols = np.frombuffer(stream, dtype=np.uint8)
    headers = TOKENS.alphabet(vocabulary).boundaries
    is_wall = np.isin(symbols, [symbol for symbol in headers if symbol != SEPARATOR])
    is_wall[[*unknown, *(start - 1 for start in starts[1:])]] = True
    first_notes_of_bars = np.array(notes_before, dtype=np.int32)
    notes_of_bars: Numbers = np.diff(first_notes_of_bars, append=np.int32(len(begins)))
    note_bars = np.repeat(np.arange(len(bars), dtype=np.int32), notes_of_bars)
    bar_begin = np.array(bar_begins, dtype=np.int32)[note_bars]
    note_begins = np.array(begins, dtype=np.int32) + bar_begin
    # Nothing comes before the first note of the stream if it is the first token.
    preceding = symbols[np.maximum(note_begins - 1, 0)]
    tuplets = [k for k, token in enumerate(vocabulary.tokens) if MEANINGS[token].kind == TUPLET]
    leads = note_begins - (np.isin(preceding, tuplets) & (note_begins > 0))
    symbols = np.where(is_wall, np.uint8(SEPARATOR), symbols)
    return BatchStream(
        symbols=symbols,
        text=symbols.tobytes(),
        is_wall=is_wall,
        starts=np.array(starts, dtype=np.int32),
        note_begins=note_begins,
        note_ends=np.array(ends, dtype=np.int32) + bar_begin,
        note_leads=leads.astype(np.int32),
        note_bars=note_bars,
        first_notes=np.array(first_notes, dtype=np.int32),
        laid_bars=bars,
        bar_texts=[bar.text for bar in bars],
        bar_parts=np.array([bar.part for bar in bars], dtype=np.int32),
        bar_numbers=np.array([bar.number for bar in bars], dtype=np.int32),
        bar_counts=np.array(counts, dtype=np.int32),
        first_notes_of_bars=first_notes_of_bars,
        first_bars=np.array(first_bars, dtype=np.int32),
    )
