"""Lines that were broken where none may be: inside a note, a chord, a bar line.

Mail programs and word processors wrap lines at a width and write `=20` for a space at a line's
end. What was one lexeme is put together again where it can have been nothing else; all else stays
as it is, and sets the tune aside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tunetrace.tokenizer.abc.header import is_field

_NOTE: Final = r"(?:\^\^?|__?|=)?[A-Ga-gzx][,']*"
_LENGTH: Final = r"[0-9]*/*[0-9]*"

_MAIL_SPACE: Final = re.compile(r"=20\s*$")
_SOFT_BREAK: Final = re.compile(r"=\s*$")

# What ends one line and what begins the next, where the two are one lexeme.
_BREAKS: Final = (
    # Nobody writes a length of 1: it is an ending that has lost its bar line.
    (
        re.compile(r"[A-Ga-gzx\]][,']*$"),
        re.compile(rf"(?!1(?![0-9/]))(?:[1-9][0-9]*|/){_LENGTH}"),
    ),
    (re.compile(r"[A-Ga-gzx\]][,']*[0-9]+$"), re.compile(rf"/{_LENGTH}")),
    (re.compile(r"[A-Ga-gzx\]][,']*[0-9]*/$"), re.compile(r"[1-9][0-9]*")),
    (re.compile(r"(?:^|[^\^_=])(?:\^\^?|__?)$"), re.compile(_NOTE[len(r"(?:\^\^?|__?|=)?") :])),
    (re.compile(r"(?:\||\|\]|:)$"), re.compile(r":(?![:|])")),
    (re.compile(r":\|$"), re.compile(r"[2-9](?![0-9/])")),
    (re.compile(r"\|$"), re.compile(r"1(?![0-9/])")),
    (re.compile(r"\[[^\[\]|\"]*$"), re.compile(rf"[^\[\]|\":]*\]{_LENGTH}")),
)


def mend(lines: Sequence[str]) -> list[str] | None:
    """The lines of a tune with broken lexemes whole again, None where there are none.

    A lexeme goes to the line where it begins, and spaces take the place of its end, so that all
    else keeps its line and column.
    """
    mended = list(lines)
    music = [k for k, line in enumerate(lines) if line.strip() and _is_music(line)]
    is_mail = any(_MAIL_SPACE.search(lines[k]) for k in music)
    for k, following in zip(music, [*music[1:], None], strict=False):
        if is_mail:
            mended[k] = _MAIL_SPACE.sub("", mended[k]).replace("=3D", "=")
        after = "" if following is None else mended[following]
        if _SOFT_BREAK.search(mended[k]) and (is_mail or not re.match(rf"\s*{_NOTE}", after)):
            mended[k] = _SOFT_BREAK.sub("", mended[k])
        if following is not None:
            mended[k], mended[following] = _joined(mended[k], after)
    if music and re.match(r"\s*:(?![:|])", mended[music[0]]):
        mended[music[0]] = mended[music[0]].replace(":", "|:", 1)
    return None if mended == list(lines) else mended


def _is_music(line: str) -> bool:
    return line[0] != "%" and not is_field(line.lstrip())


def _joined(line: str, following: str) -> tuple[str, str]:
    """Two lines with the lexeme that the break between them cuts in two in the first."""
    start = line.rstrip().removesuffix("\\").rstrip()
    for ends, begins in _BREAKS:
        rest = begins.match(following)
        if rest is not None and ends.search(start):
            tail = line[len(start) :]
            return start + rest[0] + tail, " " * len(rest[0]) + following[rest.end() :]
    return line, following
