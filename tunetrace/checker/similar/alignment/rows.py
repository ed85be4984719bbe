"""Two aligned tunes as rows of text, and their differences in words, in the asked tune's key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from tunetrace.checker.similar.records import (
    AlignedBar,
    AlignedNotes,
    Alignment,
    DifferenceKind,
    UnmatchedBar,
)
from tunetrace.tokenizer.keys import LETTERS
from tunetrace.tokenizer.transpose import Pitch, in_own_key
from tunetrace.tokenizer.vocabulary import CHORD_CLOSE, CHORD_OPEN, MEANINGS, NOTE

_BAR_LINE: Final = " | "


class AlignedRow(NamedTuple):
    """Some bars of the asked tune, those of the other tune under them, and marks under both."""

    place: str
    """Part and bar of the first bar, `1.3`."""
    text: str
    """The bars of the asked tune."""
    other_place: str
    """Part and bar of the other tune under the first bar; empty if there is none."""
    other: str
    """The notes of the other tune, each under the note that it belongs to."""
    marks: str
    """`^` under each difference."""


class _Cell(NamedTuple):
    """A bar, or a piece of a long one, as text."""

    bar: AlignedBar
    text: str
    other: str
    marks: str


def rows_of(alignment: Alignment, key: str | None, width: int) -> Iterator[AlignedRow]:
    """An alignment in rows of whole bars, each at most `width` columns wide.

    key: the key that the asked tune was written in; the rows are in it. A bar that is too wide for
    a row is continued in the next.
    """
    line: list[_Cell] = []
    for bar in alignment.bars:
        for cell in _cells(bar, key, width):
            used = sum(len(one.text) + len(_BAR_LINE) for one in line)
            if line and (used + len(cell.text) > width or line[0].bar.part != bar.part):
                yield _row(line)
                line = []
            line.append(cell)
    if line:
        yield _row(line)


def _row(cells: Sequence[_Cell]) -> AlignedRow:
    first = cells[0].bar
    return AlignedRow(
        place_in_words(first.part, first.bar, first.ending),
        _BAR_LINE.join(cell.text for cell in cells).rstrip(),
        other_place_in_words(first),
        _BAR_LINE.join(cell.other for cell in cells).rstrip(),
        (" " * len(_BAR_LINE)).join(cell.marks for cell in cells).rstrip(),
    )


def _cells(bar: AlignedBar, key: str | None, width: int) -> Iterator[_Cell]:
    """A bar as one cell, or as several if it is too wide."""
    columns: list[tuple[str, str, str]] = []
    used = 0
    for notes in bar.notes:
        mine, theirs = _own(notes.text, key), _own(notes.other, key)
        wide = max(len(mine), len(theirs))
        is_marked = notes.difference not in (None, "absent")
        if columns and used + wide > width:
            yield _cell(bar, columns)
            columns, used = [], 0
        columns.append((mine.ljust(wide), theirs.ljust(wide), "^ "[not is_marked] * wide))
        used += wide + 1
    yield _cell(bar, columns)


def _cell(bar: AlignedBar, columns: Sequence[tuple[str, str, str]]) -> _Cell:
    return _Cell(bar, *(" ".join(texts) for texts in zip(*columns, strict=True)))


def _own(text: str, key: str | None) -> str:
    return " ".join(in_own_key(text.split(), key))


def place_in_words(part: int, bar: int, ending: int | None) -> str:
    """A bar: `1.8` for part 1, bar 8; `1.8/2` in a second ending."""
    return f"{part}.{bar}" + (f"/{ending}" if ending is not None else "")


def other_place_in_words(bar: AlignedBar) -> str:
    """The bar of the other tune that lies under one; empty if none does."""
    if bar.other_part is None or bar.other_bar is None:
        return ""
    return place_in_words(bar.other_part, bar.other_bar, bar.other_ending)


# Differences in words


def differences_of(alignment: Alignment, key: str | None) -> Iterator[str]:
    """The differences of two tunes: `1.3: c is an octave lower`.

    key: the key that the asked tune was written in; notes are named in it. Bars of the same
    differences are named together, and those that the other tune lacks.
    """
    named: dict[str, list[str]] = {}
    for bar in alignment.bars:
        words = dict.fromkeys(
            _named(notes, key) for notes in bar.notes if notes.difference is not None
        )
        if words:
            place = place_in_words(bar.part, bar.bar, bar.ending)
            named.setdefault("; ".join(words), []).append(place)
    for differences, places in named.items():
        yield f"{', '.join(places)}: {differences}"


_AS_NAMED: Final[dict[DifferenceKind, str]] = {
    "joined": "{text} for {other}",
    "split": "{text} for {other}",
    "accidental": "{text} for {other}",
    "note": "{text} for {other}",
    "triplet": "a triplet, {text} for {other}",
    "passing": "a passing note, {text} for {other}",
    "ornament": "an ornament, {text} for {other}",
    "rhythm": "other lengths",
    "added": "{text} added",
    "left out": "{other} left out",
    "ending": "other ending",
    "absent": "not in it",
}


def _named(notes: AlignedNotes, key: str | None) -> str:
    """A difference in words."""
    assert notes.difference is not None
    if notes.difference == "octave":
        names, others = (list(_melody(text)) for text in (notes.text, notes.other))
        higher = Pitch.parse(names[0]).octave - Pitch.parse(others[0]).octave
        verb = "is" if len(names) == 1 else "are"
        octave = "an octave" if abs(higher) == 1 else f"{abs(higher)} octaves"
        direction = "higher" if higher > 0 else "lower"
        return f"{_own(' '.join(names), key)} {verb} {octave} {direction}"
    return _AS_NAMED[notes.difference].format(
        text=_own(notes.text, key), other=_own(notes.other, key)
    )


def _melody(text: str) -> Iterator[str]:
    """The notes of a text; of a chord the highest."""
    chord: list[str] | None = None
    for token in text.split():
        kind = MEANINGS[token].kind
        if kind == CHORD_OPEN:
            chord = []
        elif kind == NOTE:
            if chord is None:
                yield token
            else:
                chord.append(token)
        elif kind == CHORD_CLOSE:
            yield from sorted(chord or (), key=_height)[-1:]
            chord = None
    yield from sorted(chord or (), key=_height)[-1:]  # a chord that is not closed


def _height(note: str) -> tuple[int, int]:
    pitch = Pitch.parse(note)
    return pitch.octave, LETTERS.index(pitch.letter)


def bars_in_words(bars: Iterable[UnmatchedBar]) -> str:
    """Bars by their places: `2.1–2.8, 3.4`."""
    found = []
    for _, some in groupby(enumerate(bars), key=lambda one: (one[1].part, one[1].bar - one[0])):
        run = [place_in_words(bar.part, bar.bar, bar.ending) for _, bar in some]
        found.append(run[0] if len(run) == 1 else f"{run[0]}–{run[-1]}")
    return ", ".join(found)
