"""Transposition by letter and accidental: to C as folk-rnn did it, and back to a tune's own key.

Tonics D, E, F and G move down to C; A and B move up to c. Tunes so keep the octave they had in
folk-rnn's training data. An accidental is rewritten to sound the same against the tonic. A note
without one still has none afterwards, since the signature moves too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tunetrace.tokenizer.keys import (
    ACCIDENTAL_SIGNS,
    ACCIDENTALS,
    FIFTHS,
    LETTERS,
    MODES,
    Key,
    spell,
    tonic_at,
)
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE

_STEPS_TO_C: Final = {"C": 0, "D": -1, "E": -2, "F": -3, "G": -4, "A": 2, "B": 1}


class TooFarAlteredError(ValueError):
    """A note would need more than a double accidental."""


@dataclass(frozen=True, slots=True)
class Pitch:
    """A written note."""

    letter: str
    octave: int
    """0 for C, 1 for c."""
    alteration: int | None
    """Of its written accidental; None without one."""

    @classmethod
    def parse(cls, note: str) -> Pitch:
        """A pitch token: `^F`, `B,`, `=e'`."""
        name = note.lstrip("^_=").rstrip(",'")
        sign = note[: note.index(name)]
        octave = (1 if name.islower() else 0) + note.count("'") - note.count(",")
        return cls(name.upper(), octave, ACCIDENTALS[sign] if sign else None)

    def __str__(self) -> str:
        sign = "" if self.alteration is None else ACCIDENTAL_SIGNS[self.alteration]
        if self.octave > 0:
            return sign + self.letter.lower() + "'" * (self.octave - 1)
        return sign + self.letter + "," * -self.octave


@dataclass(frozen=True, slots=True)
class Interval:
    """A transposition: by steps of the staff, and by places on the line of fifths."""

    steps: int
    fifths: int

    def __neg__(self) -> Interval:
        return Interval(-self.steps, -self.fifths)

    def move(self, pitch: Pitch) -> Pitch:
        """The pitch moved and respelled. TooFarAlteredError beyond a double accidental."""
        octave, step = divmod(LETTERS.index(pitch.letter) + self.steps, 7)
        letter = LETTERS[step]
        if pitch.alteration is None:
            return Pitch(letter, pitch.octave + octave, None)
        spelled, alteration = spell(FIFTHS[pitch.letter] + 7 * pitch.alteration + self.fifths)
        assert spelled == letter, "steps and fifths disagree"
        if alteration not in ACCIDENTAL_SIGNS:
            raise TooFarAlteredError(str(pitch))
        return Pitch(letter, pitch.octave + octave, alteration)

    def move_key(self, key: Key) -> Key:
        """The key moved, with its added accidentals."""
        changes = (spell(FIFTHS[it] + 7 * change + self.fifths) for it, change in key.changes)
        return Key(tonic_at(key.tonic_fifths + self.fifths), key.mode, tuple(changes))


def interval_to_c(key: Key) -> Interval:
    """The transposition that moves the tonic of a key to C, in folk-rnn's octave."""
    return Interval(_STEPS_TO_C[key.tonic[0]], -key.tonic_fifths)


def interval_from_c(key_name: str) -> Interval:
    """The transposition from C back to a key named as `Emin` or `F#dor`."""
    return -interval_to_c(Key(key_name[:-3], key_name[-3:]))


@lru_cache(maxsize=4096)
def move_token(token: str, interval: Interval) -> str:
    """A token moved. Only notes and keys change."""
    if token.startswith("K:") and len(token) > 5:
        return "K:" + interval.move_key(Key(token[2:-3], token[-3:])).name
    if MEANINGS[token].kind != NOTE:
        return token
    return str(interval.move(Pitch.parse(token)))


def interval_to(key_name: str | None) -> Interval | None:
    """The transposition from C to a key; None if nothing moves: on C, or in a key of no mode."""
    if key_name is None or key_name[:-3] in ("", "C") or key_name[-3:] not in MODES:
        return None
    return interval_from_c(key_name)


def in_own_key(tokens: list[str], original_key: str | None) -> list[str]:
    """Tokens on C, moved to the key that the tune was written in."""
    interval = interval_to(original_key)
    if interval is None:
        return tokens
    try:
        return [move_token(token, interval) for token in tokens]
    except TooFarAlteredError:
        return tokens
