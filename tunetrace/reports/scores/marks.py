"""Spans in the drawing of a tune: coloured bands behind its notes, with a pattern and numbers.

Spans overlap, and bands cannot. So the notes are cut into runs that are in the same spans. A run
has the colour of the least probable of its spans, and each span its number where it begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from tunetrace.reports.page.marks import Stretch

_NOTEHEAD: Final = 230  # its width, in the drawing's unit: a tenth of that of its viewBox
_AROUND: Final = 60  # between a note and the end of its band
_ABOVE: Final = 190  # between the outermost line or note and the edge of a band
_STAFF: Final = 720  # from the first of the five lines to the last

_PARTS: Final = re.compile(
    r'<g class="(?P<system>system)">'
    r'|<g class="staff"><path d="M\S+ (?P<line>[\d.]+) '
    r'|<g id="(?P<id>[^"]+)" class="note[^"]*">'
    r'|<g class="notehead"><use href="[^"]+" transform="translate\((?P<x>[-\d.]+), (?P<y>[-\d.]+)\)'
)


class _Head(NamedTuple):
    """A notehead in a drawing."""

    token: int
    system: int
    x: float
    y: float


class _System(NamedTuple):
    """A line of music in a drawing."""

    insert: int
    """Where in the SVG its content begins."""
    top: float
    """The height of its first staff line."""


def levels(tokens: Sequence[int], stretches: Sequence[Stretch]) -> dict[int, str]:
    """The class of each note that is in a span: `level-2`. tokens: those of the notes."""
    found = {}
    for token in tokens:
        level = max(
            (some.level for some in stretches if some.first <= token < some.stop), default=0
        )
        if level:
            found[token] = f"level-{level}"
    return found


def with_bands(
    svg: str, prefix: str, stretches: Sequence[Stretch], links: Mapping[int, str]
) -> str:
    """The drawing of a tune with its spans behind its notes.

    prefix: of its ids. links: where the number of a span leads; other spans have no number.
    """
    systems, heads = _read(svg, prefix)
    bands: dict[int, list[str]] = {}
    seen: set[int] = set()
    for system, some in groupby(heads, key=lambda head: head.system):
        row = list(some)
        for band, begins in _bands(row, systems[system], stretches, seen):
            seen |= begins
            numbers = [(n, links[n]) for n in sorted(begins) if n in links]
            bands.setdefault(system, []).append(band.svg(numbers))
    for system in sorted(bands, reverse=True):
        at = systems[system].insert
        svg = f"{svg[:at]}{''.join(bands[system])}{svg[at:]}"
    return svg


class _Band(NamedTuple):
    """A run of notes in the same spans, in one line of music."""

    spans: tuple[int, ...]
    """Their numbers, the least probable first."""
    level: int
    x: float
    y: float
    width: float
    height: float

    def svg(self, numbers: Sequence[tuple[int, str]]) -> str:
        box = f'x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{self.height:g}"'
        spans = " ".join(map(str, self.spans))
        labels = "".join(
            f'<a href="#{link}" class="number" data-span="{number}">'
            f'<text x="{self.x + 20 + 320 * k:g}" y="{self.y + self.height + 260:g}">{number}</text></a>'
            for k, (number, link) in enumerate(numbers)
        )
        return (
            f'<g class="mark level-{self.level}" data-spans="{spans}">'
            f'<rect class="band" {box}/><rect class="hatch" {box}/>{labels}</g>'
        )


def _read(svg: str, prefix: str) -> tuple[list[_System], list[_Head]]:
    """The lines of music of a drawing, and its noteheads in their order."""
    systems: list[_System] = []
    heads: list[_Head] = []
    token: int | None = None
    for part in _PARTS.finditer(svg):
        if part["system"]:
            systems.append(_System(part.end(), -1))
        elif part["line"] and systems[-1].top < 0:
            systems[-1] = systems[-1]._replace(top=float(part["line"]))
        elif part["id"]:
            number = part["id"].removeprefix(f"{prefix}n").partition("-")[0]
            token = int(number) if number.isdigit() else None  # a grace note has none
        elif part["x"] and token is not None:
            heads.append(_Head(token, len(systems) - 1, float(part["x"]), float(part["y"])))
    return systems, heads


def _bands(
    row: Sequence[_Head], system: _System, stretches: Sequence[Stretch], seen: set[int]
) -> Iterator[tuple[_Band, set[int]]]:
    """The bands in a line of music, and the spans that begin with each.

    seen: the spans that began in lines before it.
    """
    inside = [
        tuple(some.number for some in by_level if some.first <= head.token < some.stop)
        for by_level in [sorted(stretches, key=lambda some: (-some.level, some.first - some.stop))]
        for head in row
    ]
    of = {some.number: some.level for some in stretches}
    marked = [head.y for head, numbers in zip(row, inside, strict=True) if numbers]
    if not marked:
        return
    top = min(system.top, *marked) - _ABOVE
    bottom = max(system.top + _STAFF, *marked) + _ABOVE
    begun = set(seen)
    for numbers, places in groupby(range(len(row)), key=lambda k: inside[k]):
        if not numbers:
            continue
        run = list(places)
        first, last = row[run[0]], row[run[-1]]
        goes_on = run[-1] + 1 < len(row) and inside[run[-1] + 1]
        stop = row[run[-1] + 1].x - _AROUND if goes_on else last.x + _NOTEHEAD + _AROUND
        x = first.x - _AROUND
        begins = {number for number in numbers if number not in begun}
        begun |= begins
        yield _Band(numbers, of[numbers[0]], x, top, max(stop - x, 1), bottom - top), begins
