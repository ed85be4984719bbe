"""Keys, meters and unit note lengths: the grammar of the ABC fields K:, M: and L:.

A key is a tonic, a mode, and the notes that differ from that mode's signature. Pitches are numbers
on the line of fifths (F -1, C 0, G 1, ... each sharp +7). There a transposition is an addition and
keeps the spelling: an augmented second stays one.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from tunetrace.errors import AbcError
from tunetrace.tokenizer.vocabulary import is_token

if TYPE_CHECKING:
    from pyparsing import ParserElement

LETTERS: Final = "CDEFGAB"
FIFTHS: Final = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
ACCIDENTALS: Final = {"__": -2, "_": -1, "=": 0, "^": 1, "^^": 2}
ACCIDENTAL_SIGNS: Final = {alteration: sign for sign, alteration in ACCIDENTALS.items()}

# The signature of each mode on the line of fifths, counted from the major of its tonic.
MODES: Final = {"maj": 0, "min": -3, "dor": -2, "phr": -4, "lyd": 1, "mix": -1, "loc": -5}
MODES_IN_WORDS: Final = {
    "maj": "major", "min": "minor", "dor": "dorian", "phr": "phrygian", "lyd": "lydian",
    "mix": "mixolydian", "loc": "locrian",
}  # fmt: skip
_MODE_NAMES: Final = {"ion": "maj", "aeo": "min", "m": "min", "": "maj"}


def _short(text: str) -> str:
    """The text of a field without spaces around it; `?`, which no grammar takes, if it is long."""
    text = text.strip()
    return text if len(text) <= 200 else "?"


def spell(fifths: int) -> tuple[str, int]:
    """The letter and the alteration (+1 is a sharp) of a place on the line of fifths."""
    return "FCGDAEB"[(fifths + 1) % 7], (fifths + 1) // 7


def tonic_at(fifths: int) -> str:
    """The name of a place on the line of fifths as a tonic: `F#`, `Bb`."""
    letter, alteration = spell(fifths)
    return letter + ("#" if alteration > 0 else "b") * abs(alteration)


def signature_of_sharps(sharps: int) -> dict[str, int]:
    """The alteration of each letter in a signature of so many sharps; flats are negative."""
    # A letter takes one sharp for every seven fifths that the signature reaches past it.
    return {letter: (sharps + 5 - at) // 7 for letter, at in FIFTHS.items()}


@dataclass(frozen=True, slots=True)
class Key:
    """A key as a K: field states it."""

    tonic: str
    """`F#`, `Bb`, `C`."""
    mode: str
    changes: tuple[tuple[str, int], ...] = ()
    """Alterations by letter that the field adds to the signature of the mode (`K:D =c`: C 0)."""

    @property
    def name(self) -> str:
        """The key in folk-rnn's spelling, without added accidentals: `Emin`, `F#dor`."""
        return self.tonic + self.mode

    @property
    def in_words(self) -> str:
        """`E dorian`."""
        return f"{self.tonic} {MODES_IN_WORDS[self.mode]}"

    @property
    def tonic_fifths(self) -> int:
        return FIFTHS[self.tonic[0]] + 7 * (self.tonic.count("#") - self.tonic.count("b"))

    def signature(self) -> dict[str, int]:
        """The alteration of each letter in this key, with its changes."""
        sharps = self.tonic_fifths + MODES[self.mode]
        return {**signature_of_sharps(sharps), **dict(self.changes)}


def named_key(name: str | None) -> Key | None:
    """A key by its name in tokens, `Edor` or, on C, `dor`; None for one of no such name."""
    if name is None or name[-3:] not in MODES:
        return None
    return Key(name[:-3] or "C", name[-3:])


@cache
def _key_grammar() -> ParserElement:
    import pyparsing as pp

    tonic = pp.Regex(r"[A-G][b#]?(?:m(?![A-Za-z]))?")("tonic")
    mode = pp.Regex(
        r"(?i)maj[a-z]*|min[a-z]*|dor[a-z]*|phr[a-z]*|lyd[a-z]*|mix[a-z]*|loc[a-z]*|ion[a-z]*"
        r"|aeo[a-z]*|m(?![a-z]|\s*=)"
    )("mode")
    explicit = pp.Optional(pp.Regex(r"(?i)exp[a-z]*"))("explicit")
    accidental = pp.Regex(r"(\^\^|__|\^|_|=)[A-Ga-g]")
    # Clefs, staff lines and transposition hints concern printing and do not change the key.
    printing = pp.Regex(
        r"(?i)(clef\s*(=\s*)?)?(treble|bass|tenor|alto|perc|none)[-+0-9]*|[a-z]+\s*=\s*\S+"
    )
    tail = pp.ZeroOrMore(accidental("changes*") | pp.Suppress(printing))
    keyed = tonic + pp.Optional(mode) + explicit + tail
    pipes = (pp.Keyword("HP") | pp.Keyword("Hp"))("pipes") + tail
    unkeyed = pp.Optional(pp.CaselessKeyword("none"))("none") + tail
    return (keyed | pipes | unkeyed) + pp.StringEnd()


@lru_cache(maxsize=1024)
def _parse_key(text: str) -> tuple[Key, bool, bool]:
    """The key of a K: field, whether the field states a tonic, and whether it says `none`.

    Without a tonic the key is C major with the accidentals of the field.
    """
    import pyparsing as pp

    short = _short(text).replace("\N{MUSIC SHARP SIGN}", "#").replace("\N{MUSIC FLAT SIGN}", "b")
    found: dict[str, Any] | None = None
    for spelled in (short, re.sub(r"^[a-g]", lambda tonic: tonic[0].upper(), short)):
        with suppress(pp.ParseException):
            found = _key_grammar().parse_string(spelled).as_dict()
            break
    if found is None:
        raise AbcError(
            not_a_key(text, "write K: as G, Em, D mixolydian, Bb or F#m"), kind="bad key"
        )
    changes = tuple(
        (accidental[-1].upper(), ACCIDENTALS[accidental[:-1]])
        for accidental in found.get("changes", ())
    )
    if "explicit" in found:  # the accidentals are the whole signature
        naturals = [(letter, 0) for letter in LETTERS if letter not in dict(changes)]
        changes = (*naturals, *changes)
    tonic, mode = ("A", "mix") if "pipes" in found else (found.get("tonic", "C"), "")
    mode = str(found.get("mode", mode or tonic[1:].lstrip("b#")))
    name = "maj" if mode == "M" else mode[:3].lower()
    key = Key(tonic.removesuffix("m"), _MODE_NAMES.get(name, name), changes)
    return key, "tonic" in found or "pipes" in found, "none" in found


_GERMAN: Final = re.compile(r"([A-H])(is|es|(?<=[AE])s)?[\s-]*(dur|moll)?", re.IGNORECASE)


def not_a_key(text: str, example: str) -> str:
    """The sentence that a text is no key. A German name (`H`, `Es-Dur`) gets the one in ABC.

    example: what to write, said of any other text.
    """
    stated = text.strip()[:40]
    german = _GERMAN.fullmatch(stated)
    if german is None:
        return f"'{stated}' is not a key; {example}"
    letter, sign, mode = (part.lower() for part in german.groups(default=""))
    tonic = letter.upper() + {"is": "#", "": ""}.get(sign, "b")
    if letter == "h":
        tonic = "B" + tonic[1:]
    elif tonic == "B" and mode:
        tonic = "Bb"
    return f"'{stated}' is not a key; write this German name as {tonic}{'m' * (mode == 'moll')}"


def parse_key(text: str, before: Key | None = None) -> Key:
    """The key that the text of a K: field states. AbcError if it states none.

    before: the key in force before the field. A field with accidentals but no tonic changes these
    accidentals (`[K:=f]`); a field with only a clef changes nothing. Without a key in force, these
    and `none` mean C major. `HP` and `Hp` are the bagpipes' A mixolydian.
    """
    key, has_tonic, is_none = _parse_key(text)
    if before is None or has_tonic or is_none or not text.strip():
        return key
    changes = {**dict(before.changes), **dict(key.changes)}
    return Key(before.tonic, before.mode, tuple(changes.items()))


OCTAVE_REMARK: Final = "octave= in K: is ignored; no note is moved"


def moves_octave(text: str) -> bool:
    """Whether a K: field moves the music to another octave. No token can say so."""
    return "octave" in text and re.search(r"\boctave\s*=", text) is not None


@lru_cache(maxsize=1024)
def key_remark(text: str) -> str | None:
    """What was assumed in reading a K: field that does not follow the standard."""
    key, has_tonic, _ = _parse_key(text)
    stated = text.strip()[:40]
    if moves_octave(text):
        return OCTAVE_REMARK
    if stated[:2].lower() == "hp":
        return f"the bagpipes' key {stated[:2]} is taken as {key.name}"
    if not has_tonic:
        return "K: states no key; C is taken as the tonic"
    if stated[:1].islower():
        return f"the key '{stated}' is taken as {key.name}"
    return None


_NUMBER: Final = "[0-9]{1,4}"
_BEATS: Final = rf"{_NUMBER}(?:\s*\+\s*{_NUMBER})*"
_METER: Final = re.compile(rf"({_BEATS}|\(\s*{_BEATS}\s*\))\s*/\s*({_NUMBER})")
_METERS: Final = {"c|": "2/2", "c": "4/4", "none": "none", "free": "none", "": "none"}
_UNIT_LENGTH: Final = re.compile(rf"({_NUMBER})(?:\s*/\s*({_NUMBER}))?")

_WORDS_AFTER_METER: Final = re.compile(r"(?<=[0-9|Cc])\s+[^\W\d].*", re.DOTALL)
"""In `6/8 slip`, the word that says what kind of tune it is."""


@lru_cache(maxsize=1024)
def parse_meter(text: str) -> str:
    """The meter of an M: field's text: `4/4` or `none`. AbcError if it states none."""
    stated = _WORDS_AFTER_METER.sub("", _short(text))
    if stated.lower() in _METERS:
        return _METERS[stated.lower()]
    match = _METER.fullmatch(stated)
    beats = sum(map(int, re.findall("[0-9]+", match[1]))) if match else 0
    unit = int(match[2]) if match else 0
    if not beats or not unit or not is_token(f"M:{beats}/{unit}"):
        raise AbcError(
            f"'{text.strip()[:40]}' is not a meter; write M: as 6/8, 4/4, C, C| or none",
            kind="bad meter",
        )
    return f"{beats}/{unit}"


@lru_cache(maxsize=1024)
def parse_unit_length(text: str) -> Fraction:
    """The unit note length of an L: field's text, in eighths. AbcError if it states none."""
    match = _UNIT_LENGTH.fullmatch(_short(text))
    top, bottom = (int(number or 1) for number in match.groups()) if match else (0, 0)
    if not top or not bottom:
        raise AbcError(
            f"'{text.strip()[:40]}' is not a unit note length; write L: as 1/8 or 1/16",
            kind="bad unit length",
        )
    return Fraction(8 * top, bottom)


@lru_cache(maxsize=1024)
def default_unit_length(meter: str | None) -> Fraction:
    """The unit note length without an L: field, in eighths.

    ABC 2.1: 1/16 if the meter is below 3/4, 1/8 otherwise.
    """
    is_short = meter not in (None, "none") and Fraction(meter) < Fraction(3, 4)
    return Fraction(1, 2) if is_short else Fraction(1)
