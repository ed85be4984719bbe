"""Tells a line of prose from a line of music, so that no word becomes notes.

A model that chats writes sentences around a tune, some of them right below the music. Most letters
have a meaning in ABC: `Enjoy!` could be the note E with decorations.
"""

from __future__ import annotations

import re
from typing import Final

# A small letter that melodies lack (it is no note, rest or bow mark), and another one after it.
_LETTERS: Final = re.compile(r"[h-tw][a-z]|[^\W\d_\x00-\x7f]")
_FOREIGN: Final = re.compile(r"[h-twH-TW]|[^\W\d_\x00-\x7f]")
_DECORATED: Final = re.compile(r"[h-twH-TW](?=[(.~]*[_=^]{0,2}[A-Ga-gz])")
"""A letter before a note. A tune can give it the meaning of a decoration (`U: t = !trill!`)."""
_HEADING: Final = re.compile(r"(?:\*\*|#{1,6}\s)\s*[^\W\d_]")
_NO_MUSIC: Final = re.compile(
    r'(?<!\\)%.*|"[^"]*"?|!\S*?!|\+\S*?\+|\{[^{}]*\}|\[[A-Za-z]:[^\[\]]*\]'
)
_NOTES: Final = re.compile(
    r"[\s\d:|\[\]]*(?:(?:[(.~^_=]*[A-Ga-gz][,']*[\d/<>]*\s*){2}|[A-Gb-gz]\d)"
)
"""Music at the beginning of a line."""
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_MARKS: Final = re.compile(r"[\s.,;:?!()'’*_#`-]+")


def is_prose(line: str) -> bool:
    """Whether a line that is no field is prose, by the letters that melodies lack.

    It is if a word has two of them or more (`Enjoy`, `part`), and at least a third of the signs of
    the line are such letters. Text in quotation marks, decorations, inline fields and comments do
    not count. A heading of Markdown (`**Coda**`) is prose too. A line with a bar line is music if
    each such letter is before a note, as a decoration is (`tAtB tctd|`).
    """
    if line[:1] in "*#" and _HEADING.match(line) is not None:
        return True
    if _LETTERS.search(line) is None:
        return False
    rest = _NO_MUSIC.sub(" ", line)
    if all(len(_FOREIGN.findall(word)) < 2 for word in _WORD.findall(rest)):
        return False
    if "|" in rest and _is_decorated(rest):
        return False
    return 3 * len(_FOREIGN.findall(rest)) >= len(_MARKS.sub("", rest))


def music_before_words(line: str) -> str | None:
    """The music of a line up to its last bar line, if words follow (`|: GABc :| repeat once`).

    None if the line ends with music, or has no music.
    """
    if _LETTERS.search(line) is None:
        return None
    rest = _NO_MUSIC.sub(lambda found: " " * len(found[0]), line)
    last = rest.rfind("|")
    end = last + 1
    while end < len(rest) and rest[end] in ":]|":
        end += 1
    music, words = rest[:end], rest[end:]
    if not _NOTES.match(music) or not is_prose(words) or _is_decorated(words) or is_prose(music):
        return None
    return line[:end]


def _is_decorated(music: str) -> bool:
    """Whether each letter that is no note is before a note."""
    return _FOREIGN.search(_DECORATED.sub("", music)) is None
