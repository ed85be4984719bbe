"""The spans of a whole slice at once, and what each transcription's measures make of them.

The rules are those of spans.py, which checks one tune and asks the index for what is not clear;
here the order of the suffixes answers. Symbols that make a note longer are sorted before all
others: where a match ends with a note, the nearest suffix after it in the order goes on with a
symbol that is no smaller than the transcription's own, so that its note has ended too, and the
nearest one before it has ended unless all before it go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch_stream import BatchStream, Numbers
from tunetrace.indexer.joint import Matches

LONGEST_CURVE: Final = 32
"""Up to how many notes, and tokens, the curves of uniqueness and novelty go."""


@dataclass(frozen=True, slots=True)
class SpanArrays:
    """The maximal stretches of a slice that stand in the corpus, in its order: (spans,) each.

    first_tokens and stop_tokens bound them in the slice's stream, first_notes and stop_notes in
    its notes.
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


def find_spans(
    stream: BatchStream, matches: Matches, joint: NDArray[np.uint8], going_on: int
) -> SpanArrays:
    """The spans of a slice.

    matches: of the positions of the slice, with the corpus. joint: the symbols of the joint stream
    as places in the order, of which the first going_on make a note longer.
    """
    has_lead = stream.note_leads != stream.note_begins
    notes = np.repeat(np.arange(len(has_lead), dtype=np.int32), 1 + has_lead)
    is_lead = np.zeros(len(notes), dtype=bool)
    is_lead[:-1] = notes[:-1] == notes[1:]
    firsts = np.where(is_lead, stream.note_leads[notes], stream.note_begins[notes])
    below, above = matches.below[firsts], matches.above[firsts]
    longest = np.maximum(below, above)
    reached = firsts + longest
    stops = np.searchsorted(stream.note_ends, reached, side="right").astype(np.int32)
    ends_there = (stops > notes) & (stream.note_ends[np.maximum(stops, 1) - 1] == reached)
    has_ended = above == longest
    asked = np.flatnonzero(ends_there & ~has_ended)  # what the suffix before goes on with
    has_ended[asked] = joint[matches.below_at[firsts[asked]] + longest[asked]] >= going_on
    stops -= ends_there & ~has_ended  # its last note goes on wherever the corpus has it
    before = np.zeros_like(stops)
    np.maximum.accumulate(stops[:-1], out=before[1:])
    chosen = stops > np.maximum(before, notes)
    stops = stops[chosen]
    return SpanArrays(firsts[chosen], stream.note_ends[stops - 1], notes[chosen], stops)


def note_cover(spans: SpanArrays, notes: int) -> Numbers:
    """For each note of a slice the notes of the longest span that it lies in: (notes,)."""
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
    each tune has: (tunes,). After McCoy et al. 2023, as spans.novelty.
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
