"""Writes a part as ABC, spelled as most tunes are, so that its tokens are those of such a tune.

Collections write a dotted pair on the beat as `A>B`, and an accidental where it changes the sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from tunetrace.errors import AbcError
from tunetrace.notation.written import WrittenBar, WrittenNote, WrittenTune
from tunetrace.tokenizer.keys import parse_key, parse_meter
from tunetrace.tokenizer.layout.timeline import default_tuplet_time
from tunetrace.tokenizer.transpose import Pitch

_BARS_IN_A_LINE: Final = 4

_BROKEN: Final = {
    (Fraction(3, 2), Fraction(1, 2)): ">",
    (Fraction(1, 2), Fraction(3, 2)): "<",
    (Fraction(3, 4), Fraction(1, 4)): ">",
    (Fraction(1, 4), Fraction(3, 4)): "<",
    (Fraction(7, 4), Fraction(1, 4)): ">>",
}
"""The dotted pairs that collections write with a sign, by their lengths in eighths: those that fill
one or two eighths. 3 and 1 are written as numbers."""


def abc_text(tune: WrittenTune) -> str:
    """A part as an ABC tune. AbcError if something in it has no token."""
    titles = [f"T:{' '.join(title.split())}" for title in tune.titles]
    meter = [] if tune.meter is None else [f"M:{tune.meter}"]
    music = _Music(tune)
    lines = ["X:1", *titles, *meter, "L:1/8", f"K:{tune.key}", ""]
    last = len(tune.bars) - 1
    for k, (before, bar) in enumerate(pairwise([None, *tune.bars])):
        assert bar is not None, "only the first bar has none before it"
        if before is not None:
            lines[-1] += music.line_between(before, bar)
            if k % _BARS_IN_A_LINE == 0 and not before.is_open:
                lines.append("")
        lines[-1] += music.start(bar, before) + music.bar(bar, is_first=k == 0)
        if k == last:
            lines[-1] += ":|" if bar.ends_repeat else "|]"
    return "\n".join(line.strip() for line in lines) + "\n"


class _Music:
    """Writes the bars of a tune in their order. Its state is the key, the meter and accidentals."""

    def __init__(self, tune: WrittenTune) -> None:
        self._signature = parse_key(tune.key).signature()
        self._in_abc: dict[str, int] = {}  # what holds for a letter since the last bar line
        self._on_staff: dict[tuple[str, int], int] = {}  # on a staff it holds for one octave
        self._tied: Pitch | None = None  # the note that a tie carries over the bar line
        self._set_meter(tune.meter)

    def line_between(self, before: WrittenBar, bar: WrittenBar) -> str:
        """The bar line between two bars, up to where the fields of the second go."""
        changes = bar.key is not None or bar.meter is not None
        is_plain = not before.ends_repeat
        if is_plain and before.is_open and not (bar.begins_repeat or bar.ending):
            return " "
        self._in_abc.clear()
        self._on_staff.clear()
        if not is_plain:
            self._tied = None  # in ABC such a tie carries no accidental
            return ":|"
        return "" if (bar.begins_repeat or bar.ending) and not changes else "|"

    def start(self, bar: WrittenBar, before: WrittenBar | None) -> str:
        """The fields that begin a bar, and the signs of a repeat and an ending."""
        fields = ""
        if bar.meter is not None:
            self._set_meter(bar.meter)
            fields += f"[M:{bar.meter}]"
        if bar.key is not None:
            self._signature = parse_key(bar.key).signature()
            fields += f"[K:{bar.key}]"
        signs = "|:" if bar.begins_repeat else ""
        if bar.ending:
            follows_line = bool(signs) or before is None or before.ends_repeat
            signs += f"{'[' if follows_line else '|'}{bar.ending}"
        return f"{fields}{signs} "

    def bar(self, bar: WrittenBar, *, is_first: bool) -> str:
        """The notes of a bar, with spaces between beats."""
        notes = bar.notes
        at = Fraction(0)
        if is_first and self._full is not None:  # a pickup ends with its bar
            at = max(self._full - sum(note.length * note.scale for note in notes), at)
        text, begun = "", 0  # how many notes of a tuplet or of a dotted pair are still to come
        of_pair: Fraction | None = None  # the length that both notes of a dotted pair are given
        for k, note in enumerate(notes):
            if text and not begun and at % self._beat == 0:
                text += " "
            begun = max(begun - 1, 0)
            if note.tuplet is not None:
                text += self._tuplet(*note.tuplet)
                begun = note.tuplet[2] - 1
            broken = "" if begun else self._broken(note, notes[k + 1 : k + 2], at)
            if broken:
                of_pair, begun = (note.length + notes[k + 1].length) / 2, 1
                text += self._note(note, of_pair) + broken
            else:
                text += self._note(note, of_pair or note.length)
                of_pair = None
            at += note.length * note.scale
        return text + " "

    def _set_meter(self, meter: str | None) -> None:
        stated = "none" if meter is None else parse_meter(meter)
        beats, _, unit = stated.partition("/")
        self._full = None if stated == "none" else 8 * Fraction(stated)
        self._is_compound = self._full is not None and int(beats) > 3 and int(beats) % 3 == 0
        is_in_threes = self._is_compound or stated == "3/8"
        self._beat = Fraction(8 * (3 if is_in_threes else 1), int(unit or 4))
        self._pair = Fraction(1) if is_in_threes else None

    def _broken(self, note: WrittenNote, following: Sequence[WrittenNote], at: Fraction) -> str:
        """The sign between two notes of a dotted pair on the beat; empty if they are none."""
        if not following or note.is_tied or note.scale != 1 or following[0].tuplet is not None:
            return ""
        pair = (note.length, following[0].length)
        if not note.pitches or not following[0].pitches or at % (self._pair or sum(pair)):
            return ""
        return _BROKEN.get(pair, "")

    def _tuplet(self, p: int, q: int, r: int) -> str:
        if not (2 <= p <= 9 and 1 <= q <= 9 and 1 <= r <= 9):
            raise AbcError(
                f"a tuplet of {max(p, r)} notes has no token; write it without the tuplet",
                kind="outside the tokens",
            )
        is_usual = q == default_tuplet_time(p, self._is_compound)
        return f"({p}" if is_usual and r == p else f"({p}:{q}:{r}"

    def _note(self, note: WrittenNote, length: Fraction) -> str:
        signed = note.is_signed or (False,) * len(note.pitches)
        is_alone = len(note.pitches) == 1
        names = [
            self._pitch(*one, is_alone=is_alone) for one in zip(note.pitches, signed, strict=True)
        ]
        self._tied = note.pitches[0] if note.is_tied and is_alone else None
        text = "z" if not names else names[0] if is_alone else f"[{''.join(names)}]"
        return text + _length(length) + "-" * note.is_tied

    def _pitch(self, pitch: Pitch, is_signed: bool, *, is_alone: bool) -> str:
        """A pitch with an accidental if it needs one, or if the file prints one without need.

        ABC has accidentals for all octaves of a letter, a staff for one octave. So an accidental
        that only the staff needs is not written.
        """
        place, alteration = (pitch.letter, pitch.octave), pitch.alteration or 0
        plain = str(Pitch(pitch.letter, pitch.octave, None))
        if is_alone and self._tied == pitch and not self._in_abc and not self._on_staff:
            return plain  # the tie carries the accidental, for this note alone
        usual = self._signature[pitch.letter]
        is_needed = alteration != self._in_abc.get(pitch.letter, usual)
        is_on_purpose = is_signed and alteration == self._on_staff.get(place, usual)
        self._on_staff[place] = alteration
        if not (is_needed or is_on_purpose):
            return plain
        self._in_abc[pitch.letter] = alteration
        return str(Pitch(pitch.letter, pitch.octave, alteration))


def _length(length: Fraction) -> str:
    """A length in eighths as ABC writes it: `3`, `/`, `3/2`; empty for one eighth."""
    if length == Fraction(1, 2):
        return "/"
    top = "" if length.numerator == 1 else str(length.numerator)
    return top if length.denominator == 1 else f"{top}/{length.denominator}"
