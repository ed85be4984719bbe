"""Two tunes bar under bar, as a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from tunetrace.checker.similar.alignment.differences import Group
from tunetrace.checker.similar.alignment.notes import Line, raised
from tunetrace.checker.similar.records import AlignedBar, AlignedNotes, Alignment, UnmatchedBar


def bar_under_bar(own: Line, other: Line, groups: Sequence[Group], steps: int) -> Alignment:
    """Each bar of the asked tune with what lies under it.

    groups: as Differences gives them. steps: by how many the asked tune is higher, on C.
    """
    of_bars = {bar: list(some) for bar, some in groupby(groups, key=lambda group: group.bar)}
    bars = tuple(
        _bar(own, other, place, of_bars.get(place, []), steps)
        for place in range(len(own.layout.bars))
    )
    under = {other.notes[note].bar for group in groups for note in group.other}
    return Alignment(steps=steps, bars=bars, unmatched=tuple(_unmatched(other, under)))


def _bar(own: Line, other: Line, place: int, groups: Sequence[Group], steps: int) -> AlignedBar:
    bar = own.layout.bars[place]
    notes = tuple(_notes(own, other, groups, steps))
    under = Counter(other.notes[note].bar for group in groups for note in group.other)
    most = max(under, key=lambda one: (under[one], -one), default=None)
    theirs = None if most is None else other.layout.bars[most]
    return AlignedBar(
        part=bar.part,
        bar=bar.number,
        ending=bar.ending,
        text=bar.text,
        other_part=theirs.part if theirs else None,
        other_bar=theirs.number if theirs else None,
        other_ending=theirs.ending if theirs else None,
        other_text=" ".join(one.other for one in notes if one.other),
        notes=notes or (AlignedNotes(bar.text, "", "absent"),),
    )


def _notes(own: Line, other: Line, groups: Sequence[Group], steps: int) -> Iterator[AlignedNotes]:
    """The groups of a bar as text."""
    bar: int | None = None
    for group in groups:
        theirs: list[str] = []
        for note in group.other:
            if bar is not None and other.notes[note].bar != bar:
                theirs.append("|")
            bar = other.notes[note].bar
            theirs += raised(other.tokens(note), steps, other.key, own.key)
        mine = [token for note in group.own for token in own.tokens(note)]
        yield AlignedNotes(" ".join(mine), " ".join(theirs), group.kind)


def _unmatched(other: Line, under: set[int]) -> Iterator[UnmatchedBar]:
    """The bars that lie under no bar of the asked tune, without those that repeat one that does."""
    texts = {other.layout.bars[place].text for place in under}
    for place, bar in enumerate(other.layout.bars):
        if place not in under and bar.text not in texts:
            yield UnmatchedBar(bar.part, bar.number, bar.ending, bar.text)
