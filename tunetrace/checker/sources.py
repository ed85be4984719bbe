"""Sources: the corpus tunes that a checked tune shares most with.

What is shared is counted in windows of eight notes, the shortest stretch whose copying a check
reports: a note is shared with a tune when one of its windows stands there. The few best are then
compared with the checked tune one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tunetrace.checker.bars import NOWHERE, BarPlaces
from tunetrace.checker.spans import CheckedStream, NoteStretch
from tunetrace.indexer.index import Index

WINDOW_NOTES: Final = 8
SOURCES: Final = 10

_SHORTLIST: Final = 20


@dataclass(frozen=True, slots=True)
class Shared:
    """What the checked tune shares with the corpus tune of this id."""

    tune: int
    bars: int
    longest_notes: int
    notes: int


def find_sources(
    stream: CheckedStream,
    spans: Sequence[NoteStretch],
    bars: Mapping[str, BarPlaces],
    index: Index,
) -> list[Shared]:
    """The tunes that share most: by notes, then by the longest stretch, then by bars."""
    notes = _notes_shared(stream)
    shared_bars = _bars_shared(stream, bars)
    candidates = sorted(notes, key=lambda tune: -notes[tune].bit_count())
    if len(candidates) > SOURCES:
        # Only those that tie with the last one shown need a closer look.
        least = notes[candidates[SOURCES - 1]].bit_count()
        candidates = [t for t in candidates if notes[t].bit_count() >= least][:_SHORTLIST]
    else:
        # Where little is shared at length, bars and the longest spans say what comes nearest.
        candidates += sorted(shared_bars, key=lambda tune: -shared_bars[tune])[:SOURCES]
        for span in sorted(spans, key=lambda span: -span.notes)[:3]:
            first = index.figures.first(stream.find(stream.figure(span)), SOURCES)
            candidates += [tune for tune, _, _ in first]
    compared = [
        Shared(tune, shared_bars.get(tune, 0), _longest_shared(stream, tune, index),
               notes.get(tune, 0).bit_count())
        for tune in dict.fromkeys(candidates)
    ]  # fmt: skip
    compared.sort(key=lambda shared: (-shared.notes, -shared.longest_notes, -shared.bars,
                                      shared.tune))  # fmt: skip
    return compared[:SOURCES]


def _notes_shared(stream: CheckedStream) -> dict[int, int]:
    """For each tune, the checked tune's notes that it shares, as the bits of a number."""
    notes: dict[int, int] = {}
    for note in range(len(stream.begins) - WINDOW_NOTES + 1):
        window = stream.stretch(note, note + WINDOW_NOTES)
        if not stream.may_stand(window):
            continue
        bits = ((1 << WINDOW_NOTES) - 1) << note
        for some in stream.find(stream.figure(window)):
            for tune in set(some.segment.tunes_at(some.positions).tolist()):
                notes[tune] = notes.get(tune, 0) | bits
    return notes


def _bars_shared(stream: CheckedStream, bars: Mapping[str, BarPlaces]) -> dict[int, int]:
    """For each tune, how many of the checked tune's bars stand in it."""
    shared: dict[int, int] = {}
    for text, count in Counter(bar.text for bar in stream.layout.bars).items():
        for tune in bars.get(text, NOWHERE).tunes:
            shared[tune] = shared.get(tune, 0) + count
    return shared


def _longest_shared(stream: CheckedStream, tune: int, index: Index) -> int:
    """The notes of the longest stretch that stands in one tune."""
    segment = next(segment for segment in index.figures.segments if tune in segment)
    _, symbols = segment.tokens_of(tune)
    checked, begins, ends = stream.symbols, stream.begins, stream.ends
    stands_in = index.figures.stands_in
    longest, note, notes = 0, 0, len(begins)
    while note + longest < notes:
        # A longer stretch from here, else the same one a note on.
        if stands_in(checked[begins[note] : ends[note + longest]], symbols):
            longest += 1
        else:
            note += 1
    return longest
