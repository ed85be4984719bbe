"""Cleans text that was copied from web pages, mail, chats and word processors.

It removes HTML tags and entities, Markdown fences with the prose around them, quote marks of mail,
curly quotation marks, and spaces that do not break or have no width. It keeps what may be music:
`A<b>c` is a rhythm. Every line keeps its number.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import dropwhile, groupby
from operator import itemgetter
from typing import Final

from tunetrace.tokenizer.abc.header import is_field, unindented
from tunetrace.tokenizer.abc.prose import is_prose

_LINES: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_FENCE: Final = re.compile(
    r"[ \t]*(?:[-*+][ \t]+|[0-9]{1,3}[.)][ \t]+)?"  # a fence may be in a list
    r"(?:`{3,}[ \t]*([^`\r\n]*)|~{3,}[ \t]*(?=[\r\n]|\Z))"
)
_KEY: Final = re.compile(r"\s*\[?K[ \t]*:")
_QUOTED_FIELD: Final = re.compile(r"^>[> \t]*(?:`{3}|~{3}|[XK][ \t]*:)", re.MULTILINE)
_QUOTE_MARKS: Final = re.compile(r"^(?:>[ \t]?)+", re.MULTILINE)
_FIELD_IN_TICKS: Final = re.compile(
    r"^([ \t]*)`?([A-Za-z]:[^`\r\n]*)`?[ \t]*(?=[\r\n]|\Z)", re.MULTILINE
)
_END_OF_TEXT: Final = re.compile(
    r"</?s>|<eos>|<\|(?:end_?of_?text|begin_of_text|eot_id|im_end|im_start|end|pad)\|>"
)
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


class Unpasting:
    """Finds the original text of a pasted text that comes in pieces, each of them whole lines.

    The beginning of the text decides whether it is quoted, and whether it has tunes in fences. Then
    the text between fences is read only where it has a key and music, since what explains a tune
    (`K: G is the key`) looks like one. In ABC the marks with which models begin and end a text are
    removed; folk-rnn's are tokens.
    """

    def __init__(self, beginning: str, *, is_abc: bool = False) -> None:
        self._is_abc = is_abc
        may_be_quoted = beginning.startswith(">") or "\n>" in beginning or "\r>" in beginning
        self._is_quoted = may_be_quoted and _QUOTED_FIELD.search(beginning) is not None
        self._has_fenced_tunes = False
        self._is_inside = False  # a fence
        if "```" in beginning or "~~~" in beginning:
            self._has_fenced_tunes = any(
                is_inside and _KEY.match(line)
                for line, is_inside in self._in_fences(self._without_quotes(beginning))
            )
            self._is_inside = False

    def original(self, text: str) -> str:
        """The next piece as it was meant. Each `<br>` becomes the end of a line."""
        text = self._without_quotes(text)
        if self._has_fenced_tunes or "```" in text or "~~~" in text:
            text = "".join(self._of_tunes(text))
        if "`" in text:
            text = _FIELD_IN_TICKS.sub(r"\1\2", text)
        if self._is_abc and "<" in text:
            text = _END_OF_TEXT.sub("", text)
        return _plain(text)

    def _without_quotes(self, text: str) -> str:
        """A piece with spaces for the quote marks, so that everything keeps its column."""
        if not self._is_quoted:
            return text
        return _QUOTE_MARKS.sub(lambda marks: " " * len(marks[0]), text)

    def _of_tunes(self, text: str) -> Iterator[str]:
        """The lines of a piece. Around fenced tunes, what holds no tune becomes empty lines."""
        for is_inside, group in groupby(self._in_fences(text), key=itemgetter(1)):
            lines = [line for line, _ in group]
            is_kept = is_inside or not self._has_fenced_tunes or _has_tune(lines)
            yield from lines if is_kept else map(_line_end_of, lines)

    def _in_fences(self, text: str) -> Iterator[tuple[str, bool]]:
        """The lines of a piece, and whether each is inside a fence. Fences become empty lines."""
        for line in _LINES.findall(text):
            fence = _FENCE.match(line)
            if fence is None:
                yield line, self._is_inside
                if self._is_inside and line.rstrip().endswith("```"):
                    self._is_inside = False
                continue
            tag = fence[1] or ""
            self._is_inside = bool(tag.strip()) or not self._is_inside
            # A model may forget the end of the line after the fence.
            yield (tag if is_field(tag) else "") + _line_end_of(line), True


def unpasted(text: str) -> str:
    """The original text of a whole text that was pasted."""
    return Unpasting(text).original(text)


def _has_tune(lines: Iterable[str]) -> bool:
    """Whether lines have a key and, below it, music with a bar line."""
    below = dropwhile(lambda line: _KEY.match(line) is None, lines)
    return any("|" in line and not is_field(line.lstrip()) and not is_prose(line) for line in below)


def _line_end_of(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _plain(text: str) -> str:
    """A text without HTML and without the marks of word processors."""
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
