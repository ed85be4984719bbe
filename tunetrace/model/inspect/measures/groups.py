"""The tokens of a model in groups, as one speaks of them: pitches, durations, bar lines."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from tunetrace.tokenizer.layout.pitches import sounding
from tunetrace.tokenizer.vocabulary import (
    BAR_LINE,
    CHORD_CLOSE,
    CHORD_OPEN,
    HEADER,
    LENGTH_SIGN,
    MEANINGS,
    NOTE,
    TUPLET,
    is_token,
)

METER_AND_KEY: Final = "meter and key"
PITCH: Final = "pitch"
ACCIDENTAL: Final = "accidental"
DURATION: Final = "duration"
BAR_LINES: Final = "bar line"
GROUPING: Final = "grouping"
BROKEN_RHYTHM: Final = "broken rhythm"
OTHER: Final = "other"

GROUPS: Final = (
    METER_AND_KEY, PITCH, ACCIDENTAL, DURATION, BAR_LINES, GROUPING, BROKEN_RHYTHM, OTHER,
)  # fmt: skip
"""The groups in the order in which pictures show them. An accidental is a note with a sign, as
`^F`; a grouping is a tuplet or a bracket of a chord; other are the rest, the tokens that begin and
end a tune, and what tunetrace does not know."""

_BY_KIND: Final = {
    HEADER: METER_AND_KEY,
    LENGTH_SIGN: DURATION,
    BAR_LINE: BAR_LINES,
    TUPLET: GROUPING,
    CHORD_OPEN: GROUPING,
    CHORD_CLOSE: GROUPING,
}


def group_of(token: str) -> str:
    """The group of a token."""
    if not is_token(token):
        return OTHER
    meaning = MEANINGS[token]
    if meaning.kind == NOTE:
        return ACCIDENTAL if token[0] in "^_=" else PITCH
    if meaning.kind == LENGTH_SIGN and meaning.after is not None:
        return BROKEN_RHYTHM
    return _BY_KIND.get(meaning.kind, OTHER)


def grouped(names: Sequence[str]) -> dict[str, list[int]]:
    """The numbers of tokens by group, in the order of GROUPS; a group without tokens is left out.

    Notes go from the lowest to the highest, durations from the shortest to the longest, all else
    by name.
    """
    found: dict[str, list[int]] = {group: [] for group in GROUPS}
    for number, name in enumerate(names):
        found[group_of(name)].append(number)
    for group, numbers in found.items():
        numbers.sort(key=lambda number: _rank(group, names[number]))
    return {group: numbers for group, numbers in found.items() if numbers}


def _rank(group: str, name: str) -> tuple[int | Fraction, str]:
    """What the tokens of a group are sorted by."""
    if group in (PITCH, ACCIDENTAL):
        return sounding([name])[0], name
    if group == DURATION:
        return Fraction(MEANINGS[name].numerator, MEANINGS[name].denominator), name
    return 0, name
