"""The spans of a slice of transcriptions, and the measures that follow from them.

The same code measures a batch and real tunes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch.arrays import Floats, Numbers, highest_before, ranges
from tunetrace.checker.batch.matcher import LongestMatches
from tunetrace.checker.batch.stream import BatchStream
from tunetrace.checker.measures import (
    COPIED_LENGTHS,
    CREATIVITY_LENGTHS,
    MEASURES,
    ORIGINALITY_WINDOW,
)

LONGEST_CURVE: Final = 32
"""The curves of uniqueness and novelty go up to this number of notes or tokens."""


@dataclass(frozen=True, slots=True)
class SpanArrays:
    """Maximal stretches that are found in the corpus, in the order of the stream: (spans,) each."""

    first_symbols: Numbers
    """The first symbol, counted in the stream."""
    stop_symbols: Numbers
    """The symbol after the last."""
    first_notes: Numbers
    """The first note, counted in the stream."""
    stop_notes: Numbers
    """The note after the last."""

    @property
    def notes(self) -> Numbers:
        return self.stop_notes - self.first_notes

    def __len__(self) -> int:
        return len(self.first_symbols)


def find_spans(stream: BatchStream, matches: LongestMatches) -> SpanArrays:
    """The maximal stretches of whole notes that are found in the corpus.

    A stretch begins at a note, or at a tuplet sign before it, and ends with a whole note, its
    length and broken rhythm included. If the last note is longer everywhere in the corpus (`G` in
    `G 2`), the stretch ends one note earlier. A single note without a symbol is no stretch.
    """
    has_lead = stream.note_leads != stream.note_begins
    notes = np.repeat(np.arange(len(has_lead), dtype=np.int32), 1 + has_lead)
    is_lead = np.zeros(len(notes), dtype=bool)
    is_lead[:-1] = notes[:-1] == notes[1:]
    firsts = np.where(is_lead, stream.note_leads[notes], stream.note_begins[notes])
    reached = firsts + matches.longest[firsts]
    stops = np.searchsorted(stream.note_ends, reached, side="right").astype(np.int32)
    # If the match goes on after the note, the note has ended in the corpus as well.
    ends_there = (stops > notes) & (stream.note_ends[np.maximum(stops, 1) - 1] == reached)
    # Only stretches that may reach further than all before them are looked up.
    units = stream.view.units
    least = notes + np.int32(0 if units is None else 1 - units.of_note)
    asked = np.flatnonzero(
        ends_there & (stops > np.maximum(highest_before(stops - ends_there), least))
    )
    has_ended = np.zeros(len(stops), dtype=bool)
    has_ended[asked] = matches.match_has_ended(firsts[asked])
    stops -= ends_there & ~has_ended
    chosen = stops > np.maximum(highest_before(stops), least)
    stops = stops[chosen]
    return SpanArrays(firsts[chosen], stream.note_ends[stops - 1], notes[chosen], stops)


@dataclass(frozen=True, slots=True)
class SliceMeasures:
    """The measures of each transcription of a slice: (tunes,) each, curves (tunes, 32).

    The fields are those of CheckedTune, and novelty_lengths: the longest n-grams that each has.
    """

    notes: Numbers
    longest_notes: Numbers
    uniqueness: Floats
    novelty: Floats
    novelty_lengths: NDArray[np.intp]
    originality: Floats
    bar_count: Numbers
    bars_in_corpus: Numbers
    bars_same_position: Numbers

    @property
    def copied_share(self) -> dict[int, Floats]:
        """For each of COPIED_LENGTHS: (tunes,)."""
        return {notes: 1 - self.uniqueness[:, notes - 1] for notes in COPIED_LENGTHS}

    @property
    def creativity(self) -> Floats:
        """The Creativity Index of Lu et al. 2024: the mean uniqueness at 5 to 12 notes."""
        # Summed column by column, so that the mean is rounded in the same way in every batch.
        total = np.zeros(len(self.uniqueness))
        for notes in CREATIVITY_LENGTHS:
            total += self.uniqueness[:, notes - 1]
        return total / len(CREATIVITY_LENGTHS)

    def share_of_bars(self, counts: Numbers) -> Floats:
        """Counts of bars as shares of all bars; 0 for tunes without a bar."""
        return counts / np.maximum(self.bar_count, 1)

    def by_name(self) -> dict[str, NDArray[np.float32]]:
        """The values of all MEASURES by their names, as they are compared: (tunes,) float32."""
        return {m.name: np.asarray(m.value(self), dtype=np.float32) for m in MEASURES}


def measure_slice(
    stream: BatchStream,
    spans: SpanArrays,
    longest: Numbers,
    bars_found: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> SliceMeasures:
    """Measure the transcriptions of a slice.

    longest: the longest match from each position of the stream on. bars_found: which bars are in
    the corpus, and which are there at the same position.
    """
    longest_notes = np.zeros(stream.tunes, dtype=np.int32)
    np.maximum.at(longest_notes, stream.tune_of_notes(spans.first_notes), spans.notes)
    curves, lengths = novelty_curves(stream, longest)
    in_corpus, same_position = bars_found
    return SliceMeasures(
        notes=stream.notes,
        longest_notes=longest_notes,
        uniqueness=uniqueness(note_cover(spans, len(stream.note_begins)), stream),
        novelty=curves,
        novelty_lengths=lengths,
        originality=originality(spans, stream),
        bar_count=stream.bars,
        bars_in_corpus=stream.sum_of_bars(in_corpus),
        bars_same_position=stream.sum_of_bars(same_position),
    )


def note_cover(spans: SpanArrays, notes: int) -> Numbers:
    """For each note of a stream, the length in notes of the longest span around it: (notes,)."""
    cover = np.zeros(notes, dtype=np.int32)
    lengths = spans.notes
    in_order = np.argsort(lengths, kind="stable")  # longer spans are written last
    first, length = spans.first_notes[in_order], lengths[in_order]
    cover[ranges(first, length)] = np.repeat(length, length)
    return cover


def uniqueness(cover: Numbers, stream: BatchStream) -> Floats:
    """The share of each tune's notes outside spans of L notes or more: (tunes, 32), L from 1.

    1 for a tune without notes. Method: the L-uniqueness of Lu et al. 2024, in notes.
    """
    tunes = stream.tune_of_notes(np.arange(len(cover), dtype=np.int32))
    inside = _at_least(tunes, cover, stream.tunes)
    return 1 - inside / np.maximum(stream.notes[:, None], 1)


def novelty_curves(stream: BatchStream, longest: Numbers) -> tuple[Floats, NDArray[np.intp]]:
    """The share of each tune's token n-grams that the corpus lacks: (tunes, 32), n from 1.

    longest: (n,) the longest match from each position on. Also returns the longest n-grams that
    each tune has: (tunes,). n-grams do not reach across headers. Method: McCoy et al. 2023.
    """
    tunes = np.repeat(np.arange(stream.tunes, dtype=np.int32), np.diff(stream.starts))
    places = np.arange(len(tunes), dtype=np.int32)
    wall = np.where(stream.is_wall, places, np.int32(len(places)))
    reach = np.minimum.accumulate(wall[::-1])[::-1] - places
    grams = _at_least(tunes, reach, stream.tunes)
    present = _at_least(tunes, longest, stream.tunes)
    return 1 - present / np.maximum(grams, 1), np.count_nonzero(grams, axis=1)


def _at_least(groups: Numbers, values: Numbers, count: int) -> NDArray[np.int64]:
    """The number of values of each group that are at least 1, 2 … 32: (count, 32)."""
    width = LONGEST_CURVE + 1
    cells = groups.astype(np.int64) * width + np.minimum(values, LONGEST_CURVE)
    table = np.bincount(cells, minlength=count * width).reshape(count, width)
    return np.cumsum(table[:, :0:-1], axis=1)[:, ::-1]


def originality(spans: SpanArrays, stream: BatchStream) -> Floats:
    """The mean originality of each tune's windows of 16 notes: (tunes,).

    The originality of a window is 1 minus the share of its notes in the longest stretch that it has
    from a corpus tune. A window begins at every note. A tune that is shorter is one window. A tune
    without notes has 1. Method: Yin et al. 2022, with the longest stretch as similarity score.
    """
    count, window = len(stream.note_begins), ORIGINALITY_WINDOW
    # How many notes the spans that contain a note go on from there.
    stops = np.zeros(count + window, dtype=np.int32)
    np.maximum.at(stops, spans.first_notes, spans.stop_notes)
    ahead = np.maximum.accumulate(stops) - np.arange(count + window, dtype=np.int32)
    longest = np.zeros(count, dtype=np.int32)
    for skipped in range(window):
        inside = np.minimum(ahead[skipped : skipped + count], window - skipped)
        np.maximum(longest, inside, out=longest)
    # A window never reaches into the next tune.
    tunes = stream.tune_of_notes(np.arange(count, dtype=np.int32))
    is_whole = np.arange(count) + window <= stream.first_notes[tunes + 1]
    sums = np.bincount(tunes[is_whole], longest[is_whole], minlength=stream.tunes)
    windows = np.bincount(tunes[is_whole], minlength=stream.tunes)
    most = np.zeros(stream.tunes, dtype=np.int32)
    np.maximum.at(most, stream.tune_of_notes(spans.first_notes), spans.notes)
    whole = sums / np.maximum(windows, 1) / window
    return 1 - np.where(windows > 0, whole, most / np.maximum(stream.notes, 1))
