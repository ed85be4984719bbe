"""Reads an ABC tune, as people write it, to folk-rnn's tokens on C.

A tune is a header, with fields in any order and some of them after K:, and then the music.
header.py reads the header, body.py the music. mend.py repairs broken lines if a tune cannot be
read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tunetrace.errors import AbcError
from tunetrace.text import lines_of
from tunetrace.tokenizer.abc.body import Reader
from tunetrace.tokenizer.abc.dropped import prose_left_out, words_left_out
from tunetrace.tokenizer.abc.header import (
    NO_FILE_HEADER,
    FileHeader,
    TuneHeader,
    bracketed_fields,
    is_control_code,
    is_field,
    loose_field,
    without_comments,
)
from tunetrace.tokenizer.abc.mend import mend
from tunetrace.tokenizer.abc.prose import is_prose, music_before_words
from tunetrace.tokenizer.transcription import Transcription

MakeReader = Callable[[TuneHeader, Sequence[str]], Reader]
"""Called with the header, and the lines from the first line of music on."""

_BODY_FIELDS = frozenset("KMLVm")
"""The letters of the fields that have a meaning inside a tune."""


def tokenize_abc(
    text: str | Sequence[str],
    first_line: int = 1,
    input: str = "",
    file_header: FileHeader = NO_FILE_HEADER,
    make_reader: MakeReader = Reader,
    voice: str | None = None,
) -> Transcription:
    """Read one ABC tune, transposed to C.

    text: the tune or its lines. first_line: the number of the first line in the file. input: the
    file's name. file_header: the fields that the file states for all its tunes. voice: as in
    Reading. AbcError has the line, the column if there is one, and the reason. If the tune can be
    read only after repairing a line that was broken inside a note, it is repaired, and a remark
    says so.
    """
    lines = lines_of(text) if isinstance(text, str) else text
    try:
        header, tokens = _read(lines, first_line, file_header, make_reader, voice)
    except AbcError as error:
        mended = mend(lines)
        if mended is None:
            raise
        try:
            header, tokens = _read(mended, first_line, file_header, make_reader, voice)
        except AbcError:
            raise error from None
        header.remark("a line break inside a note or a sign is taken out")
    assert header.key is not None, "the tune was read"
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
        remarks=tuple(header.remarks),
    )


def _read(
    lines: Sequence[str],
    first_line: int,
    file_header: FileHeader,
    make_reader: MakeReader,
    voice: str | None,
) -> tuple[TuneHeader, tuple[str, ...]]:
    """Header and tokens of the lines of a tune. AbcError has the line."""
    header = TuneHeader(asked_voice=voice)
    reader: Reader | None = None
    lines_of_words = lines_of_prose = 0
    codes: set[str] = set()  # the letters of control codes
    is_bracketed = False  # the header: each field is in brackets
    is_continued = True  # so that no line is ended before the first line of music
    number = first_line
    try:
        for number, line in without_comments(lines, first_line):
            is_a_field = line[1:2] == ":" and is_field(line)
            if reader is None:
                if is_a_field:
                    header.field(line[0], line[2:], number)
                    if line[0] in "SBE" and is_control_code(line):
                        codes.add(line[0])
                    continue
                if line.lstrip()[0] == "[" and (header.key is None or is_bracketed):
                    fields, rest = bracketed_fields(line)
                    if fields and (header.key is None or rest.isspace()):
                        is_bracketed = True
                        for letter, value in fields:
                            header.field(letter, value, number)
                        if rest.isspace():
                            continue
                        line = rest
                if header.key is None:
                    field = loose_field(line)
                    if field is None:
                        header.remark("text before K: that is not a field is ignored")
                    else:
                        header.field(*field, number)
                    continue
                if music_before_words(line) is None and is_prose(line):
                    lines_of_prose += 1
                    continue
                header.complete(file_header)
                reader = make_reader(header, lines[number - first_line :])
            elif is_a_field and line[0] not in _BODY_FIELDS:
                lines_of_words += line[0] in "wW" and not reader.is_silent
                continue
            elif not is_a_field and music_before_words(line) is None and is_prose(line):
                lines_of_prose += 1
                continue
            if not is_a_field and (music := music_before_words(line)) is not None:
                line = music
                lines_of_prose += 1
            reader.number = number
            if not is_continued:
                reader.end_line()
            if is_a_field:
                reader.field(line[0], line[2:])
            else:
                reader.line(line)
                is_continued = line.rstrip().endswith("\\")
        if header.key is None:
            number = first_line
            raise AbcError(
                "the tune has no K: field; add one, as K:G, as the last of its header",
                kind="no key",
            )
        if reader is None:
            raise AbcError("the tune has no notes after its K: field", kind="no notes")
        tokens = reader.finish()
        if lines_of_words:
            header.remarks.append(words_left_out(lines_of_words))
        if codes.issuperset("SB"):
            header.remarks.append("the control codes before the music were left out")
        if lines_of_prose:
            header.remarks.append(prose_left_out(lines_of_prose))
        return header, tokens
    except AbcError as error:
        if error.line is None:
            error.line = number
        raise
