"""Repairs lines that were broken inside a note, a chord or a bar line.

Mail programs and word processors wrap lines at a fixed width and write `=20` for a space at the end
of a line. A broken lexeme is put together again only if no other reading is possible.
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

# The end of a line and the beginning of the next line, if together they are one lexeme.
_BREAKS: Final = (
    # Nobody writes a length of 1: the 1 is an ending without its bar line.
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
    """The lines of a tune with broken lexemes repaired; None if there are none.

    A lexeme moves to the line where it begins. Spaces replace its second half, so that everything
    else keeps its line and column.
    """
    mended = list(lines)
    music = [
        k
        for k, line in enumerate(lines)
        if line.strip() and line[0] != "%" and not is_field(line.lstrip())
    ]
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


def _joined(line: str, following: str) -> tuple[str, str]:
    """Two lines, with the lexeme that was broken between them now whole in the first."""
    start = line.rstrip().removesuffix("\\").rstrip()
    for ends, begins in _BREAKS:
        rest = begins.match(following)
        if rest is not None and ends.search(start):
            tail = line[len(start) :]
            return start + rest[0] + tail, " " * len(rest[0]) + following[rest.end() :]
    return line, following
