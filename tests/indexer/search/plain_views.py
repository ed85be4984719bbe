"""The views by their definitions, from plain_music's events, and figures found by brute force.

Nothing is shared with the package. A symbol is called by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from tests.indexer.music.plain_music import events_of

NAMES = ("melody", "intervals", "rhythm", "contour")

UNITS = [
    *map(Fraction, (1, 3, 5, 7, 9, 15)),
    *(Fraction(*unit) for unit in ((1, 3), (1, 5), (3, 5), (1, 7), (3, 7), (1, 9))),
]
USUAL = {
    unit * Fraction(2) ** power
    for unit in UNITS
    for power in range(-10, 11)
    if Fraction(1, 32) <= unit * Fraction(2) ** power <= 32
}


@dataclass(frozen=True)
class Symbol:
    """A symbol: its name, and the places of the first and the last event that it stands for.

    Both are -1 for a bar line. is_note: whether it is one note.
    """

    name: str
    first: int
    last: int
    is_note: bool = False


def symbols(view: str, tokens: Sequence[str]) -> list[Symbol]:
    """The symbols of a tune in a view."""
    events = events_of(tokens)
    notes = [(place, max(pitches)) for place, (pitches, _) in events if pitches]
    if view == "melody":
        return [Symbol(str(pitch), place, place, True) for place, pitch in notes]
    if view == "rhythm":
        return _rhythm(tokens)
    steps = [(a, b, right - left) for (a, left), (b, right) in pairwise(notes)]
    if view == "intervals":
        return [Symbol(_interval(step), a, b) for a, b, step in steps]
    return [Symbol("UDR"[0 if step > 0 else 1 if step < 0 else 2], a, b) for a, b, step in steps]


def _interval(step: int) -> str:
    if abs(step) > 100:
        return "other"
    return f"{step:+d}" if step else "0"


def _rhythm(tokens: Sequence[str]) -> list[Symbol]:
    bar_line = Symbol("|", -1, -1)
    found: list[Symbol] = []
    before = 0
    for place, (pitches, length) in events_of(tokens):
        if not found or any(token[0] in "|:" for token in tokens[before:place]):
            found.append(bar_line)
        name = f"{'' if pitches else 'z'}{length}" if length in USUAL else "other"
        found.append(Symbol(name, place, place, bool(pitches)))
        before = place
    return [*found, bar_line] if found else []


def names(view: str, tokens: Sequence[str]) -> list[str]:
    """The names of the symbols of a tune."""
    return [symbol.name for symbol in symbols(view, tokens)]


def hits(
    view: str, tunes: Sequence[Sequence[str]], places: Sequence[Sequence[str] | None]
) -> list[tuple[int, int]]:
    """(tune from 1, symbol) of every hit of a figure: at each place some names, or None for any."""
    found = []
    for number, tune in enumerate(tunes, 1):
        own = names(view, tune)
        for at in range(len(own) - len(places) + 1):
            some = own[at : at + len(places)]
            if all(
                name != "other" and (right is None or name in right)
                for name, right in zip(some, places, strict=True)
            ):
                found.append((number, at))
    return found


def bars(view: str, tokens: Sequence[str]) -> list[tuple[int, list[str]]]:
    """The place of the first event of each bar, and the names of its symbols."""
    groups: list[list[int]] = []
    before = 0
    for place, _ in events_of(tokens):
        if not groups or any(token[0] in "|:" for token in tokens[before:place]):
            groups.append([])
        groups[-1].append(place)
        before = place
    own = [symbol for symbol in symbols(view, tokens) if symbol.first >= 0]
    return [
        (some[0], [s.name for s in own if s.first >= some[0] and s.last <= some[-1]])
        for some in groups
    ]
