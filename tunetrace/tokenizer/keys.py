"""Keys, meters and unit note lengths: the grammar of the ABC fields K:, M: and L:.

A key is a tonic, a mode and the notes that differ from that mode's signature. Pitches are counted
on the line of fifths (F -1, C 0, G 1, ... each sharp +7), on which transposition is an addition
that keeps spelling: the augmented second stays one, and no note becomes its enharmonic twin.
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

# Where the signature of each mode lies on the line of fifths, as seen from its tonic's major.
MODES: Final = {"maj": 0, "min": -3, "dor": -2, "phr": -4, "lyd": 1, "mix": -1, "loc": -5}
_MODE_NAMES: Final = {"ion": "maj", "aeo": "min", "m": "min", "": "maj"}


def _short(text: str) -> str:
    """A field's text without spaces around it; a long one, which is none, as one that is none."""
    text = text.strip()
    return text if len(text) <= _LONGEST_FIELD else "?"


def spell(fifths: int) -> tuple[str, int]:
    """The letter and the alteration (+1 a sharp) of a place on the line of fifths."""
    return "FCGDAEB"[(fifths + 1) % 7], (fifths + 1) // 7


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the field states it. tonic: `F#`, `Bb`, `C`. changes: alterations by letter that
    the field adds to the mode's own signature (`K:D =c`: {C: 0})."""

    tonic: str
    mode: str
    changes: tuple[tuple[str, int], ...] = ()

    @property
    def name(self) -> str:
        """The key in folk-rnn's spelling, without added accidentals: `Emin`, `F#dor`."""
        return self.tonic + self.mode

    @property
    def tonic_fifths(self) -> int:
        return FIFTHS[self.tonic[0]] + 7 * (self.tonic.count("#") - self.tonic.count("b"))

    def signature(self) -> dict[str, int]:
        """The alteration of each letter under this key's signature and its changes."""
        sharps = self.tonic_fifths + MODES[self.mode]
        # A letter takes one sharp for every seven fifths that the signature reaches past it.
        alterations = {letter: (sharps + 5 - at) // 7 for letter, at in FIFTHS.items()}
        return {**alterations, **dict(self.changes)}


@dataclass(frozen=True, slots=True)
class _KeyField:
    """What a K: field says: a tonic (None where it has none), a mode, accidentals.

    is_explicit: the accidentals are the whole signature (`exp`). is_none: it says `none`.
    """

    tonic: str | None
    mode: str
    changes: tuple[tuple[str, int], ...]
    is_explicit: bool
    is_none: bool


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
    # Clefs, staff lines and transposition hints say how a key is printed, not what it is.
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
                f"'{text.strip()[:40]}' is no key; write K: as G, Em, D mixolydian, Bb or F#m",
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
    """The key that a K: field's text states; AbcError where it states none.

    before: the key in force where the field stands inside a tune; one that has no tonic but
    accidentals changes those (`[K:=f]`), one that has a clef alone changes nothing. With no key
    in force that and `none` are C major, that is no signature; `HP` and `Hp` are the bagpipes' A
    mixolydian.
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


OCTAVE_REMARK: Final = "octave= in K: moves no note"


def moves_octave(text: str) -> bool:
    """Whether a K: field asks for another octave, which no token says."""
    return "octave" in text and re.search(r"\boctave\s*=", text) is not None


@lru_cache(maxsize=1024)
def key_remark(text: str) -> str | None:
    """What is taken for granted of a K: field that is not as the standard has it."""
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
"""`6/8 slip`: people say there what kind of tune it is."""


@lru_cache(maxsize=1024)
def parse_meter(text: str) -> str:
    """The meter that an M: field's text states: `4/4`, or `none`; AbcError for anything else."""
    import pyparsing as pp

    try:
        found = _meter_grammar().parse_string(_WORDS_AFTER_METER.sub("", _short(text)))
    except pp.ParseException:
        raise AbcError(
            f"'{text.strip()[:40]}' is no meter; write M: as 6/8, 4/4, C, C| or none",
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
            f"the meter {meter} is out of all measure; write M: as 6/8 or none", kind="bad meter"
        )
    return meter


@lru_cache(maxsize=1024)
def parse_unit_length(text: str) -> Fraction:
    """The unit note length that an L: field's text states, in eighths; AbcError for no length."""
    import pyparsing as pp

    number = pp.Word(pp.nums, max=4).set_parse_action(lambda text, at, found: int(found[0]))
    grammar = number + pp.Optional(pp.Suppress("/") + number) + pp.StringEnd()
    try:
        top, bottom = [*grammar.parse_string(_short(text)), 1][:2]
    except pp.ParseException:
        top = bottom = 0
    if not top or not bottom:
        raise AbcError(
            f"'{text.strip()[:40]}' is no unit note length; write L: as 1/8 or 1/16",
            kind="bad unit length",
        )
    return Fraction(8 * top, bottom)


@lru_cache(maxsize=1024)
def default_unit_length(meter: str | None) -> Fraction:
    """The unit note length in eighths where no L: says it: 1/16 below 3/4, else 1/8 (ABC 2.1)."""
    if meter is None or meter == "none":
        return Fraction(1)
    return Fraction(1, 2) if Fraction(meter) < Fraction(3, 4) else Fraction(1)
