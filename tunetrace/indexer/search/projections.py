"""The melody, the intervals, the rhythm and the contour of a tune, as symbols of one byte.

A note is what sounds at once: a chord is its highest note. Notes come in the order in which they
are written. Repeats are not played. A tie is no token, so tied notes are two notes.

* melody: a symbol a note, its pitch in semitones above the tonic, as it sounds. The tonic is that
  of the key at the tune's first note, also after a change of key.
* intervals: a symbol for each two successive notes, the semitones from the one to the other. Rests,
  bar lines and the ends of parts between them make no difference.
* contour: the same, but only whether the melody goes up, goes down or repeats the note (Parsons
  1975, The Directory of Tunes and Musical Themes).
* rhythm: a symbol for each note and each rest, its length in eighths, with tuplets and broken
  rhythm worked out; and one bar line before each bar and after the last, whatever signs are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from tunetrace.tokenizer.keys import named_key
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.pitches import MIDDLE_C, semitones, sounding
from tunetrace.tokenizer.layout.timeline import TICKS_PER_EIGHTH, Events, Ticks
from tunetrace.tokenizer.transpose import interval_to_c
from tunetrace.tokenizer.vocabulary import (
    BAR_LINE,
    CHORD_OPEN,
    HEADER,
    MEANINGS,
    NOTE,
    TUPLET,
    Memo,
)

LOWEST: Final = -100
HIGHEST: Final = 120
"""The lowest and the highest pitch of the melody. Every token is between them in every key."""

WIDEST: Final = 100
"""The widest interval that has a symbol."""

_UNITS: Final = (
    *map(Fraction, (1, 3, 5, 7, 9, 15)),
    *(Fraction(*unit) for unit in ((1, 3), (1, 5), (3, 5), (1, 7), (3, 7), (1, 9))),
)
LENGTHS: Final[tuple[Fraction, ...]] = tuple(
    sorted(
        length
        for unit in _UNITS
        for power in range(-9, 10)
        if Fraction(1, 32) <= (length := unit * Fraction(2) ** power) <= 32
    )
)
"""The lengths of the rhythm: 1/32 to 32 eighths, plain, dotted, double-dotted or of a tuplet.

In 22,921 real tunes three notes of two million have another length.
"""

BAR: Final = "|"
OTHER: Final = "other"
"""The name of what has no symbol of its own, an interval or a length. No figure contains it."""

MELODY_NAMES: Final = tuple(map(str, range(LOWEST, HIGHEST + 1)))
INTERVAL_NAMES: Final = (
    *(f"{step:+d}" if step else "0" for step in range(-WIDEST, WIDEST + 1)),
    OTHER,
)
CONTOUR_NAMES: Final = ("U", "D", "R")
RHYTHM_NAMES: Final = (*map(str, LENGTHS), *(f"z{length}" for length in LENGTHS), BAR, OTHER)

Place = tuple[int, int]
"""The first token of something in a tune, and the one past its last."""

_STEPS: Final = HIGHEST - LOWEST
_INTERVALS: Final = [
    step + WIDEST if abs(step) <= WIDEST else INTERVAL_NAMES.index(OTHER)
    for step in (*range(_STEPS + 1), *range(-_STEPS, 0))
]
"""The symbol of each interval; those of intervals down count from the end, as Python's do."""
_DIRECTIONS: Final = [
    CONTOUR_NAMES.index("U" if step > 0 else "D" if step < 0 else "R")
    for step in (*range(_STEPS + 1), *range(-_STEPS, 0))
]

_LENGTH_SYMBOLS: Final[dict[Ticks, int]] = {
    ticks.numerator if ticks.denominator == 1 else ticks: symbol
    for symbol, ticks in enumerate(length * TICKS_PER_EIGHTH for length in LENGTHS)
}
_BAR_SYMBOL: Final = bytes([RHYTHM_NAMES.index(BAR)])
_OTHER_LENGTH: Final = RHYTHM_NAMES.index(OTHER)


class Projected(NamedTuple):
    """The symbols of one tune in each of the four views, without SEPARATOR."""

    melody: bytes
    intervals: bytes
    rhythm: bytes
    contour: bytes


class _Latest:
    """The last tune that was projected, so that the four views work it out together."""

    found: tuple[Layout | None, Projected] = (None, Projected(b"", b"", b"", b""))


def projected(layout: Layout) -> Projected:
    """The symbols of a tune in each of the four views. The last answer is remembered."""
    known, found = _Latest.found  # one step, since another thread may write
    if known is not layout:
        melody = _melody(layout)
        steps = [after - before for before, after in pairwise(melody)]
        found = Projected(
            melody=melody,
            intervals=bytes([_INTERVALS[step] for step in steps]),
            rhythm=_rhythm(layout),
            contour=bytes([_DIRECTIONS[step] for step in steps]),
        )
        _Latest.found = (layout, found)
    return found


# Pitches


_HEADER: Final = 253
_SPECIAL: Final = 254
"""For an accidental, which holds for later notes too, and for a chord."""
_NO_NOTE: Final = 255


@lru_cache(maxsize=64)
def _symbols_in(key: str | None) -> Memo[int]:
    """The symbol of each token of the melody in a key, or the kind of a token that is no note."""

    def symbol(token: str) -> int:
        kind = MEANINGS[token].kind
        if kind == CHORD_OPEN or (kind == NOTE and token[0] in "^_="):
            return _SPECIAL
        if kind == NOTE:
            return _as_melody(sounding([token], key).values(), key)[0]
        return _HEADER if kind == HEADER else _NO_NOTE

    return Memo(symbol, 10_000)


def _melody(layout: Layout) -> bytes:
    bars, tokens = layout.bars, layout.tokens
    if not bars:
        return b""
    start = bars[0].start
    key = _last_key(tokens[:start])
    symbols = bytes(map(_symbols_in(key).__getitem__, tokens[start:]))
    if _HEADER in symbols:
        return _melody_of_changing_keys(layout)
    if _SPECIAL not in symbols:
        return symbols.translate(None, delete=bytes([_NO_NOTE]))
    melodies = []
    for bar in bars:
        some = symbols[bar.start - start : bar.stop - start]
        if _SPECIAL in some:
            heights = sounding(tokens[bar.start : bar.stop], key)
            melodies.append(_as_melody(_highest(heights, bar.events, 0), key))
        else:
            melodies.append(some.translate(None, delete=bytes([_NO_NOTE])))
    return b"".join(melodies)


def _melody_of_changing_keys(layout: Layout) -> bytes:
    """The melody of a tune that has headers within its bars, or between them."""
    heights = sounding(layout.tokens)
    first = min(heights, default=0)
    tops = [top for bar in layout.bars for top in _highest(heights, bar.events, bar.start)]
    return _as_melody(tops, _last_key(layout.tokens[:first]))


def _highest(heights: dict[int, int], events: Events, start: int) -> list[int]:
    """The highest pitch of each event that sounds. heights: by token. start: the bar's first."""
    return [
        max(heights[at] for at in range(start + first, start + stop) if at in heights)
        for first, stop, sounds in zip(events.starts, events.stops, events.sounds, strict=True)
        if sounds
    ]


def _as_melody(heights: Iterable[int], key: str | None) -> bytes:
    up = _up_to_c(key) - MIDDLE_C - LOWEST
    return bytes([height + up for height in heights])


def _last_key(tokens: Sequence[str]) -> str | None:
    """The key after these tokens, named as in them; None if they have none."""
    return next((token[2:] for token in reversed(tokens) if token.startswith("K:")), None)


@lru_cache(maxsize=256)
def _up_to_c(key: str | None) -> int:
    """The semitones from the tonic of a key to the nearest C in folk-rnn's sense."""
    known = named_key(key)
    return 0 if known is None else semitones(interval_to_c(known))


# Lengths


def _rhythm(layout: Layout) -> bytes:
    if not layout.bars:
        return b""
    bars = [_bar_rhythm(bar.events.durations, bar.events.sounds) for bar in layout.bars]
    return _BAR_SYMBOL + _BAR_SYMBOL.join(bars) + _BAR_SYMBOL


@lru_cache(maxsize=2**13)
def _bar_rhythm(durations: tuple[Ticks, ...], sounds: tuple[bool, ...]) -> bytes:
    """The symbols of a bar's notes and rests."""
    return bytes(
        [
            _OTHER_LENGTH if length is None else length if is_note else length + len(LENGTHS)
            for length, is_note in zip(map(_LENGTH_SYMBOLS.get, durations), sounds, strict=True)
        ]
    )


# Back to tokens


def extent_of_notes(layout: Layout, first: int, stop: int) -> tuple[int, int]:
    """The tokens of a tune's notes from one up to another, all counted from 0.

    A tuplet sign before the first note is among them, and so are all lengths of the last.
    """
    notes = _notes(layout)
    return notes[first][0], notes[stop - 1][1]


def stop_of_notes(layout: Layout, token: int, notes: int) -> int:
    """The token after some notes of a tune. token: the first of the first note, or in it."""
    stops = [stop for (_, stop), sounds in _events(layout) if sounds and stop > token]
    return stops[notes - 1]


def extent_of_steps(layout: Layout, first: int, stop: int) -> tuple[int, int]:
    """The tokens of the notes that symbols for two successive notes each stand for."""
    return extent_of_notes(layout, first, stop + 1)


def extent_of_rhythm(layout: Layout, first: int, stop: int) -> tuple[int, int]:
    """The tokens of symbols of the rhythm. Bar lines at either end are among them."""
    places = _places_of_rhythm(layout)
    return places[first][0], places[stop - 1][1]


# Those of the last tunes are remembered, since each of the many hits in a tune needs them.


@lru_cache(maxsize=16)
def _notes(layout: Layout) -> list[Place]:
    """The tokens of each note."""
    return [place for place, sounds in _events(layout) if sounds]


@lru_cache(maxsize=16)
def _places_of_rhythm(layout: Layout) -> list[Place]:
    """The tokens of each symbol of the rhythm."""
    tokens = layout.tokens
    events = iter(_events(layout))
    places: list[Place] = []
    before = 0
    for bar in layout.bars:
        places.append(_bar_lines(tokens, bar.start, before or bar.start))
        places += [next(events)[0] for _ in bar.events.starts]
        before = bar.stop
    places.append(_bar_lines(tokens, before, before))
    return places


def _bar_lines(tokens: Sequence[str], start: int, stop: int) -> Place:
    """Where the bar lines before a place begin, and where those after another place end."""
    while start > 0 and MEANINGS[tokens[start - 1]].kind == BAR_LINE:
        start -= 1
    while stop < len(tokens) and MEANINGS[tokens[stop]].kind == BAR_LINE:
        stop += 1
    return start, stop


def _events(layout: Layout) -> list[tuple[Place, bool]]:
    """The tokens of each event, a tuplet sign before it among them, and whether it sounds."""
    tokens, found = layout.tokens, []
    for bar in layout.bars:
        events = bar.events
        for start, stop, sounds in zip(events.starts, events.stops, events.sounds, strict=True):
            first = bar.start + start
            has_sign = start > 0 and MEANINGS[tokens[first - 1]].kind == TUPLET
            found.append(((first - has_sign, bar.start + stop), sounds))
    return found


# Names that users write


def melody_name(word: str) -> str | None:
    """The melody's name of a word such as `7`, `+7` or `-5`; None if it means no pitch."""
    number = _whole(word)
    return None if number is None or not LOWEST <= number <= HIGHEST else str(number)


def interval_name(word: str) -> str | None:
    """The intervals' name of a word such as `+2`, `2` or `-1`; None if it means no interval."""
    number = _whole(word)
    return None if number is None or abs(number) > WIDEST else INTERVAL_NAMES[number + WIDEST]


def _whole(word: str) -> int | None:
    digits = word[1:] if word[:1] in ("+", "-") else word
    return int(word) if digits.isascii() and digits.isdigit() and len(digits) < 4 else None


def rhythm_name(word: str) -> str | None:
    """The rhythm's name of a word such as `1`, `/2`, `3/2`, `z2` or `|`; None if it means none."""
    if word == BAR:
        return BAR
    rest, written = ("z", word[1:]) if word.startswith("z") else ("", word)
    above, slash, below = written.partition("/")
    if slash and not below:
        return None  # `3/` and `/` are ABC's shorthand for halves, which tokens do not have
    numbers = [number or "1" for number in (above, below)] if slash or rest else [above, "1"]
    if not all(number.isascii() and number.isdigit() and len(number) < 4 for number in numbers):
        return None
    if int(numbers[1]) == 0:
        return None
    length = Fraction(int(numbers[0]), int(numbers[1]))
    return f"{rest}{length}" if length in LENGTHS else None


def contour_name(word: str) -> str | None:
    """The contour's name of `U`, `D` or `R`, in either case; None for other words."""
    return word.upper() if word.upper() in CONTOUR_NAMES else None
