"""Reads a file or standard input in pieces, decodes its text, and cuts it into lines.

Only one piece is in memory at a time, and of a line at most LONGEST characters.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

from tunetrace.errors import InputError

STDIN: Final = "-"

LONGEST: Final = 3_000_000
"""Characters of a tune or of a record. A longer one is set aside."""

PIECE: Final = 1 << 16
"""Bytes. The format of a file is detected from its first piece."""

_CHARSET: Final = re.compile(rb"^(?:I:|%%) *abc-charset +(iso-8859-[0-9]+)", re.MULTILINE | re.I)
_NO_UTF8: Final = re.compile("[\udc80-\udcff]")  # bytes, as surrogateescape decodes them
_LINE_OF_NO_UTF8: Final = re.compile("(?<![^\r\n])[^\r\n\udc80-\udcff]*+[\udc80-\udcff][^\r\n]*+")
_XML: Final = re.compile(r"\s*<\?xml\b")


@contextmanager
def opened(path: str | Path, name: str) -> Iterator[IO[bytes]]:
    """A file, or standard input (`-`), for reading bytes.

    name: stands for the input in messages. InputError, here or in reading it, if it cannot be read.
    """
    try:
        with _opened(path) as file:
            yield file
    except FileNotFoundError:
        raise absent(name) from None
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(f"{name}: cannot be read ({reason}); give a text file") from None


def blocks_of(file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of a file in blocks: first one of 64 KB, then whatever is there."""
    # The first read waits for a whole piece; the others take the bytes that are there.
    read: Callable[[int], bytes] = file.read1  # type: ignore[attr-defined]
    return chain([file.read(PIECE)], iter(partial(read, PIECE), b""))


def rewound(file: IO[bytes], name: str) -> IO[bytes]:
    """A file from its beginning, to be read at any place. InputError for a pipe."""
    if not file.seekable():
        raise InputError(
            f"{name}: a Parquet file or a ZIP archive cannot be read from a pipe; give the file "
            "by its name"
        )
    file.seek(0)
    return file


def whole(blocks: Iterable[bytes], name: str, most: int) -> bytes:
    """The bytes of a file of at most so many. InputError if it has more."""
    content = bytearray()
    for block in blocks:
        content += block
        if len(content) > most:
            raise InputError(f"{name}: the file has more than {most:,} bytes; give one tune a file")
    return bytes(content)


def absent(name: str, *, may_be_title: bool = False) -> InputError:
    """The error for a path that does not exist. may_be_title: it is rather the title of a tune."""
    hint = ""
    if may_be_title:
        hint = ", or give a tune of the index as corpus:number, which 'tunetrace tune TITLE' shows"
    return InputError(f"{name}: there is no such file; check the path{hint}")


def beginning(text: str) -> str:
    """The whole lines in the first 64 KB of a text, for detecting its format."""
    if len(text) <= PIECE:
        return text
    start = text[:PIECE]
    return start[: max(start.rfind("\n"), start.rfind("\r")) + 1] or start


def refuse_xml(beginning: str, name: str) -> None:
    """Raise InputError if a text begins as XML, and not as MusicXML. Web pages are allowed."""
    if _XML.match(beginning) and "<html" not in beginning:
        raise InputError(f"{name}: this is an XML file, but not MusicXML; save it as MusicXML")


def lines_in(texts: Iterable[str]) -> Iterator[list[str]]:
    """The lines of a text in pieces, as lines_of gives them, one list for each piece.

    A line longer than LONGEST is cut to one character more than LONGEST.
    """
    begun = ""  # of a line that ends in a later piece
    for text in texts:
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        if begun:
            lines[0] = begun + lines[0] if len(begun) <= LONGEST else begun
        begun = lines.pop()[: LONGEST + 1]
        yield lines
    yield [begun]


def _opened(path: str | Path) -> AbstractContextManager[Any]:
    if str(path) != STDIN:
        return Path(path).open("rb")
    if sys.stdin is None:
        raise InputError("standard input: this input is closed; give a file")
    file: IO[bytes] = sys.stdin.buffer
    return nullcontext(file)


def texts_of(blocks: Iterator[bytes], name: str) -> Iterator[str]:
    """The text of a file in pieces.

    name: stands for the file in messages. A piece ends at the end of a line, unless a line is
    longer than 64 KB. A text with a byte order mark of UTF-16 is UTF-16. In other texts each line
    is UTF-8; if it cannot be, it is in the ISO 8859 that the file names (`I:abc-charset`), or in
    Windows-1252, as in older tunebooks. Raises InputError if there is no text.
    """
    first = next(blocks)
    if first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        texts = codecs.iterdecode(chain([first], blocks), "utf-16", errors="replace")
        blocks = map(str.encode, texts)
        first = next(blocks, b"")
    first = first.removeprefix(codecs.BOM_UTF8)
    if b"\0" in first:
        raise InputError(f"{name}: this is a binary file; give ABC or folk-rnn text")
    if not first.strip():
        second = next(blocks, b"")
        if not second:
            raise InputError(f"{name}: the file is empty; give ABC or folk-rnn text")
        blocks = chain([second], blocks)
    charset = ""
    for piece in _at_line_ends(chain([first], blocks)):
        text = piece.decode(errors="surrogateescape")
        if not text.isascii() and _NO_UTF8.search(text):
            charset = charset or _charset(first)
            text = _LINE_OF_NO_UTF8.sub(partial(_in_charset, charset), text)
        # A NUL in the middle sets aside only the tune that has it.
        yield text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _charset(beginning: bytes) -> str:
    """The encoding of lines that are not UTF-8."""
    named = _CHARSET.search(beginning)
    with suppress(LookupError):
        if named is not None:
            return codecs.lookup(named[1].decode()).name
    return "cp1252"


def _in_charset(charset: str, line: re.Match[str]) -> str:
    return line[0].encode(errors="surrogateescape").decode(charset, errors="replace")


def _at_line_ends(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that end with a line, or in long lines between characters."""
    held = bytearray()
    for block in blocks:
        # A CR at the end may be the first half of a CR LF.
        end = max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1
        if end:
            yield bytes(held + block[:end])
            held = bytearray(block[end:])
            continue
        held += block
        if len(held) > PIECE:
            end = len(held) - 1
            while end > len(held) - 4 and held[end] & 0xC0 == 0x80:
                end -= 1  # inside a UTF-8 character
            yield bytes(held[:end])
            del held[:end]
    yield bytes(held)
