"""Searching the text of a corpus for stretches of a tune: slow and sure.

It knows the rules of spans and none of the checker's methods. A token is one character, a corpus a
text in which a stretch is looked for by str.find.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from tests.brute import goes_on, is_wall, maximal, notes

Stretch = tuple[int, int]
"""The first token and the one past the last."""

_WALL: Final = "\n"
_FIRST_CHARACTER: Final = 0x4E00  # a block of 20,000 characters, none of which is a line's end

_characters: dict[str, str] = {}


def as_text(tokens: Sequence[str]) -> str:
    """A character a token; headers, which no stretch passes, are ends of lines."""
    return "".join(map(_character, tokens))


def _character(token: str) -> str:
    if token not in _characters:
        is_end = is_wall(token)
        _characters[token] = _WALL if is_end else chr(_FIRST_CHARACTER + len(_characters))
    return _characters[token]


def is_tuplet(token: str) -> bool:
    """Whether a token is the sign before a tuplet's notes."""
    return token.startswith("(")


class Corpus:
    """Tunes as one text, to be searched. They are named by their places, from 1."""

    def __init__(self, tunes: Sequence[Sequence[str]]) -> None:
        self._text = _WALL + "".join(as_text(tokens) + _WALL for tokens in tunes)
        self._starts = [1]
        for tokens in tunes:
            self._starts.append(self._starts[-1] + len(tokens) + 1)
        self._going_on = "".join(_character(token) for token in _characters if goes_on(token))

    def hits(self, figure: Sequence[str]) -> Iterator[int]:
        """Where in the text a figure is found so that its last note ends there too."""
        wanted = as_text(figure)
        at = self._text.find(wanted)
        while at >= 0:
            if self._text[at + len(wanted)] not in self._going_on:
                yield at
            at = self._text.find(wanted, at + 1)

    def tunes(self, figure: Sequence[str]) -> list[int]:
        """The tunes in which such a figure is found."""
        return sorted({bisect_right(self._starts, at) for at in self.hits(figure)})

    def spans_around(self, tokens: Sequence[str], stretch: Stretch) -> list[Stretch]:
        """The spans of a tune around a stretch: the longest that are found where it is.

        stretch: from a note, or the tuplet sign before it, to a note's end. No span if it is found
        nowhere.
        """
        first, stop = stretch
        text = as_text(tokens)
        begins, ends = bounds(tokens)
        found = set()
        for at in self.hits(tokens[first:stop]):
            low, high = first, stop
            while (
                low and text[low - 1] != _WALL and text[low - 1] == self._text[at - first + low - 1]
            ):
                low -= 1
            while (
                high < len(text)
                and text[high] != _WALL
                and text[high] == self._text[at - first + high]
            ):
                high += 1
            if self._text[at - first + high] in self._going_on:
                high -= 1  # the note that ends here, if one does, goes on there
            found.add((min(b for b in begins if b >= low), max(e for e in ends if e <= high)))
        return maximal(found)


def bounds(tokens: Sequence[str]) -> tuple[list[int], list[int]]:
    """Where a span of a well-formed tune may begin, and where it may end."""
    found = notes(tokens)
    begins = [begin for begin, _ in found]
    begins += [begin - 1 for begin in begins if begin and is_tuplet(tokens[begin - 1])]
    return sorted(begins), [end for _, end in found]


def whole_notes(tokens: Sequence[str], stretch: Stretch) -> Stretch | None:
    """The longest part of a stretch that a span can be; None where no whole note is in it."""
    begins, ends = bounds(tokens)
    first = min((begin for begin in begins if begin >= stretch[0]), default=len(tokens))
    stop = max((end for end in ends if end <= stretch[1]), default=0)
    return (first, stop) if first < stop else None


def notes_in(tokens: Sequence[str], stretch: Stretch) -> list[int]:
    """Where the notes begin that lie within a stretch."""
    return [begin for begin, end in notes(tokens) if begin >= stretch[0] and end <= stretch[1]]
