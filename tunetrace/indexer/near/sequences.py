"""A tune as five sequences of pitches, which other keys, lengths and bar lines change little.

A pitch is a diatonic step: `C` is 0, `D` is 1, `c` is 7. So a melody that is moved to another
degree of its scale has the same differences between its pitches. The sequences differ in the times
at which they have a pitch:

* `notes`: every note once, however long it is;
* `changes`: the same without notes that repeat the pitch before them;
* `quavers`: the pitch at each quaver of each bar;
* `beats`: the pitch at equal points of each bar: at each crotchet of 4/4, 3/4 and 3/2, at each
  quaver of 2/4, at each dotted crotchet of 6/8, 9/8 and 12/8;
* `pulses`: the pitch at half as many points of 4/4, 2/4 and 3/2, and at the same points of the
  others.

A chord is its highest note. A rest lengthens the note before it. A dotted pair (3:1 or 1:3) that
fills one or two quavers is played evenly by some, so it is made even.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunetrace.indexer.music.tokens import Numbers, TokenArrays
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.timeline import TICKS_PER_EIGHTH, Bar, Ticks
from tunetrace.tokenizer.vocabulary import HEADER, MEANINGS, NOTE

OCTAVE: Final = 7
"""The steps of an octave."""

LETTERS: Final = b"ABCDEFG"
"""A pitch modulo an octave as a letter: `C` is A."""

_LONGEST: Final = 32 * TICKS_PER_EIGHTH
"""No note counts for more than four bars of 4/4: a hostile file may have lengths of 60 digits."""

_NO_METER: Final = 8 * TICKS_PER_EIGHTH
"""The length of a bar in a tune without a meter."""

_TICK_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Pitches:
    """A sequence of pitches of some tunes, one tune after the other."""

    steps: Numbers
    """(n,) the diatonic step of each."""
    tunes: Numbers
    """(n,) the tune of each, by its place among those given, ascending."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """The five sequences of some tunes."""

    notes: Pitches
    changes: Pitches
    quavers: Pitches
    beats: Pitches
    pulses: Pitches


@dataclass(frozen=True, slots=True)
class _BarTimes:
    """The bars of some tunes: (bars,) each; times in ticks."""

    tunes: Numbers
    starts: Numbers
    """Where each begins, counted through all tunes."""
    lasting: Numbers
    full: Numbers
    offsets: Numbers
    """Where each begins in the bar of its number."""
    are_pickups: NDArray[np.bool_]
    points: Numbers
    """(2, bars) how many points a full bar has in `beats` and in `pulses`."""


@dataclass(frozen=True, slots=True)
class _Notes:
    """The notes of some tunes: (notes,) each; times in ticks, counted through all tunes."""

    steps: Numbers
    tunes: Numbers
    onsets: Numbers


def letters(steps: ArrayLike) -> bytes:
    """Pitches, (n,), modulo an octave as LETTERS."""
    return (np.asarray(steps, dtype=np.int64) % OCTAVE + LETTERS[0]).astype(np.uint8).tobytes()


def sequences_of(layouts: Sequence[Layout]) -> Sequences:
    """The five sequences of tunes."""
    bars, notes, straight = _laid_out(layouts)
    written = Pitches(notes.steps, notes.tunes)
    return Sequences(
        notes=written,
        changes=_without_repeats(written),
        quavers=_at(straight, bars, *_quavers(bars)),
        beats=_at(straight, bars, *_points(bars, bars.points[0])),
        pulses=_at(straight, bars, *_points(bars, bars.points[1])),
    )


def _without_repeats(pitches: Pitches) -> Pitches:
    kept = np.diff(pitches.steps, prepend=-1) != 0
    kept |= np.diff(pitches.tunes, prepend=-1) != 0
    return Pitches(pitches.steps[kept], pitches.tunes[kept])


@lru_cache(maxsize=2**14)
def _ticks(durations: tuple[Ticks, ...]) -> bytes:
    """Durations as whole ticks, _TICK_BYTES each."""
    numbers = [min(int(duration), _LONGEST) for duration in durations]
    return np.array(numbers, dtype=np.int64).tobytes()


@lru_cache(maxsize=256)
def _points_in(meter: str) -> tuple[int, int]:
    """How many points a bar of a meter (`M:6/8`) has in `beats` and in `pulses`."""
    _, beats, unit, _ = MEANINGS[meter]
    if not beats or not unit:
        return 4, 2
    if beats > 3 and beats % 3 == 0:
        return beats // 3, beats // 3
    crotchets = Fraction(4 * beats, unit)
    points = max(1, int(crotchets if crotchets > 2 else crotchets * 2))
    return points, points if points % 2 else points // 2


def _points_of(layouts: Sequence[Layout], tokens: TokenArrays) -> Numbers:
    """(2, bars) the points of each bar of tunes in `beats` and in `pulses`."""
    ends = np.searchsorted(tokens.tunes, np.arange(len(layouts) + 1))
    headers = np.flatnonzero(tokens.kinds == HEADER)
    of = tokens.tunes[headers]
    places = (headers - ends[of]).tolist()
    meters: list[list[int]] = [[] for _ in layouts]
    for tune, place in zip(of.tolist(), places, strict=True):
        if layouts[tune].tokens[place][0] == "M":
            meters[tune].append(place)
    found = []
    for layout, changes in zip(layouts, meters, strict=True):
        bars = [0, *(bisect_left(layout.bars, at, key=_start) for at in changes), len(layout.bars)]
        stated = ["M:none", *(layout.tokens[at] for at in changes)]
        for meter, (first, stop) in zip(stated, pairwise(bars), strict=True):
            found += [_points_in(meter)] * (stop - first)
    return np.array(found, dtype=np.int64).reshape(-1, 2).T


def _start(bar: Bar) -> int:
    return bar.start


@lru_cache(maxsize=256)
def _whole(ticks: Ticks | None) -> int:
    return _NO_METER if not ticks else min(int(ticks), _LONGEST)


def _laid_out(layouts: Sequence[Layout]) -> tuple[_BarTimes, _Notes, _Notes]:
    """The bars of tunes, their notes, and their notes with dotted pairs made even."""
    bars: list[Bar] = [bar for layout in layouts for bar in layout.bars]
    chunks = [_ticks(bar.events.durations) for bar in bars]
    durations = np.frombuffer(b"".join(chunks), dtype=np.int64)
    events = np.array([len(chunk) // _TICK_BYTES for chunk in chunks], dtype=np.int64)
    firsts = np.cumsum(events) - events
    ends = np.cumsum(durations)
    onsets = ends - durations
    starts = onsets[firsts] if len(bars) else np.empty(0, dtype=np.int64)
    bar_of = np.repeat(np.arange(len(bars)), events)
    tune_of_bar = np.repeat(np.arange(len(layouts)), [len(layout.bars) for layout in layouts])
    lasting = np.append(starts[1:], ends[-1:]) - starts

    tokens = TokenArrays(layouts)
    places = np.flatnonzero(tokens.kinds == NOTE)
    event_of = (np.cumsum(tokens.is_event) - 1)[places]
    begins = np.flatnonzero(np.diff(event_of, prepend=-1))
    event = event_of[begins]
    steps = tokens.steps(places)
    steps = np.maximum.reduceat(steps, begins) if len(begins) else steps

    laid_out = _BarTimes(
        tunes=tune_of_bar,
        starts=starts,
        lasting=lasting,
        full=np.array([_whole(bar.full) for bar in bars], dtype=np.int64),
        offsets=np.array([min(int(bar.offset), _LONGEST) for bar in bars], dtype=np.int64),
        are_pickups=np.array([bar.is_pickup for bar in bars], dtype=bool),
        points=_points_of(layouts, tokens),
    )
    tunes = tune_of_bar[bar_of[event]]
    written = _Notes(steps, tunes, onsets[event])
    even = _straightened(onsets[event], durations[event], event, bar_of[event], starts)
    return laid_out, written, _Notes(steps, tunes, even)


def _straightened(
    onsets: Numbers, durations: Numbers, events: Numbers, bars: Numbers, starts: Numbers
) -> Numbers:
    """The onsets of notes, (notes,), with dotted pairs made even.

    events: the place of each note among notes and rests. bars: its bar. starts: of each bar.
    """
    first, second = durations[:-1], durations[1:]
    both = first + second
    is_pair = (bars[1:] == bars[:-1]) & (events[1:] == events[:-1] + 1)
    is_pair &= (first == 3 * second) | (second == 3 * first)
    is_pair &= (both == TICKS_PER_EIGHTH) | (both == 2 * TICKS_PER_EIGHTH)
    pairs = np.flatnonzero(is_pair)
    pairs = pairs[(onsets[pairs] - starts[bars[pairs]]) % both[pairs] == 0]
    even = onsets.copy()
    even[pairs + 1] = onsets[pairs] + both[pairs] // 2
    return even


def _spread(first: Numbers, count: Numbers) -> tuple[Numbers, Numbers]:
    """Numbers from first up, count of them, for each bar: the bar of each, and the numbers."""
    bars = np.repeat(np.arange(len(count)), count)
    numbers = np.arange(len(bars)) - np.repeat(np.cumsum(count) - count - first, count)
    return bars, numbers


def _quavers(bars: _BarTimes) -> tuple[Numbers, Numbers]:
    """The points of `quavers`: the bar of each, and its ticks from the start of the bar."""
    count = np.maximum(1, -(-bars.lasting // TICKS_PER_EIGHTH))
    of, numbers = _spread(np.zeros_like(count), count)
    return of, numbers * TICKS_PER_EIGHTH


def _points(bars: _BarTimes, per_bar: Numbers) -> tuple[Numbers, Numbers]:
    """Equal points of each bar but pickups, as for _quavers. per_bar: (bars,) of a full bar."""
    apart = np.maximum(1, np.maximum(bars.full, bars.lasting) // per_bar)
    first = -(-bars.offsets // apart)
    stop = np.minimum(-(-(bars.offsets + bars.lasting) // apart), first + per_bar)
    of, numbers = _spread(first, np.where(bars.are_pickups, 0, np.maximum(stop - first, 0)))
    return of, numbers * apart[of] - bars.offsets[of]


def _at(notes: _Notes, bars: _BarTimes, of: Numbers, ticks: Numbers) -> Pitches:
    """The pitches at points of bars. Before the first note of a tune, its first note counts."""
    at = np.searchsorted(notes.onsets, bars.starts[of] + ticks, side="right") - 1
    tunes = bars.tunes[of]
    if not len(notes.steps):
        return Pitches(notes.steps, notes.tunes)
    is_before = (at < 0) | (notes.tunes[np.maximum(at, 0)] != tunes)
    at = np.minimum(at + is_before, len(notes.steps) - 1)
    is_own = notes.tunes[at] == tunes
    return Pitches(notes.steps[at[is_own]], tunes[is_own])
