"""Reading transcriptions from text, files, folders and standard input.

A file is folk-rnn text, ABC, MusicXML, MIDI, The Session's CSV or JSON, or a table with a column of
tunes (CSV, JSON, JSON lines, Parquet). A ZIP archive or a gzip file holds such files. The format is
detected from the beginning. A tune that cannot be tokenized is given as a Rejected, which says
where and why; reading goes on with the next tune.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO, StringIO
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from tunetrace.arguments import AS_FOUND, Format, Reading, public
from tunetrace.corpus.archives import (
    GZIP,
    NOTHING_TO_READ,
    PACKED_SCORE,
    ZIP,
    Archive,
    gunzipped,
    readable_among,
)
from tunetrace.corpus.blocks import Block, abc_blocks, folkrnn_blocks
from tunetrace.corpus.pasted import Unpasting, unpasted
from tunetrace.corpus.records import Rejected
from tunetrace.corpus.streams import (
    PIECE,
    absent,
    beginning,
    blocks_of,
    lines_in,
    opened,
    refuse_xml,
    rewound,
    texts_of,
    whole,
)
from tunetrace.corpus.streams import STDIN as STDIN
from tunetrace.corpus.tables.csv_rows import csv_rows, is_csv
from tunetrace.corpus.tables.json_rows import is_json, json_rows
from tunetrace.corpus.tables.parquet_rows import MAGIC as PARQUET
from tunetrace.corpus.tables.parquet_rows import ParquetRows
from tunetrace.corpus.tables.session import is_session, read_settings
from tunetrace.corpus.tables.tunes import ReadText, read_parquet, read_rows
from tunetrace.corpus.unread import Cut, Unread, finished
from tunetrace.errors import AbcError, InputError
from tunetrace.files import exists
from tunetrace.notation.formats import LARGEST, NOTATION, NotationFormat, notation_of
from tunetrace.text import plain, printable
from tunetrace.tokenizer.abc.body import Reader
from tunetrace.tokenizer.abc.header import begins_tune
from tunetrace.tokenizer.abc.tune import MakeReader, tokenize_abc
from tunetrace.tokenizer.folkrnn import tokenize_folkrnn
from tunetrace.tokenizer.transcription import Transcription

if TYPE_CHECKING:
    from tunetrace.tokenizer.abc.explain import Explanation

# The first key of a line. Any later key on the line is a change inside a tune.
_KEYS: Final = re.compile(
    r"^[ \t]*+(?:<s>[ \t]*+)?(?:M:(?:none|[0-9]{1,3}/[0-9]{1,3})[ \t]*+)?K:[ \t]*+(\S*)",
    re.MULTILINE,
)
_OF_TUNES: Final = ("abc", "folkrnn")
"""The formats of a text of tunes. A table has such a text in each of its records."""

_NESTED: Final = "this is an archive inside an archive; unpack the outer one and give this file"

_FOLKRNN_KEY: Final = re.compile(r"C?(?:maj|min|dor|phr|lyd|mix|loc)(?!or|ian|oly|ygian|rian)")
_UNIT: Final = re.compile(r"^[ \t]*+L[ \t]*+:", re.MULTILINE)


_OF_INDEX: Final = re.compile(r"(?:[\w.-]+:)?[0-9]{1,9}", re.ASCII)


def is_of_index(name: str | Path) -> bool:
    """Whether a name is that of a tune of an index: `oneills:2`, or the number that it has there.
    A file of such a name is given as `./2`, or as a Path."""
    return isinstance(name, str) and _OF_INDEX.fullmatch(name) is not None


@public
def tokenize(
    text: str,
    format: Format | None = None,
    *,
    voice: str | None = None,
    column: str | None = None,
) -> list[str]:
    """The folk-rnn tokens of a transcription: headers first, transposed to C.

    If the text holds several transcriptions, the first is taken. Raises AbcError, with the line
    and the column that cannot be read, and InputError if there is no transcription.

    >>> tokenize("X:1\\nM:6/8\\nK:G\\nGAB d2e|")
    ['M:6/8', 'K:Cmaj', 'C', 'D', 'E', 'G', '2', 'A', '|']
    """
    return list(first_tune(text, Reading(format, voice, column)).tokens)


@public
def explain(
    text: str,
    format: Format | None = None,
    *,
    voice: str | None = None,
    column: str | None = None,
) -> Explanation:
    """How a transcription becomes tokens: where each token comes from, and what gave no token.

    Takes and raises the same as tokenize.

    >>> explained = explain('X:1\\nM:6/8\\nK:G\\n"G"G2A ~B3|')
    >>> explained.origins[2]
    TokenOrigin(index=2, token='C', line=4, column=4, text='G2')
    >>> explained.lines[-1].lexemes[0].dropped
    'a chord symbol'
    """
    from tunetrace.tokenizer.abc.explain import Explainer

    explainer = Explainer()
    reading = Reading(format, voice, column)
    return explainer.explain(first_tune(text, reading, explainer.make_reader))


def first_tune(
    text: str, reading: Reading = AS_FOUND, make_reader: MakeReader = Reader
) -> Transcription:
    """The first tune of a text. AbcError if it cannot be read."""
    tune = next(read_tunes(text, "the text", reading, make_reader))
    if isinstance(tune, Rejected):
        raise AbcError(tune.reason, tune.line, tune.column, kind=tune.kind)
    return tune


@public
def read(
    source: str | Path,
    format: Format | None = None,
    *,
    voice: str | None = None,
    column: str | None = None,
) -> Iterator[Transcription | Rejected]:
    """The tunes of a file, of the files of a folder, or of standard input (`-`), in their order.

    A tune that cannot be tokenized is given as a Rejected, and so is a file of a folder that cannot
    be read. Raises InputError, at the first tune, if nothing can be read from the source.

    >>> for tune in read("examples/kesh.abc"):
    ...     print(tune.title, tune.key, *tune.tokens[2:8])
    The Kesh Cmaj |: C 3 C D E
    """
    yield from map(finished, _read_source(source, Reading(format, voice, column), Reader))


def read_sources(
    paths: Sequence[str | Path],
    reading: Reading = AS_FOUND,
    make_reader: MakeReader = Reader,
    *,
    is_only: bool | None = None,
) -> Iterator[Transcription | Rejected]:
    """The tunes of several inputs.

    Raises InputError, before anything is read, if a path does not exist. An input that cannot be
    read is set aside as a whole, but raises InputError if it is the only one. is_only: whether it
    is; default: if one path is given.
    """
    return map(finished, cut_sources(paths, reading, make_reader, is_only=is_only))


def cut_sources(
    paths: Sequence[str | Path],
    reading: Reading = AS_FOUND,
    make_reader: MakeReader = Reader,
    *,
    is_only: bool | None = None,
) -> Iterator[Cut]:
    """As read_sources, but a tune of a text is cut out of it and not read yet."""
    refuse_absent(paths)
    for path in paths:
        try:
            yield from _read_source(path, reading, make_reader)
        except InputError as error:
            if len(paths) == 1 if is_only is None else is_only:
                raise
            yield unreadable(_name(path), error)


def refuse_absent(paths: Iterable[str | Path]) -> None:
    """Raise InputError if one of these inputs does not exist."""
    for path in paths:
        if str(path) != STDIN and not exists(path):
            raise absent(_name(path), may_be_title=may_be_title(path))


def may_be_title(name: str | Path) -> bool:
    """Whether a name looks like the title of a tune rather than like a path."""
    return not re.search(r"[./\\]", str(name))


def read_tunes(
    text: str, name: str, reading: Reading = AS_FOUND, make_reader: MakeReader = Reader
) -> Iterator[Transcription | Rejected]:
    """The tunes of a text in their order.

    name: stands for the text in places and messages. Raises InputError if no tune begins in it.
    """
    return map(finished, _read_pieces(iter([text]), name, reading, make_reader))


def read_bytes(
    data: bytes, name: str, reading: Reading = AS_FOUND
) -> Iterator[Transcription | Rejected]:
    """The tunes of the content of a file, in any format that a file may have.

    name: stands for the file in places and messages. Raises InputError, at the first tune, if
    nothing can be read from it.
    """
    return map(finished, _read_file(BytesIO(data), name, reading, Reader))


def detect_format(text: str, column: str | None = None) -> Format:
    """The format of a text, detected from its first 64 KB.

    JSON begins with an object or with a list of objects, CSV with a line that names a column of
    tunes, or the one that is asked for. The Session's have columns of their own. MusicXML begins
    with its root. folk-rnn text has no L: field, and at least nine in ten of its keys are written
    as folk-rnn does (`K:Cdor`).
    """
    if notation_of(text[:PIECE]):
        return "musicxml"
    text = beginning(text)
    if is_session(text):
        return "thesession"
    if is_json(text):
        return "json"
    if is_csv(text, column):
        return "csv"
    return _format_of_tunes(text)


def _format_of_tunes(text: str) -> Format:
    """The format of a text that is no table."""
    text = unpasted(text)
    keys: list[str] = _KEYS.findall(text)
    of_folkrnn = sum(_FOLKRNN_KEY.match(key) is not None for key in keys)
    is_folkrnn = keys and of_folkrnn >= 0.9 * len(keys) and not _UNIT.search(text)
    return "folkrnn" if is_folkrnn else "abc"


def files_in(path: Path) -> list[Path]:
    """The files of a folder and its subfolders that are read, sorted.

    They are of one kind, as readable_among says. Raises InputError if there are none.
    """
    files = (one for one in path.rglob("*") if one.is_file())
    found = readable_among(files, lambda one: one.name)
    if not found:
        raise InputError(f"{path}: the folder {NOTHING_TO_READ}")
    return sorted(found)


def estimate_tunes(paths: Sequence[str | Path]) -> int | None:
    """About how many tunes some inputs hold, at little cost; None if that is unknown.

    Keys are counted, though a few tunes have more than one; in Parquet, records. Archives are not
    unpacked. Standard input and pipes, which can be read only once, are not touched.
    """
    tunes = 0
    for path in paths:
        try:
            files = files_in(Path(path)) if Path(path).is_dir() else [Path(path)]
            if str(path) == STDIN or not all(file.is_file() for file in files):
                return None
            for one in files:
                with one.open("rb") as file:
                    start = file.read(4)
                    if start in (b"MThd", b"<?xm", b"<!DO", b"<sco"):
                        tunes += 1
                    elif start == PARQUET:
                        tunes += ParquetRows(file, one.name).count()
                    elif start.startswith((*ZIP, GZIP)):
                        return None
                    else:  # JSON writes a line end as backslash and n
                        for block in iter(partial(file.read, 1 << 20), b""):
                            tunes += block.count(b"\nK:") + block.count(rb"\nK:")
        except (OSError, ValueError, InputError):
            return None
    return tunes or None


def unreadable(name: str, error: InputError) -> Rejected:
    """A whole input, set aside because of an error that names it."""
    return Rejected(name, None, None, str(error).removeprefix(f"{name}: "), "unreadable file")


def _read_source(source: str | Path, reading: Reading, make_reader: MakeReader) -> Iterator[Cut]:
    if str(source) != STDIN and exists(source) and Path(source).is_dir():
        yield from cut_sources(files_in(Path(source)), reading, make_reader)
    else:
        name = _name(source)
        with opened(source, name) as file:
            yield from _read_file(file, name, reading, make_reader)


def _read_file(
    file: IO[bytes],
    name: str,
    reading: Reading,
    make_reader: MakeReader,
    *,
    is_inside: bool = False,
) -> Iterator[Cut]:
    """The tunes of a file that is open. is_inside: it is in an archive."""
    blocks = blocks_of(file)
    first = next(blocks)
    if first.startswith(PARQUET):
        table = ParquetRows(rewound(file, name), name)
        yield from read_parquet(
            table, name, reading.column, _fields_reader(name, reading, make_reader)
        )
        return
    is_packed_score = name.lower().endswith(PACKED_SCORE) and first.startswith(ZIP)
    if is_inside and first.startswith((*ZIP, GZIP)) and not is_packed_score:
        raise InputError(f"{name}: {_NESTED}")
    if first.startswith(ZIP):
        archive = Archive(rewound(file, name), name)
        if archive.is_score:
            data = archive.score(LARGEST["musicxml"])
            yield _read_notation(data, "musicxml", name, reading, make_reader)
            return
        if is_inside:
            raise InputError(f"{name}: {_NESTED}")
        for member in archive.members:
            try:
                with archive.open(member) as inside:
                    yield from _read_file(
                        inside, archive.name_of(member), reading, make_reader, is_inside=True
                    )
            except InputError as error:
                yield unreadable(archive.name_of(member), error)
        for packed in archive.packed:
            yield Rejected(f"{name}/{printable(packed)}", None, None, _NESTED, "unreadable file")
        return
    blocks = chain([first], blocks)
    if first.startswith(GZIP):
        blocks = gunzipped(blocks, name)
        first = next(blocks, b"")
        if first.startswith((*ZIP, GZIP, PARQUET)):
            raise InputError(f"{name}: {_NESTED}")
        blocks = chain([first], blocks)
    found = notation_of(first)
    if found is not None:
        data = whole(blocks, name, LARGEST[found])
        yield _read_notation(data, found, name, reading, make_reader)
    else:
        yield from _read_pieces(texts_of(blocks, name), name, reading, make_reader)


def _read_notation(
    data: bytes | str, found: NotationFormat, name: str, reading: Reading, make_reader: MakeReader
) -> Transcription | Rejected:
    """The tune of a MusicXML or MIDI file. found: which it is."""
    from tunetrace.notation.read import tokenize_notation  # a check of ABC does not need it

    if reading.format not in (None, found):
        raise InputError(
            f"{name}: this is a {NOTATION[found]} file, not {reading.format}; leave --format out"
        )
    if reading.column is not None:
        raise _no_column(name, reading.column)
    try:
        return tokenize_notation(data, found, name, reading.voice, make_reader)
    except AbcError as error:
        return Rejected(name, None, None, plain(error.reason), error.kind)


def _no_column(name: str, column: str) -> InputError:
    return InputError(
        f"{name}: this is not a table, so it has no column '{printable(column[:80])}'; leave "
        "--column out"
    )


def _read_pieces(
    texts: Iterator[str], name: str, reading: Reading, make_reader: MakeReader
) -> Iterator[Cut]:
    """As read_tunes, for a text that comes in pieces."""
    first = next(texts)
    texts = chain([first], texts)
    format, column = reading.format, reading.column
    if notation_of(first[:PIECE]):
        yield _read_notation("".join(texts), "musicxml", name, reading, make_reader)
        return
    if format in NOTATION:
        raise InputError(f"{name}: this is not a {NOTATION[format]} file; leave --format out")
    refuse_xml(beginning(first), name)
    if format is None or (format in _OF_TUNES and column is not None):
        format = detect_format(first, column)
    if format == "thesession":
        yield from read_settings(texts, name)
    elif format in ("csv", "json"):
        rows = csv_rows(texts, name) if format == "csv" else json_rows(texts, name)
        yield from read_rows(rows, name, column, _fields_reader(name, reading, make_reader))
    elif column is not None:
        raise _no_column(name, column)
    else:
        yield from _read_text(texts, name, replace(reading, format=format), make_reader)


def _fields_reader(name: str, reading: Reading, make_reader: MakeReader) -> ReadText:
    """Reads the text in a field of a table, whose format is given or detected for each field."""
    given = reading.format if reading.format in _OF_TUNES else None

    def read_text(text: str) -> Iterator[Transcription | Rejected]:
        if notation_of(text[:PIECE]):
            of_field = Reading(voice=reading.voice)
            return iter([_read_notation(text, "musicxml", name, of_field, make_reader)])
        refuse_xml(text, name)
        format = given or _format_of_tunes(beginning(text))
        cut = _read_text(iter([text]), name, replace(reading, format=format), make_reader)
        return map(finished, cut)

    return read_text


def _read_text(
    texts: Iterator[str], name: str, reading: Reading, make_reader: MakeReader
) -> Iterator[Cut]:
    """The tunes of a text that is ABC or folk-rnn text, as the format of reading says."""
    first = next(texts)
    texts = chain([first], texts)
    is_abc = reading.format == "abc"
    pasted = Unpasting(beginning(first), is_abc=is_abc)
    lines = chain.from_iterable(lines_in(map(pasted.original, texts)))
    blocks: Iterator[Block]
    tokenize_lines: Callable[[Sequence[str], int, str], Transcription]
    if is_abc:
        start = StringIO(unpasted(beginning(first)), newline=None)
        has_numbers = any(map(begins_tune, start))
        file_header: dict[str, tuple[int, str]] = {}
        blocks = abc_blocks(lines, has_numbers, file_header)
        tokenize_lines = partial(
            tokenize_abc, file_header=file_header, make_reader=make_reader, voice=reading.voice
        )
    else:
        blocks, tokenize_lines = folkrnn_blocks(lines), tokenize_folkrnn
    is_empty = True
    for block in blocks:
        is_empty = False
        yield Unread(block, name, tokenize_lines)
    if is_empty:
        raise InputError(
            f"{name}: the input has no tune; an ABC tune begins with X: and needs K:, a folk-rnn "
            "tune has a line such as K:Cmaj"
        )


def _name(path: str | Path) -> str:
    return "standard input" if str(path) == STDIN else printable(str(path)) or "''"
