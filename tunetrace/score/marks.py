"""Marks under the notes of a drawing: a band for each stretch, with its number, in lanes.

Bands of three levels differ in colour, and in how they are drawn: whole, in dashes, in dots.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tunetrace.score.engraver import Drawing
from tunetrace.text import html_text

MOST_LANES: Final = 4
"""Bands that are drawn under one another at most. A page lists those that have no room."""

_SPACE: Final = 90  # verovio's unit of spacing, half a space of the staff, as drawn
_LANE: Final = 270
_THICK: Final = 80
_HEAD: Final = 230  # the width of a note head
_TEXT: Final = 260
_ROOM: Final = 4  # tokens between two bands of a lane, for the number of the second

DASHES: Final = {1: "40 80", 2: "240 80", 3: ""}
"""How the band of each level is dashed; empty if it is whole."""

MARK_STYLE: Final = (
    ".mark path{fill:none}.mark text{font-family:sans-serif;stroke:none;fill:currentColor}"
    ".level-1{color:#52606d}.level-2{color:#9a5b00}.level-3{color:#b3261e}"
)
"""How marks and marked notes look on a page that has no other style for them."""


class Mark(NamedTuple):
    """A stretch of notes to be marked."""

    first: int
    """Its first token."""
    stop: int
    """The token after its last."""
    number: int
    """Written beside its band."""
    level: int
    """1 to 3, by how telling it is."""
    title: str
    """What is said of it."""
    href: str
    """The place that it leads to, as `#s1-span-3`; empty if it leads nowhere and has no number."""


def in_lanes(marks: Sequence[Mark]) -> dict[int, list[Mark]]:
    """Marks in lanes, those of a lane apart from one another, with room for a number between them.
    The most telling have the first choice, then the longest; those that find no room are left out.
    """
    lanes: dict[int, list[Mark]] = {}
    for mark in sorted(marks, key=lambda m: (-m.level, m.first - m.stop, m.first)):
        for lane in range(MOST_LANES):
            others = lanes.setdefault(lane, [])
            if all(
                mark.stop + _ROOM <= other.first or other.stop + _ROOM <= mark.first
                for other in others
            ):
                others.append(mark)
                break
    return {lane: found for lane, found in lanes.items() if found}


def spacing(lanes: int) -> int:
    """The space that a number of lanes needs under each line of music, in verovio's unit."""
    return round(lanes * _LANE / _SPACE) + 1


def classes_of(marks: Sequence[Mark], tokens: int) -> dict[int, str]:
    """The class of each token of a tune that is in a mark: that of its most telling one."""
    levels = [0] * tokens
    for mark in sorted(marks, key=lambda m: m.level):
        levels[mark.first : mark.stop] = [mark.level] * (min(mark.stop, tokens) - mark.first)
    return {token: f"level-{level}" for token, level in enumerate(levels) if level}


@dataclass(slots=True)
class _MusicLine:
    """A line of music in a drawing, in its own coordinates."""

    end: int = 0
    """Where in the text of the drawing its bands are put."""
    lowest: float = 0.0
    """The largest y of anything drawn."""
    notes: dict[int, float] = field(default_factory=dict)
    """The x of each note, by its token."""


_PARTS: Final = re.compile(
    r'(?P<system><g class="system">)'
    r'|<g id="(?P<prefix>\w+-)n(?P<note>\d+)"'
    r"|translate\((?P<x>-?[\d.]+), (?P<y>-?[\d.]+)\)"
    r'| d="M-?[\d.]+ (?P<y0>-?[\d.]+) L-?[\d.]+ (?P<y1>-?[\d.]+)"'
    r'| d="M[^"C]+C(?P<curve>[^"]+)"'
    r'| points="(?P<points>[^"]+)"'
)


def draw_marks(drawing: Drawing, marks: Sequence[Mark], prefix: str) -> Drawing:
    """A drawing with the bands of its marks.

    It must have been engraved with the space that `spacing` asks for. prefix: of its ids.
    """
    lanes = in_lanes(marks)
    if not lanes:
        return drawing
    lines = _lines_of(drawing.svg, prefix)
    pieces: list[str] = []
    done = 0
    for line in lines:
        bands = "".join(_band(mark, lane, line) for lane, some in lanes.items() for mark in some)
        pieces += [drawing.svg[done : line.end], bands]
        done = line.end
    pieces.append(drawing.svg[done:])
    return drawing._replace(svg="".join(pieces))


def _lines_of(svg: str, prefix: str) -> list[_MusicLine]:
    """The lines of music of a drawing, from top to bottom."""
    lines: list[_MusicLine] = []
    note: int | None = None  # the note whose head comes next
    for part in _PARTS.finditer(svg):
        if part["system"]:
            lines.append(_MusicLine(end=part.end()))
        elif not lines:
            continue
        elif part["note"]:
            note = int(part["note"]) if part["prefix"] == prefix else None
        elif part["x"]:
            lines[-1].lowest = max(lines[-1].lowest, float(part["y"]))
            if note is not None:
                lines[-1].notes.setdefault(note, float(part["x"]))
                note = None
        elif part["y0"]:
            lines[-1].lowest = max(lines[-1].lowest, float(part["y0"]), float(part["y1"]))
        else:
            points = (part["curve"] or part["points"]).replace("C", "").split()
            heights = [float(point.split(",")[1]) for point in points]
            lines[-1].lowest = max(lines[-1].lowest, *heights)
    return lines


def _band(mark: Mark, lane: int, line: _MusicLine) -> str:
    """The band of a mark in one line of music; nothing if none of its notes is there."""
    places = [x for note, x in line.notes.items() if mark.first <= note < mark.stop]
    if not places:
        return ""
    left, right = min(places), max(places) + _HEAD
    y = line.lowest + _SPACE + (lane + 0.5) * _LANE
    dashes = f' stroke-dasharray="{DASHES[mark.level]}"' if DASHES[mark.level] else ""
    path = f'<path d="M{left:g} {y:g} H{right:g}" stroke="currentColor" stroke-width='
    band = f'{path}"{_THICK}"{dashes}/>'
    if not mark.href:
        return f'<g class="mark level-{mark.level}">{band}</g>'
    return (
        f'<a class="mark level-{mark.level}" href="{html_text(mark.href)}"'
        f' data-span="{mark.number}"><title>{html_text(mark.title)}</title>'
        # The first path is not seen: a band can be clicked between its dashes, and beside it.
        f'{path}"{_LANE}" stroke-opacity="0" pointer-events="stroke"/>'
        f'{band}<text x="{left - 40:g}" y="{y + _TEXT / 3:g}"'
        f' font-size="{_TEXT}" text-anchor="end">{mark.number}</text></a>'
    )
