"""What is on a staff: notes, events, bars, and the order in which they are played."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple

from tunetrace.score.staff.values import Ratio, Value
from tunetrace.tokenizer.abc.ornaments import Ornaments
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.pitches import MIDDLE_C, SEMITONES
from tunetrace.tokenizer.layout.timeline import Bar

Meter = tuple[int, int]
"""Beats and unit, as 6 and 8."""


class StaffNote(NamedTuple):
    """A note on the staff."""

    token: int
    """Its place among the tune's tokens."""
    letter: str
    octave: int
    """0 for the octave that begins with middle C."""
    alteration: int
    """How it sounds: +1 is a sharp."""
    accidental: int | None
    """The accidental that it needs before it, unless a tie carries it over; None without one."""
    is_tied: bool
    """Whether it is tied to the same note of the next event."""
    ends_tie: bool
    """Whether the same note of the event before is tied to it."""

    @property
    def shown(self) -> int | None:
        """The accidental that is shown before it."""
        return None if self.ends_tie else self.accidental

    @property
    def midi(self) -> int:
        """Its MIDI number."""
        return MIDDLE_C + 12 * self.octave + SEMITONES[self.letter] + self.alteration


@dataclass(slots=True)
class Event:
    """A note, a chord or a rest."""

    token: int
    """Its first token."""
    notes: tuple[StaffNote, ...]
    """From low to high; empty for a rest."""
    graces: tuple[StaffNote, ...]
    onset: Fraction
    """In eighths from the start of the measure."""
    eighths: Fraction
    """How long it sounds."""
    ratio: Ratio
    """The tuplet that it is in; PLAIN outside."""
    values: tuple[Value, ...]
    """Its note values, tied to one another."""
    signs: Signs
    """What changes before it, inside the measure."""
    tuplet: int | None = None
    """The number of its tuplet in the measure."""
    beam: int | None = None
    """The number of its beam in the measure."""

    @property
    def grace_part(self) -> int:
        """Of which part of a whole note its grace notes are drawn: one alone is an eighth with a
        stroke, several are sixteenths."""
        return 8 if len(self.graces) == 1 else 16


class Signs(NamedTuple):
    """A key signature or a meter that is written at a place. None where it does not change."""

    key: str | None = None
    """As in tokens."""
    sharps: int | None = None
    """Sharps of its signature, or flats if negative."""
    meter: Meter | None = None

    def then(self, later: Signs) -> Signs:
        """What is in force after later signs, if these were before them."""
        return Signs(
            self.key if later.key is None else later.key,
            self.sharps if later.sharps is None else later.sharps,
            self.meter if later.meter is None else later.meter,
        )

    def since(self, before: Signs) -> Signs:
        """What must be written where these are in force, and others were before."""
        has_signature = (self.key, self.sharps) == (before.key, before.sharps)
        return Signs(
            None if has_signature else self.key,
            None if has_signature else self.sharps,
            None if self.meter == before.meter else self.meter,
        )


NO_SIGNS: Final = Signs()


@dataclass(slots=True)
class StaffBar:
    """A bar of the layout on the staff."""

    bar: Bar
    place: int
    """Its place among the written bars, from 0."""
    events: list[Event]
    signs: Signs
    """What is written at its beginning; the first measure has the tune's own key and meter."""
    meter: Meter | None
    """The meter in force; None if the music is free."""
    phase: Fraction
    """In eighths: where in a whole bar it begins. More than 0 for a pickup."""
    opens_repeat: bool
    closes_repeat: bool
    closes_part: bool
    """Whether a part ends with it, but not the tune."""
    is_last: bool
    is_open: bool = False
    """Whether no bar line ends it, as in a figure that goes on."""


class Section(NamedTuple):
    """Measures that are always played in a row."""

    first: int
    stop: int
    ending: str | None
    """The numbers of the ending that it is in, as `1` or `1, 3`."""


@dataclass(slots=True)
class Staff:
    """A tune on one staff."""

    title: str
    key: str | None
    """As in tokens, in the key that it is written in."""
    measures: list[StaffBar]
    sections: list[Section]
    played: list[int]
    """The order in which the sections are played."""
    layout: Layout = field(repr=False)
    ornaments: Ornaments = field(repr=False)
    """The grace notes and ties that its text has, in the key that it is written in."""

    def signs_in_force(self) -> list[Signs]:
        """The key and the meter at the beginning of each measure, with what is written there."""
        found: list[Signs] = []
        now = NO_SIGNS
        for measure in self.measures:
            now = now.then(measure.signs)
            found.append(now)
            for event in measure.events:
                now = now.then(event.signs)
        return found
