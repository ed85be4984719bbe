"""A tune as it is played: repeats unfolded, ties joined, swung or straight."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from tunetrace.records import Record
from tunetrace.score.engraver import Timemap
from tunetrace.score.mei import bar_id, grace_id, note_id
from tunetrace.score.staff.records import Meter, Staff, StaffBar, StaffNote
from tunetrace.score.staff.tempo import beat_of, bpm_of
from tunetrace.tokenizer.layout.timeline import Bar

SwingMap = tuple[tuple[float, float], ...]
PlayedNote = tuple[float, float, int, str]

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
    notes: tuple[PlayedNote, ...]
    """Start, duration, MIDI number and id of each note as it is played."""
    bars: tuple[PlayedBar, ...]
    """The written bars."""
    under: tuple[PlayedNote, ...] = ()
    """The same for the tune under this one, if there is one; its notes count as this one's do."""

    def swung(self, quarters: float) -> float:
        """When a moment is played if the tune is swung, in quarter notes."""
        return self.swung_clock()(quarters)

    def swung_clock(self) -> Callable[[float], float]:
        """What `swung` says, for many moments."""
        swing, beat = self.swing, self.beat
        starts = sorted((at, bar.phase) for bar in self.bars for at in bar.at)

        def swung(quarters: float) -> float:
            if swing is None:
                return quarters
            k = max(bisect_right(starts, (quarters, float("inf"))) - 1, 0)
            origin = starts[k][0] - starts[k][1] if starts else 0.0
            beats, part = divmod((quarters - origin) / beat, 1)
            for (x0, y0), (x1, y1) in pairwise(swing):
                if x0 <= part <= x1:
                    part = y0 + (part - x0) * (y1 - y0) / (x1 - x0)
                    break
            return origin + (beats + part) * beat

        return swung


def playback_of(
    staff: Staff,
    bars: Sequence[StaffBar],
    timemap: Timemap,
    prefix: str,
    under: Mapping[str, StaffBar] = MappingProxyType({}),
) -> Playback:
    """How a tune, or some of its bars, are played, by verovio's timemap.

    prefix: of the ids of the tune. under: the bars of another tune, each by the prefix of its ids.
    """
    at: dict[str, list[float]] = {}
    for moment, name in timemap.measures:
        at.setdefault(name, []).append(moment)
    meter = bars[0].meter
    return Playback(
        id=prefix.removesuffix("-"),
        title=staff.title,
        bpm=bpm_of(meter),
        beat=float(beat_of(meter) / 2),
        swing=swing_of(meter),
        notes=_played(timemap, _named_notes((prefix, bar) for bar in bars)),
        bars=tuple(_bar(bar, prefix, at) for bar in bars),
        under=_played(timemap, _named_notes(under.items())),
    )


def _named_notes(bars: Iterable[tuple[str, StaffBar]]) -> dict[str, StaffNote]:
    """The notes of bars by their ids. The bars come with the prefixes of these."""
    found: dict[str, StaffNote] = {}
    for prefix, bar in bars:
        for event in bar.events:
            found.update((note_id(prefix, note.token), note) for note in event.notes)
            for k, note in enumerate(event.graces):
                found[grace_id(prefix, event.token, k)] = note
    return found


_PIECE: Final = re.compile(r"(-?n\d+)-\d+$")
"""The end of the id of a note that is tied to itself; the group is that of its first piece."""


def _played(timemap: Timemap, written: Mapping[str, StaffNote]) -> tuple[PlayedNote, ...]:
    """The notes with these ids as they are played, tied ones joined."""
    played: list[PlayedNote] = []
    sounding: dict[int, int] = {}  # by MIDI number, the last note among those played
    for start, duration, name in timemap.notes:
        first = _PIECE.sub(r"\1", name)
        note = written.get(first)
        if note is None:
            continue
        last = sounding.get(note.midi)
        if (first != name or note.ends_tie) and last is not None:
            begun = played[last]
            if abs(begun[0] + begun[1] - start) < _SAME:
                played[last] = (begun[0], start + duration - begun[0], *begun[2:])
                continue
        sounding[note.midi] = len(played)
        played.append((start, duration, note.midi, name))
    return tuple(played)


_SAME: Final = 1e-4  # quarter notes; verovio counts in floats


def _bar(measure: StaffBar, prefix: str, at: dict[str, list[float]]) -> PlayedBar:
    bar = measure.bar
    name = bar_id(prefix, measure.place)
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
