"""Tokens made valid as ABC. A model may write signs in places where they mean nothing.

Examples are a length without a note, several lengths after one note, and a chord that is never
closed. A reader of ABC would set the whole tune aside. Notes and rests are never changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from tunetrace.errors import AbcError
from tunetrace.tokenizer.abc.lexicon import length_token
from tunetrace.tokenizer.vocabulary import (
    CHORD_CLOSE,
    CHORD_OPEN,
    HEADER,
    LENGTH_SIGN,
    MEANINGS,
    NOTE,
    REST,
    TUPLET,
)


def well_formed(tokens: Iterable[str]) -> list[str]:
    """The nearest tokens that ABC can express. Valid tokens are returned unchanged.

    A length without a note is left out; inside a chord also a broken rhythm, a tuplet, or another
    bracket. Several lengths become their product, followed by the first broken rhythm. A bar line
    or a header ends a chord, as in the checker. A chord without a note or a rest is left out.
    """
    written: list[str] = []
    lengths: list[str] = []  # of the last note that was written
    may_be_longer = False
    chord: int | None = None  # where the open chord begins
    for token in tokens:
        kind = kind_in_abc(token)
        if kind == LENGTH_SIGN:
            if may_be_longer:
                lengths.append(token)
            continue
        written += _one_length(lengths, is_in_chord=chord is not None)
        lengths, may_be_longer = [], kind in (NOTE, REST)
        if kind in (NOTE, REST):
            written.append(token)
            continue
        if chord is None:
            if kind == CHORD_CLOSE:
                continue
            chord = len(written) if kind == CHORD_OPEN else None
            written.append(token)
        elif kind not in (TUPLET, CHORD_OPEN):
            may_be_longer = _close(written, chord) and kind == CHORD_CLOSE
            chord = None
            if kind != CHORD_CLOSE:
                written.append(token)
    written += _one_length(lengths, is_in_chord=chord is not None)
    if chord is not None:
        _close(written, chord)
    return written


def kind_in_abc(token: str) -> int:
    """The kind of a token or of an ABC field (`L:1/16`). KeyError for anything else."""
    return HEADER if token[0].isalpha() and token[1:2] == ":" else MEANINGS[token].kind


def _close(written: list[str], chord: int) -> bool:
    """Close the chord that begins at a token. An empty chord is removed, and False returned."""
    is_chord = len(written) > chord + 1
    if is_chord:
        written.append("]")
    else:
        del written[chord:]
    return is_chord


def _one_length(lengths: list[str], *, is_in_chord: bool) -> list[str]:
    """The lengths of one note as ABC has them: at most one number and one broken rhythm."""
    numbers = [length.rstrip("<>") for length in lengths]
    broken = next((length.lstrip("0123456789/") for length in lengths if length[-1] in "<>"), "")
    broken = "" if is_in_chord else broken
    if sum(map(bool, numbers)) < 2:
        return [part for part in (*filter(None, numbers), broken) if part]
    product = Fraction(1)
    for number in filter(None, numbers):
        top, _, bottom = number.partition("/")
        product *= Fraction(int(top or 1), int(bottom or 1))
    try:
        number = length_token(product)
    except AbcError:  # no music needs such a length
        number = next(filter(None, numbers))
    return [part for part in (number, broken) if part]
