"""Tells a line of prose from a line of music, so that no word becomes notes.

A model that chats writes sentences around a tune, some of them right below the music. Most letters
have a meaning in ABC: `Enjoy!` could be the note E with decorations.
"""

from __future__ import annotations

import re
from typing import Final

# A small letter that melodies lack (it is no note, rest or bow mark), and another one after it.
_LETTERS: Final = re.compile(r"[h-tw][a-z]")
_FOREIGN: Final = re.compile(r"[h-twH-TW]")
_HEADING: Final = re.compile(r"(?:\*\*|#{1,6}\s)\s*[^\W\d_]")
_NO_MUSIC: Final = re.compile(r'"[^"]*"?|!\S*?!|\+\S*?\+|\{[^{}]*\}|\[[A-Za-z]:[^\[\]]*\]')
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_MARKS: Final = re.compile(r"[\s.,;:?!()'’*_#`-]+")


def is_prose(line: str) -> bool:
    """Whether a line that is no field is prose, by the letters that melodies lack.

    It is if a word has two of them or more (`Enjoy`, `part`), and at least a third of the signs of
    the line are such letters. Text in quotation marks, decorations and inline fields do not count.
    A heading of Markdown (`**Coda**`) is prose too.
    """
    if line[:1] in "*#" and _HEADING.match(line) is not None:
        return True
    if _LETTERS.search(line) is None:
        return False
    rest = _NO_MUSIC.sub(" ", line)
    if all(len(_FOREIGN.findall(word)) < 2 for word in _WORD.findall(rest)):
        return False
    return 3 * len(_FOREIGN.findall(rest)) >= len(_MARKS.sub("", rest))
