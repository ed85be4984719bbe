"""Where each tune begins and ends in the lines of ABC and of folk-rnn text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tunetrace.corpus.streams import LONGEST
from tunetrace.tokenizer.abc.header import (
    BEFORE_NUMBER,
    begins_tune,
    bracketed_fields,
    is_control_code,
    is_field,
    loose_field,
    unindented,
)
from tunetrace.tokenizer.abc.prose import is_prose, music_before_words
from tunetrace.tokenizer.folkrnn import is_left_out
from tunetrace.tokenizer.vocabulary import is_header, is_token


@dataclass(slots=True)
class Block:
    """The lines of a tune."""

    first_line: int
    """The number of the first line in the text."""
    lines: list[str] = field(default_factory=list)
    overlong_at: int | None = None
    """The number of the line with which the tune becomes too long, if it does; this line and the
    rest are not kept."""
    _length: int = 0

    def add(self, number: int, line: str) -> None:
        self._length += len(line) + 1
        if self._length <= LONGEST:
            self.lines.append(line)
        elif self.overlong_at is None:
            self.overlong_at = number


def abc_blocks(
    lines: Iterable[str], has_numbers: bool, file_header: dict[str, tuple[int, str]]
) -> Iterator[Block]:
    """The tunes of an ABC file.

    A tune begins at X: and ends at an empty line or at the next X:. In a text without X:, a tune
    begins at the first field after an empty line, which may be in brackets, or at the control codes
    of the next tune (`S:2`) if the tune before began with its own. Empty lines before K: and before
    the first line of music do not end a tune, since tunebooks have them. Text between tunes belongs
    to no tune.

    has_numbers: whether the beginning of the file has an X:. file_header: is filled with the M:
    and L: fields before the first X:, which hold for all tunes (ABC 2.1, 2.2.2), unless a K:
    shows that they belong to a tune without X:.
    """
    block: Block | None = None
    has_music = has_key = False
    is_before_tunes = has_numbers
    for number, line in enumerate(lines, 1):
        is_numbered = line[:1] in BEFORE_NUMBER and begins_tune(line)
        if is_numbered or (
            not has_numbers
            and (
                _begins_without_number(line)
                if block is None
                else has_music and line[:2] == "S:" and _is_next_of_codes(line, block)
            )
        ):
            if block is not None:
                yield block
            block = Block(number)
            has_key, has_music = (False, False) if is_numbered else _of_key_line(line)
            has_numbers = has_numbers or is_numbered
            is_before_tunes = False
        elif block is not None:
            if not line or line.isspace():
                if has_key and has_music:
                    yield block
                    block = None
                    continue
            elif not has_key:
                if line[1:2] == ":":
                    has_key = line[0] == "K"
                else:
                    has_key, has_music = _of_key_line(line)
            elif not has_music and line[0] != "%" and not is_field(unindented(line)):
                is_music = music_before_words(line) is not None or not is_prose(line)
                has_music = is_music and _follows_fields(line)
        elif is_before_tunes:
            if line[:2] in ("M:", "L:"):
                file_header[line[0]] = (number, re.sub(r"(?<!\\)%.*", "", line[2:]))
            elif line[:2] == "K:":
                file_header.clear()
                is_before_tunes = False
        if block is not None:
            block.add(number, line)
    if block is not None:
        yield block


def _begins_without_number(line: str) -> bool:
    """Whether a line begins a tune in a text without X:."""
    line = line.lstrip()
    if line[:1] == "[":
        line = line[1:].lstrip()
    return line[:2] in ("T:", "M:", "L:", "K:", "Q:", "R:", "C:") or is_control_code(line)


def _is_next_of_codes(line: str, block: Block) -> bool:
    """Whether a line is the first control code of the next tune. S: alone names a source."""
    return is_control_code(line) and any(map(is_control_code, block.lines[:1]))


def _of_key_line(line: str) -> tuple[bool, bool]:
    """Whether a line of a header states the key, and whether music follows on it."""
    if line[1:2] == ":":
        return line[0] == "K", False
    if line.lstrip()[:1] == "[":
        fields, _ = bracketed_fields(line)
        has_key = any(letter == "K" for letter, _ in fields)
        return has_key, has_key and _follows_fields(line)
    found = loose_field(line)
    return found is not None and found[0] == "K", False


def _follows_fields(line: str) -> bool:
    """Whether a line has more than fields in brackets."""
    return line.lstrip()[:1] != "[" or not bracketed_fields(line)[1].isspace()


def folkrnn_blocks(lines: Iterable[str]) -> Iterator[Block]:
    """The transcriptions of a folk-rnn text.

    One ends at an empty line and at `</s>`. After its music, one also ends before X:, T:, `<s>`,
    and before a line that begins with a meter followed by a key or nothing. A comment line begins
    no transcription.
    """
    block: Block | None = None
    has_music = False
    for number, line in enumerate(lines, 1):
        words = line.split()
        if block is not None and (not words or (has_music and _begins_tune(line, words))):
            yield block
            block, has_music = None, False
        if not words or (block is None and line[0] == "%"):
            continue
        block = block or Block(number)
        block.add(number, line)
        if not is_left_out(line):
            has_music = has_music or not all(is_header(word) and is_token(word) for word in words)
            if words[-1].endswith("</s>"):
                yield block
                block, has_music = None, False
    if block is not None:
        yield block


def _begins_tune(line: str, words: list[str]) -> bool:
    if words[0].startswith("M:"):
        return len(words) == 1 or words[1].startswith("K:")
    return line[:2] in ("X:", "T:") or words[0].startswith("<s>")
