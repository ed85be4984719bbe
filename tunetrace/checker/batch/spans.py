"""The spans of some transcriptions at once, and the curves that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.matching import LongestMatches
from tunetrace.checker.batch.stream import BatchStream, Numbers

LONGEST_CURVE: Final = 32
"""Up to how many notes, and tokens, the curves of uniqueness and novelty go."""


@dataclass(frozen=True, slots=True)
class SpanArrays:
    """The maximal stretches of a stream that occur in the corpus, in its order: (spans,) each.

    first_tokens and stop_tokens bound them in the stream, first_notes and stop_notes in its notes.
    """

    first_tokens: Numbers
    stop_tokens: Numbers
    first_notes: Numbers
    stop_notes: Numbers

    @property
    def notes(self) -> Numbers:
        return self.stop_notes - self.first_notes

    def __len__(self) -> int:
        return len(self.first_tokens)

    def select(self, chosen: NDArray[np.bool_]) -> SpanArrays:
        """Those that a mask chooses."""
        return SpanArrays(
            self.first_tokens[chosen],
            self.stop_tokens[chosen],
            self.first_notes[chosen],
            self.stop_notes[chosen],
        )


def find_spans(stream: BatchStream, matches: LongestMatches) -> SpanArrays:
    """The maximal stretches of whole notes that occur in the corpus.

    A stretch begins at a note, or at the tuplet sign before it, and ends where a note ends, lengths
    and broken rhythm included. Where its last note goes on wherever the corpus has it (`G` in
    `G 2`), it ends a note earlier.
    """
    has_lead = stream.note_leads != stream.note_begins
    notes = np.repeat(np.arange(len(has_lead), dtype=np.int32), 1 + has_lead)
    is_lead = np.zeros(len(notes), dtype=bool)
    is_lead[:-1] = notes[:-1] == notes[1:]
    firsts = np.where(is_lead, stream.note_leads[notes], stream.note_begins[notes])
    reached = firsts + matches.longest[firsts]
    stops = np.searchsorted(stream.note_ends, reached, side="right").astype(np.int32)
    # A match that goes on past the note says itself that the note has ended.
    ends_there = (stops > notes) & (stream.note_ends[np.maximum(stops, 1) - 1] == reached)
    # Only those that reach further than all before them surely do are worth a question.
    asked = np.flatnonzero(ends_there & (stops > np.maximum(_before(stops - ends_there), notes)))
    has_ended = np.zeros(len(stops), dtype=bool)
    has_ended[asked] = matches.match_has_ended(firsts[asked])
    stops -= ends_there & ~has_ended
    chosen = stops > np.maximum(_before(stops), notes)
    stops = stops[chosen]
    return SpanArrays(firsts[chosen], stream.note_ends[stops - 1], notes[chosen], stops)


def _before(stops: Numbers) -> Numbers:
    """The furthest stop of all before each, 0 for the first."""
    before = np.zeros_like(stops)
    np.maximum.accumulate(stops[:-1], out=before[1:])
    return before


def note_cover(spans: SpanArrays, notes: int) -> Numbers:
    """For each note of a stream the notes of the longest span that it lies in: (notes,)."""
    cover = np.zeros(notes, dtype=np.int32)
    lengths = spans.notes
    in_order = np.argsort(lengths, kind="stable")  # so that longer ones are written last
    first, length = spans.first_notes[in_order], lengths[in_order]
    skipped = np.cumsum(length) - length
    places = np.arange(int(length.sum())) + np.repeat(first - skipped, length)
    cover[places] = np.repeat(length, length)
    return cover


def uniqueness(cover: Numbers, stream: BatchStream) -> NDArray[np.float64]:
    """The share of each tune's notes outside spans of L notes or more: (tunes, 32), L from 1.

    The L-uniqueness of Lu et al., AI as Humanity's Salieri, 2024, in notes. 1 without notes.
    """
    tunes = stream.tune_of_notes(np.arange(len(cover), dtype=np.int32))
    inside = _at_least(tunes, cover, stream.tunes)
    notes = stream.notes[:, None]
    return 1 - inside / np.maximum(notes, 1)


def novelty_curves(
    stream: BatchStream, longest: Numbers
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The share of each tune's token n-grams that the corpus lacks: (tunes, 32), n from 1.

    longest: (n,) the longest match from each position on. Comes with how many lengths of n-grams
    each tune has: (tunes,). n-grams do not reach across headers. After McCoy et al., How Much Do
    Language Models Copy From Their Training Data?, 2023.
    """
    tunes = np.repeat(np.arange(stream.tunes, dtype=np.int32), np.diff(stream.starts))
    places = np.arange(len(tunes), dtype=np.int32)
    wall = np.where(stream.is_wall, places, np.int32(len(places)))
    reach = np.minimum.accumulate(wall[::-1])[::-1] - places
    grams = _at_least(tunes, reach, stream.tunes)
    present = _at_least(tunes, longest, stream.tunes)
    return 1 - present / np.maximum(grams, 1), np.count_nonzero(grams, axis=1)


def _at_least(groups: Numbers, values: Numbers, count: int) -> NDArray[np.int64]:
    """How many values of each group are at least 1, 2 … 32: (count, 32)."""
    width = LONGEST_CURVE + 1
    cells = groups.astype(np.int64) * width + np.minimum(values, LONGEST_CURVE)
    table = np.bincount(cells, minlength=count * width).reshape(count, width)
    return np.cumsum(table[:, :0:-1], axis=1)[:, ::-1]


def originality(spans: SpanArrays, stream: BatchStream, window: int) -> NDArray[np.float64]:
    """The mean originality of each tune's windows of so many notes: (tunes,).

    The originality of a window is one less the share of it that its longest stretch in common with
    a corpus tune takes; that of Yin et al., Measuring When a Music Generation Algorithm Copies Too
    Much, 2022, with the longest verbatim stretch as their similarity score. Windows begin at every
    note; a tune that is shorter than one is one window. 1 without notes.
    """
    notes, count = stream.notes, len(stream.note_begins)
    # How far what stands in the corpus goes on from each note.
    stops = np.zeros(count + window, dtype=np.int32)
    np.maximum.at(stops, spans.first_notes, spans.stop_notes)
    ahead = np.maximum.accumulate(stops) - np.arange(count + window, dtype=np.int32)
    longest = np.zeros(count, dtype=np.int32)
    for skipped in range(window):
        inside = np.minimum(ahead[skipped : skipped + count], window - skipped)
        np.maximum(longest, inside, out=longest)
    # A window of a shorter tune would reach into the next one, and ends with the tune instead.
    tunes = stream.tune_of_notes(np.arange(count, dtype=np.int32))
    is_whole = np.arange(count) + window <= stream.first_notes[tunes + 1]
    sums = np.bincount(tunes[is_whole], longest[is_whole], minlength=stream.tunes)
    windows = np.bincount(tunes[is_whole], minlength=stream.tunes)
    most = np.zeros(stream.tunes, dtype=np.int32)
    np.maximum.at(most, stream.tune_of_notes(spans.first_notes), spans.notes)
    whole = sums / np.maximum(windows, 1) / window
    return 1 - np.where(windows > 0, whole, most / np.maximum(notes, 1))
