"""Reads a figure as a player writes it, ABC without a header, to tokens on C.

The key may be stated beside the figure, or in it by a field (`K:G GABc`). Fields for the unit
length (L:) and the meter (M:) are read too, since a tune that is copied has them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tunetrace.errors import AbcError
from tunetrace.text import counted, lines_of
from tunetrace.tokenizer.abc.body import APART_REMARK, Reader
from tunetrace.tokenizer.abc.header import TuneHeader, is_field, unindented
from tunetrace.tokenizer.keys import Key, parse_key
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE, REST, is_header

_MODE: Final = r"(?i:maj|min|dor|phr|lyd|mix|loc|ion|aeo)[a-zA-Z]*|m(?![A-Za-z])"
_FIELD: Final = re.compile(
    rf"""\s*(?:
      \[([KLM]):([^\[\]]*)\]
    | (K):[ \t]*((?:none|[A-Ga-g][#b]?[ \t]*(?:{_MODE})?)(?![A-Za-z,'0-9]))
    | ([LM]):[ \t]*([^\s\[\]]*)
    )""",
    re.VERBOSE,
)
"""A field at the beginning of a figure, on a line of its own or before the music."""

_WORDS: Final = re.compile(r"[H-Wh-w]{2}")
"""Two letters in a row that are no notes, as words have them and music does not."""

_SIGNED: Final = re.compile(
    "(?P<note>[A-Ga-g][,']*)[#\u266f\u266d\u266e]|[\u266f\u266d\u266e](?P<after>[A-Ga-g][,']*)"
)
"""A note with an accidental after it, or with a printed one. `b` after a note is a note."""

_ACCIDENTALS: Final = {"#": "^", "\u266f": "^", "\u266d": "_", "\u266e": "="}

_TEXTS: Final = re.compile(r'"[^"]*"|![^!|\s]+!|\+[^+|\s]+\+|\[[A-Za-z]:[^\[\]]*\]|[A-Z]:.*')


@dataclass(frozen=True, slots=True)
class WrittenFigure:
    """A figure that was read from ABC."""

    tokens: tuple[str, ...]
    """On C, without headers."""
    key: Key
    """In which it is written."""
    states_key: bool
    """Whether it was said in which key it is written. Otherwise it is read as on C."""
    remarks: tuple[str, ...]
    """What was left out in reading it, one sentence each."""


def read_figure(text: str, key: str | None = None) -> WrittenFigure:
    """Read a figure in ABC.

    key: in which it is written, as in a K: field; None if the figure has a K: field or is on C.
    AbcError if it cannot be read, with a kind of `no notes` if it is no music at all.
    """
    if _WORDS.search(_TEXTS.sub("", text)):
        raise AbcError(f"'{text.strip()[:40]}' is not music", kind="no notes")
    header = TuneHeader()
    text = _read_fields(text, header)
    _refuse_foreign_accidentals(text)
    stated = header.key
    header.key = parse_key(key) if key is not None else stated or parse_key("C")
    if stated is not None and stated != header.key:
        raise AbcError(
            f"the figure says K:{stated.name}, but it is given as in {header.key.name}; "
            "leave one of the two out",
            kind="two keys",
        )
    tokens = _read_music(text, header)
    if header.meter is not None:
        header.remark(f"M:{header.meter} is no part of the figure; filter by meter instead")
    # A query may have its lengths apart, since answers have them so.
    remarks = tuple(remark for remark in header.remarks if remark != APART_REMARK)
    return WrittenFigure(tokens, header.key, key is not None or stated is not None, remarks)


def _refuse_foreign_accidentals(text: str) -> None:
    """AbcError for `f#`: the sign has no meaning there, and what was meant is another note."""
    found = _SIGNED.search(_TEXTS.sub("", text))
    if found is not None:
        name = found["note"] or found["after"]
        note = _ACCIDENTALS[found[0].replace(name, "")] + name
        raise AbcError(
            f"ABC writes accidentals as ^, _ and = before the note; write {note} for {found[0]}",
            kind="stray sign",
        )


def _read_fields(text: str, header: TuneHeader) -> str:
    """Read the fields before the music; the text without them."""
    lines = lines_of(text)
    others = [line for line in map(unindented, lines) if is_field(line) and line[0] not in "KLMV"]
    if others:
        text = "\n".join(line for line in lines if unindented(line) not in others)
        header.remark(f"{counted(len(others), 'other field')} (as T:) left out")
    while field := _FIELD.match(text):
        letter, value = (part for part in field.groups() if part is not None)
        header.field(letter, value, 1)
        text = text[field.end() :]
    return text


def _read_music(text: str, header: TuneHeader) -> tuple[str, ...]:
    """The tokens of the music, without headers."""
    lines = [unindented(line) for line in lines_of(text) if line.strip()]
    reader = Reader(header, lines or [""])
    first = len(reader.tokens)
    for number, line in enumerate(lines, 1):
        reader.number = number
        if number > 1:
            reader.end_line()
        if is_field(line):
            reader.field(line[0], line[2:])
        else:
            reader.line(line)
    tokens = reader.finish(needs_note=False)[first:]
    if not any(MEANINGS[token].kind in (NOTE, REST) for token in tokens):
        raise AbcError(f"the figure '{text.strip()[:40]}' has no note; add a note", kind="no notes")
    changed = next((token for token in tokens if is_header(token)), None)
    if changed is not None:
        raise AbcError(
            f"the {'key' if changed[0] == 'K' else 'meter'} changes inside the figure; search for "
            "what is before and after the change",
            kind="two keys",
        )
    return tokens
