"""What ABC can hold of any tokens: a model writes signs where they mean nothing.

A length stands after no note, several stand after one, a chord is never closed. ABC has no place
for these, and a reader would set the whole tune aside; notes and rests stay as they are.
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
    """Tokens of which each may follow the one before; those that were so already stay as they are.

    A length after no note, and inside a chord a broken rhythm, a tuplet or another bracket, are
    left out. Lengths that follow one another become their product, with the first broken rhythm
    after it. A chord ends where a bar line or a header stands, as it does for the checker; one
    without a note or a rest is left out.
    """
    written: list[str] = []
    lengths: list[str] = []  # of the note that was written last
    may_be_longer = False
    chord: int | None = None  # where the open one begins
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
    """What a token or a field of ABC's (`L:1/16`) is; KeyError for what is neither."""
    return HEADER if token[0].isalpha() and token[1:2] == ":" else MEANINGS[token].kind


def _close(written: list[str], chord: int) -> bool:
    """Close the chord that begins at a token; False where nothing is in it, and it is taken out."""
    is_chord = len(written) > chord + 1
    if is_chord:
        written.append("]")
    else:
        del written[chord:]
    return is_chord


def _one_length(lengths: list[str], *, is_in_chord: bool) -> list[str]:
    """The lengths of one note as ABC has them: one number and one broken rhythm at most."""
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
    except AbcError:  # no music comes near
        number = next(filter(None, numbers))
    return [part for part in (number, broken) if part]
