"""Where each tune begins and ends in the lines of ABC and of folk-rnn text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tunetrace.corpus.streams import LONGEST
from tunetrace.tokenizer.abc.header import (
    BEFORE_NUMBER,
    begins_tune,
    is_field,
    loose_field,
    unindented,
)
from tunetrace.tokenizer.folkrnn import is_left_out
from tunetrace.tokenizer.vocabulary import HEADER, MEANINGS, is_token


@dataclass(slots=True)
class Block:
    """The lines of a tune."""

    first_line: int
    """The number of the first line in the text."""
    lines: list[str]
    overlong_at: int | None
    """The number of the line with which the tune becomes too long, if it does; this line and the
    rest are not kept."""


def abc_blocks(
    lines: Iterable[str], has_numbers: bool, file_header: dict[str, tuple[int, str]]
) -> Iterator[Block]:
    """The tunes of an ABC file.

    A tune begins at X: and ends at an empty line or at the next X:. In a text without X:, a tune
    begins at the first field after an empty line. Empty lines before K: and before the first line
    of music do not end a tune, since tunebooks have them. Text between tunes belongs to no tune.

    has_numbers: whether the beginning of the file has an X:. file_header: is filled with the M:
    and L: fields before the first X:, which hold for all tunes (ABC 2.1, 2.2.2), unless a K:
    shows that they belong to a tune without X:.
    """
    block: list[str] | None = None
    first_line, length = 1, 0
    overlong_at: int | None = None
    has_music = has_key = False
    is_before_tunes = has_numbers
    for number, line in enumerate(lines, 1):
        is_numbered = line[:1] in BEFORE_NUMBER and begins_tune(line)
        if is_numbered or (not has_numbers and block is None and _is_header(line)):
            if block is not None:
                yield Block(first_line, block, overlong_at)
            block, first_line, length, overlong_at = [], number, 0, None
            has_music, has_key = False, line[:2] == "K:"
            has_numbers = has_numbers or is_numbered
            is_before_tunes = False
        elif block is not None:
            if not line or line.isspace():
                if has_key and has_music:
                    yield Block(first_line, block, overlong_at)
                    block = None
                    continue
            elif not has_key:
                found = (line[0], "") if line[1:2] == ":" else loose_field(line)
                has_key = found is not None and found[0] == "K"
            elif not has_music:
                has_music = line[0] != "%" and not is_field(unindented(line))
        elif is_before_tunes:
            if line[:2] in ("M:", "L:"):
                file_header[line[0]] = (number, re.sub(r"(?<!\\)%.*", "", line[2:]))
            elif line[:2] == "K:":
                file_header.clear()
                is_before_tunes = False
        if block is not None:
            length += len(line) + 1
            if length <= LONGEST:
                block.append(line)
            else:
                overlong_at = overlong_at or number
    if block is not None:
        yield Block(first_line, block, overlong_at)


def _is_header(line: str) -> bool:
    return line[:2] in ("T:", "M:", "L:", "K:", "Q:", "R:", "C:")


def folkrnn_blocks(lines: Iterable[str]) -> Iterator[Block]:
    """The transcriptions of a folk-rnn text.

    One ends at an empty line and at `</s>`. After its music, one also ends before X:, T:, `<s>`,
    and before a line that begins with a meter followed by a key or nothing. A comment line begins
    no transcription.
    """
    block: list[str] = []
    first_line, length = 1, 0
    overlong_at: int | None = None
    has_music = False
    for number, line in enumerate(lines, 1):
        words = line.split()
        is_start = line[:2] in ("X:", "T:") or (
            bool(words)
            and (
                words[0].startswith("<s>") or (words[0].startswith("M:") and _is_header_line(words))
            )
        )
        if block and (not words or (is_start and has_music)):
            yield Block(first_line, block, overlong_at)
            block, has_music = [], False
        if not words or (not block and line[0] == "%"):
            continue
        if not block:
            first_line, length, overlong_at = number, 0, None
        length += len(line) + 1
        if length <= LONGEST or not block:
            block.append(line[:LONGEST])
        if length > LONGEST:
            overlong_at = overlong_at or number
        if not is_left_out(line):
            has_music = has_music or any(not _is_header_word(word) for word in words)
            if words[-1].endswith("</s>"):
                yield Block(first_line, block, overlong_at)
                block, has_music = [], False
    if block:
        yield Block(first_line, block, overlong_at)


def _is_header_line(words: Sequence[str]) -> bool:
    """Whether a line that begins with a meter is a header: a key or nothing follows."""
    return len(words) == 1 or words[1].startswith("K:")


def _is_header_word(word: str) -> bool:
    return is_token(word) and MEANINGS[word].kind == HEADER
