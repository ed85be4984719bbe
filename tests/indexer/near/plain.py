"""The sequences and terms of tunes by their definitions, note by note, without arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.timeline import TICKS_PER_EIGHTH
from tunetrace.tokenizer.transpose import Pitch

SETS = (
    ("beats", "leaps", (0, 1, 2, 3)),
    ("notes", "leaps", (0, 1, 2, 3, 4)),
    ("pulses", "leaps", (0, 1, 2, 3)),
    ("pulses", "degrees", (0, 1, 4, 5)),
    ("quavers", "turns", (0, 1, 2, 3, 4)),
    ("pulses", "degrees", (0, 2, 4, 6)),
    ("changes", "leaps", (0, 1, 2, 3, 4, 5)),
)


def step(token: str) -> int:
    pitch = Pitch.parse(token)
    return "CDEFGAB".index(pitch.letter) + 7 * pitch.octave


def events(tokens: Sequence[str]) -> Iterator[tuple[int, Fraction, Fraction, int | None]]:
    """Each event: its bar, its onset in the bar and its length in eighths, its highest step."""
    for k, bar in enumerate(lay_out(tokens).bars):
        onset = Fraction(0)
        some = bar.events
        for start, stop, ticks in zip(some.starts, some.stops, some.durations, strict=True):
            lasting = Fraction(ticks, TICKS_PER_EIGHTH)
            written = tokens[bar.start + start : bar.start + stop]
            notes = [step(token) for token in written if token.strip("^_=,'").isalpha()
                     and token.strip("^_=,'").upper() in "CDEFGAB"]  # fmt: skip
            yield k, onset, lasting, max(notes, default=None)
            onset += lasting


def points(meter: str, length: Fraction) -> tuple[int, int]:
    table = {
        "4/4": (4, 2), "2/4": (4, 2), "6/8": (2, 2), "3/4": (3, 3), "9/8": (3, 3),
        "12/8": (4, 4), "3/2": (6, 3), "": (4, 2),
    }  # fmt: skip
    return table[meter]


def sequences(tokens: Sequence[str], meter: str) -> dict[str, list[int]]:
    """The sequences of a tune that has one meter throughout."""
    every = list(events(tokens))
    bars = lay_out(tokens).bars
    notes = [pitch for *_, pitch in every if pitch is not None]
    straight = list(every)
    for k in range(len(every) - 1):
        (bar, onset, first, one), (other, _, second, two) = every[k], every[k + 1]
        both = first + second
        is_pair = bar == other and both in (1, 2) and 3 in (first / second, second / first)
        if is_pair and onset % both == 0 and one is not None and two is not None:
            straight[k + 1] = (bar, onset + both / 2, both / 2, two)

    def at(bar: int, time: Fraction) -> int:
        before = [pitch for b, onset, _, pitch in straight
                  if pitch is not None and (b, onset) <= (bar, time)]  # fmt: skip
        return before[-1] if before else notes[0]

    changes = [pitch for k, pitch in enumerate(notes) if k == 0 or pitch != notes[k - 1]]
    found: dict[str, list[int]] = {
        "notes": notes, "changes": changes, "quavers": [], "beats": [], "pulses": [],
    }  # fmt: skip
    if not notes:
        return found
    for k, bar in enumerate(bars):
        lasting = Fraction(bar.duration, TICKS_PER_EIGHTH)
        for quaver in range(max(1, math.ceil(lasting))):
            found["quavers"].append(at(k, Fraction(quaver)))
        if bar.is_pickup:
            continue
        full = Fraction(bar.full, TICKS_PER_EIGHTH) if bar.full else Fraction(8)
        offset = Fraction(bar.offset, TICKS_PER_EIGHTH)
        for name, count in zip(("beats", "pulses"), points(meter, full), strict=True):
            apart = max(full, lasting) / count
            first = math.ceil(offset / apart)
            for point in range(first, first + count):
                if offset <= point * apart < offset + lasting:
                    found[name].append(at(k, point * apart - offset))
    return found


def terms(tokens: Sequence[str], meter: str) -> set[tuple[int, tuple[int, ...]]]:
    """The terms of a tune, each with the number of its set."""
    found = set()
    of = sequences(tokens, meter)
    for number, (name, kind, offsets) in enumerate(SETS):
        pitches = of[name]
        for k in range(len(pitches) - offsets[-1] - (kind != "degrees")):
            if kind == "degrees":
                items = [pitches[k + o] % 7 for o in offsets]
            else:
                moves = [pitches[k + o + 1] - pitches[k + o] for o in offsets]
                items = [m % 7 if kind == "turns" else max(-15, min(15, m)) for m in moves]
            found.add((number, tuple(items)))
    return found
