"""ABC notation as people write it, to folk-rnn's tokens rooted on C.

Here are the fields and the state they set (key, meter, unit note length, voice) and the order of
a tune's lines; keys.py has the grammar of the fields, lexicon.py the lexemes of the music.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from tunetrace.errors import AbcError
from tunetrace.tokenizer.keys import (
    ACCIDENTAL_SIGNS,
    Key,
    default_unit_length,
    parse_key,
    parse_meter,
    parse_unit_length,
)
from tunetrace.tokenizer.lexicon import (
    JOINED,
    LEXEME,
    BarLine,
    Broken,
    Field,
    RestBars,
    length_token,
    lexicon,
)
from tunetrace.tokenizer.timeline import split_bars
from tunetrace.tokenizer.transcription import Transcription, add_title, as_number, lines_of
from tunetrace.tokenizer.transpose import interval_to_c
from tunetrace.tokenizer.vocabulary import BAR_LINE, HEADER, MEANINGS, NOTE, is_token

_LONGEST_BAR: Final = 500
"""Tokens; no bar has so many, and looking further back at every line would take its time."""

_MOST_REST_BARS: Final = 999


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
        self.lexicon = lexicon(self.interval, self.unit)
        self._signed_from = len(self.tokens)
        self._rest_bars_read = 0

    def line(self, text: str) -> None:
        """Read a line of music; AbcError carries the column of what cannot be read."""
        if self.is_silent and "[V:" not in text:
            return
        tokens = self.tokens
        meanings = self.lexicon
        try:
            for lexeme in LEXEME.findall(text):
                meaning = meanings[lexeme]
                if meaning.__class__ is tuple:
                    if not self.is_silent:
                        tokens.extend(meaning)
                elif isinstance(meaning, Field):
                    self.field(meaning[0], meaning[2:])
                    meanings = self.lexicon
                elif self.is_silent:
                    continue
                elif isinstance(meaning, BarLine):
                    if tokens[-1] == "|":
                        tokens.pop()  # an empty bar, `| |:` or `||` across a line end
                    tokens.extend(meaning)
                elif isinstance(meaning, Broken):
                    joined = tokens[-1] + meaning
                    if joined in JOINED:
                        tokens[-1] = joined
                    else:
                        tokens.append(meaning)
                elif isinstance(meaning, RestBars):
                    self._rest_bars(meaning)
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
        self.lexicon = lexicon(self.interval, self.unit)

    def end_line(self) -> None:
        """Put in the bar line that a line's end stands for where the running bar is exactly full.

        Collections such as Essen's write one phrase a line and no bar line where it ends.
        """
        if self.meter is None or not self._has_music():
            return
        if MEANINGS[self.tokens[-1]].kind in (BAR_LINE, HEADER):
            return
        start, least = len(self.tokens), max(len(self.tokens) - _LONGEST_BAR, 0)
        while start > least and MEANINGS[self.tokens[start - 1]].kind != BAR_LINE:
            start -= 1
        if start == least > 0:
            return  # longer than any bar, so not full
        bars, _ = split_bars([f"M:{self.meter}", *self.tokens[start:]])
        if bars and bars[-1].adds_up:
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
                letter: _sign(letter, change)
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
        self._rest_bars_read += bars
        if self._rest_bars_read > _MOST_REST_BARS:
            raise AbcError(f"the tune rests for more than {_MOST_REST_BARS} bars; Z4 is four")
        for k in range(bars):
            self.tokens.extend(["|", *rest] if k else rest)

    def _column(self, text: str) -> int | None:
        """The column of the first lexeme of a line that cannot be read."""
        for match in LEXEME.finditer(text):
            try:
                meaning = self.lexicon[match.group(1)]
                if isinstance(meaning, Field):
                    _check_field(meaning)
            except AbcError:
                return match.start(1) + 1
        return None


def _sign(letter: str, alteration: int) -> str:
    if alteration not in ACCIDENTAL_SIGNS:
        raise AbcError(f"transposed to C, the key needs three accidentals on {letter}; respell it")
    return ACCIDENTAL_SIGNS[alteration]


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


@dataclass(slots=True)
class _Header:
    """What the fields before the music say."""

    titles: list[str] = field(default_factory=list)
    number: int | None = None
    meter: str | None = None
    unit: Fraction | None = None
    key: Key | None = None

    def field(self, letter: str, value: str) -> None:
        if letter == "T":
            add_title(self.titles, value)
        elif letter == "X":
            self.number = as_number(value)
        elif letter == "M":
            self.meter = parse_meter(value)
        elif letter == "L":
            self.unit = parse_unit_length(value)
        elif letter == "K":
            self.key = parse_key(value)


def _without_comments(lines: Sequence[str], first_line: int) -> Iterator[tuple[int, str]]:
    """The lines that say something, without comments and blocks of text, and their numbers."""
    is_text = False
    for number, line in enumerate(lines, first_line):
        if line[:1] == "%":
            is_text = (is_text and line[:9] != "%%endtext") or line[:11] == "%%begintext"
            continue
        if "%" in line:
            line = re.sub(r"(?<!\\)%.*", "", line)
        if not is_text and line and not line.isspace():
            yield number, line


def tokenize_abc(text: str | Sequence[str], first_line: int = 1, input: str = "") -> Transcription:
    """The tokens of one ABC tune, transposed to C.

    text: the tune, or its lines; first_line: the number of the first in its file; input: the
    file's name. AbcError names the line, the column where there is one, and the reason.
    """
    lines = lines_of(text) if isinstance(text, str) else text
    number = first_line
    header = _Header()
    reader: _Reader | None = None
    is_continued = True  # nothing to end before the first line of music
    try:
        for number, line in _without_comments(lines, first_line):  # noqa: B007 - for the error
            is_a_field = is_field(line)
            if reader is None:
                if is_a_field:
                    header.field(line[0], line[2:])
                if header.key is not None:
                    reader = _Reader(header.key, header.meter, header.unit)
            elif is_a_field and line[0] not in "KMLV":
                continue
            else:
                if not is_continued:
                    reader.end_line()
                if is_a_field:
                    reader.field(line[0], line[2:])
                else:
                    reader.line(line)
                    is_continued = line.rstrip().endswith("\\")
        if reader is None or header.key is None:
            number = first_line
            raise AbcError("the tune has no K: field; add one, as K:G, as the last of its header")
        tokens = reader.finish()
    except AbcError as error:
        error.line = number
        raise
    return Transcription(
        titles=tuple(header.titles),
        number=header.number,
        meter=header.meter,
        key=tokens[0 if header.meter is None else 1][2:],
        original_key=header.key.name,
        tokens=tokens,
        text="\n".join(lines).strip("\n"),
        line=first_line,
        input=input,
    )
