"""A tune as it is played: repeats unfolded, ties joined, swung or straight."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from tunetrace.records import Record
from tunetrace.score.engraver import Timemap
from tunetrace.score.mei import bpm_of
from tunetrace.score.written import Meter, Staff, StaffBar, StaffNote, beat_of
from tunetrace.tokenizer.layout.timeline import Bar

SwingMap = tuple[tuple[float, float], ...]

_JIG: Final[SwingMap] = ((0, 0), (1 / 3, 0.4), (2 / 3, 0.65), (1, 1))
"""Of a beat of three: the first note is long, the second short."""
_HORNPIPE: Final[SwingMap] = ((0, 0), (1 / 2, 2 / 3), (1, 1))
"""Of a beat of two: as if they were the first and the last of a triplet."""


@dataclass(frozen=True, slots=True, repr=False)
class PlayedBar(Record):
    """A written bar, and when it is played."""

    id: str
    """That of its measure in the drawing."""
    name: str
    """`part 1, bar 3`."""
    text: str
    """Its tokens, in the key of the score."""
    at: tuple[float, ...]
    """When it begins, each time it is played, in quarter notes from the beginning."""
    length: float
    """In quarter notes."""
    phase: float
    """Where in a whole bar it begins, in quarter notes. More than 0 for a pickup."""


@dataclass(frozen=True, slots=True, repr=False)
class Playback(Record):
    """All that a player needs."""

    id: str
    """The beginning of all ids of the drawing, without its hyphen."""
    title: str
    bpm: int
    """Beats a minute."""
    beat: float
    """A beat in quarter notes: 1.5 in 6/8."""
    swing: SwingMap | None
    """Where in a beat each moment of it is played if the tune is swung; None if it never is."""
    notes: tuple[tuple[float, float, int, str], ...]
    """Start, duration, MIDI number and id of each note as it is played."""
    bars: tuple[PlayedBar, ...]
    """The written bars."""

    def swung(self, quarters: float) -> float:
        """When a moment is played if the tune is swung, in quarter notes."""
        if self.swing is None:
            return quarters
        starts = sorted((at, bar.phase) for bar in self.bars for at in bar.at)
        k = max(bisect_right(starts, (quarters, float("inf"))) - 1, 0)
        origin = starts[k][0] - starts[k][1] if starts else 0.0
        beats, part = divmod((quarters - origin) / self.beat, 1)
        for (x0, y0), (x1, y1) in zip(self.swing, self.swing[1:], strict=False):
            if x0 <= part <= x1:
                part = y0 + (part - x0) * (y1 - y0) / (x1 - x0)
                break
        return origin + (beats + part) * self.beat


def playback_of(staff: Staff, timemap: Timemap, prefix: str) -> Playback:
    """How a tune is played, by verovio's timemap of it."""
    written: dict[str, StaffNote] = {}
    graces: dict[str, StaffNote] = {}
    for measure in staff.measures:
        for event in measure.events:
            written.update((f"{prefix}n{note.token}", note) for note in event.notes)
            for k, note in enumerate(event.graces):
                graces[f"{prefix}g{event.token}-{k}"] = note
    played: list[tuple[float, float, int, str]] = []
    sounding: dict[int, int] = {}  # by MIDI number, the last note among those played
    for start, duration, name in timemap.notes:
        first, _, piece = name.removeprefix(prefix).partition("-")
        is_grace = first.startswith("g")
        note = graces[name] if is_grace else written[prefix + first]
        last = sounding.get(note.midi)
        if not is_grace and (piece or note.ends_tie) and last is not None:
            begun = played[last]
            if abs(begun[0] + begun[1] - start) < _SAME:
                played[last] = (begun[0], start + duration - begun[0], *begun[2:])
                continue
        sounding[note.midi] = len(played)
        played.append((start, duration, note.midi, name))
    at: dict[str, list[float]] = {}
    for moment, name in timemap.measures:
        at.setdefault(name, []).append(moment)
    first_meter = staff.measures[0].meter if staff.measures else None
    return Playback(
        id=prefix.removesuffix("-"),
        title=staff.title,
        bpm=bpm_of(first_meter),
        beat=float(beat_of(first_meter) / 2),
        swing=swing_of(first_meter),
        notes=tuple(played),
        bars=tuple(_bar(measure, prefix, at) for measure in staff.measures),
    )


_SAME: Final = 1e-4  # quarter notes; verovio counts in floats


def _bar(measure: StaffBar, prefix: str, at: dict[str, list[float]]) -> PlayedBar:
    bar = measure.bar
    name = f"{prefix}b{measure.place}"
    return PlayedBar(
        id=name,
        name=_named(bar),
        text=bar.text,
        at=tuple(at.get(name, ())),
        length=float(sum((event.eighths for event in measure.events), Fraction(0)) / 2),
        phase=float(measure.phase / 2),
    )


def _named(bar: Bar) -> str:
    place = f"bar {bar.number}" if bar.number else "pickup"
    ending = f", ending {bar.ending}" if bar.ending is not None else ""
    return f"part {bar.part}, {place}{ending}"


def swing_of(meter: Meter | None) -> SwingMap | None:
    """How a beat of a meter is swung; None for meters that are not."""
    if meter is None:
        return None
    beats, unit = meter
    if beats % 3 == 0 and unit == 8:
        return _JIG
    if unit == 4:
        return _HORNPIPE
    if unit == 2:  # a beat of two quarters, each of which is swung
        halves = [(x / 2 + shift, y / 2 + shift) for shift in (0, 0.5) for x, y in _HORNPIPE]
        return tuple(dict.fromkeys(halves))
    return None
