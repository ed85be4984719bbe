"""Reading: from files, folders and standard input to transcriptions.

A file is folk-rnn text, ABC, or The Session's CSV or JSON; which one its keys or its beginning
tell. Either way a tune that cannot be tokenized becomes a Rejected that says where and why, and the
others go on.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal

from tunetrace.corpus.records import Rejected as Rejected
from tunetrace.corpus.session import is_session, read_settings
from tunetrace.errors import AbcError, InputError
from tunetrace.tokenizer.abc import MakeReader, tokenize_abc
from tunetrace.tokenizer.body import Reader
from tunetrace.tokenizer.folkrnn import is_plain_field, tokenize_folkrnn
from tunetrace.tokenizer.header import (
    BEFORE_NUMBER,
    FileHeader,
    begins_tune,
    is_field,
    loose_field,
    unindented,
)
from tunetrace.tokenizer.text import readable
from tunetrace.tokenizer.transcription import Transcription, as_number, lines_of, plain
from tunetrace.tokenizer.vocabulary import HEADER, MEANINGS, is_token

Format = Literal["abc", "folkrnn", "thesession"]

STDIN: Final = "-"
SUFFIXES: Final = (".abc", ".txt")
"""The endings of the files that are read from a folder."""

# The first key of a line: those that follow are changes inside a tune.
_KEYS: Final = re.compile(
    r"^[ \t]*+(?:<s>[ \t]*+)?(?:M:(?:none|[0-9]{1,3}/[0-9]{1,3})[ \t]*+)?K:[ \t]*+(\S*)",
    re.MULTILINE,
)
_FOLKRNN_KEY: Final = re.compile(r"C?(?:maj|min|dor|phr|lyd|mix|loc)(?!or|ian|oly|ygian|rian)")
_CHARSET: Final = re.compile(rb"^(?:I:|%%) *abc-charset +(iso-8859-[0-9]+)", re.MULTILINE | re.I)
_UNIT: Final = re.compile(r"^[ \t]*+L[ \t]*+:", re.MULTILINE)


def exists(path: str | Path) -> bool:
    """Whether there is a file or a folder of that name; not where no file can have the name."""
    try:
        return str(path) != "" and Path(path).exists()
    except (OSError, ValueError):
        return False


def printable(name: str) -> str:
    """A file's name fit for printing and for a database: what is no UTF-8 in it is replaced."""
    return plain(name.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace"))


def read_text(path: str | Path) -> str:
    """The text of a file, or of standard input for `-`; InputError where there is none.

    UTF-16 where a byte order mark says so, else UTF-8, else the ISO 8859 that the file names
    (`I:abc-charset`), else Windows-1252, which older tunebooks are in.
    """
    name = _name(path)
    try:
        if str(path) == STDIN:
            if sys.stdin is None:
                raise InputError("standard input: it is closed; give a file")
            data = sys.stdin.buffer.read()
        else:
            data = Path(path).read_bytes()
    except FileNotFoundError:
        raise _absent(name) from None
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(f"{name}: cannot be read ({reason}); give a text file") from None
    text = _decoded(data)
    if "\0" in text:
        raise InputError(f"{name}: this is a binary file; give ABC or folk-rnn text")
    if not text.strip():
        raise InputError(f"{name}: the file is empty; give ABC or folk-rnn text")
    return text


def _decoded(data: bytes) -> str:
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        named = _CHARSET.search(data)
        try:
            return data.decode(named[1].decode() if named else "cp1252", errors="replace")
        except LookupError:
            return data.decode("cp1252", errors="replace")


def files_in(path: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """The tunebooks of a folder and its subfolders, sorted; InputError where there are none."""
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
    if not found:
        raise InputError(f"{path}: the folder holds no {' or '.join(suffixes)} file")
    return found


def detect_format(text: str) -> Format:
    """folk-rnn text has no L: field, and nine in ten of its keys are folk-rnn's (`K:Cdor`).

    The Session's CSV begins with its columns, its JSON with a list of objects.
    """
    if is_session(text):
        return "thesession"
    keys: list[str] = _KEYS.findall(text)
    ours = sum(_FOLKRNN_KEY.match(key) is not None for key in keys)
    return "folkrnn" if keys and ours >= 0.9 * len(keys) and not _UNIT.search(text) else "abc"


def read_tunes(
    text: str, name: str, format: Format | None = None, make_reader: MakeReader = Reader
) -> Iterator[Transcription | Rejected]:
    """The tunes of a text in their order. name: what to call the text in a Rejected.

    make_reader: what reads the body of an ABC tune, for whoever wants to watch.

    InputError where the text holds nothing that begins a tune.
    """
    format = format or detect_format(text)
    if format == "thesession":
        yield from read_settings(text, name)
        return
    lines = lines_of(text)
    blocks = _folkrnn_blocks(lines) if format == "folkrnn" else _abc_blocks(lines)
    tokenize: Callable[[Sequence[str], int, str], Transcription]
    if format == "folkrnn":
        tokenize = tokenize_folkrnn
    else:
        tokenize = partial(tokenize_abc, file_header=_file_header(lines), make_reader=make_reader)
    is_empty = True
    for first_line, block in blocks:
        is_empty = False
        try:
            yield tokenize(block, first_line, name)
        except AbcError as error:
            yield _rejected(name, block, error)
    if is_empty:
        raise InputError(
            f"{name}: there is no tune in it; ABC tunes begin with X: and need K:, folk-rnn's "
            "have a line such as K:Cmaj"
        )


def estimate_tunes(paths: Sequence[str | Path]) -> int | None:
    """About how many tunes some inputs hold, at little cost; None where that cannot be told.

    Tunes are counted by their keys, of which a few have more than one.
    """
    tunes = 0
    for path in paths:
        if str(path) == STDIN:
            return None
        try:
            files = files_in(Path(path)) if Path(path).is_dir() else [Path(path)]
            tunes += sum(file.read_bytes().count(b"\nK:") for file in files)
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
        yield from read_tunes(read_text(path), _name(path), format, make_reader)


def read_sources(
    paths: Sequence[str | Path], format: Format | None = None, make_reader: MakeReader = Reader
) -> Iterator[Transcription | Rejected]:
    """The tunes of several inputs.

    Raises InputError, before anything is read, for a path where nothing is. Of several inputs
    those that cannot be read are set aside as a whole; the only one raises InputError.
    """
    for path in paths:
        if str(path) != STDIN and not exists(path):
            raise _absent(_name(path))
    for path in paths:
        try:
            yield from read_source(path, format, make_reader=make_reader)
        except InputError as error:
            if len(paths) == 1:
                raise
            yield unreadable(_name(path), error)


def _name(path: str | Path) -> str:
    return "standard input" if str(path) == STDIN else printable(str(path)) or "''"


def _absent(name: str) -> InputError:
    return InputError(f"{name}: there is no such file; check the path")


def _abc_blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The tunes of an ABC file with the number of their first line.

    A tune begins at X: and ends at an empty line or the next X:. Where no X: stands, one begins
    at the first field after an empty line. Empty lines before K:, and before its first line of
    music, are passed over, since tunebooks have them; text between tunes is no tune.
    """
    has_numbers = any(map(begins_tune, lines))
    block: list[str] = []
    first_line = 1
    has_music = has_key = False
    for number, line in enumerate(lines, 1):
        begins = (line[:1] in BEFORE_NUMBER and begins_tune(line)) or (
            not has_numbers and not block and _is_header(line)
        )
        if begins:
            if block:
                yield first_line, block
            block, first_line, has_music, has_key = [line], number, False, line[:2] == "K:"
        elif block:
            if not line or line.isspace():
                if has_key and has_music:
                    yield first_line, block
                    block = []
                    continue
            elif not has_key:
                field = (line[0], "") if line[1:2] == ":" else loose_field(line)
                has_key = field is not None and field[0] == "K"
            elif not has_music:
                has_music = line[0] != "%" and not is_field(unindented(line))
            block.append(line)
    if block:
        yield first_line, block


def _file_header(lines: Sequence[str]) -> FileHeader:
    """The M: and L: fields before a file's first X:, which hold for all tunes (ABC 2.1, 2.2.2)."""
    found: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines, 1):
        if begins_tune(line):
            return found
        if line[:2] in ("M:", "L:"):
            found[line[0]] = (number, re.sub(r"(?<!\\)%.*", "", line[2:]))
        elif line[:2] == "K:":
            break  # a tune without X:, whose fields are its own
    return {}


def _is_header(line: str) -> bool:
    return line[:2] in ("T:", "M:", "L:", "K:", "Q:", "R:", "C:")


def _folkrnn_blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The transcriptions of a folk-rnn text with the number of their first line.

    One ends at an empty line, at `</s>`, and where X:, T:, `<s>`, or a line that begins with a
    meter and has nothing else or a key next, follows its music.
    """
    block: list[str] = []
    first_line = 1
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
            yield first_line, block
            block, has_music = [], False
        if not words:
            continue
        if not block:
            first_line = number
        block.append(line)
        if not is_plain_field(line):
            has_music = has_music or any(not _is_header_word(word) for word in words)
            if words[-1].endswith("</s>"):
                yield first_line, block
                block, has_music = [], False
    if block:
        yield first_line, block


def _is_header_line(words: Sequence[str]) -> bool:
    """Whether a line that begins with a meter is a header: nothing or a key comes next."""
    return len(words) == 1 or words[1].startswith("K:")


def _is_header_word(word: str) -> bool:
    return is_token(word) and MEANINGS[word].kind == HEADER
