"""Transcriptions as one stream of symbols, with their notes and bars as arrays.

Notes, bars and tunes have numbers in the stream. Arrays give the bar of each note and the tune of
each bar, so that one operation answers for all transcriptions. The symbols are those of a view. In
the view of tokens a note has several symbols, in others one. In views of what is between notes it
has none: it begins and ends where the symbol of the next step is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import compress, count, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Numbers, ranges, rows
from tunetrace.indexer.bars.segment import AskedBars, asked_keys, asked_texts
from tunetrace.indexer.search.outline import outline_of_layouts
from tunetrace.indexer.search.views import TOKENS, Units, View
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.timeline import Bar, eighths
from tunetrace.tokenizer.vocabulary import FRAME, HEADER, MEANINGS, SEPARATOR, TUPLET, Vocabulary


@dataclass(frozen=True, slots=True)
class NoteTokens:
    """The tokens of each note, counted in its transcription: (notes,) each."""

    firsts: Numbers
    """The first one; a tuplet sign before the note is part of it."""
    stops: Numbers
    """The one after the last."""


@dataclass(frozen=True, slots=True)
class BatchStream:
    """Some transcriptions, one after another."""

    view: View
    """What the symbols are."""
    symbols: NDArray[np.uint8]
    """(n,) the symbols; SEPARATOR after each tune, for headers and other boundaries, and for tokens
    that the index lacks."""
    text: bytes
    """The same symbols as bytes; a figure is a slice of them."""
    is_wall: NDArray[np.bool_]
    """(n,) whether there is a header or the end of a tune, which no n-gram crosses."""
    starts: Numbers
    """(tunes + 1,) where each tune begins, and the end of the stream."""
    note_begins: Numbers
    """(notes,) the first symbol of each note."""
    note_ends: Numbers
    """(notes,) the symbol after the last one of each note."""
    note_leads: Numbers
    """(notes,) where a span that starts with the note may begin: at a tuplet sign before it, or at
    its first symbol."""
    note_tokens: NoteTokens | None
    """None in the view of tokens, where symbols are tokens."""
    note_bars: Numbers
    """(notes,) the bar of each note."""
    first_notes: Numbers
    """(tunes + 1,) the first note of each tune, and the number of notes."""
    laid_bars: list[Bar]
    """The bars, and as arrays or lists: what they are looked up by, their parts and numbers."""
    bar_keys: Sequence[Any]
    """(bars,) in the view of tokens the text of each bar, in others its symbols."""
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

    def token_bounds(
        self, firsts: Numbers, first_notes: Numbers, stop_notes: Numbers
    ) -> tuple[Numbers, Numbers]:
        """The first token of stretches and the one after their last: (m,) each.

        firsts: (m,) the first symbols. first_notes, stop_notes: (m,) the first note and the one
        after the last. The tokens are counted in their transcription.
        """
        if self.note_tokens is not None:
            return self.note_tokens.firsts[first_notes], self.note_tokens.stops[stop_notes - 1]
        starts = self.starts[self.tune_of_notes(first_notes)]
        return firsts - starts, self.note_ends[stop_notes - 1] - starts

    def asked_bars(self, vocabulary: Vocabulary) -> AskedBars:
        """Its bars, as the segments of an index with this vocabulary are asked for them."""
        if self.view.units is None:
            return asked_texts(self.bar_keys, vocabulary)
        return asked_keys(self.bar_keys)

    def bars_of_pairs(self, of: Numbers) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """All bars of transcriptions, (m,), that may be given several times: two (n,).

        They are the place of the transcription in `of`, and the bar.
        """
        firsts = self.first_bars[of]
        counts = self.first_bars[of + 1] - firsts
        return np.repeat(np.arange(len(of)), counts), ranges(firsts, counts)

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


def join_layouts(
    layouts: Iterable[Layout], vocabulary: Vocabulary, view: View = TOKENS
) -> BatchStream:
    """Tunes as one stream. vocabulary: that of the index; it is not changed."""
    if view.units is not None:
        layouts = list(layouts)  # they are gone through twice
    stream = bytearray()
    unknown: list[int] = []  # headers that the index lacks
    starts, first_notes, first_bars = [0], [0], [0]
    begins: list[int] = []  # tokens
    ends: list[int] = []
    bars: list[Bar] = []
    bar_begins: list[int] = []
    notes_before: list[int] = []  # of each bar
    counts: list[int] = []
    counted = 0
    for layout in layouts:
        start, tokens = len(stream), layout.tokens
        encoded = view.symbols(layout, vocabulary.encode_known(tokens))
        stream += encoded
        stream.append(SEPARATOR)
        if view.units is None and SEPARATOR in encoded:
            unknown += [
                start + at
                for at, token in enumerate(tokens)
                if encoded[at] == SEPARATOR and MEANINGS[token].kind in (HEADER, FRAME)
            ]
        first_token = start if view.units is None else 0
        before = None
        for bar in layout.bars:
            place = (bar.part, bar.number, bar.ending)
            counted += place != before
            before = place
            counts.append(counted)
            bar_begins.append(first_token + bar.start)
            notes_before.append(len(begins))
            begins += compress(bar.events.starts, bar.events.sounds)  # from the bar's first token
            ends += compress(bar.events.stops, bar.events.sounds)
        bars += layout.bars
        starts.append(len(stream))
        first_notes.append(len(begins))
        first_bars.append(len(bars))
    symbols = np.frombuffer(stream, dtype=np.uint8)
    first_notes_of_bars = np.array(notes_before, dtype=np.int32)
    notes_of_bars: Numbers = np.diff(first_notes_of_bars, append=np.int32(len(begins)))
    note_bars = np.repeat(np.arange(len(bars), dtype=np.int32), notes_of_bars)
    bar_begin = np.array(bar_begins, dtype=np.int32)[note_bars]
    first_tokens = np.array(begins, dtype=np.int32) + bar_begin
    stop_tokens = np.array(ends, dtype=np.int32) + bar_begin
    is_wall = np.zeros(len(symbols), dtype=bool)
    is_wall[[*unknown, *(start - 1 for start in starts[1:])]] = True
    boundaries = np.isin(symbols, list(view.alphabet(vocabulary).boundaries))
    keys: Sequence[Any]
    if view.units is None:
        is_wall |= boundaries & (symbols != SEPARATOR)
        symbols = np.where(is_wall, np.uint8(SEPARATOR), symbols)
        notes = first_tokens, stop_tokens, _leads(first_tokens, symbols, vocabulary)
        note_tokens, keys = None, [bar.text for bar in bars]
    else:
        symbols = np.where(boundaries, np.uint8(SEPARATOR), symbols)
        placed = _Placed(list(layouts), view.units, np.array(starts, dtype=np.int32))
        notes = placed.begins, placed.begins + np.int32(view.units.of_note), placed.begins
        note_tokens = NoteTokens(placed.tokens, stop_tokens)
        keys = placed.bar_keys(symbols.tobytes())
    return BatchStream(
        view=view,
        symbols=symbols,
        text=symbols.tobytes(),
        is_wall=is_wall,
        starts=np.array(starts, dtype=np.int32),
        note_begins=notes[0],
        note_ends=notes[1],
        note_leads=notes[2],
        note_tokens=note_tokens,
        note_bars=note_bars,
        first_notes=np.array(first_notes, dtype=np.int32),
        laid_bars=bars,
        bar_keys=keys,
        bar_parts=np.array([bar.part for bar in bars], dtype=np.int32),
        bar_numbers=np.array([bar.number for bar in bars], dtype=np.int32),
        bar_counts=np.array(counts, dtype=np.int32),
        first_notes_of_bars=first_notes_of_bars,
        first_bars=np.array(first_bars, dtype=np.int32),
    )


def _leads(begins: Numbers, symbols: NDArray[np.uint8], vocabulary: Vocabulary) -> Numbers:
    """Where spans may begin that start with these notes, in the view of tokens."""
    # Nothing comes before the first note of the stream if it is the first token.
    preceding = symbols[np.maximum(begins - 1, 0)]
    tuplets = [k for k, token in enumerate(vocabulary.tokens) if MEANINGS[token].kind == TUPLET]
    return (begins - (np.isin(preceding, tuplets) & (begins > 0))).astype(np.int32)


class _Placed:
    """Where the notes and the bars of tunes are in their stream, in a view of events.

    begins: (notes,) the symbol of each note. tokens: (notes,) its first token, in its tune.
    """

    def __init__(self, layouts: Sequence[Layout], units: Units, starts: Numbers) -> None:
        """starts: (tunes + 1,) where each tune begins in the stream."""
        outline = outline_of_layouts(layouts)
        start_of_bars = starts[outline.tunes]
        symbols = outline.symbols(units) + start_of_bars[outline.bars]
        self.begins: Numbers = symbols[outline.sounds]
        self.tokens: Numbers = outline.tokens[outline.sounds]
        firsts, self._counts = outline.bar_symbols(units)
        self._firsts = firsts + start_of_bars

    def bar_keys(self, stream: bytes) -> list[bytes]:
        """The symbols of each bar."""
        return [stream[first : first + count] for first, count in rows(self._firsts, self._counts)]
