"""What two tunes have in common as music, worked out note by note from their tokens.

Nothing here is fast and nothing is shared with the package but the bars: where they begin and end,
and which part each is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.layout.timeline import Bar

Event = tuple[frozenset[int], Fraction]
"""The pitches of a note, a chord or a rest, and how long it lasts."""
Form = tuple[Event, ...]

_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHARPS = {"lyd": 1, "maj": 0, "mix": -1, "dor": -2, "min": -3, "phr": -4, "loc": -5}
_OF_TONIC = {"C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F": -1}
_SIGNS = {"": None, "=": 0, "^": 1, "^^": 2, "_": -1, "__": -2}
_NOTE = re.compile(r"([_^=]*)([A-Ga-g])([,']*)")


def _signature(key: str) -> dict[str, int]:
    """The sharps (1) and flats (-1) of `Cdor`, one after the other in the circle of fifths."""
    tonic = key[:-3] or "C"
    count = _OF_TONIC[tonic[0]] + 7 * (tonic.count("#") - tonic.count("b")) + _SHARPS[key[-3:]]
    found = dict.fromkeys("CDEFGAB", 0)
    for k in range(abs(count)):
        if count > 0:
            found["FCGDAEB"[k % 7]] += 1
        else:
            found["BEADGCF"[k % 7]] -= 1
    return found


def _tonic(key: str | None) -> int:
    """How far a key's tonic lies above C: A and B below it, since they go up to c."""
    if key is None or len(key) == 3:
        return 0
    above = _NATURAL[key[0]] - (12 if key[0] in "AB" else 0)
    return above + key[:-3].count("#") - key[:-3].count("b")


def events_of(tokens: Sequence[str]) -> list[tuple[int, Event]]:
    """Every event with the place of its first token; pitches are counted from the tonic's C."""
    found: list[tuple[int, list[int], Fraction]] = []
    signature = dict.fromkeys("CDEFGAB", 0)
    key: str | None = None
    tonic: str | None = None
    altered: dict[str, int] = {}
    meter = ""
    notes_in_chord: int | None = None
    tuplet: list[Fraction] = []  # factors still to come
    owed = Fraction(1)  # what a broken rhythm leaves to the next note
    is_open = False  # whether a length may follow
    heard = False
    for place, token in enumerate(tokens):
        note = _NOTE.fullmatch(token)
        if token.startswith("K:"):
            key = token[2:]
            signature = _signature(key)
        elif token.startswith("M:"):
            meter = token[2:]
        elif token[0] in "|:":
            altered, tuplet, notes_in_chord, is_open = {}, [], None, False
        elif token[0] == "(":
            p, q, r = (*token[1:].split(":"), "", "")[:3]
            beats = int(meter.split("/")[0]) if "/" in meter else 0
            usual = 3 if beats > 3 and beats % 3 == 0 else 2
            time = int(q) if q else {"2": 3, "3": 2, "4": 3, "6": 2, "8": 3}.get(p, usual)
            tuplet = [Fraction(time, int(p))] * int(r or p)
        elif token == "[" or ((note or token == "z") and notes_in_chord is None):
            length = tuplet.pop() if tuplet else Fraction(1)
            found.append((place, [], length * owed))
            owed, is_open = Fraction(1), True
            notes_in_chord = 0 if token == "[" else None
        if note:
            if not heard:
                heard, tonic = True, key
            sign, letter, octave = note.groups()
            if sign:
                altered[letter.upper()] = _SIGNS[sign]
            height = _NATURAL[letter.upper()] + 12 * letter.islower()
            height += 12 * (octave.count("'") - octave.count(","))
            found[-1][1].append(height + altered.get(letter.upper(), signature[letter.upper()]))
        if notes_in_chord is not None and (note or token == "z"):
            notes_in_chord += 1
        elif token == "]":
            notes_in_chord = None
        elif re.fullmatch(r"[\d/<>]+", token) and is_open and notes_in_chord in (None, 1):
            factor, left = _factor(token)
            at, pitches, length = found[-1]
            found[-1] = (at, pitches, length * factor)
            owed = left or owed
    return [
        (place, (frozenset(pitch - _tonic(tonic) for pitch in pitches), length))
        for place, pitches, length in found
    ]


def _factor(token: str) -> tuple[Fraction, Fraction | None]:
    """What a length makes of its note, and of the next one."""
    digits = token.rstrip("<>")
    top, slash, bottom = digits.partition("/")
    factor = Fraction(int(top or 1), int(bottom or 1)) if slash else Fraction(int(top or 1))
    marks = token[len(digits) :]
    if not marks:
        return factor, None
    short = Fraction(1, 2 ** len(marks))
    left, right = (2 - short, short) if marks[0] == ">" else (short, 2 - short)
    return factor * left, right


def forms(tokens: Sequence[str]) -> dict[int, set[Form]]:
    """The forms of a tune (0) and of its parts, where it has several of eight notes or more."""
    layout = lay_out(tokens)
    by_bar: list[list[Event]] = [[] for _ in layout.bars]
    for place, event in events_of(tokens):
        owner = max(k for k, bar in enumerate(layout.bars) if bar.start <= place)
        by_bar[owner].append(event)
    numbers = sorted({bar.part for bar in layout.bars})
    order = {number: list(_played(layout, number)) for number in numbers}
    own = {n: [k for k, bar in enumerate(layout.bars) if bar.part == n] for n in numbers}
    whole = [k for number in numbers for k in order[number]]
    found = {0: {_form(by_bar, range(len(layout.bars))), _form(by_bar, whole)}}
    if len(numbers) > 1:
        for n in numbers:
            if sum(bool(pitches) for k in own[n] for pitches, _ in by_bar[k]) >= 8:
                found[n] = {_form(by_bar, own[n]), _form(by_bar, order[n])}
    return {n: {form for form in some if form} for n, some in found.items() if any(some)}


def _form(by_bar: Sequence[Sequence[Event]], order: Sequence[int]) -> Form:
    events: list[Event] = []
    for k in order:
        for pitches, length in by_bar[k]:
            if not pitches and events and not events[-1][0]:
                length += events.pop()[1]
            events.append((pitches, length))
    while events and not events[0][0]:
        events.pop(0)
    while events and not events[-1][0]:
        events.pop()
    return tuple((pitches, length / events[0][1]) for pitches, length in events)


def _played(layout: Layout, part: int) -> Iterator[int]:
    """The bars of a part, one after the other as a player goes through them."""
    bars = [k for k, bar in enumerate(layout.bars) if bar.part == part]
    after = [layout.bars[k].lines for k in range(bars[0] + 1, len(layout.bars))]
    after.append(layout.closing_lines)
    is_repeated = any(":|" in lines for lines in after[: len(bars)])
    back = max([bars[0], *(k for k in bars if "|:" in layout.bars[k].lines)])
    numbers = {k: _numbers(layout.bars, bars[0], k) for k in bars}
    passes = {1} | ({2} if is_repeated else set()) | {n for some in numbers.values() for n in some}
    for turn in sorted(passes)[:8]:
        for k in bars:
            is_turn = not numbers[k] or turn in numbers[k]
            if is_turn if k >= back else turn == 1:
                yield k


def _numbers(bars: Sequence[Bar], first: int, k: int) -> set[int]:
    """For which turns a bar is, by the last ending that has begun; none for all of them."""
    for at in range(k, first - 1, -1):
        found: set[int] = set()
        for line in bars[at].lines:
            for some in re.findall(r"[\d-]+", line):
                low, high = min(map(int, some.split("-"))), max(map(int, some.split("-")))
                found |= set(range(low, high + 1))
        if found:
            return found
    return set()
