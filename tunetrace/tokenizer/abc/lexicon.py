"""The lexemes of a line of ABC music, and what each means in a key with a unit note length.

One regular expression cuts a line (into notes with their lengths, chords, bar lines ...). The
meaning of a lexeme is computed once and remembered, since this is the hot loop of reading a corpus.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache, lru_cache
from typing import Final

from tunetrace.errors import AbcError
from tunetrace.tokenizer.layout.timeline import default_tuplet_time
from tunetrace.tokenizer.transpose import Interval, Pitch, TooFarAlteredError
from tunetrace.tokenizer.vocabulary import V2_TOKENS, Memo, is_token

_LENGTH = r"[0-9]{0,4}/*[0-9]{0,4}"
# A length that stands alone after spaces, as folk-rnn writes it (`G 2 A`), in its Swedish text also
# in two pieces (`E 3 /2`). Nobody writes a length of 1: such a 1 is an ending without its bar line.
_APART = rf"\s++(?=[0-9/])(?!1(?![0-9/])){_LENGTH}(?:\s++/[0-9]{{0,4}}){{0,2}}(?![\w/^=])"
_AFTER_NAME = rf"(?:(?=[0-9/]){_LENGTH}|{_APART})?"
_NOTE = rf"(?:\^\^?|__?|=)?[A-Ga-g][,']{{0,6}}{_AFTER_NAME}"
_ENDING = r"[1-9][0-9]?(?:[,\-][1-9][0-9]?){0,9}"

# folk-rnn dropped slurs, ties, decorations and spaces. ABC 2.1's reserved signs are dropped too.
_DROPPED = r"(?:[\s)\-~.`\\*;?@#$H-Wh-w]|y[0-9]*|\((?![0-9]))"


@cache
def _pattern(tie: str = "") -> re.Pattern[str]:
    """The expression that cuts a line. tie: an expression for a tie after a note."""
    return re.compile(
        rf"""{_DROPPED}*+(
      {_NOTE}{tie}
    | \[[A-Za-z]:[^\[\]]*\]                                         # an inline field
    | (?:::+|:*\[?\|)[|:\]]*                                        # a bar line
      (?:{_ENDING}|\s*+(?:\[{_ENDING}|(?<=\s)(?:[12](?=\s)|\](?![0-9/]))))?
    | \[{_ENDING}                                                   # an ending without a bar line
    | [zx]{_AFTER_NAME} | [ZX][0-9]{{0,4}}
    | <{{1,3}} | >{{1,3}}
    | \([0-9](?:(?::[0-9]?){{1,2}}|\s++[1-9](?=\s))?
    | \[[^\[\]|]*\]{_AFTER_NAME}                                    # a chord
    | \[\s++{_ENDING}(?=\s)                                         # `[ 2`, also an ending
    | "[^"]*" | \{{[^{{}}]*\}} | ![^!|\s]*! | \+[^+|\s]+\+
    | &(?:"[^"]*"|[^|:]|:(?![|:]))*+                                # an overlay, to its bar's end
    | [![0-9]]
    | .
    | $
    )""",
        re.VERBOSE,
    )


_PLAIN: Final = _pattern()
_TIE: Final = r"(?:-(?=[)\s]*\|))?"  # only a tie over a bar line matters

_CHORD_NOTE: Final = re.compile(rf'{_NOTE}|[zx]{_AFTER_NAME}|"[^"]*"|![^!]*!|{_DROPPED}|.')
_SPACES_BEFORE_LENGTH: Final = re.compile(r"\s[0-9/]")
_PARTS_OF_NOTE: Final = re.compile(r"([\^_=]*[A-Ga-gz][,']*)([0-9/\s]*)")
_LENGTH_PARTS: Final = re.compile(r"([0-9]*)(/*)([0-9]*)")
_BAR_LINE_PARTS: Final = re.compile(rf"([:|\]\[]*?)\s*\[?({_ENDING})?")

# A length with a broken rhythm, where folk-rnn v2 has one token for both.
JOINED: Final = frozenset(t for t in V2_TOKENS if len(t) > 1 and t[-1] in "<>")

_UNREADABLE: Final = {
    "[": "the chord opened with '[' is never closed; add ']' before the bar line",
    "]": "the ']' closes no chord; remove it or add '['",
    '"': "the text opened with '\"' is never closed; add '\"' on the same line",
    "{": "the grace notes opened with '{' are never closed; add '}' on the same line",
    "}": "the '}' closes no grace notes; remove it or add '{'",
    ":": "':' is not a bar line; write |:, :| or ::",
    "/": "there is no note before '/'; write a length after its note",
    "^": "no note follows the accidental; write it as ^F or ^^F",
    "_": "no note follows the accidental; write it as _B or __B",
    "=": "no note follows the accidental; write it as =F",
}


def pattern_for(line: str) -> re.Pattern[str]:
    """The expression that cuts a line into lexemes. Group 1 is the lexeme without dropped signs."""
    return _pattern(_TIE) if "-" in line else _PLAIN


def is_apart(lexeme: str) -> bool:
    """Whether a note, a chord or a tuplet has a number that stands alone after spaces (`G 2`)."""
    return _SPACES_BEFORE_LENGTH.search(lexeme) is not None


def lexemes_of(line: str) -> list[str]:
    """The lexemes of a line of music. The last one is empty."""
    return pattern_for(line).findall(line)


class BarLine(tuple[str, ...]):
    """The tokens of a bar line. The class distinguishes them from the tokens of a note."""


class Field(str):
    """The inside of an inline field (`K:Am`), or an overlay: it changes the state of the reader."""


class Tied(tuple[str, ...]):
    """The tokens of a note that is tied over the next bar line."""


class Broken(str):
    """A broken rhythm, `>`. It may form one token with the length before it."""


class Apart(tuple[str, ...]):
    """The tokens of a note or chord with a length that stands alone after spaces (`G 2`), or of a
    tuplet with a number of notes that does (`(3 2`)."""


class RestBars(int):
    """A rest of this many whole bars."""


def length_token(length: Fraction) -> str:
    """A length in eighths as folk-rnn spells it: `3`, `/2`, `3/2`; empty for one eighth.

    AbcError if there is no token for it.
    """
    if length == 1:
        return ""
    top = "" if length.numerator == 1 else str(length.numerator)
    token = top if length.denominator == 1 else f"{top}/{length.denominator}"
    if not is_token(token):
        raise AbcError(
            f"a length of {token} eighths is too long; shorten the note", kind="too long"
        )
    return token


class _Lexicon:
    """The meaning of each lexeme for one transposition and one unit note length."""

    def __init__(self, interval: Interval, unit: Fraction) -> None:
        self._interval = interval
        self._unit = unit

    def meaning(self, lexeme: str) -> tuple[str, ...] | str | int:
        first = lexeme[:1]
        if not lexeme or (first in '"{!+' and len(lexeme) > 1) or lexeme == "!":
            return ()
        if first == "&":
            return Field("&:" + lexeme[1:])
        if first in "<>":
            return Broken(lexeme)
        if first == "(":
            token = _tuplet_token(lexeme)
            return Apart((token,)) if is_apart(lexeme) else (token,)
        if first in "ZX":
            return RestBars(lexeme[1:] or 1)
        if first == "[" and lexeme[1:2].isalpha() and lexeme[2:3] == ":":
            return Field(lexeme[1:-1])
        if lexeme[-1] == "-" and len(lexeme) > 1:
            return Tied(self._note(lexeme[:-1], self._unit))
        is_ending = len(lexeme) > 1 and "]" not in lexeme  # with a `]` it is a chord
        if first in ":|[" and ("|" in lexeme or lexeme[:2] == "::" or is_ending):
            return _bar_line(lexeme)
        if first == "[" and len(lexeme) > 1:
            tokens = self._chord(lexeme)
            return Apart(tokens) if is_apart(lexeme) else tokens
        if lexeme[-1].isalnum() or first not in _UNREADABLE or len(lexeme) > 1:
            tokens = self._note(lexeme, self._unit)
            return Apart(tokens) if is_apart(lexeme) else tokens
        raise AbcError(_UNREADABLE[first], kind="open bracket" if first in '["{' else "stray sign")

    def _note(self, lexeme: str, unit: Fraction) -> tuple[str, ...]:
        match = _PARTS_OF_NOTE.fullmatch(lexeme.replace("x", "z"))
        if match is None:
            if lexeme.isascii() and lexeme.isdigit():
                raise AbcError(
                    f"there is no note before the length {lexeme}; write a length after its note",
                    kind="stray sign",
                )
            raise AbcError(f"'{lexeme}' has no meaning in ABC; remove it", kind="stray sign")
        name, length = match.groups()
        if name != "z":
            try:
                name = str(self._interval.move(Pitch.parse(name)))
            except TooFarAlteredError:
                raise AbcError(
                    f"transposed to C, {name} needs three accidentals; respell the note",
                    kind="outside the tokens",
                ) from None
        token = length_token(_length(lexeme, length) * unit)
        return (name, token) if token else (name,)

    def _chord(self, lexeme: str) -> tuple[str, ...]:
        inside, _, outer = lexeme[1:].rpartition("]")
        notes = [
            note
            for note in _CHORD_NOTE.findall(inside)
            if note[0] not in '"!' and not re.fullmatch(_DROPPED, note)
        ]
        if not notes:
            return ()
        # The unit applies to the inner lengths if there are any, otherwise to the chord's length.
        has_inner = any(note[-1].isdigit() or note[-1] == "/" for note in notes)
        inner_unit = self._unit if has_inner else Fraction(1)
        tokens = ["["]
        for note in notes:
            tokens += self._note(note, inner_unit)
        length = _length(lexeme, outer) * (1 if has_inner else self._unit)
        return (*tokens, "]", length_token(length)) if length != 1 else (*tokens, "]")


@lru_cache(maxsize=64)
def lexicon(interval: Interval, unit: Fraction) -> Memo[tuple[str, ...] | str | int]:
    """The meaning of each lexeme for a transposition and a unit note length."""
    return Memo(_Lexicon(interval, unit).meaning, 20_000)


def _length(lexeme: str, text: str) -> Fraction:
    """The factor that `3/2`, `/`, `//`, `3 /2` or an empty text states. lexeme: for the error."""
    length = Fraction(1)
    for part in text.split():
        match = _LENGTH_PARTS.fullmatch(part)
        top, slashes, bottom = match.groups() if match else ("0", "", "")
        denominator = int(bottom) if bottom else 2 ** len(slashes[:8])
        if int(top or 1) == 0 or denominator == 0 or (bottom and len(slashes) != 1):
            raise AbcError(
                f"'{lexeme}' is not a note length; write 2, 3/2, / or /4 after the note",
                kind="bad note length",
            )
        length *= Fraction(int(top or 1), denominator)
    return length


def _tuplet_token(lexeme: str) -> str:
    # `(3 2 A 2 B`, in folk-rnn's Swedish text: two notes in a triplet.
    p, q, r = (re.sub(r"\s+", "::", lexeme[1:]) + "::").split(":")[:3]
    if p in "01" or q == "0" or r == "0":
        raise AbcError(
            f"'{lexeme}' is not a tuplet; write (2 to (9, or (p:q:r without zeros",
            kind="bad tuplet",
        )
    is_usual_time = q in ("", str(default_tuplet_time(int(p), False))) and p not in "579"
    if (is_usual_time or not q) and r in ("", p):
        return f"({p}"
    return f"({p}:{q}:{r}"


def _bar_line(lexeme: str) -> BarLine:
    match = _BAR_LINE_PARTS.fullmatch(re.sub(r"\s+\]", "]", lexeme))
    assert match is not None, "the expression of a lexeme has this form"
    sign, ending = match.groups()
    # `[|]:|` is two bar lines: the part after `]` can close a repeat.
    closes = sign.startswith(":") or re.search(r"\]:[^\]]", sign)
    tokens = [":|"] if closes else []
    if sign.endswith(":"):
        tokens.append("|:")
    if ending:
        tokens.append("|" + ending)
    return BarLine(tokens or ["|"])
