"""When two tunes are the same music, however they are written down.

The music of a tune is the sequence of its events. An event is a note, a chord or a rest: its
pitches in semitones from the tonic, as they sound, and its length. What makes no difference:

* bar lines, wherever they stand;
* repeats. A tune has a form as it is written, all bars in a row, and one as it is played, repeats
  and endings written out. Two tunes are the same if one has a form of the other;
* the unit of lengths. They are taken relative to the first note's, so that 2/4 in sixteenths, 4/4
  in eighths and the same notes under another `M:` are one music;
* the key field, as long as the same pitches sound: K:Cmix is K:Cmaj with each B written `_B`;
* rests before the first note and after the last. Neighbouring rests are one, since nobody hears
  where one ends.

A part of a tune has forms as a tune has.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate, pairwise
from typing import Final

from tunetrace.tokenizer.bars import Layout
from tunetrace.tokenizer.keys import Key
from tunetrace.tokenizer.pitches import semitones, sounding
from tunetrace.tokenizer.timeline import Bar, Ticks
from tunetrace.tokenizer.transpose import interval_to_c
from tunetrace.tokenizer.vocabulary import CHORD_OPEN, MEANINGS, NOTE, REST

LEAST_NOTES: Final = 8
"""A part of fewer notes has no forms: too many tunes have one like it."""

_MOST_PASSES: Final = 8  # no tune is played more often, and a hostile file must not grow by more
_TOKENS_REMEMBERED: Final = 10_000
_PLAIN: Final = ("|",)

# What sounds in a tune is a text of one character for each of its tokens. A note is its pitch, and
# in a chord all but the last are _CHORDED higher.
_IDLE, _REST, _KEY, _LOOK = "\0\1\2\3"
_LOWEST: Final = -40  # below what tokens can write, C,,,,,, with two flats in any key
_CHORDED: Final = 256
_EVENT: Final = re.compile(f"[{chr(_CHORDED)}-{chr(2 * _CHORDED)}]*.", re.DOTALL)
_NEXT_KEY: Final = re.compile(_KEY)
_BYTES: Final = 8  # for a length

_Runs = list[tuple[int, int]]
"""Stretches of bars one after the other, each from its first up to a stop."""


def music_hashes(layout: Layout) -> list[tuple[int, ...]]:
    """What a tune and its parts are as music: a hash for each form.

    The first entry is the whole tune's: one form, or two where as written and as played differ;
    none where nothing sounds. If the tune has several parts, those of part 1, 2, … follow; a part
    of fewer than LEAST_NOTES notes and chords has none. Two tunes or parts are the same if they
    share a hash.

    A hash is the first 64 bits of the form's BLAKE2b, as a signed integer. Among n different forms
    some two share one with a probability of about n²/2⁶⁵: 3 in 10 billion for 100,000 forms.
    """
    if not layout.bars:
        return [()]
    tune = _Tune(layout)
    parts = _parts(layout)
    whole = (0, len(layout.bars))
    hashes = [tune.hashes(whole, [run for _, played in parts for run in played])]
    if len(parts) > 1:
        for written, played in parts:
            is_long = tune.notes(written) >= LEAST_NOTES
            hashes.append(tune.hashes(written, played) if is_long else ())
    return hashes


def _parts(layout: Layout) -> list[tuple[tuple[int, int], _Runs]]:
    """The bars of each part as they are written and as they are played."""
    lines = [bar.lines for bar in layout.bars]
    lines.append(layout.closing_lines)
    marks = [k for k, some in enumerate(lines) if some != _PLAIN]
    part_of = [bar.part for bar in layout.bars]
    parts = []
    first = 0
    while first < len(part_of):
        stop = bisect_right(part_of, part_of[first])
        inside = marks[bisect_left(marks, first) : bisect_right(marks, stop)]
        parts.append(((first, stop), _played(lines, inside, first, stop)))
        first = stop
    return parts


def _played(
    lines: Sequence[tuple[str, ...]], marks: Sequence[int], first: int, stop: int
) -> _Runs:
    """The bars of a part as they are played.

    Played again is what follows the last `|:` of the part, without one all of it: twice where a
    `:|` says so, and once for each number of its endings.

    lines: the bar lines before each bar; marks: before which bars of the part, and before the one
    after it, there are others than a plain one.
    """
    begins, is_repeated = first, False
    endings: list[tuple[int, frozenset[int]]] = []  # where each begins, and its numbers
    for k in marks:
        if k > first and ":|" in lines[k]:
            is_repeated = True
        if k < stop:
            if "|:" in lines[k]:
                begins = k
            numbers = frozenset().union(*map(_ending_numbers, lines[k]))
            if numbers:
                endings.append((k, numbers))
    if not endings and not is_repeated:
        return [(first, stop)]
    order = [(first, begins)]
    if not endings:
        return [*order, (begins, stop), (begins, stop)]
    bounds = [*(k for k, _ in endings), stop]
    passes = frozenset({1, 2} if is_repeated else {1}).union(*(some for _, some in endings))
    for number in sorted(passes)[:_MOST_PASSES]:
        order.append((begins, max(bounds[0], begins)))
        order += [
            (max(at, begins), bounds[i])
            for i, (at, some) in enumerate(endings, 1)
            if number in some and bounds[i] > begins
        ]
    return order


@lru_cache(maxsize=256)
def _ending_numbers(line: str) -> frozenset[int]:
    """The passes that a bar line opens an ending for: 1, 3 and 4 for `|1,3-4`."""
    numbers: set[int] = set()
    for bounds in line[1:].split(",") if line[1:2].isdigit() else ():
        ends = sorted(map(int, bounds.split("-")))
        numbers.update(range(ends[0], ends[-1] + 1))
    return frozenset(numbers)


class _Tune:
    """The events of a tune: what sounds in them as a text, their lengths as bytes."""

    def __init__(self, layout: Layout) -> None:
        self._bars = layout.bars
        self._sounds = _sounds(layout)
        # Events before each bar, and before the end.
        self._before = [0, *accumulate([len(bar.events.starts) for bar in layout.bars])]
        self._lengths: dict[Ticks, bytes] = {}  # of all events, by what they are relative to

    def notes(self, written: tuple[int, int]) -> int:
        """How many notes and chords some bars have."""
        first, stop = written
        return self._before[stop] - self._before[first] - self._sounding([written]).count(_REST)

    def hashes(self, written: tuple[int, int], played: _Runs) -> tuple[int, ...]:
        """The hashes of the forms of some bars; none where nothing sounds."""
        unit = self._first_length(written)
        if unit is None:
            return ()
        hashes = [self._hash([written], unit)]
        if len(played) > 1:
            hashes.append(self._hash(played, unit))
        return tuple(set(hashes))

    def _first_length(self, written: tuple[int, int]) -> Ticks | None:
        """The length of the first note or chord of some bars."""
        for k in range(*written):
            events = self._bars[k].events
            if True in events.sounds:
                return events.durations[events.sounds.index(True)]
        return None

    def _sounding(self, runs: _Runs) -> str:
        """What sounds in some bars, a character for each event, several for a chord."""
        bars, sounds = self._bars, self._sounds
        pieces = [sounds[bars[a].start : bars[b - 1].stop] for a, b in runs if a < b]
        return "".join(pieces).replace(_IDLE, "")

    def _lasting(self, runs: _Runs, unit: Ticks) -> bytes:
        """How long the events of some bars last, relative to a unit."""
        lengths = self._lengths.get(unit)
        if lengths is None:
            of_bars = [_lengths(bar.events.durations, unit) for bar in self._bars]
            lengths = self._lengths[unit] = b"".join(of_bars)
        before = self._before
        return b"".join([lengths[_BYTES * before[a] : _BYTES * before[b]] for a, b in runs])

    def _hash(self, runs: _Runs, unit: Ticks) -> int:
        """The hash of some bars, which hold a note."""
        sounds, lengths = self._sounding(runs), self._lasting(runs, unit)
        if _REST in sounds:
            if _REST + _REST in sounds:
                sounds, lengths = self._with_one_rest(sounds, runs, unit)
            begins = len(sounds) - len(sounds.lstrip(_REST))
            after = len(sounds) - len(sounds.rstrip(_REST))
            sounds = sounds.strip(_REST)
            lengths = lengths[_BYTES * begins : len(lengths) - _BYTES * after]
        # No event is a zero, so that the first zero ends them.
        digest = blake2b(sounds.encode() + b"\0" + lengths, digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    def _with_one_rest(self, sounds: str, runs: _Runs, unit: Ticks) -> tuple[str, bytes]:
        """The events of some bars with one rest for several in a row."""
        bars = [self._bars[k] for run in runs for k in range(*run)]
        durations = [duration for bar in bars for duration in bar.events.durations]
        events: list[str] = []
        summed: list[Ticks] = []
        for event, duration in zip(_EVENT.findall(sounds), durations, strict=True):
            if events and event == events[-1] == _REST:
                summed[-1] += duration
            else:
                events.append(event)
                summed.append(duration)
        return "".join(events), _lengths(tuple(summed), unit)


@lru_cache(maxsize=2**14)
def _lengths(durations: tuple[Ticks, ...], unit: Ticks) -> bytes:
    """Durations relative to a unit, _BYTES each."""
    return b"".join([_length(duration, unit) for duration in durations])


@lru_cache(maxsize=2**12)
def _length(duration: Ticks, unit: Ticks) -> bytes:
    """A duration relative to a unit, as two numbers of four bytes: numerator and denominator."""
    ratio = Fraction(duration) / unit
    if max(ratio.numerator, ratio.denominator) < 2**32:
        return ratio.numerator.to_bytes(4, "big") + ratio.denominator.to_bytes(4, "big")
    return blake2b(f"{ratio}".encode(), digest_size=_BYTES).digest()  # no music has such a one


class _Characters(dict[str, str]):
    """The character of each token in a key. up: semitones that bring the tune's tonic to C.

    A token that may change how others of its bar sound has _LOOK: an accidental that is not the
    signature's, and a chord.
    """

    def __init__(self, key: str | None, up: int) -> None:
        self._key = key
        self._up = up - _LOWEST

    def __missing__(self, token: str) -> str:
        character = self._character(token)
        if len(self) < _TOKENS_REMEMBERED:
            self[token] = character
        return character

    def _character(self, token: str) -> str:
        kind = MEANINGS[token].kind
        if kind == NOTE:
            pitch, usual = (
                sounding([name], self._key)[0] for name in (token, token.lstrip("^_="))
            )
            return chr(pitch + self._up) if pitch == usual else _LOOK
        if token.startswith("K:"):
            return _KEY
        return {REST: _REST, CHORD_OPEN: _LOOK}.get(kind, _IDLE)


_characters = lru_cache(maxsize=256)(_Characters)


def _sounds(layout: Layout) -> str:
    """What sounds in a tune, a character for each of its tokens."""
    tokens, bars = layout.tokens, layout.bars
    start = bars[0].start
    key = next((token[2:] for token in reversed(tokens[:start]) if token[:2] == "K:"), None)
    up = semitones(interval_to_c(Key(key[:-3] or "C", key[-3:]))) if key else 0
    sounds = "".join(map(_characters(key, up).__getitem__, tokens))
    changes = [found.start() for found in _NEXT_KEY.finditer(sounds, start)]
    keys = [key, *(tokens[at][2:] for at in changes)]
    if changes:
        pieces = [sounds[: changes[0]]]
        for at, stop in pairwise([*changes, len(tokens)]):
            of_key = _characters(tokens[at][2:], up)
            pieces += [_LOOK, *map(of_key.__getitem__, tokens[at + 1 : stop])]
        sounds = "".join(pieces)
    if _LOOK not in sounds:
        return sounds
    pieces, at = [], 0
    for bar in bars:
        if _LOOK in sounds[bar.start : bar.stop]:
            key = keys[bisect_left(changes, bar.start)]
            pieces += [sounds[at : bar.start], _looked_at(bar, tokens, key, up)]
            at = bar.stop
    return "".join([*pieces, sounds[at:]]).replace(_LOOK, _IDLE)


def _looked_at(bar: Bar, tokens: Sequence[str], key: str | None, up: int) -> str:
    """What sounds in one bar with its accidentals and chords."""
    heights = sounding(tokens[bar.start : bar.stop], key)
    written = []
    for start, stop in zip(bar.events.starts, bar.events.stops, strict=True):
        chord = sorted({heights[i] + up - _LOWEST for i in range(start, stop) if i in heights})
        written += [chr(pitch + _CHORDED) for pitch in chord[:-1]]
        written.append(chr(chord[-1]) if chord else _REST)
    return "".join(written).ljust(bar.stop - bar.start, _IDLE)
