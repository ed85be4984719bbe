"""How two tunes differ, note by note, where one lies under the other.

The notes under each bar of the asked tune are put into groups. In a group both tunes are equal, or
differ in one way. Where one tune has more notes than the other, neighbouring notes are taken into
the group if it then lasts equally long in both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from tunetrace.checker.similar.alignment.notes import Line, Note
from tunetrace.checker.similar.alignment.stretches import Stretch, surrounded
from tunetrace.checker.similar.records import DifferenceKind
from tunetrace.indexer.near.sequences import OCTAVE
from tunetrace.tokenizer.layout.timeline import TICKS_PER_EIGHTH, Ticks

_OF_NOTES: Final = ("note", "added", "left out")
"""Differences that make another ending at the end of a part."""

_LAST_BARS: Final = 2
"""At most this many bars at the end of a part are another ending."""


class Group(NamedTuple):
    """Some notes of a bar of the asked tune, and the notes of the other tune under them."""

    bar: int
    """The bar of the asked tune, by its place."""
    own: tuple[int, ...]
    """The notes of the asked tune."""
    other: tuple[int, ...]
    """The notes of the other tune."""
    kind: DifferenceKind | None
    """How they differ; None if they do not."""


class _Unit(NamedTuple):
    """Two notes under one another, or a note of one tune alone."""

    bar: int
    own: int | None
    other: int | None


class Differences:
    """The differences of two tunes."""

    def __init__(self, own: Line, other: Line, steps: int, ratio: Fraction) -> None:
        """steps: by how many the asked tune is higher, on C. ratio: by how much its notes are
        longer."""
        self.own, self.other, self.steps, self.ratio = own, other, steps, ratio

    def groups(self, stretches: Sequence[Stretch]) -> list[Group]:
        """The groups of all notes of the asked tune, in their order."""
        found, mine = [], set[int]()
        for stretch, before, after in surrounded(self.own, self.other, stretches):
            first, last = stretch[0][0], stretch[-1][0]
            mine.update(before[0], range(first, last + 1), after[0])
            units = [
                *self._alone(first, *before),
                *self._units(stretch),
                *self._alone(last, *after),
            ]
            for bar, some in groupby(units, key=lambda unit: unit.bar):
                found += self._of_bar(bar, list(some))
        alone = [note for note in range(len(self.own.notes)) if note not in mine]
        for bar, notes in groupby(alone, key=lambda note: self.own.notes[note].bar):
            found.append(Group(bar, tuple(notes), (), "absent"))
        found.sort(key=lambda group: (group.bar, group.own[:1] or (len(self.own.notes),)))
        return self._endings(found)

    def _units(self, stretch: Stretch) -> Iterator[_Unit]:
        """The notes of both tunes in their order, each with the bar of the asked tune."""
        before: tuple[int, int] | None = None
        for i, j in stretch:
            bar = self.own.notes[i].bar
            if before is not None:
                k, m = before
                for note in range(k + 1, i):
                    yield _Unit(self.own.notes[note].bar, note, None)
                last = self.own.notes[i - 1].bar
                for note in range(m + 1, j):
                    # A note at the beginning of a bar of the other tune belongs to the next bar.
                    follows = self.other.notes[note].bar == self.other.notes[j].bar
                    follows &= self.other.notes[m].bar != self.other.notes[j].bar
                    yield _Unit(bar if follows else last, None, note)
            yield _Unit(bar, i, j)
            before = i, j

    def _alone(self, note: int, own: range, other: range) -> Iterator[_Unit]:
        """Notes of both tunes that lie under none, in the bar of a note of the asked tune."""
        bar = self.own.notes[note].bar
        yield from (_Unit(bar, one, None) for one in own)
        yield from (_Unit(bar, None, one) for one in other)

    def _of_bar(self, bar: int, units: Sequence[_Unit]) -> list[Group]:
        """The groups of the notes under a bar."""
        groups: list[Group] = []
        for is_equal, run in groupby(units, key=self._is_equal):
            if is_equal:
                groups += map(self._of_pair, run)
            else:
                some = list(run)
                own = tuple(unit.own for unit in some if unit.own is not None)
                other = tuple(unit.other for unit in some if unit.other is not None)
                groups.append(Group(bar, own, other, "note"))
        return list(self._joined(self._with_neighbours(groups)))

    def _with_neighbours(self, groups: Sequence[Group]) -> list[Group]:
        """Groups, those of other notes with the neighbours that make them last equally long."""
        found: list[Group] = []
        following = deque(groups)
        while following:
            group = following.popleft()
            if group.kind == "note":
                before = found[-1:]
                after = [one for one in [*following][:1] if one.kind != "note"]
                for left, right in ([], []), (before, []), ([], after), (before, after):
                    whole = _together([*left, group, *right])
                    if whole.own and whole.other and not self._lasts(whole):
                        del found[len(found) - len(left) :]
                        for _ in right:
                            following.popleft()
                        group = whole._replace(kind=self._kind(group, whole))
                        break
                else:
                    if not group.own or not group.other:
                        group = group._replace(kind="added" if group.own else "left out")
            found.append(group)
        return found

    def _kind(self, group: Group, whole: Group) -> DifferenceKind:
        """How other notes differ. whole: they and the neighbours that make them equally long."""
        has_tuplet = [
            any(token[0] == "(" for note in notes for token in line.tokens(note))
            for line, notes in ((self.own, whole.own), (self.other, whole.other))
        ]
        if has_tuplet[0] != has_tuplet[1]:
            return "triplet"
        if group.own and group.other:
            return "note"
        if group.own:
            notes, more, together = self.own.notes, group.own, whole.own
        else:
            notes, more, together = self.other.notes, group.other, whole.other
        if len({notes[note].step for note in together}) == 1:
            return "split" if group.own else "joined"
        shortest = TICKS_PER_EIGHTH * (max(self.ratio, Fraction(1)) if group.own else 1)
        if any(notes[note].duration > shortest for note in more):
            return "note"
        return "passing" if _is_passing(notes, more) else "ornament"

    def _is_equal(self, unit: _Unit) -> bool:
        """Whether two notes are equal, apart from octaves."""
        if unit.own is None or unit.other is None:
            return False
        return (self._height(unit.own, unit.other) - self.steps) % OCTAVE == 0

    def _height(self, own: int, other: int) -> int:
        return self.own.notes[own].step - self.other.notes[other].step

    def _of_pair(self, unit: _Unit) -> Group:
        """The group of two equal notes."""
        assert unit.own is not None
        assert unit.other is not None
        group = Group(unit.bar, (unit.own,), (unit.other,), None)
        if self._height(unit.own, unit.other) != self.steps:
            return group._replace(kind="octave")
        if self._is_altered(self.own.notes[unit.own], self.other.notes[unit.other]):
            return group._replace(kind="accidental")
        return group if self._lasts(group) == 0 else group._replace(kind="rhythm")

    def _is_altered(self, own: Note, other: Note) -> bool:
        """Whether an accidental makes two notes of one degree sound differently."""
        if not own.is_altered and not other.is_altered:
            return False
        if self.steps % OCTAVE == 0:
            return own.alteration != other.alteration
        return own.alteration - own.signature != other.alteration - other.signature

    def _lasts(self, group: Group) -> Ticks:
        """By how much a group lasts longer in the asked tune, if both had the same lengths."""
        mine = sum(self.own.notes[note].duration for note in group.own)
        theirs = sum(self.other.notes[note].duration for note in group.other)
        longer, by = self.ratio.as_integer_ratio()
        return mine * by - theirs * longer

    def _joined(self, groups: Sequence[Group]) -> Iterator[Group]:
        """Groups, those in a row that differ by the same octaves, or in their rhythm, as one."""

        def difference(group: Group) -> tuple[DifferenceKind | None, int]:
            is_octave = group.kind == "octave"
            return group.kind, self._height(group.own[0], group.other[0]) if is_octave else 0

        for (kind, _), some in groupby(groups, key=difference):
            if kind in ("octave", "rhythm"):
                yield _together(list(some))
            else:
                yield from some

    # Endings

    def _endings(self, groups: Sequence[Group]) -> list[Group]:
        """Groups, with other notes in an ending, or at the end of a part, as another ending."""
        bars = self._ending_bars(groups)
        return [
            group._replace(kind="ending")
            if group.kind in _OF_NOTES and (group.bar in bars or self._is_in_ending(group))
            else group
            for group in groups
        ]

    def _is_in_ending(self, group: Group) -> bool:
        ending = self.own.layout.bars[group.bar].ending
        return ending is not None or any(
            self.other.bar_of(note).ending is not None for note in group.other
        )

    def _ending_bars(self, groups: Sequence[Group]) -> set[int]:
        """The bars at the end of a part that all have other notes, a few of each part."""
        have = {group.bar for group in groups if group.kind in _OF_NOTES}
        found = set()
        for _, first, stop in self.own.parts:
            last = self.own.notes[stop - 1].bar
            for bar in range(last, max(last - _LAST_BARS, self.own.notes[first].bar - 1), -1):
                if bar not in have:
                    break
                found.add(bar)
        return found


def _together(groups: Sequence[Group]) -> Group:
    """Groups that follow one another, as one."""
    own = tuple(note for group in groups for note in group.own)
    other = tuple(note for group in groups for note in group.other)
    return groups[0]._replace(own=own, other=other)


def _is_passing(notes: Sequence[Note], more: Sequence[int]) -> bool:
    """Whether some notes lead by steps from the note before them to the note after them."""
    if more[0] == 0 or more[-1] + 1 == len(notes):
        return False
    steps = [notes[note].step for note in range(more[0] - 1, more[-1] + 2)]
    return {b - a for a, b in pairwise(steps)} in ({1}, {-1})
