"""Reading: from files, folders and standard input to transcriptions.

A file is folk-rnn text, ABC, or The Session's CSV or JSON; which one its keys or its beginning
tell. Either way a tune that cannot be tokenized becomes a Rejected that says where and why, and the
others go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Final, Literal

from tunetrace.corpus.pasted import unpasted
from tunetrace.corpus.records import Rejected as Rejected
from tunetrace.corpus.session import is_session, read_settings
from tunetrace.corpus.streams import LONGEST, absent, beginning, lines_in, refuse_xml, texts_in
from tunetrace.corpus.streams import STDIN as STDIN
from tunetrace.errors import AbcError, InputError
from tunetrace.files import exists
from tunetrace.text import plain, printable
from tunetrace.tokenizer.abc.body import Reader
from tunetrace.tokenizer.abc.header import (
    BEFORE_NUMBER,
    begins_tune,
    is_field,
    loose_field,
    unindented,
)
from tunetrace.tokenizer.abc.tune import MakeReader, tokenize_abc
from tunetrace.tokenizer.folkrnn import is_left_out, tokenize_folkrnn
from tunetrace.tokenizer.titles import readable
from tunetrace.tokenizer.transcription import Transcription, as_number
from tunetrace.tokenizer.vocabulary import HEADER, MEANINGS, is_token

Format = Literal["abc", "folkrnn", "thesession"]

SUFFIXES: Final = (".abc", ".txt")
"""The endings of the files that are read from a folder."""

# The first key of a line: those that follow are changes inside a tune.
_KEYS: Final = re.compile(
    r"^[ \t]*+(?:<s>[ \t]*+)?(?:M:(?:none|[0-9]{1,3}/[0-9]{1,3})[ \t]*+)?K:[ \t]*+(\S*)",
    re.MULTILINE,
)
_FOLKRNN_KEY: Final = re.compile(r"C?(?:maj|min|dor|phr|lyd|mix|loc)(?!or|ian|oly|ygian|rian)")
_UNIT: Final = re.compile(r"^[ \t]*+L[ \t]*+:", re.MULTILINE)


def files_in(path: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """The tunebooks of a folder and its subfolders, sorted; InputError where there are none."""
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
    if not found:
        raise InputError(f"{path}: the folder holds no {' or '.join(suffixes)} file")
    return found


def detect_format(text: str) -> Format:
    """What a text is, by its beginning of at most 64 KB.

    folk-rnn text has no L: field there, and nine in ten of its keys are folk-rnn's (`K:Cdor`). The
    Session's CSV begins with its columns, its JSON with a list of objects.
    """
    text = beginning(text)
    if is_session(text):
        return "thesession"
    text = unpasted(text)
    keys: list[str] = _KEYS.findall(text)
    ours = sum(_FOLKRNN_KEY.match(key) is not None for key in keys)
    return "folkrnn" if keys and ours >= 0.9 * len(keys) and not _UNIT.search(text) else "abc"


def read_tunes(
    text: str, name: str, format: Format | None = None, make_reader: MakeReader = Reader
) -> Iterator[Transcription | Rejected]:
    """The tunes of a text in their order. name: what to call the text.

    make_reader: what reads the body of an ABC tune, for whoever wants to watch.

    InputError where the text holds nothing that begins a tune.
    """
    return _read(iter([text]), name, format, make_reader)


def _read(
    texts: Iterator[str], name: str, format: Format | None, make_reader: MakeReader
) -> Iterator[Transcription | Rejected]:
    """As read_tunes, of a text that comes in pieces."""
    first = next(texts)
    refuse_xml(beginning(first), name)
    format = format or detect_format(first)
    texts = chain([first], texts)
    if format == "thesession":
        yield from read_settings(texts, name)
        return
    lines = chain.from_iterable(lines_in(map(unpasted, texts)))
    file_header: dict[str, tuple[int, str]] = {}
    tokenize: Callable[[Sequence[str], int, str], Transcription]
    if format == "folkrnn":
        blocks = _folkrnn_blocks(lines)
        tokenize = tokenize_folkrnn
    else:
        start = StringIO(unpasted(beginning(first)), newline=None)
        has_numbers = any(map(begins_tune, start))
        blocks = _abc_blocks(lines, has_numbers, file_header)
        tokenize = partial(tokenize_abc, file_header=file_header, make_reader=make_reader)
    is_empty = True
    for block in blocks:
        is_empty = False
        try:
            if block.overlong_at is not None:
                raise AbcError(
                    f"the tune has more than {LONGEST:,} characters; end each tune with an empty "
                    "line",
                    block.overlong_at,
                    kind="too long",
                )
            yield tokenize(block.lines, block.first_line, name)
        except AbcError as error:
            yield _rejected(name, block.lines, error)
    if is_empty:
        raise InputError(
            f"{name}: there is no tune in it; ABC tunes begin with X: and need K:, folk-rnn's "
            "have a line such as K:Cmaj"
        )


def estimate_tunes(paths: Sequence[str | Path]) -> int | None:
    """About how many tunes some inputs hold, at little cost; None where that cannot be told.

    Tunes are counted by their keys, of which a few have more than one. What can be read only once,
    as standard input and pipes, is left alone.
    """
    tunes = 0
    for path in paths:
        try:
            files = files_in(Path(path)) if Path(path).is_dir() else [Path(path)]
            if str(path) == STDIN or not all(file.is_file() for file in files):
                return None
            for one in files:
                with one.open("rb") as file:
                    tunes += sum(b.count(b"\nK:") for b in iter(partial(file.read, 1 << 20), b""))
        except (OSError, ValueError, InputError):
            return None
    return tunes or None


def unreadable(name: str, error: InputError) -> Rejected:
    """A whole input set aside for an error that names it."""
    return Rejected(name, None, None, str(error).removeprefix(f"{name}: "), "unreadable file")


def _rejected(input: str, lines: Sequence[str], error: AbcError) -> Rejected:
    """The tune of these lines set aside for an error."""
    fields = [loose_field(line) for line in lines]
    numbers = [as_number(field[1]) for field in fields if field and field[0] == "X"]
    titles = [plain(readable(field[1])) for field in fields if field and field[0] == "T"]
    return Rejected(
        input, error.line, error.column, plain(error.reason), error.kind,
        next(iter(numbers), None), next(filter(None, titles), ""),
    )  # fmt: skip


def read_source(
    path: str | Path,
    format: Format | None = None,
    suffixes: Sequence[str] = SUFFIXES,
    make_reader: MakeReader = Reader,
) -> Iterator[Transcription | Rejected]:
    """The tunes of a file, of the files of a folder, or of standard input for `-`.

    suffixes: how the names of the files end that are read from a folder. Raises InputError where
    it cannot be read at all; of a folder's files, those that cannot are set aside.
    """
    if str(path) != STDIN and Path(path).is_dir():
        yield from read_sources(files_in(Path(path), suffixes), format, make_reader)
    else:
        name = _name(path)
        yield from _read(texts_in(path, name), name, format, make_reader)


def read_sources(
    paths: Sequence[str | Path], format: Format | None = None, make_reader: MakeReader = Reader
) -> Iterator[Transcription | Rejected]:
    """The tunes of several inputs.

    Raises InputError, before anything is read, for a path where nothing is. Of several inputs
    those that cannot be read are set aside as a whole; the only one raises InputError.
    """
    for path in paths:
        if str(path) != STDIN and not exists(path):
            raise absent(_name(path))
    for path in paths:
        try:
            yield from read_source(path, format, make_reader=make_reader)
        except InputError as error:
            if len(paths) == 1:
                raise
            yield unreadable(_name(path), error)


def _name(path: str | Path) -> str:
    return "standard input" if str(path) == STDIN else printable(str(path)) or "''"


@dataclass(slots=True)
class _Block:
    """The lines of a tune, and the number of the first.

    overlong_at: that of the first line that is too much; it and those after it are not kept.
    """

    first_line: int
    lines: list[str]
    overlong_at: int | None


def _abc_blocks(
    lines: Iterable[str], has_numbers: bool, file_header: dict[str, tuple[int, str]]
) -> Iterator[_Block]:
    """The tunes of an ABC file.

    A tune begins at X: and ends at an empty line or the next X:. Where no X: stands, one begins
    at the first field after an empty line. Empty lines before K:, and before its first line of
    music, are passed over, since tunebooks have them; text between tunes is no tune.

    has_numbers: whether an X: stands in the file's beginning; else the first X: tells. file_header:
    takes up the M: and L: fields before the file's first X:, which hold for all tunes (ABC 2.1,
    2.2.2), unless a tune without X: is before it, whose fields are its own.
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
                yield _Block(first_line, block, overlong_at)
            block, first_line, length, overlong_at = [], number, 0, None
            has_music, has_key = False, line[:2] == "K:"
            has_numbers = has_numbers or is_numbered
            is_before_tunes = False
        elif block is not None:
            if not line or line.isspace():
                if has_key and has_music:
                    yield _Block(first_line, block, overlong_at)
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
        yield _Block(first_line, block, overlong_at)


def _is_header(line: str) -> bool:
    return line[:2] in ("T:", "M:", "L:", "K:", "Q:", "R:", "C:")


def _folkrnn_blocks(lines: Iterable[str]) -> Iterator[_Block]:
    """The transcriptions of a folk-rnn text.

    One ends at an empty line, at `</s>`, and where X:, T:, `<s>`, or a line that begins with a
    meter and has nothing else or a key next, follows its music. A comment begins none.
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
            yield _Block(first_line, block, overlong_at)
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
                yield _Block(first_line, block, overlong_at)
                block, has_music = [], False
    if block:
        yield _Block(first_line, block, overlong_at)


def _is_header_line(words: Sequence[str]) -> bool:
    """Whether a line that begins with a meter is a header: nothing or a key comes next."""
    return len(words) == 1 or words[1].startswith("K:")


def _is_header_word(word: str) -> bool:
    return is_token(word) and MEANINGS[word].kind == HEADER
