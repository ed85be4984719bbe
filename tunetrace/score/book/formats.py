"""The formats of scores: the endings of their names, and how a file of tunetrace is recognised."""

from __future__ import annotations

import struct
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, get_args

from tunetrace._version import __version__
from tunetrace.errors import OutputError
from tunetrace.files import Kind, check_place, written_whole
from tunetrace.score.book.cairo import DOTS_PER_INCH
from tunetrace.score.book.page import GENERATOR
from tunetrace.text import listed, printable

ScoreFormat = Literal["svg", "png", "pdf", "mid", "musicxml", "mei", "abc"]

_ENDINGS: Final[dict[str, ScoreFormat]] = {
    "svg": "svg", "png": "png", "pdf": "pdf", "mid": "mid", "midi": "mid",
    "musicxml": "musicxml", "xml": "musicxml", "mei": "mei", "abc": "abc",
}  # fmt: skip

ENDINGS: Final = listed([f".{kind}" for kind in get_args(ScoreFormat)], "or")
"""How the names of scores end, in words."""

ONE_TUNE_A_FILE: Final[frozenset[ScoreFormat]] = frozenset(("mid", "musicxml", "mei"))
"""Formats whose files hold one tune."""

ABC_CREATOR: Final = f"I:abc-creator tunetrace {__version__}"

_READ: Final = 1 << 16  # from both ends of a file, to recognise it
_MARKS: Final = (
    b"Written by tunetrace",
    b"abc-creator tunetrace",
    b"<software>tunetrace",
    b"Software\0tunetrace",
    b"/Creator (tunetrace",
)
"""How SVG, MEI and MIDI name the program that wrote them, then ABC, MusicXML, PNG and PDF."""

_INCHES_PER_METRE: Final = 1 / 0.0254


def format_of(output: str | Path) -> ScoreFormat:
    """The format that the ending of a file's name gives. OutputError for another ending."""
    ending = Path(output).suffix.lower().removeprefix(".")
    if ending not in _ENDINGS:
        raise OutputError(f"{printable(str(output))}: the name of a score must end in {ENDINGS}")
    return _ENDINGS[ending]


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        parts = file.read(_READ)
        file.seek(max(0, path.stat().st_size - _READ))
        parts += file.read()
    return any(mark in parts for mark in _MARKS)


SCORE_FILE: Final = Kind("score", _is_ours)


def names_for(output: Path, count: int) -> list[Path]:
    """The files of a number of tunes: `tunes.mid` of one, `tunes-1.mid` and so on of several."""
    if count == 1:
        return [output]
    digits = len(str(count))
    return [
        output.with_name(f"{output.stem}-{number:0{digits}}{output.suffix}")
        for number in range(1, count + 1)
    ]


def write_together(files: dict[Path, bytes], *, force: bool) -> None:
    """Write files that take their places when all are whole. OutputError as check_place."""
    for path in files:
        check_place(path, SCORE_FILE, force=force)
    with ExitStack() as stack:
        for path, data in files.items():
            stack.enter_context(written_whole(path, "the score")).write_bytes(data)


# What tunetrace says in its files


def signed_mei(mei: str) -> bytes:
    """An MEI document that says what wrote it."""
    declaration, rest = mei.split("?>", 1)
    return f"{declaration}?>\n{GENERATOR}\n{rest}\n".encode()


def signed_png(png: bytes) -> bytes:
    """A PNG picture that says what wrote it, and how many dots make a metre."""
    dots = round(DOTS_PER_INCH * _INCHES_PER_METRE)
    head = 33  # the signature and the first chunk
    chunks = _chunk(b"pHYs", struct.pack(">IIB", dots, dots, 1))
    chunks += _chunk(b"tEXt", f"Software\0tunetrace {__version__}".encode())
    return png[:head] + chunks + png[head:]


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
