"""The parts of a tune that give no token: what each part is, and how many were left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from tunetrace.text import counted, listed, plain

_KINDS: Final = (
    (re.compile(r'"[\^_<>@]'), "an annotation"),
    (re.compile(r'"'), "a chord symbol"),
    (re.compile(r"\{"), "grace notes"),
    (re.compile(r"!.|\+"), "a decoration"),
    (re.compile(r"!"), "a line break"),
    (re.compile(r"&"), "an overlay"),
    (re.compile(r"\[[A-Za-z]:"), "a field"),
    (re.compile(r"\[?\|"), "an empty bar"),
    (re.compile(r"\["), "an empty chord"),
    (re.compile(r"[|:]"), "an empty bar"),
    (re.compile(r"[()]"), "a slur"),
    (re.compile(r"-"), "a tie"),
    (re.compile(r"[~.H-Wh-w]"), "a decoration"),
    (re.compile(r"`"), "a beam"),
    (re.compile(r"\\"), "the line goes on"),
    (re.compile(r"y"), "space"),
)
_COUNTED: Final = {
    "a chord symbol": "chord symbol", "an annotation": "annotation", "grace notes": "grace note",
    "a decoration": "decoration", "a slur": "slur", "a tie": "tie",
}  # fmt: skip
"""The kinds that remarks count. The other kinds are not part of the music."""

_SIGNS: Final = re.compile(
    r"""[^"{!+&\[(\-~.H-Wh-w]*+(?:
      ( "[^"]*" | \{[^{}]*\} | ![^!|\s]+! | \+[^+|\s]+\+
      | \((?![0-9]) | -(?![0-9]) | \.(?![|(\-]) | [~H-Wh-w] )
    | \[[A-Za-z]:[^\[\]]*\]                             # an inline field
    | &(?:"[^"]*"|[^|:]|:(?![|:]))*+                    # an overlay
    | . | $ )""",
    re.VERBOSE | re.DOTALL,
)
"""Finds the counted signs, in group 1."""

_GRACE_NOTE: Final = re.compile(r"[A-Ga-g]")
_NO_NOTES: Final = re.compile(r'"[^"]*"|\[[A-Za-z]:[^\[\]]*\]|![^!|\s]*!|\{[^{}]*\}')
_BAR_LINES: Final = re.compile(r"\||::")
_NOTE: Final = re.compile(r"[A-Ga-gxz]", re.IGNORECASE)
_NAMED_VOICES: Final = 5


def what_is(text: str) -> str:
    """What kind of thing a piece of a line is. The piece gave no token."""
    for pattern, what in _KINDS:
        if pattern.match(text):
            return what
    return "a sign without meaning"


def left_out(lines: Iterable[str]) -> list[str]:
    """What was left out of lines of music: one sentence for each kind."""
    signs = _SIGNS.findall("\n".join(lines))
    if len(signs) == 1:
        return []  # only the end of the text
    counts = Counter[str]()
    for sign in signs:
        what, number = _counted(sign)
        counts[what] += number
    return [number_left_out(what, counts[what]) for what in _COUNTED if counts[what]]


@lru_cache(maxsize=4096)
def _counted(sign: str) -> tuple[str, int]:
    """The kind of a sign, and how many it counts for."""
    what = what_is(sign) if sign else ""
    return what, len(_GRACE_NOTE.findall(sign)) if what == "grace notes" else 1


@lru_cache(maxsize=1024)
def number_left_out(what: str, count: int) -> str:
    """The sentence that a number of things of one kind (`a tie`) was left out."""
    return _left_out(counted(count, _COUNTED[what]), count)


def words_left_out(lines: int) -> str:
    """The sentence that a number of lines of words under the notes was left out."""
    return _left_out(f"{counted(lines, 'line')} of words (w:)", lines)


def prose_left_out(lines: int) -> str:
    """The sentence that a number of lines of prose was left out."""
    return _left_out(f"{counted(lines, 'line')} of text", lines)


def voices_left_out(voices: Mapping[str, Sequence[str]]) -> list[str]:
    """The sentence that these voices were left out, with the number of their bars."""
    bars = []
    for voice, lines in voices.items():
        music = _NO_NOTES.sub("", " ".join(lines))
        bars.append((voice, sum(_NOTE.search(bar) is not None for bar in _BAR_LINES.split(music))))
    return bars_left_out(bars)


def bars_left_out(voices: Iterable[tuple[str, int]]) -> list[str]:
    """The sentence that voices were left out. voices: the name of each, and how many bars it has.

    Voices without bars are not named.
    """
    named = [f"{plain(voice)[:20]} ({counted(bars, 'bar')})" for voice, bars in voices if bars]
    if not named:
        return []
    more = len(named) - _NAMED_VOICES
    shown = [*named[:_NAMED_VOICES], f"{more} more"] if more > 0 else named
    left_out = _left_out(f"voice{'s' * (len(named) > 1)} {listed(shown)}", len(named))
    return [f"{left_out}; --voice reads another one"]


def _left_out(what: str, count: int) -> str:
    return f"{what} {'was' if count == 1 else 'were'} left out"
