"""When each note of a tune sounds and for how long, from its tokens alone.

Durations are integer ticks of 1/40320 of an eighth, or fractions of a tick where a tune divides
finer than that (a length of /11), so that every sum is exact. 40320 is 8!: lengths down to /128
of an eighth, tuplets of any number up to 9 and broken rhythms fall on whole ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from tunetrace.tokenizer.vocabulary import (
    BAR_LINE,
    CHORD_CLOSE,
    CHORD_OPEN,
    HEADER,
    LENGTH_SIGN,
    MEANINGS,
    NOTE,
    REST,
    TUPLET,
)

TICKS_PER_EIGHTH: Final = 40_320

Ticks = int | Fraction


def eighths(ticks: Ticks) -> Fraction:
    """A duration or an onset in eighths, as an exact fraction."""
    return Fraction(ticks) / TICKS_PER_EIGHTH


def scaled(ticks: Ticks, numerator: int, denominator: int) -> Ticks:
    """ticks * numerator / denominator, exactly; an int wherever it is a whole number."""
    product = ticks * numerator
    if isinstance(product, int) and product % denominator == 0:
        return product // denominator
    return Fraction(product) / denominator


@dataclass(slots=True)
class Stretch:
    """What stands between two bar lines: its first token, the one past its last, its duration.

    lines: the bar lines since the stretch before (all of `:| |:`, say). full: the duration of a
    whole bar under the meter in force, None where there is none. first_event: its first event's
    number in the timeline.
    """

    start: int
    stop: int
    duration: Ticks
    full: Ticks | None
    lines: list[str]
    first_event: int


@dataclass(slots=True)
class Timeline:
    """The events of a tune (notes, chords and rests, a chord being one event) and its stretches.

    Event i is the tokens from starts[i] up to stops[i], its lengths included; durations[i] is in
    ticks; sounds[i] is False for a rest.
    """

    starts: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    durations: list[Ticks] = field(default_factory=list)
    sounds: list[bool] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    closing_lines: list[str] = field(default_factory=list)


def _is_compound(beats: int) -> bool:
    """Whether a meter's beats group in threes, which decides how long `(5`, `(7` and `(9` are."""
    return beats > 3 and beats % 3 == 0


def default_tuplet_time(p: int, is_compound: bool) -> int:
    """q of the tuplet `(p`: p notes in the time of q (ABC 2.1, duplets, triplets, etc.)."""
    return {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p) or (3 if is_compound else 2)


def _tuplet(token: str, is_compound: bool) -> tuple[int, int, int]:
    """p, q and r of a tuplet token: the next r notes last q/p of what is written."""
    p, _, rest = token[1:].partition(":")
    q, _, r = rest.partition(":")
    return int(p), int(q or 0) or default_tuplet_time(int(p), is_compound), int(r or p)


def timeline(tokens: Sequence[str]) -> Timeline:
    """Lay out tokens in time. Never fails: tokens that make no sense where they stand are idle.

    A length or a broken rhythm that follows no note (`| 2`) and brackets that pair with none
    change nothing; a bar line ends an open chord and an unfinished tuplet.
    """
    line = Timeline()
    starts, stops, durations, sounds = line.starts, line.stops, line.durations, line.sounds
    full: Ticks | None = None
    is_compound = False
    lines: list[str] = []
    stretch_start, first_event = 0, 0
    open_event = -1  # the event that a length applies to, -1 right after a bar line
    notes_in_chord = -1  # -1 outside a chord
    tuplet_left, tuplet_p, tuplet_q = 0, 1, 1
    next_factor: tuple[int, int] | None = None

    def close_stretch(stop: int) -> None:
        nonlocal lines, first_event
        if len(starts) > first_event:
            total = sum(durations[first_event:])
            line.stretches.append(Stretch(stretch_start, stop, total, full, lines, first_event))
            lines, first_event = [], len(starts)

    for i, token in enumerate(tokens):
        kind, numerator, denominator, after = MEANINGS[token]
        if kind == LENGTH_SIGN:
            if open_event < 0:
                continue
            stops[open_event] = i + 1
            if notes_in_chord >= 0 and notes_in_chord != 1:
                continue  # a chord lasts as long as its first note
            durations[open_event] = scaled(durations[open_event], numerator, denominator)
            if after is not None:
                next_factor = after
        elif kind <= REST or kind == CHORD_OPEN:
            if notes_in_chord >= 0 and kind != CHORD_OPEN:
                notes_in_chord += 1
                stops[open_event] = i + 1
                if kind == NOTE:
                    sounds[open_event] = True
                continue
            ticks: Ticks = TICKS_PER_EIGHTH
            if tuplet_left:
                tuplet_left -= 1
                ticks = scaled(ticks, tuplet_q, tuplet_p)
            if next_factor is not None:
                ticks = scaled(ticks, *next_factor)
                next_factor = None
            open_event = len(starts)
            starts.append(i)
            stops.append(i + 1)
            durations.append(ticks)
            sounds.append(kind == NOTE)
            if kind == CHORD_OPEN:
                notes_in_chord = 0
        elif kind == BAR_LINE:
            close_stretch(i)
            lines.append(token)
            stretch_start = i + 1
            open_event, notes_in_chord, tuplet_left = -1, -1, 0
        elif kind == CHORD_CLOSE:
            if notes_in_chord >= 0:
                notes_in_chord = -1
                stops[open_event] = i + 1
        elif kind == TUPLET:
            tuplet_p, tuplet_q, tuplet_left = _tuplet(token, is_compound)
        elif kind == HEADER and token.startswith("M:"):
            is_free = token == "M:none" or numerator == 0 or denominator == 0
            full = None if is_free else scaled(8 * TICKS_PER_EIGHTH, numerator, denominator)
            is_compound = _is_compound(numerator)
            if len(starts) == first_event:
                stretch_start = i + 1
        elif kind == HEADER and len(starts) == first_event:
            stretch_start = i + 1
    close_stretch(len(tokens))
    line.closing_lines = lines
    return line
