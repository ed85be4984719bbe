"""When two tunes are the same music, however they are written down.

The music of a tune is a sequence of notes. A chord is one note with several pitches. A note has its
pitches, in semitones from the tonic, as they sound; its length; and the silence before it. These
make no difference:

* bar lines;
* repeats. A tune has a form as it is written, all bars in a row. It has another as it is played,
  with repeats and endings written out. Two tunes are the same if they share a form;
* the unit of lengths. Lengths are relative to the first note's. So 2/4 in sixteenths, 4/4 in
  eighths and the same notes under another `M:` are one music;
* the key field, if the same pitches sound: K:Cmix is K:Cmaj with each B written `_B`;
* rests before the first note and after the last, and whether a rest is written as one or several.

A part of a tune has forms too.

A form is hashed to a number modulo 2⁶⁴ (Karp and Rabin 1987):

    sum over k of (pitches[k] + (a * length[k] + b * silence[k]) / length[0]) * base ** k

where pitches[k] is a sum of random numbers, one for each pitch. What bars in a row add to it is a
difference of two running sums. So all forms of many tunes are hashed together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.music.tokens import PITCHES, Numbers, TokenArrays
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.forms import forms_of
from tunetrace.tokenizer.layout.timeline import Ticks
from tunetrace.tokenizer.vocabulary import NOTE

Residues = NDArray[np.uint64]
"""Numbers modulo 2⁶⁴."""

LEAST_NOTES: Final = 8
"""A part with fewer notes has no forms: too many tunes have one like it."""

MOST_SAME: Final = 100
"""How many tunes that are the same as one are named. No real tune has as many equal settings."""

_TOKENS_AT_ONCE: Final = 1 << 15
"""About as many tokens are hashed together, so that the arrays stay small."""


def music_hashes(layouts: Sequence[Layout], *, least_notes: int = LEAST_NOTES) -> Numbers:
    """The hashes of the forms of tunes and of their parts.

    Returns: (n, 3), a row for each form: the tune's place among those given, from 0; its part, 0
    for the whole; the hash. They come by tune, part and form. Two tunes, or parts, are the same if
    they share a hash. A form that is the same as written and as played has one row. The only part
    of a tune has no row, and a part of fewer than least_notes notes has none.

    Among n forms of different pitches, two share a hash with a probability of about n²/2⁶⁵: 3 in 10
    billion for 100,000 forms. Two forms of the same pitches and different lengths share one with a
    probability of 2⁻⁴⁴.
    """
    found = [np.empty((0, 3), dtype=np.int64)]
    first = tokens = 0
    for place, layout in enumerate(layouts, 1):
        tokens += len(layout.tokens)
        if tokens > _TOKENS_AT_ONCE or place == len(layouts):
            some = layouts[first:place]
            if any(layout.bars for layout in some):
                rows = _hashes(some, least_notes)
                rows[:, 0] += first
                found.append(rows)
            first, tokens = place, 0
    return np.concatenate(found)


class SameMusic(NamedTuple):
    """A tune of an index, or its part, that is the same music as a transcription or its part."""

    place: int
    """The transcription's place among those asked about, from 0."""
    own_part: int
    """The transcription's part; 0 is the whole."""
    tune: int
    """The tune's id."""
    part: int
    """The tune's part; 0 is the whole."""


# Hashing

_TICK: Final = 2**4 * 9 * 25 * 11 * 13
"""A tick in the unit of residues of lengths. Finer divisions of a tick are whole numbers too."""

_HALVINGS: Final = 20
"""Quotients of lengths are multiplied by 2 to this power: no even number has an inverse here."""

_EVENT_BYTES: Final = 8


def _random(name: str) -> int:
    """An odd number of 64 bits that looks random, and is always the same for a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") | 1


_BASE: Final = _random("base")
_INVERSE_BASE: Final = pow(_BASE, -1, 2**64)
_LENGTH: Final = np.uint64(_random("length"))
_SILENCE: Final = np.uint64(_random("silence"))


@cache
def _of_pitches() -> Residues:
    return np.array([_random(f"pitch {k}") for k in range(PITCHES)], dtype=np.uint64)


@lru_cache(maxsize=2**14)
def _residues(durations: tuple[Ticks, ...]) -> bytes:
    """The residues of durations, _EVENT_BYTES each."""
    numbers = [int(duration * _TICK) % 2**64 for duration in durations]
    return np.array(numbers, dtype=np.uint64).tobytes()


def _powers(base: int, count: int) -> Residues:
    """The powers of a number from 0 up, at least count of them."""
    powers = np.ones(1, dtype=np.uint64)
    while len(powers) < count:
        step = np.uint64(pow(base, len(powers), 2**64))
        powers = np.concatenate([powers, powers * step])
    return powers


def _inverses(lengths: Residues) -> Residues:
    """The numbers to multiply with to divide by lengths, times 2 ** _HALVINGS: (n,)."""
    distinct, which = np.unique(lengths, return_inverse=True)
    factors = []
    for length in distinct.tolist():
        twos = (length & -length).bit_length() - 1
        odd = length >> twos if length else 1
        factors.append((pow(odd, -1, 2**64) << max(_HALVINGS - twos, 0)) % 2**64)
    return np.array(factors, dtype=np.uint64)[which]


def _running(numbers: Residues) -> Residues:
    """The sum of the numbers before each, and of all numbers at the end: (n + 1,)."""
    return np.cumsum(np.append(np.uint64(0), numbers))


class _Events:
    """The events of tunes, and running sums of what they add to a hash.

    bars: (bars + 1,) the first event of each bar, and the end. tunes: (tunes,) the first event of
    each tune. notes: (notes + 1,) the events that sound, and the end. before: (events + 1,) how
    many notes there are before each event. lengths: (events,). pitches, durations: (events + 1,)
    running sums of what events add, times the power of the note's place in its tune; a rest has the
    power of the next note. silences: the same sums for rests alone, without powers.
    """

    def __init__(self, layouts: Sequence[Layout]) -> None:
        chunks = [_residues(bar.events.durations) for layout in layouts for bar in layout.bars]
        self.bars = np.cumsum([0, *map(len, chunks)]) // _EVENT_BYTES
        self.tunes = self.bars[np.cumsum([0, *(len(layout.bars) for layout in layouts[:-1])])]
        self.lengths = np.frombuffer(b"".join(chunks), dtype=np.uint64)
        count = len(self.lengths)
        tokens = TokenArrays(layouts)
        places = np.flatnonzero(tokens.kinds == NOTE)
        event_of = (np.cumsum(tokens.is_event) - 1)[places]
        sounds = np.zeros(count, dtype=bool)
        sounds[event_of] = True
        self.notes = np.append(np.flatnonzero(sounds), count)
        self.before = np.cumsum(np.append(False, sounds))
        lasting = np.diff(np.append(self.tunes, count))
        in_tune = self.before[:-1] - np.repeat(self.before[self.tunes], lasting)
        power = _powers(_BASE, int(in_tune.max()) + 1)[in_tune]
        self.pitches = _running(_chords(event_of, tokens.pitches(places), count) * power)
        silences = np.where(sounds, np.uint64(0), self.lengths * _SILENCE)
        durations = np.where(sounds, self.lengths * _LENGTH, silences)
        self.durations = _running(durations * power)
        self.silences = _running(silences)


def _chords(event_of: Numbers, pitches: Numbers, count: int) -> Residues:
    """The sum of the random numbers of each event's pitches, each counted once: (count,)."""
    numbers = _of_pitches()
    found = np.zeros(count, dtype=np.uint64)
    found[event_of] = numbers[pitches]
    is_chord = np.bincount(event_of, minlength=count) > 1
    if is_chord.any():
        in_chord = is_chord[event_of]
        of_chords = np.unique(event_of[in_chord] * PITCHES + pitches[in_chord])
        found[is_chord] = 0
        np.add.at(found, of_chords // PITCHES, numbers[of_chords % PITCHES])
    return found


def _hashes(layouts: Sequence[Layout], least_notes: int) -> Numbers:
    forms = [forms_of(layout) for layout in layouts]
    of_tune = np.arange(len(layouts))
    tunes = np.repeat(of_tune, [len(some.parts) for some in forms])
    parts, are_played, runs, starts, stops = (
        np.fromiter(chain.from_iterable(column), np.int64) for column in zip(*forms, strict=True)
    )
    bars = np.cumsum([0, *(len(layout.bars) for layout in layouts[:-1])])
    tune_of_run = np.repeat(of_tune, [len(some.starts) for some in forms])
    before = bars[tune_of_run]
    firsts = np.cumsum(runs) - runs
    stretches = np.stack([tune_of_run, before + starts, before + stops])
    notes, hashes = _sums(_Events(layouts), firsts, stretches)
    places = np.arange(len(hashes))
    written = places - are_played
    is_long = notes[written] >= np.where(parts == 0, 1, least_notes)
    is_new = (written == places) | (hashes != hashes[written])
    rows: Numbers = np.stack([tunes, parts, hashes], axis=1)[is_long & is_new]
    return rows


def _sums(events: _Events, firsts: Numbers, runs: Numbers) -> tuple[Numbers, Numbers]:
    """How many notes each form has, and its hash.

    firsts: (forms,) the first run of each. runs: (3, n) the tune of each run, its first bar, and
    the bar past its last.
    """
    tunes, start, stop = runs[0], events.bars[runs[1]], events.bars[runs[2]]
    notes = events.before[stop] - events.before[start]
    in_form = np.cumsum(notes) - notes  # how many notes of the form are before each run
    form_of = np.repeat(np.arange(len(firsts)), np.diff(np.append(firsts, len(tunes))))
    in_form -= in_form[firsts][form_of]
    of_form = np.add.reduceat(notes, firsts)
    in_tune = events.before[start] - events.before[events.tunes[tunes]]
    powers = _powers(_BASE, int(of_form.max()) + 1)
    moved = powers[in_form] * _powers(_INVERSE_BASE, int(in_tune.max()) + 1)[in_tune]

    # Silence before a form's first note and after its last note is no part of it.
    silences = events.silences
    first_note = np.minimum(events.notes[events.before[start]], stop)
    after_last = np.where(notes > 0, events.notes[events.before[stop] - 1] + 1, start)
    is_first, is_last = in_form == 0, in_form + notes == of_form[form_of]
    before = (silences[first_note] - silences[start]) * is_first
    after = (silences[stop] - silences[after_last]) * is_last * powers[in_form + notes]
    durations = (events.durations[stop] - events.durations[start]) * moved - before - after
    pitches = (events.pitches[stop] - events.pitches[start]) * moved

    sounding_runs = np.where(notes > 0, np.arange(len(notes)), len(notes) - 1)
    first_run = np.minimum.reduceat(sounding_runs, firsts)
    first = np.minimum(events.notes[events.before[start[first_run]]], len(events.lengths) - 1)
    relative = np.add.reduceat(durations, firsts) * _inverses(events.lengths[first])
    hashes = np.add.reduceat(pitches, firsts) + relative
    return of_form, hashes.view(np.int64)
