"""What two tunes that are alike have in common: the aspect, the scope, the degree and the lengths.

All of it is counted over the notes that lie under one another (`alignment/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import Final

from tunetrace.checker.similar.alignment.notes import Line
from tunetrace.checker.similar.alignment.stretches import Pair, Stretch, length_ratio
from tunetrace.checker.similar.keys import degrees
from tunetrace.checker.similar.records import Aspect, Scope
from tunetrace.indexer.near.sequences import OCTAVE
from tunetrace.tokenizer.keys import Key
from tunetrace.tokenizer.layout.timeline import Ticks

_SAME_DEGREES: Final = 0.5
_SAME_TURNS: Final = 2 / 3
_SAME_LENGTHS: Final = 2 / 3
"""Two tunes have a melody, a contour or a rhythm in common if this share of the notes that lie
under one another have the same degree, the same direction or the same length."""

_MOST: Final = 0.6
"""Most of a tune, or of a part, is in the other if this share of its notes agrees."""

_LEAST_OF_PART: Final = 0.4
"""A tune is not in the other as a whole if less than this share of a part agrees."""

_LEAST_MOVED: Final = 16
"""If this many notes are moved, parts come in another order."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How one tune is related to another."""

    aspect: Aspect
    scope: Scope
    own_part: int | None
    """The part of the asked tune; 0 for all of it, None for less than a part or several parts."""
    part: int | None
    """The part of the other tune, in the same way."""
    steps: int
    """By how many diatonic steps the asked tune is higher, on C."""
    higher: int
    """By how many it is higher above its tonic, as it was written."""
    length_ratio: Fraction
    """By how much its notes are longer."""
    is_reordered: bool
    """Whether the parts that they share come in another order."""


def likeness_of(
    own: Line,
    other: Line,
    stretches: Sequence[Stretch],
    up: int,
    keys: tuple[Key | None, Key | None],
    same: Iterable[tuple[int, int]] = (),
) -> Likeness:
    """How a tune is related to another.

    up: the steps modulo an octave by which the asked tune is raised to fit. keys: those that the
    two were written in. same: the parts of both that are the same music, 0 for a whole tune.
    """
    of_stretches = [pair for stretch in stretches for pair in stretch]
    pairs = of_stretches or list(_at_same_places(own, other))
    equal = [(i, j) for i, j in pairs if _is_same_degree(own, other, (i, j), up)]
    steps = median_low([_height(own, other, pair) for pair in equal or pairs] or [0])
    higher = degrees(steps, *keys)
    ratio = length_ratio(own, other, stretches or [pairs])
    aspect = _aspect(own, other, stretches or [pairs], len(equal), higher, ratio)
    counted = equal if aspect in ("melody", "transposed") else of_stretches
    scope, own_part, part = _scope(own, other, counted)
    pairs_of_parts = set(same)
    if (0, 0) in pairs_of_parts:
        aspect, scope, own_part, part = "exact", "whole", 0, 0
    elif scope == "part" and (own_part, part) in pairs_of_parts:
        aspect = "exact"
    return Likeness(aspect, scope, own_part, part, steps, higher, ratio, _is_reordered(stretches))


def _is_same_degree(own: Line, other: Line, pair: Pair, up: int) -> bool:
    """Whether two notes are equal, apart from octaves, when the asked tune is raised."""
    return (_height(own, other, pair) + up) % OCTAVE == 0


def _height(own: Line, other: Line, pair: Pair) -> int:
    """By how many steps the note of the asked tune is higher, on C."""
    return own.notes[pair[0]].step - other.notes[pair[1]].step


def _at_same_places(own: Line, other: Line) -> Iterable[Pair]:
    """The notes of two tunes that begin at the same place of the same bar of the same part."""
    places = {place: note for note, place in enumerate(_places(other))}
    for note, place in enumerate(_places(own)):
        if place in places:
            yield note, places[place]


def _places(line: Line) -> Iterable[tuple[int, int, int | None, object]]:
    """The part, the bar, the ending and the onset of each note."""
    starts: dict[int, Ticks] = {}
    for note in line.notes:
        bar = line.layout.bars[note.bar]
        onset = note.time - starts.setdefault(note.bar, note.time)
        yield bar.part, bar.number, bar.ending, bar.offset + onset


def _aspect(
    own: Line,
    other: Line,
    stretches: Sequence[Stretch],
    equal: int,
    higher: int,
    ratio: Fraction,
) -> Aspect:
    """In what two tunes agree: the first aspect in which most notes do, else the best one."""
    pairs = [pair for stretch in stretches for pair in stretch]
    turns = agreeing = 0
    for stretch in stretches:
        for (i, j), (k, m) in pairwise(stretch):
            mine = own.notes[k].step - own.notes[i].step
            theirs = other.notes[m].step - other.notes[j].step
            turns += 1
            agreeing += (mine > 0) - (mine < 0) == (theirs > 0) - (theirs < 0)
    longer, by = ratio.as_integer_ratio()
    lengths = sum(own.notes[i].duration * by == other.notes[j].duration * longer for i, j in pairs)
    # How far each aspect is reached.
    reached: dict[Aspect, float] = {
        "melody" if higher == 0 else "transposed": equal / max(1, len(pairs)) / _SAME_DEGREES,
        "contour": agreeing / max(1, turns) / _SAME_TURNS,
        "rhythm": lengths / max(1, len(pairs)) / _SAME_LENGTHS,
    }
    whole = [aspect for aspect, share in reached.items() if share >= 1]
    return whole[0] if whole else max(reached, key=lambda aspect: reached[aspect])


def _scope(own: Line, other: Line, pairs: Sequence[Pair]) -> tuple[Scope, int | None, int | None]:
    """How much two tunes share, and the part of each."""
    mine, theirs = {i for i, _ in pairs}, {j for _, j in pairs}
    own_part, part = _covered(own, mine), _covered(other, theirs)
    if own_part == part == 0:
        return "whole", 0, 0
    if own_part is None and part is None:
        # Most of several parts is more than bars.
        is_part = _parts(own, mine) or _parts(other, theirs)
        return ("part" if is_part else "bars"), None, None
    return "part", own_part, part


def _covered(line: Line, notes: set[int]) -> int | None:
    """The part that some notes are most of: 0 for the tune, None for several parts or for less."""
    is_whole = len(notes) >= _MOST * max(1, len(line.notes))
    if is_whole and len(_parts(line, notes, _LEAST_OF_PART)) == len(line.parts):
        return 0
    covered = _parts(line, notes)
    return covered[0] if len(covered) == 1 else None


def _parts(line: Line, notes: set[int], least: float = _MOST) -> list[int]:
    """The parts of which some notes are at least a share."""
    return [
        part
        for part, first, stop in line.parts
        if sum(note in notes for note in range(first, stop)) >= least * (stop - first)
    ]


def _is_reordered(stretches: Iterable[Stretch]) -> bool:
    """Whether what two tunes share comes in another order in the other tune.

    A stretch counts if it is before an earlier one there, and not a repeat of what is there.
    """
    seen = set[int]()
    for stretch in stretches:
        under = {j for _, j in stretch}
        is_new = len(under - seen) >= max(_LEAST_MOVED, len(under) / 2)
        if is_new and sum(j > max(under) for j in seen) >= _LEAST_MOVED:
            return True
        seen |= under
    return False
