"""One part of a piece as it is written: bars of notes, as MusicXML and MIDI files give them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tunetrace.tokenizer.transpose import Pitch


@dataclass(slots=True)
class WrittenNote:
    """A note, a chord, or a rest."""

    pitches: tuple[Pitch, ...]
    """In the order of the file. Each states its alteration, whatever the key. Empty for a rest."""
    length: Fraction
    """In eighths, as it is written: in a triplet of eighths 1."""
    is_signed: tuple[bool, ...] = ()
    """Whether an accidental is printed before each pitch. Empty: only where it is needed."""
    is_tied: bool = False
    """Whether it is tied to the next."""
    tuplet: tuple[int, int, int] | None = None
    """p, q and r of the tuplet that begins with it: the next r notes are p in the time of q."""
    scale: Fraction = Fraction(1)
    """What its tuplet makes of its length: 2/3 in a triplet."""


@dataclass(slots=True)
class WrittenBar:
    """A bar, with the lines around it."""

    notes: list[WrittenNote] = field(default_factory=list)
    key: str | None = None
    """The text of the K: field that begins the bar, if the key changes there."""
    meter: str | None = None
    """The same for M:."""
    begins_repeat: bool = False
    ending: str = ""
    """The numbers of the ending that begins here: `1`, `1,3`."""
    ends_repeat: bool = False
    is_open: bool = False
    """Whether no line is drawn after it, as where a bar goes on in the next system."""


@dataclass(slots=True)
class WrittenTune:
    """A part with what the file says of the piece."""

    titles: list[str]
    meter: str | None
    """The text of the first M: field; None without a meter."""
    key: str
    """The text of the first K: field."""
    bars: list[WrittenBar]
    remarks: list[str]
    """What was left out or assumed, one sentence each."""
