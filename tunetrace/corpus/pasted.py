"""Cleans text that was copied from web pages, mail and word processors.

It removes HTML tags and entities, Markdown fences, curly quotation marks, and spaces that do not
break or have no width. It keeps what may be music: `A<b>c` is a rhythm.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Final

from tunetrace.tokenizer.abc.header import is_field, unindented

_FENCE: Final = re.compile(r"^[ \t]*(?:`{3,}[ \t]*\w*|~{3,})[ \t]*$", re.MULTILINE)
_BREAK: Final = re.compile(r"[ \t]*<br\b[^<>\n]*>(?:[ \t]*(?:\r\n|\r|\n))?", re.IGNORECASE)
_INLINE: Final = re.compile(
    r"</?(?:span|font|code)\b[^<>\n]*>|<a\s+href=[^<>\n]*>|</a>", re.IGNORECASE
)
_BLOCKS: Final = re.compile(
    r"[ \t]*(?:</?(?:html|head|body|div|pre|p|blockquote)\b[^<>\n]*>[ \t]*)+(?=([\r\n]|\Z)?)",
    re.IGNORECASE,
)
_TAG: Final = re.compile(
    r"<(?:/?(?:br|span|font|code|html|head|body|div|pre|p|blockquote)\b|a\s+href=|/a>)",
    re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"&(?:quot|apos|amp|lt|gt|nbsp|#34|#39|#x27|#160);")
_TYPESET: Final = re.compile(
    "[\u00a0\u00ad\u2000-\u200f\u2018-\u201f\u202f\u2032\u2033\u2060\u3000\ufeff]"
)
_SPACES: Final = {
    **dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x3000), " "),
    **dict.fromkeys((0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF), ""),
}
"""A space of another kind becomes a plain space; a character without width is removed."""

_SINGLE: Final = dict.fromkeys(map(ord, "‘’‛′"), "'")
_DOUBLE: Final = dict.fromkeys(map(ord, "“”„‟″"), '"')


def unpasted(text: str) -> str:
    """The original text of a pasted text. Each `<br>` becomes the end of a line."""
    if "```" in text or "~~~" in text:
        text = _FENCE.sub("", text)
    if "<" in text and _TAG.search(text):
        text = _BLOCKS.sub(_line_end, _INLINE.sub("", _BREAK.sub("\n", text)))
    if "&" in text and _ENTITY.search(text):
        text = _in_music(text, _without_entities)
    if not text.isascii() and _TYPESET.search(text):
        text = _in_music(text.translate(_SPACES), _with_plain_quotes)
    return text


def _line_end(blocks: re.Match[str]) -> str:
    """The replacement of tags that separate blocks: the end of a line, unless there is one."""
    is_at_start = blocks.start() == 0 or blocks.string[blocks.start() - 1] in "\r\n"
    return "" if is_at_start or blocks[1] is not None else "\n"


def _in_music(text: str, change: Callable[[str], str]) -> str:
    """The text with each line of music changed. Fields are not changed; titles decode their own."""
    lines = text.splitlines(keepends=True)
    return "".join(line if is_field(unindented(line)) else change(line) for line in lines)


def _without_entities(line: str) -> str:
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]).replace("\u00a0", " "), line)


def _with_plain_quotes(line: str) -> str:
    line = line.translate(_SINGLE)
    return line if '"' in line else line.translate(_DOUBLE)
