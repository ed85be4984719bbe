"""The keys of a voice of a MIDI file: those that the file states, or an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from tunetrace.notation.midi.events import KeyPress, MidiScore, MidiVoice
from tunetrace.notation.quiet import music21_at_work
from tunetrace.text import share
from tunetrace.tokenizer.keys import spell, tonic_at
from tunetrace.tokenizer.transpose import Pitch

_IN_KEY: Final = range(-1, 6)
"""The places of the notes of a major key on the line of fifths, counted from its tonic."""

_SPELLED: Final = range(-3, 9)
"""The same for all twelve: in C from E flat to G sharp."""

_BETTER: Final = 0.05
"""Programs write C major where nobody chose a key. An estimate replaces it if the scale of the
estimate has at least this share more of the notes."""


@dataclass(frozen=True, slots=True)
class MidiKey:
    """A key, and the time in quarter notes from which it holds."""

    at: Fraction
    sharps: int
    """Of its signature; flats are negative."""
    is_minor: bool

    @property
    def text(self) -> str:
        """As in a K: field."""
        return tonic_at(self.sharps + (3 if self.is_minor else 0)) + "m" * self.is_minor

    @property
    def doubt(self) -> list[str]:
        """What is assumed of a stated major key: MIDI has no modes but major and minor."""
        if self.is_minor:
            return []
        major, mixolydian, dorian = (
            MidiKey(self.at, self.sharps + k, is_minor=False).text for k in range(3)
        )
        return [
            f"MIDI does not tell {major} major from {dorian} dorian and {mixolydian} mixolydian; "
            f"{major} major is assumed"
        ]

    def spell(self, number: int) -> Pitch:
        """The pitch of a MIDI number, spelled as it is usual in this key."""
        fifths = next(
            self.sharps + k for k in _SPELLED if (self.sharps + k) * 7 % 12 == number % 12
        )
        letter, alteration = spell(fifths)
        return Pitch(letter, (number - alteration) // 12 - 5, alteration)

    def share_of(self, presses: Sequence[KeyPress]) -> float:
        """The share of notes that are in the scale of the signature."""
        scale = {(self.sharps + k) * 7 % 12 for k in _IN_KEY}
        return sum(press.number % 12 in scale for press in presses) / len(presses)


def keys_of(score: MidiScore, voice: MidiVoice, name: str) -> tuple[list[MidiKey], list[str]]:
    """The keys in the order of their times, and what was assumed.

    name: stands for the file in messages.
    """
    stated = [MidiKey(at, sharps, minor) for at, sharps, minor in score.keys if abs(sharps) <= 7]
    is_unset = len(stated) == 1 and stated[0].sharps == 0 and not stated[0].is_minor
    if stated and not is_unset:
        return stated, stated[0].doubt
    estimate, how_sure = _estimated(voice, name)
    if not stated:
        return [estimate], [f"the file states no key; {how_sure}"]
    shares = stated[0].share_of(voice.notes), estimate.share_of(voice.notes)
    if shares[1] - shares[0] < _BETTER:
        return stated, stated[0].doubt
    return [estimate], [
        f"the file states C major, whose scale has {share(shares[0])} of the notes; {how_sure}"
    ]


def _estimated(voice: MidiVoice, name: str) -> tuple[MidiKey, str]:
    """The key that music21 finds by the lengths of the notes, and how sure it is."""
    with music21_at_work(name, "MIDI"):
        from music21.note import Note
        from music21.stream import Stream

        notes = Stream()
        for press in voice.notes:
            notes.append(Note(press.number, quarterLength=float(press.end - press.onset) or 0.25))
        found = notes.analyze("key")
        sure = f"correlation {found.correlationCoefficient:.2f}"
        for other in found.alternateInterpretations[:1]:
            sure += f"; {_named(other)} has {other.correlationCoefficient:.2f}"
    key = MidiKey(Fraction(0), found.sharps, found.mode == "minor")
    return key, f"{_named(found)} is assumed by its notes ({sure})"


def _named(key: Any) -> str:
    return f"{key.tonic.name.replace('-', 'b')} {key.mode}"
