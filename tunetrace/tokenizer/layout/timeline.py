"""When each note of a tune sounds and for how long, from its tokens alone.

Durations are whole ticks of 1/40320 of an eighth, or fractions of a tick for finer divisions (as a
length of /11), so that every sum is exact. 40320 is 8!: lengths down to /128 of an eighth, tuplets
of up to 9 notes, and broken rhythms are whole ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from tunetrace.tokenizer.vocabulary import (
    CHORD_CLOSE,
    CHORD_OPEN,
    LENGTH_SIGN,
    MEANINGS,
    NOTE,
    REST,
    TUPLET,
    Memo,
    is_header,
)

TICKS_PER_EIGHTH: Final = 40_320

Ticks = int | Fraction

_MOST_BITS: Final = 200
_LONGEST_REMEMBERED: Final = 1000  # characters; a longer bar is rarely found twice


def eighths(ticks: Ticks) -> Fraction:
    """A duration or an onset in eighths, as an exact fraction."""
    return Fraction(ticks, TICKS_PER_EIGHTH)


def scaled(ticks: Ticks, numerator: int, denominator: int) -> Ticks:
    """ticks * numerator / denominator, exactly; an int if it is a whole number.

    If the result needs more than about 60 digits, ticks are returned unchanged: no music needs
    them, and a hostile file of nothing but lengths must not use up time and memory.
    """
    product = ticks * numerator
    if max(product.numerator, product.denominator).bit_length() > _MOST_BITS:
        return ticks
    if isinstance(product, int) and product % denominator == 0:
        return product // denominator
    return Fraction(product) / denominator


class Events(NamedTuple):
    """The events of a bar: its notes, chords and rests. A chord is one event."""

    starts: tuple[int, ...]
    """The first token of each event, counted in the bar."""
    stops: tuple[int, ...]
    """The token after each event and its lengths."""
    durations: tuple[Ticks, ...]
    sounds: tuple[bool, ...]
    """False for a rest."""
    total: Ticks
    """The sum of the durations."""
    carry: tuple[int, int] | None
    """The factor of a broken rhythm at the end, which applies to the first note of the next bar."""


@dataclass(slots=True)
class Bar:
    """The tokens between two bar lines, and their events.

    bars.py fills in the fields from part on.
    """

    start: int
    """Its first token, counted in the tune."""
    stop: int
    """The token after its last."""
    text: str
    """Its tokens without headers, with spaces between them; the index stores this."""
    events: Events
    full: Ticks | None
    """The duration of a whole bar in the meter; None without a meter."""
    lines: tuple[str, ...]
    """All bar lines since the bar before, as `:|` and `|:`."""
    part: int = 1
    """Counted from 1."""
    number: int = 0
    """Counted from 1 in the part; 0 for a pickup."""
    ending: int | None = None
    """1 in a first ending, 2 in a second, None outside."""
    offset: Ticks = 0
    """Where it begins in the bar of its number. It is 0 except in the second half of a bar that a
    repeat sign or a double bar line divides."""
    adds_up: bool | None = None
    """Whether it is as long as the meter asks, alone or with another bar; None without a meter."""

    @property
    def duration(self) -> Ticks:
        return self.events.total

    @property
    def is_pickup(self) -> bool:
        return self.number == 0

    @property
    def is_short(self) -> bool:
        return self.full is not None and self.events.total < self.full


def default_tuplet_time(p: int, is_compound: bool) -> int:
    """The q of a tuplet `(p`: p notes in the time of q (ABC 2.1, duplets, triplets, etc.).

    is_compound: whether the beats of the meter group in threes.
    """
    return {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p) or (3 if is_compound else 2)


def tuplet(token: str, is_compound: bool) -> tuple[int, int, int]:
    """p, q and r of a tuplet token: the next r notes last q/p of their written length."""
    p, _, rest = token[1:].partition(":")
    q, _, r = rest.partition(":")
    return int(p), int(q or 0) or default_tuplet_time(int(p), is_compound), int(r or p)


def _rhythm(token: str) -> str:
    return "C" if MEANINGS[token].kind == NOTE else token


_RHYTHM: Final = Memo(_rhythm, 10_000)
"""Each token reduced to its rhythm: all notes become the same."""


@lru_cache(maxsize=2**13)
def _events(text: str, is_compound: bool, carry: tuple[int, int] | None) -> Events:
    """The events of one bar from its rhythm: its tokens with spaces between them.

    Answers are remembered, since many bars share a rhythm. A length or a broken rhythm without a
    note before it (`| 2`) and an unpaired bracket change nothing.
    """
    starts: list[int] = []
    stops: list[int] = []
    durations: list[Ticks] = []
    sounds: list[bool] = []
    notes_in_chord = -1  # -1 outside a chord
    tuplet_left, tuplet_p, tuplet_q = 0, 1, 1
    for i, token in enumerate(text.split()):
        kind, numerator, denominator, after = MEANINGS[token]
        if kind == LENGTH_SIGN:
            if not starts:
                continue
            stops[-1] = i + 1
            if notes_in_chord >= 0 and notes_in_chord != 1:
                continue  # a chord lasts as long as its first note
            durations[-1] = scaled(durations[-1], numerator, denominator)
            if after is not None:
                carry = after
        elif kind <= REST and notes_in_chord >= 0:
            notes_in_chord += 1
            stops[-1] = i + 1
            if kind == NOTE:
                sounds[-1] = True
        elif kind <= REST or kind == CHORD_OPEN:
            ticks: Ticks = TICKS_PER_EIGHTH
            if tuplet_left:
                tuplet_left -= 1
                ticks = scaled(ticks, tuplet_q, tuplet_p)
            if carry is not None:
                ticks = scaled(ticks, *carry)
                carry = None
            starts.append(i)
            stops.append(i + 1)
            durations.append(ticks)
            sounds.append(kind == NOTE)
            notes_in_chord = 0 if kind == CHORD_OPEN else -1
        elif kind == CHORD_CLOSE:
            if notes_in_chord >= 0:
                notes_in_chord = -1
                stops[-1] = i + 1
        elif kind == TUPLET:
            tuplet_p, tuplet_q, tuplet_left = tuplet(token, is_compound)
    return Events(
        tuple(starts), tuple(stops), tuple(durations), tuple(sounds), sum(durations), carry
    )


def split_bars(tokens: Sequence[str]) -> tuple[list[Bar], tuple[str, ...]]:
    """The bars of a tune, not yet numbered, and the bar lines after the last bar.

    Never fails: tokens in places where they mean nothing have no effect. Between two bar lines
    there is a bar only if there is a note or a rest. A bar line ends an open chord and an
    unfinished tuplet.
    """
    bars: list[Bar] = []
    full: Ticks | None = None
    is_compound = has_header = False
    carry: tuple[int, int] | None = None
    lines: list[str] = []
    start = 0
    rhythm = list(map(_RHYTHM.__getitem__, tokens))
    # Only bar lines begin with | or :, only headers with M: or K:.
    marks = [i for i, token in enumerate(tokens) if token[0] in "|:MK"]
    for mark in [*marks, len(tokens)]:
        token = tokens[mark] if mark < len(tokens) else "|"
        if token[0] in "MK":
            if token[0] == "M":
                _, beats, unit, _ = MEANINGS[token]
                is_free = token == "M:none" or not beats or not unit
                full = None if is_free else scaled(8 * TICKS_PER_EIGHTH, beats, unit)
                is_compound = beats > 3 and beats % 3 == 0
            if start == mark:
                start = mark + 1
            else:
                has_header = True
            continue
        if start < mark:
            text = " ".join(tokens[start:mark])
            remembered = _events if len(text) < _LONGEST_REMEMBERED else _events.__wrapped__
            events = remembered(" ".join(rhythm[start:mark]), is_compound, carry)
            carry = events.carry
            if events.starts:
                if has_header:
                    text = " ".join(word for word in text.split() if not is_header(word))
                adds_up = None if full is None else events.total == full
                bar = Bar(start, mark, text, events, full, tuple(lines), adds_up=adds_up)
                bars.append(bar)
                lines = []
        if mark < len(tokens):
            lines.append(token)
        start = mark + 1
        has_header = False
    return bars, tuple(lines)
