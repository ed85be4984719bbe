"""Sources: the corpus tunes that a checked tune shares most with.

What is shared is counted in windows of eight notes, the shortest stretch whose copying a check
reports: a note is shared with a tune when one of its windows stands there. The tunes that share
most are then compared with the checked tune one by one, and ranked by what their stretches say: a
figure that a thousand tunes have says little, however long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tunetrace.checker.bars import NOWHERE, BarPlaces
from tunetrace.checker.spans import CheckedStream, NoteStretch, log2_expected
from tunetrace.indexer.backoff import ExpectedHits
from tunetrace.indexer.index import Index

WINDOW_NOTES: Final = 8
SOURCES: Final = 10

_SHORTLIST: Final = 20
_LOOKED_FOR: Final = 3  # of the longest spans


@dataclass(frozen=True, slots=True)
class Shared:
    """What the checked tune shares with the corpus tune of this id.

    bits: what its stretches say together, each -log2 of its expected count.
    """

    tune: int
    bars: int
    longest_notes: int
    notes: int
    bits: float


def find_sources(
    stream: CheckedStream,
    spans: Sequence[NoteStretch],
    bars: Mapping[str, BarPlaces],
    expected: ExpectedHits,
    index: Index,
) -> list[Shared]:
    """The tunes that share most: by what the stretches say, then by notes and by bars.

    expected: of the stream's stretches.
    """
    notes, said = _windows_shared(stream, expected)
    shared_bars = _bars_shared(stream, bars)
    candidates = sorted(notes, key=lambda tune: (-said[tune], -notes[tune].bit_count()))
    if len(candidates) > SOURCES:
        candidates = candidates[:_SHORTLIST]
    else:
        # Where little is shared at length, bars and the longest spans say what comes nearest.
        candidates += sorted(shared_bars, key=lambda tune: -shared_bars[tune])[:SOURCES]
        for span in sorted(spans, key=lambda span: -span.notes)[:_LOOKED_FOR]:
            first = index.figures.first(stream.find(stream.figure(span)), SOURCES)
            candidates += [tune for tune, _, _ in first]
    stretches = {
        tune: _stretches(stream, tune, notes.get(tune, 0), spans, index)
        for tune in dict.fromkeys(candidates)
    }
    every = [stretch for some in stretches.values() for stretch in some]
    bits = iter(_bits(every, expected))
    compared = [
        Shared(
            tune,
            bars=shared_bars.get(tune, 0),
            longest_notes=_longest(some) if tune in notes else _longest_shared(stream, tune, index),
            notes=notes.get(tune, 0).bit_count(),
            bits=_together(some, [next(bits) for _ in some]),
        )
        for tune, some in stretches.items()
    ]
    compared.sort(key=lambda shared: (-shared.bits, -shared.notes, -shared.longest_notes,
                                      -shared.bars, shared.tune))  # fmt: skip
    return compared[:SOURCES]


def _together(stretches: Sequence[NoteStretch], bits: Sequence[float]) -> float:
    """What the stretches of one tune say together; notes that two of them share count once."""
    said, reached = 0.0, 0
    for stretch, alone in zip(stretches, bits, strict=True):
        added = stretch.stop_note - max(stretch.first_note, reached)
        said += alone * added / stretch.notes
        reached = stretch.stop_note
    return said


def _stretches(
    stream: CheckedStream, tune: int, shared: int, spans: Sequence[NoteStretch], index: Index
) -> list[NoteStretch]:
    """The stretches of the checked tune that stand in one tune, none of them within another.

    shared: the notes that its windows share with the tune, as bits. Where it shares none, the
    longest spans are looked for.
    """
    symbols = index.symbols(tune)[1]
    stands_in = index.figures.stands_in
    if not shared:
        longest = sorted(spans, key=lambda span: -span.notes)[:_LOOKED_FOR]
        there = [span for span in longest if stands_in(stream.figure(span), symbols)]
        return sorted(there, key=lambda span: span.first)
    found: list[NoteStretch] = []
    for first, stop in _runs(shared):
        note, reach = first, first + WINDOW_NOTES
        while reach <= stop:
            # Windows that follow one another need not stand so in the tune.
            if not stands_in(stream.figure(stream.stretch(note, reach)), symbols):
                note, reach = note + 1, max(reach, note + 1 + WINDOW_NOTES)
                continue
            while reach < stop and stands_in(
                stream.figure(stream.stretch(note, reach + 1)), symbols
            ):
                reach += 1
            found.append(stream.stretch(note, reach))
            note, reach = note + 1, max(reach + 1, note + 1 + WINDOW_NOTES)
    return found


def _runs(bits: int) -> Iterator[tuple[int, int]]:
    """The runs of ones in a number, from the lowest bit up: [first, stop)."""
    at = 0
    while bits:
        skipped = (bits & -bits).bit_length() - 1
        bits >>= skipped
        run = (bits + 1 & ~bits).bit_length() - 1
        yield at + skipped, at + skipped + run
        bits >>= run
        at += skipped + run


def _windows_shared(
    stream: CheckedStream, expected: ExpectedHits
) -> tuple[dict[int, int], dict[int, float]]:
    """For each tune the checked tune's notes that it shares in windows, as the bits of a number;
    and what those windows say together."""
    windows = [
        window
        for note in range(len(stream.begins) - WINDOW_NOTES + 1)
        if stream.may_stand(window := stream.stretch(note, note + WINDOW_NOTES))
    ]
    notes: dict[int, int] = {}
    said: dict[int, float] = {}
    for window, bits in zip(windows, _bits(windows, expected), strict=True):
        covered = ((1 << WINDOW_NOTES) - 1) << window.first_note
        for some in stream.find(stream.figure(window)):
            for tune in set(some.segment.tunes_at(some.positions).tolist()):
                notes[tune] = notes.get(tune, 0) | covered
                said[tune] = said.get(tune, 0.0) + bits
    return notes, said


def _bits(stretches: Sequence[NoteStretch], expected: ExpectedHits) -> list[float]:
    """What each stretch says: -log2 of its expected count, and nothing where that is above one."""
    return [max(0.0, -logarithm) for logarithm in log2_expected(expected, stretches)]


def _bars_shared(stream: CheckedStream, bars: Mapping[str, BarPlaces]) -> dict[int, int]:
    """For each tune, how many of the checked tune's bars stand in it."""
    shared: dict[int, int] = {}
    for text, count in Counter(bar.text for bar in stream.layout.bars).items():
        for tune in bars.get(text, NOWHERE).tunes:
            shared[tune] = shared.get(tune, 0) + count
    return shared


def _longest(stretches: Sequence[NoteStretch]) -> int:
    return max(stretch.notes for stretch in stretches)


def _longest_shared(stream: CheckedStream, tune: int, index: Index) -> int:
    """The notes of the longest stretch that stands in one tune."""
    symbols = index.symbols(tune)[1]
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
