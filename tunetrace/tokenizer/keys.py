"""Keys, meters and unit note lengths: the grammar of the ABC fields K:, M: and L:.

A key is a tonic, a mode, and the notes that differ from that mode's signature. Pitches are numbers
on the line of fifths (F -1, C 0, G 1, ... each sharp +7). There a transposition is an addition and
keeps the spelling: an augmented second stays one.
"""

from __future__ import annotations

import re
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

_LONGEST_FIELD: Final = 200

# The signature of each mode on the line of fifths, counted from the major of its tonic.
MODES: Final = {"maj": 0, "min": -3, "dor": -2, "phr": -4, "lyd": 1, "mix": -1, "loc": -5}
_MODE_NAMES: Final = {"ion": "maj", "aeo": "min", "m": "min", "": "maj"}


def _short(text: str) -> str:
    """The text of a field without spaces around it; `?`, which no grammar takes, if it is long."""
    text = text.strip()
    return text if len(text) <= _LONGEST_FIELD else "?"


def spell(fifths: int) -> tuple[str, int]:
    """The letter and the alteration (+1 is a sharp) of a place on the line of fifths."""
    return "FCGDAEB"[(fifths + 1) % 7], (fifths + 1) // 7


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
    def tonic_fifths(self) -> int:
        return FIFTHS[self.tonic[0]] + 7 * (self.tonic.count("#") - self.tonic.count("b"))

    def signature(self) -> dict[str, int]:
        """The alteration of each letter in this key, with its changes."""
        sharps = self.tonic_fifths + MODES[self.mode]
        # A letter takes one sharp for every seven fifths that the signature reaches past it.
        alterations = {letter: (sharps + 5 - at) // 7 for letter, at in FIFTHS.items()}
        return {**alterations, **dict(self.changes)}


@dataclass(frozen=True, slots=True)
class _KeyField:
    """What a K: field states."""

    tonic: str | None
    mode: str
    changes: tuple[tuple[str, int], ...]
    is_explicit: bool
    """Whether the accidentals are the whole signature (`exp`)."""
    is_none: bool
    """Whether it says `none`."""


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
def _parse_key(text: str) -> _KeyField:
    import pyparsing as pp

    short = _short(text).replace("\N{MUSIC SHARP SIGN}", "#").replace("\N{MUSIC FLAT SIGN}", "b")
    grammar = _key_grammar()
    found: dict[str, Any]
    try:
        found = grammar.parse_string(short).as_dict()
    except pp.ParseException:
        try:
            if short[:1] not in set("abcdefg"):
                raise
            found = grammar.parse_string(short[:1].upper() + short[1:]).as_dict()
        except pp.ParseException:
            raise AbcError(
                f"'{text.strip()[:40]}' is not a key; write K: as G, Em, D mixolydian, Bb or F#m",
                kind="bad key",
            ) from None
    changes = tuple(
        (accidental[-1].upper(), ACCIDENTALS[accidental[:-1]])
        for accidental in found.get("changes", ())
    )
    if "pipes" in found:
        return _KeyField("A", "mix", changes, False, False)
    if "tonic" not in found:
        return _KeyField(None, "maj", changes, False, "none" in found)
    tonic = str(found["tonic"])
    mode = str(found["mode"]) if "mode" in found else tonic[2:] if tonic[1:2] in ("b", "#") else (
        tonic[1:])  # fmt: skip
    name = "maj" if mode == "M" else mode[:3].lower()
    return _KeyField(
        tonic.removesuffix("m"), _MODE_NAMES.get(name, name), changes,
        bool(found.get("explicit")), False,
    )  # fmt: skip


def parse_key(text: str, before: Key | None = None) -> Key:
    """The key that the text of a K: field states. AbcError if it states none.

    before: the key in force before the field. A field with accidentals but no tonic changes these
    accidentals (`[K:=f]`); a field with only a clef changes nothing. Without a key in force, these
    and `none` mean C major. `HP` and `Hp` are the bagpipes' A mixolydian.
    """
    field = _parse_key(text)
    changes = field.changes
    if field.is_explicit:
        plain = [(letter, 0) for letter in LETTERS if letter not in dict(changes)]
        changes = (*plain, *changes)
    if field.tonic is not None:
        return Key(field.tonic, field.mode, changes)
    if before is None or field.is_none or not text.strip():
        return Key("C", "maj", changes)
    return Key(before.tonic, before.mode, tuple({**dict(before.changes), **dict(changes)}.items()))


OCTAVE_REMARK: Final = "octave= in K: is ignored; no note is moved"


def moves_octave(text: str) -> bool:
    """Whether a K: field moves the music to another octave. No token can say so."""
    return "octave" in text and re.search(r"\boctave\s*=", text) is not None


@lru_cache(maxsize=1024)
def key_remark(text: str) -> str | None:
    """What was assumed in reading a K: field that does not follow the standard."""
    key = parse_key(text)
    stated = text.strip()[:40]
    if moves_octave(text):
        return OCTAVE_REMARK
    if stated[:2].lower() == "hp":
        return f"the bagpipes' key {stated[:2]} is taken as {key.name}"
    if _parse_key(text).tonic is None:
        return "K: states no key; C is taken as the tonic"
    if stated[:1].islower():
        return f"the key '{stated}' is taken as {key.name}"
    return None


@cache
def _meter_grammar() -> ParserElement:
    import pyparsing as pp

    number = pp.Word(pp.nums, max=4).set_parse_action(lambda text, at, found: int(found[0]))
    beats = pp.DelimitedList(number, delim="+").set_parse_action(lambda text, at, found: sum(found))
    group = beats | pp.Suppress("(") + beats + pp.Suppress(")")
    fraction = group("beats") + pp.Suppress("/") + number("unit")
    cut = pp.CaselessLiteral("C|").set_parse_action(lambda text, at, found: [2, 2])
    common = pp.CaselessLiteral("C").set_parse_action(lambda text, at, found: [4, 4])
    free = pp.CaselessKeyword("none") | pp.CaselessKeyword("free") | pp.StringEnd()
    return (fraction | cut | common | pp.Suppress(free)) + pp.StringEnd()


_WORDS_AFTER_METER: Final = re.compile(r"(?<=[0-9|Cc])\s+[^\W\d].*", re.DOTALL)
"""In `6/8 slip`, the word that says what kind of tune it is."""


@lru_cache(maxsize=1024)
def parse_meter(text: str) -> str:
    """The meter of an M: field's text: `4/4` or `none`. AbcError if it states none."""
    import pyparsing as pp

    try:
        found = _meter_grammar().parse_string(_WORDS_AFTER_METER.sub("", _short(text)))
    except pp.ParseException:
        raise AbcError(
            f"'{text.strip()[:40]}' is not a meter; write M: as 6/8, 4/4, C, C| or none",
            kind="bad meter",
        ) from None
    if not found:
        return "none"
    if 0 in (found[0], found[1]):
        raise AbcError(
            f"the meter {text.strip()} has a zero in it; write M: as 6/8 or none", kind="bad meter"
        )
    meter = f"{found[0]}/{found[1]}"
    if not is_token(f"M:{meter}"):
        raise AbcError(
            f"the numbers in the meter {meter} are too large; write M: as 6/8 or none",
            kind="bad meter",
        )
    return meter


@lru_cache(maxsize=1024)
def parse_unit_length(text: str) -> Fraction:
    """The unit note length of an L: field's text, in eighths. AbcError if it states none."""
    import pyparsing as pp

    number = pp.Word(pp.nums, max=4).set_parse_action(lambda text, at, found: int(found[0]))
    grammar = number + pp.Optional(pp.Suppress("/") + number) + pp.StringEnd()
    try:
        top, bottom = [*grammar.parse_string(_short(text)), 1][:2]
    except pp.ParseException:
        top = bottom = 0
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
    if meter is None or meter == "none":
        return Fraction(1)
    return Fraction(1, 2) if Fraction(meter) < Fraction(3, 4) else Fraction(1)
