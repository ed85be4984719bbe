"""The fields of a tune: which lines are fields, and what the fields before the music state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from tunetrace.errors import AbcError
from tunetrace.text import listed, plain
from tunetrace.tokenizer.keys import (
    Key,
    default_unit_length,
    key_remark,
    parse_key,
    parse_meter,
    parse_unit_length,
)
from tunetrace.tokenizer.titles import readable
from tunetrace.tokenizer.transcription import add_title, as_number

FileHeader = Mapping[str, tuple[int, str]]
"""The fields before the first tune, which hold for all tunes: line number and text by letter."""

NO_FILE_HEADER: Final[FileHeader] = {}

_MUSIC: Final = "ABCDEFGabcdefgzx"
_LOOSE: Final = re.compile(r"\s*([A-Za-z])\s*:(.*)", re.DOTALL)
_HEADER_FIELDS: Final = frozenset("TXVmPMLK")
BEFORE_NUMBER: Final = frozenset("X \t\f\v")
"""The first characters that a line with an X: field can have."""

_TUNE: Final = re.compile(r"\s*X\s*:\s*[0-9]")
_PLAYING_ORDER: Final = re.compile(r"(?=.{2})[A-Z0-9(). *]+")
_BEGIN: Final = re.compile(r"%%begin(?!abc)([a-z]+)")
_NO_MUSIC: Final = re.compile(r'\[[A-Za-z]:[^\]]*\]|"[^"]*"|![^!]*!|\{[^}]*\}')
_VOICE: Final = re.compile(r"(?:^\s*|\[)V:\s*([^\s\]]+)")
_NAMED_VOICE: Final = re.compile(r"(?:^\s*|\[)V:\s*([^\s\]]+)([^\]]*)")
_VOICE_NAME: Final = re.compile(r"\b(?:nm|name)\s*=\s*(?:\"([^\"]*)\"|(\S+))")
_SHOWN_VOICES: Final = 8
_BRACKETED: Final = re.compile(r"\s*\[([A-Za-z]):([^\[\]]*)\]")
_CONTROL_CODE: Final = re.compile(r"[SBE]:\s*[0-9]{1,3}\s*")


def is_field(line: str) -> bool:
    """Whether a line is a field (`K:G`) rather than music (`A:|`, `d::`)."""
    if line[1:2] != ":":
        return False
    is_letter = line[0].isalpha() and line[0].isascii()
    return line[0] == "+" or (is_letter and (line[2:3] not in ("|", ":") or line[0] not in _MUSIC))


def unindented(line: str) -> str:
    """An indented field without its indentation; any other line unchanged."""
    stripped = line.lstrip()
    return stripped if is_field(stripped) else line


def begins_tune(line: str) -> bool:
    """Whether a line is an X: field, also if it is indented or written `X :`."""
    return line[:2] == "X:" or (line[:1] in BEFORE_NUMBER and _TUNE.match(line) is not None)


def is_control_code(line: str) -> bool:
    """Whether a line is a control code, as TunesFormer and IrishMAN have them: `S:2`, `B:9`, `E:4`.

    They are the number of sections, the bars of each, and how much a section is like an earlier
    one. In other ABC, S: and B: name a source and a book.
    """
    return line[1:2] == ":" and _CONTROL_CODE.fullmatch(line) is not None


def bracketed_fields(line: str) -> tuple[list[tuple[str, str]], str]:
    """The fields in brackets that a line begins with (`[M:3/4][K:G]`), and what follows them.

    Spaces replace the fields in what follows, so that it keeps its columns.
    """
    found, end = [], 0
    while field := _BRACKETED.match(line, end):
        found.append((field[1], field[2]))
        end = field.end()
    return found, " " * end + line[end:]


def loose_field(line: str) -> tuple[str, str] | None:
    """Letter and text of a header field, also if it is indented or written `T :`."""
    match = _LOOSE.match(line)
    return match and (match[1], match[2])


def without_comments(lines: Sequence[str], first_line: int) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers, without comments and blocks of text."""
    block = ""  # the directive that ends the open block of text or PostScript
    for number, line in enumerate(lines, first_line):
        if line[:1] == "%":
            if block:
                block = "" if line.startswith(block) else block
            elif begin := _BEGIN.match(line):
                block = f"%%end{begin[1]}"
            continue
        if block:
            continue
        if "%" in line:
            line = re.sub(r"(?<!\\)%.*", "", line)
        if line and not line.isspace():
            yield number, unindented(line) if line[0].isspace() else line


@dataclass(slots=True)
class TuneHeader:
    """What the fields before the music state."""

    asked_voice: str | None = None
    """The voice to read, as in Reading; None for the first that has music."""
    titles: list[str] = field(default_factory=list)
    number: int | None = None
    meter: str | None = None
    unit: Fraction | None = None
    key: Key | None = None
    voices: list[str] = field(default_factory=list)
    """The voices that V: fields name, in their order."""
    voice_names: dict[str, str] = field(default_factory=dict)
    """The voices by the names that V: fields give them (`V:1 name="Flute"`)."""
    voice: str | None = None
    """The voice of the last V: field after the first K:."""
    remarks: list[str] = field(default_factory=list)
    """As in Transcription."""
    stated: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The line number and the text of M: and K:, by letter."""
    _last: str = ""

    def field(self, letter: str, value: str, line: int) -> None:
        """Read one field and its line number. Fields of voices that are not read are ignored."""
        if letter == "+":
            if self._last == "T" and self.titles:
                add_title(self.titles, f"{self.titles.pop()} {value.strip()}")
            return
        self._last = letter
        if letter not in _HEADER_FIELDS:
            return
        if letter == "T":
            add_title(self.titles, value)
        elif letter == "X":
            if self.number is None:
                self.number = as_number(value)
        elif letter == "V":
            self.voice = (value.split() or [""])[0]
            if self.voice not in self.voices:
                self.voices.append(self.voice)
            if name := _VOICE_NAME.search(value):
                self.voice_names.setdefault(name[1] or name[2], self.voice)
        elif letter == "m":
            self.remark("macros (m:) are not expanded")
        elif letter == "P":
            order = readable(value).strip()
            if _PLAYING_ORDER.fullmatch(order) and self.key is None:
                self.remark(f"the playing order P:{order[:40]} is not followed")
        elif self.key is not None and self.voice not in (None, self._voice_of_fields()):
            return
        elif letter == "M":
            self.meter = parse_meter(value)
            self.stated[letter] = (line, f"M:{value}")
        elif letter == "L":
            self.unit = parse_unit_length(value)
        elif letter == "K":
            self.stated[letter] = (line, f"K:{value}")
            if self.key is None:
                self.voice = None  # before the key, a V: field only declares a voice
            self.key = parse_key(value, self.key)
            remark = key_remark(value)
            if remark:
                self.remark(remark)

    def remark(self, sentence: str) -> None:
        """Add a sentence to the tune's remarks, once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def unit_length(self) -> Fraction:
        """The unit note length in eighths; it follows from the meter if no L: states it."""
        return default_unit_length(self.meter) if self.unit is None else self.unit

    def complete(self, file_header: FileHeader) -> None:
        """Use the file's header for a meter or a unit length that the tune does not state.

        AbcError has the line in the file's header.
        """
        for letter, (line, value) in file_header.items():
            try:
                if letter == "M" and self.meter is None:
                    self.meter = parse_meter(value)
                    self.stated[letter] = (line, f"M:{value}")
                elif letter == "L" and self.unit is None:
                    self.unit = parse_unit_length(value)
                else:
                    continue
            except AbcError as error:
                error.line = line
                raise
            self.remark(f"{letter}:{value.strip()} is taken from the file's header")

    def chosen_voice(self, body: Sequence[str]) -> str | None:
        """The voice to read; None if no voice is declared. body: as for first_voice.

        AbcError if the tune lacks the voice that is asked for.
        """
        if self.asked_voice is None:
            return self.first_voice(body)
        for voice, names in (found for line in body for found in _NAMED_VOICE.findall(line)):
            if name := _VOICE_NAME.search(names):
                self.voice_names.setdefault(name[1] or name[2], voice)
        start = self.voice_at_start(body)
        named = [name for line in body for name in _VOICE.findall(line) if name != "*"]
        voices = list(dict.fromkeys([*self.voices, *((start,) if start else ()), *named]))
        found = self._asked_among(voices or ["1"])
        if found is None:
            names = {voice: f" ({plain(name)[:20]})" for name, voice in self.voice_names.items()}
            shown = [plain(one)[:20] + names.get(one, "") for one in voices[:_SHOWN_VOICES]]
            more = len(voices) - len(shown)
            shown += [f"{more} more"] if more else []
            held = f"its voices are {listed(shown)}" if len(voices) > 1 else "it has one voice"
            raise AbcError(
                f"the tune has no voice '{plain(self.asked_voice)[:40]}'; {held}",
                kind="no such voice",
            )
        return found

    def _asked_among(self, voices: Sequence[str]) -> str | None:
        """The voice that is asked for: by what V: calls it, by its name, or by its place."""
        asked = self.asked_voice or ""
        if asked in voices:
            return asked
        if asked in self.voice_names:
            return self.voice_names[asked]
        for name, voice in self.voice_names.items():
            if name.casefold() == asked.casefold():
                return voice
        place = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
        return voices[place - 1] if 0 < place <= len(voices) else None

    def _voice_of_fields(self) -> str | None:
        """The voice whose fields after K: count."""
        if self.asked_voice is None:
            return self.voices[0] if self.voices else None
        return self._asked_among(self.voices)

    def voice_at_start(self, body: Sequence[str]) -> str | None:
        """The voice in which the music begins; None if no voice is named before it."""
        if self.voice is not None:
            return self.voice
        before = _NO_MUSIC.sub("", body[0].partition("[V:")[0])
        if any(letter in _MUSIC for letter in before):
            return self.voices[0] if self.voices else "1"
        return None

    def first_voice(self, body: Sequence[str]) -> str | None:
        """The first declared voice that has music; None if no voice is declared.

        body: the lines from the first line of music on. Music before any V: is in the first voice.
        """
        if self.voices and self.voice is None:
            before = _NO_MUSIC.sub("", body[0].partition("[V:")[0])
            if any(letter in _MUSIC for letter in before):
                return self.voices[0]
        if len(self.voices) < 2:
            return self.voice
        used = {self.voice, *(name for line in body for name in _VOICE.findall(line))}
        return next((voice for voice in self.voices if voice in used), None)
