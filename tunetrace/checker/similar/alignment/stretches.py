"""Which notes of two tunes lie under one another.

Each part of the asked tune is aligned with the whole other tune, so that parts may come in another
order. What a part has left over is aligned again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import zip_longest
from typing import Final, NamedTuple

from tunetrace.checker.similar.alignment.notes import Line
from tunetrace.indexer.near.align import pairs
from tunetrace.tokenizer.layout.timeline import Ticks

Pair = tuple[int, int]
"""A note of the asked tune, and the note of the other tune that lies under it."""

Stretch = list[Pair]
"""Pairs in ascending order of both."""

_LEAST_SCORE: Final = 50
"""A stretch counts from this score on; in a short part, from that of four fifths of its notes. A
part of about 50 notes reaches it with one in ten tunes that have nothing to do with it."""

_LEAST_NOTES: Final = 6
"""Fewer notes are not aligned by themselves."""

_MOST_NOTES: Final = 1_000
"""More notes are aligned in pieces: a hostile file must not take all memory."""

_MOST_ALIGNED: Final = 8_000
"""Notes after this many in a tune are not aligned. They count as absent from the other tune."""

_END_BARS: Final = 2
"""A stretch goes on for this many bars at either end, even if few of their notes are the same."""

_IN_A_ROW: Final = 4
"""The lengths of this many notes are compared at a time."""

_LARGEST: Final = 4
"""The largest number in a ratio of lengths."""

_AT_END: Final = 12
"""This many pairs at either end of a stretch show when its notes begin."""


def stretches(own: Line, other: Line, up: int) -> list[Stretch]:
    """The stretches of two tunes that fit on one another, in the order of the asked tune.

    up: the steps modulo an octave by which the asked tune is raised to fit.
    """
    found = [
        stretch
        for _, first, stop in own.parts
        for start in range(first, min(stop, _MOST_ALIGNED), _MOST_NOTES)
        for stretch in _of_notes(own, other, up, start, min(start + _MOST_NOTES, stop))
    ]
    ratio = length_ratio(own, other, found)
    found = sorted(_in_time(stretch, own, other, ratio) for stretch in found)
    extended = list(_extended(found, own, other, up))
    return sorted(extended + list(_endings(extended, own, other, up)))


def _of_notes(own: Line, other: Line, up: int, first: int, stop: int) -> Iterator[Stretch]:
    """The stretches of some notes of the asked tune."""
    waiting = [(first, stop)]
    least = min(_LEAST_SCORE, 4 * (stop - first))
    while waiting:
        first, stop = waiting.pop()
        if stop - first < _LEAST_NOTES:
            continue
        score, found = pairs(own.letters[first:stop], other.letters[:_MOST_ALIGNED], up)
        if not found or score < least:
            continue
        yield [(first + i, j) for i, j in found]
        waiting += [(first, first + found[0][0]), (first + found[-1][0] + 1, stop)]


def _in_time(stretch: Stretch, own: Line, other: Line, ratio: Fraction) -> Stretch:
    """A stretch without the pairs at its ends that do not begin when those near them do.

    A local alignment may begin or end with a note of another phrase that happens to be equal.
    """
    longer, by = ratio.as_integer_ratio()
    apart = [own.notes[i].time * by - other.notes[j].time * longer for i, j in stretch]
    first, last = (_usual(some) for some in (apart[:_AT_END], apart[-_AT_END:]))
    return stretch[apart.index(first) : len(apart) - apart[::-1].index(last)]


def _usual(numbers: Sequence[Ticks]) -> Ticks:
    return Counter(numbers).most_common(1)[0][0]


def length_ratio(own: Line, other: Line, stretches: Iterable[Stretch]) -> Fraction:
    """By how much the notes of the asked tune are longer: the commonest ratio of the times that
    some notes in a row take, of small numbers. 1 if there are too few notes.

    A dotted pair takes as long as an even one, so that rows of notes are compared.
    """
    times = Counter[tuple[Ticks, Ticks]]()
    for stretch in stretches:
        for (i, j), (k, m) in zip(stretch, stretch[_IN_A_ROW:], strict=False):
            mine = own.notes[k].time - own.notes[i].time
            theirs = other.notes[m].time - other.notes[j].time
            times[mine, theirs] += 1
    ratios = Counter[Fraction]()
    for (mine, theirs), count in times.items():
        ratio = Fraction(mine) / theirs if theirs else Fraction(0)
        if 0 < ratio.numerator <= _LARGEST and ratio.denominator <= _LARGEST:
            ratios[ratio] += count
    return max(ratios, key=lambda ratio: (ratios[ratio], ratio == 1), default=Fraction(1))


def _extended(found: list[Stretch], own: Line, other: Line, up: int) -> Iterator[Stretch]:
    """Stretches, with the few notes before and after them that have the same places."""
    bounds = {part: (first, stop) for part, first, stop in own.parts}
    theirs = {part: (first, stop) for part, first, stop in other.parts}
    before = 0  # the notes of the asked tune up to here have been aligned
    for stretch, following in zip_longest(found, found[1:]):
        (i, j), (last, under) = stretch[0], stretch[-1]
        first, stop = max(bounds[own.part_of(i)][0], before), bounds[own.part_of(last)][1]
        lowest, highest = theirs[other.part_of(j)][0], theirs[other.part_of(under)][1]
        if following is not None and following[0][0] < stop:
            stop = following[0][0]
            highest = following[0][1] if following[0][1] > under else highest
        whole = list(stretch)
        head, tail = range(first, i), range(last + 1, stop)
        if _is_short(own, head):
            bars = own.notes[i].bar - own.notes[first].bar
            whole = _whole(own, other, up, head, _before(other, lowest, j, bars)) + whole
        if _is_short(own, tail):
            bars = own.notes[stop - 1].bar - own.notes[last].bar
            whole += _whole(own, other, up, tail, _after(other, under, highest, bars))
        yield whole
        before = whole[-1][0] + 1


def _is_short(line: Line, notes: range) -> bool:
    """Whether there are notes, in a few bars."""
    return bool(notes) and line.notes[notes[-1]].bar - line.notes[notes[0]].bar < _END_BARS


def _before(line: Line, first: int, note: int, bars: int) -> range:
    """The notes before a note, from first on, that are in its bar or at most `bars` bars before."""
    least = line.notes[note].bar - bars
    return range(next(k for k in range(first, note + 1) if line.notes[k].bar >= least), note)


def _after(line: Line, note: int, stop: int, bars: int) -> range:
    """The notes after a note, up to stop, that are in its bar or at most `bars` bars after it."""
    most = line.notes[note].bar + bars
    after = range(note + 1, stop)
    return range(note + 1, next((k for k in after if line.notes[k].bar > most), stop))


def _whole(own: Line, other: Line, up: int, mine: range, theirs: range) -> Stretch:
    """All notes of two ranges, aligned; nothing of a bar that is too long."""
    if max(len(mine), len(theirs)) > _MOST_NOTES:
        return []
    _, found = pairs(
        own.letters[mine.start : mine.stop],
        other.letters[theirs.start : theirs.stop],
        up,
        whole=True,
    )
    return [(mine.start + i, theirs.start + j) for i, j in found]


def _endings(found: Iterable[Stretch], own: Line, other: Line, up: int) -> Iterator[Stretch]:
    """Later endings that fit on nothing, aligned with what lies under the first ending."""
    under = dict(pair for stretch in found for pair in stretch)
    endings: dict[tuple[int, int], list[int]] = {}
    for note in range(len(own.notes)):
        bar = own.bar_of(note)
        if bar.ending is not None:
            endings.setdefault((bar.part, bar.ending), []).append(note)
    for (part, ending), notes in endings.items():
        if ending > 1 and not any(note in under for note in notes):
            theirs = sorted(under[note] for note in endings.get((part, 1), ()) if note in under)
            if theirs:
                yield _whole(
                    own, other, up, range(notes[0], notes[-1] + 1), range(theirs[0], theirs[-1] + 1)
                )


class Surrounded(NamedTuple):
    """A stretch, and the notes around it in its first and its last bar that no stretch has."""

    stretch: Stretch
    before: tuple[range, range]
    """The notes of the asked tune, and of the other tune, before the stretch."""
    after: tuple[range, range]
    """Those after it."""


def surrounded(own: Line, other: Line, stretches: Sequence[Stretch]) -> list[Surrounded]:
    """Stretches with the notes around them. A note between two stretches belongs to the first."""
    mine, theirs = set[int](), set[int]()
    for stretch in stretches:
        (i, j), (last, under) = stretch[0], stretch[-1]
        mine.update(range(i, last + 1))
        theirs.update(range(j, under + 1))
    found = []
    for stretch in stretches:
        (i, j), (last, under) = stretch[0], stretch[-1]
        before = _rest_before(own, i, mine), _rest_before(other, j, theirs)
        after = _rest_after(own, last, mine), _rest_after(other, under, theirs)
        mine.update(before[0], after[0])
        theirs.update(before[1], after[1])
        found.append(Surrounded(stretch, before, after))
    return found


def _rest_before(line: Line, note: int, used: set[int]) -> range:
    """The notes before a note in its bar, as far as none is used."""
    first = note
    while first and first - 1 not in used and line.notes[first - 1].bar == line.notes[note].bar:
        first -= 1
    return range(first, note)


def _rest_after(line: Line, note: int, used: set[int]) -> range:
    """The notes after a note in its bar, as far as none is used."""
    stop = note + 1
    while (
        stop < len(line.notes) and stop not in used and line.notes[stop].bar == line.notes[note].bar
    ):
        stop += 1
    return range(note + 1, stop)
