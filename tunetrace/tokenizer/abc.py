"""ABC notation as people write it, to folk-rnn's tokens rooted on C.

A line of music is cut by one compiled expression into lexemes (a note with its length, a chord, a
bar line ...), and what a lexeme means under a key and a unit note length is worked out once and
remembered: this is the hot loop of reading a corpus. Fields are parsed in keys.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final, NoReturn

from tunetrace.errors import AbcError
from tunetrace.tokenizer.keys import (
    ACCIDENTAL_SIGNS,
    C_MAJOR,
    Key,
    default_unit_length,
    parse_key,
    parse_meter,
    parse_unit_length,
)
from tunetrace.tokenizer.timeline import default_tuplet_time, eighths, timeline
from tunetrace.tokenizer.transcription import Transcription, as_number
from tunetrace.tokenizer.transpose import Interval, Pitch, TooFarAltered, interval_to_c
from tunetrace.tokenizer.vocabulary import BAR_LINE, MEANINGS, NOTE, V2_TOKENS, is_token

_LENGTH = r"\d{0,4}/*\d{0,4}"
_NOTE = rf"(?:\^\^?|__?|=)?[A-Ga-g][,']*{_LENGTH}"
_ENDING = r"[1-9]\d*(?:[,\-][1-9]\d*)*"

# What folk-rnn dropped: slurs, ties, decorations, spaces; and ABC 2.1's reserved signs.
_DROPPED = r"(?:[\s)\-~.`\\*;?@#$H-Wh-wy]|\((?!\d))"
_LEXEME: Final = re.compile(
    rf"""{_DROPPED}*+(
      {_NOTE}
    | \[[A-Za-z]:[^\]]*\]                                           # an inline field
    | (?:::+|:*\[?\|)[|:\]]*(?:\s*\[{_ENDING}|{_ENDING})?           # a bar line
    | \[{_ENDING}                                                   # an ending without one
    | [zx]{_LENGTH} | [ZX]\d{{0,4}}
    | [<>]+
    | \(\d(?::\d?){{0,2}}
    | \[[^\[\]|]*\]{_LENGTH}                                        # a chord
    | "[^"]*" | \{{[^{{}}]*\}} | ![^!|\s]*! | \+[^+|\s]+\+ | &[^|]*
    | [!\d]
    | .
    | $
    )""",
    re.VERBOSE,
)
_CHORD_NOTE: Final = re.compile(rf'{_NOTE}|[zx]{_LENGTH}|"[^"]*"|![^!]*!|{_DROPPED}|.')
_PARTS_OF_NOTE: Final = re.compile(r"([\^_=]*[A-Ga-gz][,']*)(\d*)(/*)(\d*)")
_BAR_LINE_PARTS: Final = re.compile(rf"([:|\]\[]*?)\s*\[?({_ENDING})?")

# A length and a broken rhythm that are one token in folk-rnn v2.
_JOINED: Final = frozenset(t for t in V2_TOKENS if len(t) > 1 and t[-1] in "<>")

_UNREADABLE: Final = {
    "[": "the chord opened with '[' is never closed; add ']' before the bar line",
    "]": "the ']' closes no chord; remove it or add '['",
    '"': "the text opened with '\"' is never closed; add '\"' on the same line",
    "{": "the grace notes opened with '{' are never closed; add '}' on the same line",
    "}": "the '}' closes no grace notes; remove it or add '{'",
    ":": "':' is no bar line; write |:, :| or ::",
    "/": "'/' stands after no note; a length follows its note",
    "^": "the accidental stands before no note; write it as ^F",
    "_": "the accidental stands before no note; write it as _B",
    "=": "the accidental stands before no note; write it as =F",
}


class _BarLine(tuple[str, ...]):
    """The tokens of a bar line, told apart from those of a note by their class."""

    __slots__ = ()


class _Field(str):
    """The inside of an inline field, `K:Am`."""

    __slots__ = ()


class _Broken(str):
    """A broken rhythm, `>`; it may join the length before it."""

    __slots__ = ()


class _Rest(int):
    """A rest of so many whole bars."""

    __slots__ = ()


def length_token(length: Fraction) -> str:
    """A length in eighths as folk-rnn spells it: `3`, `/2`, `3/2`; empty for one eighth."""
    if length == 1:
        return ""
    top = "" if length.numerator == 1 else str(length.numerator)
    return top if length.denominator == 1 else f"{top}/{length.denominator}"


class _Lexicon(dict[str, tuple[str, ...] | str | int]):
    """What each lexeme means under one transposition and one unit note length."""

    def __init__(self, interval: Interval, unit: Fraction) -> None:
        super().__init__()
        self._interval = interval
        self._unit = unit

    def __missing__(self, lexeme: str) -> tuple[str, ...] | str | int:
        meaning = self._meaning(lexeme)
        if len(self) < 20_000:  # a hostile file must not fill the memory
            self[lexeme] = meaning
        return meaning

    def _meaning(self, lexeme: str) -> tuple[str, ...] | str | int:
        first = lexeme[:1]
        if not lexeme or first in '"{!+&' and len(lexeme) > 1 or lexeme == "!":
            return ()
        if first in "<>":
            return _Broken(lexeme)
        if first == "(":
            return (_tuplet_token(lexeme),)
        if first in "ZX":
            return _Rest(lexeme[1:] or 1)
        if first == "[" and lexeme[1:2].isalpha() and lexeme[2:3] == ":":
            return _Field(lexeme[1:-1])
        if first in ":|[" and ("|" in lexeme or lexeme[:2] == "::" or lexeme[1:2].isdigit()):
            return _bar_line(lexeme)
        if first == "[" and len(lexeme) > 1:
            return self._chord(lexeme)
        if lexeme[-1].isalnum() or first not in _UNREADABLE or len(lexeme) > 1:
            return self._note(lexeme, self._unit)
        raise AbcError(_UNREADABLE[first])

    def _note(self, lexeme: str, unit: Fraction) -> tuple[str, ...]:
        match = _PARTS_OF_NOTE.fullmatch(lexeme.replace("x", "z"))
        if match is None:
            if lexeme.isdigit():
                raise AbcError(f"the length {lexeme} stands after no note; a length follows its note")
            raise AbcError(f"'{lexeme}' means nothing in ABC; remove it")
        name, *length = match.groups()
        if name != "z":
            try:
                name = str(self._interval.move(Pitch.parse(name)))
            except TooFarAltered:
                raise AbcError(
                    f"transposed to C, {name} needs three accidentals; respell it"
                ) from None
        token = length_token(_length(lexeme, *length) * unit)
        return (name, token) if token else (name,)

    def _chord(self, lexeme: str) -> tuple[str, ...]:
        inside, _, outer = lexeme[1:].rpartition("]")
        notes = [n for n in _CHORD_NOTE.findall(inside) if not re.fullmatch(_DROPPED, n)]
        notes = [note for note in notes if note[0] not in '"!']
        if not notes:
            return ()
        # Inner lengths, where there are any, carry the unit; else the length of the chord does.
        has_inner = any(note[-1].isdigit() or note[-1] == "/" for note in notes)
        inner_unit = self._unit if has_inner else Fraction(1)
        tokens = ["["]
        for note in notes:
            tokens += self._note(note, inner_unit)
        match = re.fullmatch(r"(\d*)(/*)(\d*)", outer)
        assert match is not None, "the lexeme's own expression ends so"
        length = _length(lexeme, *match.groups()) * (1 if has_inner else self._unit)
        return (*tokens, "]", length_token(length)) if length != 1 else (*tokens, "]")


@lru_cache(maxsize=64)
def _lexicon(interval: Interval, unit: Fraction) -> _Lexicon:
    return _Lexicon(interval, unit)


def _length(lexeme: str, top: str, slashes: str, bottom: str) -> Fraction:
    """The factor that `3/2`, `/`, `//` or nothing states."""
    denominator = int(bottom) if bottom else 2 ** len(slashes[:8])
    if int(top or 1) == 0 or denominator == 0 or (bottom and len(slashes) != 1):
        raise AbcError(f"'{lexeme}' states no length; write 2, 3/2, / or /4 after the note")
    return Fraction(int(top or 1), denominator)


def _tuplet_token(lexeme: str) -> str:
    p, q, r = (lexeme[1:] + "::").split(":")[:3]
    if p in "01" or q == "0" or r == "0":
        raise AbcError(f"'{lexeme}' is no tuplet; write (2 to (9, or (p:q:r without zeros")
    is_usual_time = q in ("", str(default_tuplet_time(int(p), False))) and p not in "579"
    if (is_usual_time or not q) and r in ("", p):
        return f"({p}"
    return f"({p}:{q}:{r}"


def _bar_line(lexeme: str) -> _BarLine:
    match = _BAR_LINE_PARTS.fullmatch(lexeme)
    assert match is not None, "the lexeme's own expression is of this form"
    sign, ending = match.groups()
    tokens = [":|"] if sign.startswith(":") else []
    if sign.endswith(":"):
        tokens.append("|:")
    if ending:
        tokens.append("|" + ending)
    return _BarLine(tokens or ["|"])


class _Reader:
    """The state of reading one tune's body: the key, meter, unit and voice in force."""

    def __init__(self, key: Key, meter: str | None, unit: Fraction | None) -> None:
        self.interval = interval_to_c(key)
        self.unit = unit if unit is not None else default_unit_length(meter)
        self.meter = meter
        self.key = self.interval.move_key(key)
        self.tokens: list[str] = [] if meter is None else [f"M:{meter}"]
        self.tokens.append(f"K:{self.key.name}")
        self.voice: str | None = None
        self.is_silent = False  # inside a voice other than the first
        self.lexicon = _lexicon(self.interval, self.unit)
        self._signed_from = len(self.tokens)

    def line(self, text: str) -> None:
        """Read a line of music; AbcError carries the column of what cannot be read."""
        if self.is_silent and "[V:" not in text:
            return
        tokens = self.tokens
        lexicon = self.lexicon
        try:
            for lexeme in _LEXEME.findall(text):
                meaning = lexicon[lexeme]
                if meaning.__class__ is tuple:
                    if not self.is_silent:
                        tokens.extend(meaning)  # type: ignore[arg-type]
                elif isinstance(meaning, _Field):
                    self.field(meaning[0], meaning[2:])
                    lexicon = self.lexicon
                elif self.is_silent:
                    continue
                elif isinstance(meaning, _BarLine):
                    if tokens[-1] == "|":
                        tokens.pop()  # an empty bar, `| |:` or `||` across a line end
                    tokens.extend(meaning)
                elif isinstance(meaning, _Broken):
                    joined = tokens[-1] + meaning
                    if joined in _JOINED:
                        tokens[-1] = joined
                    else:
                        tokens.append(meaning)
                else:
                    self._rest_bars(int(meaning))  # type: ignore[arg-type]
        except AbcError as error:
            error.column = self._column(text)
            raise

    def field(self, letter: str, text: str) -> None:
        """Apply a field that stands between or inside lines of music."""
        if letter == "V":
            voice = (text.split() or [""])[0]
            if self.voice is None and not self._has_music():
                self.voice = voice
            self.is_silent = voice != (self.voice or voice) or (
                self.voice is None and self._has_music()
            )
        elif self.is_silent:
            return
        elif letter == "L":
            self.unit = parse_unit_length(text)
        elif letter == "M":
            meter = parse_meter(text)
            if meter != self.meter:
                self.meter = meter
                self.tokens.append(f"M:{meter}")
        elif letter == "K":
            self._change_key(parse_key(text))
        self.lexicon = _lexicon(self.interval, self.unit)

    def end_line(self) -> None:
        """Put in the bar line that a line's end stands for where the running bar is exactly full.

        Collections such as Essen's write one phrase a line and no bar line where it ends.
        """
        if self.meter is None or not self._has_music():
            return
        start = len(self.tokens)
        while start and MEANINGS[self.tokens[start - 1]].kind != BAR_LINE:
            start -= 1
        stretches = timeline([f"M:{self.meter}", *self.tokens[start:]]).stretches
        if stretches and stretches[-1].duration == stretches[-1].full:
            self.tokens.append("|")

    def finish(self) -> tuple[str, ...]:
        """The tokens read; AbcError where there is no note among them."""
        self._sign_changes()
        if not any(MEANINGS[token].kind == NOTE for token in self.tokens):
            raise AbcError("the tune has no notes after its K: field")
        return tuple(self.tokens)

    def _has_music(self) -> bool:
        return len(self.tokens) > 2 or (self.meter is None and len(self.tokens) > 1)

    def _change_key(self, key: Key) -> None:
        moved = self.interval.move_key(key)
        if moved == self.key:
            return
        self._sign_changes()
        token = f"K:{moved.name}"
        if not is_token(token):
            raise AbcError(f"the change to the key {key.name} is too far from the first key")
        if moved.name != self.key.name:
            self.tokens.append(token)
        self.key = moved

    def _sign_changes(self) -> None:
        """Write out the accidentals that a key has beyond its mode (`K:D =c`) before its notes."""
        if self.key.changes:
            usual = Key(self.key.tonic, self.key.mode).signature()
            signs = {
                letter: ACCIDENTAL_SIGNS.get(change, "")
                for letter, change in self.key.changes
                if usual[letter] != change
            }
            written: set[str] = set()  # letters whose accidental this bar states itself
            for i in range(self._signed_from, len(self.tokens)):
                token = self.tokens[i]
                kind = MEANINGS[token].kind
                if kind == BAR_LINE:
                    written.clear()
                elif kind == NOTE:
                    letter = token.lstrip("^_=")[0].upper()
                    if token[0] in "^_=":
                        written.add(letter)
                    elif letter in signs and letter not in written:
                        self.tokens[i] = signs[letter] + token
        self._signed_from = len(self.tokens)

    def _rest_bars(self, bars: int) -> None:
        if self.meter is None or self.meter == "none":
            raise AbcError("a rest of whole bars needs a meter; write M: as 4/4")
        token = length_token(8 * Fraction(self.meter))
        rest = ["z", token] if token else ["z"]
        for k in range(min(bars, 999)):
            self.tokens.extend(["|", *rest] if k else rest)

    def _column(self, text: str) -> int | None:
        """The column of the first lexeme of a line that cannot be read."""
        for match in _LEXEME.finditer(text):
            try:
                meaning = self.lexicon[match.group(1)]
                if isinstance(meaning, _Field):
                    _check_field(meaning)
            except AbcError:
                return match.start(1) + 1
        return None


def _check_field(field: str) -> None:
    parse = {"K": parse_key, "M": parse_meter, "L": parse_unit_length}.get(field[0])
    if parse is not None:
        parse(field[2:])


def is_field(line: str) -> bool:
    """Whether a line is a field (`K:G`) rather than music (`A:|`, `d::`)."""
    return line[1:2] == ":" and (
        (line[0].isalpha() and line[0].isascii() and not (line[2:3] in ("|", ":") and
         line[0] in "ABCDEFGabcdefgzx"))
        or line[0] == "+"
    )  # fmt: skip


def tokenize_abc(text: str | Sequence[str], first_line: int = 1) -> Transcription:
    """The tokens of one ABC tune, transposed to C.

    text: the tune, or its lines; first_line: the number of the first in its file. AbcError names
    the line, the column where there is one, and the reason.
    """
    lines = re.split(r"\r\n|\r|\n", text) if isinstance(text, str) else text
    number_of_line = first_line
    title, number = "", None
    meter: str | None = None
    unit: Fraction | None = None
    reader: _Reader | None = None
    original_key = C_MAJOR
    is_continued = True  # nothing to end before the first line of music
    is_text = False
    try:
        for number_of_line, line in enumerate(lines, first_line):  # noqa: B007 - for the error
            if line[:1] == "%":
                is_text = is_text and line[:9] != "%%endtext" or line[:11] == "%%begintext"
                continue
            if "%" in line:
                line = re.sub(r"(?<!\\)%.*", "", line)
            if is_text or not line or line.isspace():
                continue
            if is_field(line):
                letter, value = line[0], line[2:]
                if reader is not None:
                    if letter in "KMLV":
                        reader.field(letter, value)
                elif letter == "T":
                    title = title or value.strip()
                elif letter == "X":
                    number = as_number(value)
                elif letter == "M":
                    meter = parse_meter(value)
                elif letter == "L":
                    unit = parse_unit_length(value)
                elif letter == "K":
                    original_key = parse_key(value)
                    reader = _Reader(original_key, meter, unit)
            elif reader is not None:
                if not is_continued and MEANINGS[reader.tokens[-1]].kind != BAR_LINE:
                    reader.end_line()
                reader.line(line)
                is_continued = line.rstrip().endswith("\\")
        if reader is None:
            number_of_line = first_line
            _no_key()
        tokens = reader.finish()
    except AbcError as error:
        error.line = number_of_line
        raise
    return Transcription(
        title=title,
        number=number,
        meter=meter,
        key=tokens[0 if meter is None else 1][2:],
        original_key=original_key.name,
        tokens=tokens,
        text="\n".join(lines).strip("\n"),
        line=first_line,
    )


def _no_key() -> NoReturn:
    raise AbcError("the tune has no K: field; add one, as K:G, as the last line of its header")
