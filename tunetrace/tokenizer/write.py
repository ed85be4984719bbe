"""Tokens back to ABC that any ABC program reads.

A model may write signs in places where they mean nothing: a length without a note, several lengths
after one note, a chord that is never closed. A reader of ABC would set the whole tune aside. So the
tokens are first made valid. Notes and rests are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from tunetrace.errors import AbcError
from tunetrace.tokenizer.abc.lexicon import length_token
from tunetrace.tokenizer.transpose import interval_from_c, move_token
from tunetrace.tokenizer.vocabulary import (
    BAR_LINE,
    CHORD_CLOSE,
    CHORD_OPEN,
    FRAME,
    HEADER,
    LENGTH_SIGN,
    MEANINGS,
    NOTE,
    REST,
    TUPLET,
)

if TYPE_CHECKING:
    from tunetrace.tokenizer.abc.ornaments import Ornaments

_BARS_IN_A_LINE: Final = 4
_SECOND_ENDING: Final = re.compile(r":\| \|(?=[0-9])")


def to_abc(
    tokens: Sequence[str],
    *,
    title: str = "",
    number: int = 1,
    tonic: str = "C",
    ornaments: Ornaments | None = None,
    spaces: Collection[int] = (),
) -> str:
    """The tokens of a transcription as an ABC tune. tokenize_abc turns it into the same tokens.

    tonic: notes and keys are moved from C to this tonic (`D`, `Bb`). Raises TooFarAlteredError if
    a note there needs three sharps or flats. ornaments: grace notes and ties, by the places of
    these tokens; they are moved too. spaces: the places of tokens with a space before them, where
    programs end a beam. The tokens may include ABC fields, as `L:1/16` and `K:DMin`; without an L:
    field the unit is 1/8.

    Tokens that are not valid as ABC are replaced by the nearest valid ones, see well_formed. Frame
    tokens (`<s>`) are left out.
    """
    written = well_formed(tokens)
    if written != list(tokens):  # places are those of the tokens as given
        ornaments, spaces = None, ()
    if tonic != "C":
        interval = interval_from_c(f"{tonic}maj")
        written = [move_token(_on_c(token), interval) for token in written]
        ornaments = ornaments and ornaments.moved(interval)
    stated = {token[0]: token for token in reversed(written) if token[0] in "MLK"}
    meter, unit = stated.get("M", ""), stated.get("L", "L:1/8")
    key = stated.get("K", f"K:{tonic}")
    header = [f"X:{number}", f"T:{' '.join(title.split())}", meter, unit, _on_c(key)]
    in_header = {meter, unit, key}
    pieces: list[str] = []
    bars = 0
    for place, token in enumerate(written):
        kind = _kind(token)
        if token in in_header:
            in_header.discard(token)
            continue
        is_after_bar = place > 0 and written[place - 1] in ("|", ":|")
        is_ending = kind == BAR_LINE and token[-1].isdigit()  # stays on the line of its `:|`
        if bars >= _BARS_IN_A_LINE and is_after_bar and not is_ending:
            pieces.append("\n")
            bars = 0
        if kind == HEADER:
            pieces.append(f"[{_on_c(token)}]")
        elif kind == BAR_LINE:
            pieces.append(f" {token} ")
            bars += token in ("|", ":|")
        elif kind != FRAME:
            if place in spaces:
                pieces.append(" ")
            pieces += _ornamented(written, place, ornaments) if ornaments else [token]
    music = [" ".join(line.split()) for line in "".join(pieces).split("\n") if line.strip()]
    music = [_SECOND_ENDING.sub(":|", line) for line in music]
    return "\n".join(filter(None, [*header, *music])) + "\n"


def _ornamented(tokens: Sequence[str], place: int, ornaments: Ornaments) -> Iterator[str]:
    """A token with the grace notes before it. A tie is after the note's length, before a `>`."""
    token = tokens[place]
    if place in ornaments.graces:
        yield f"{{{''.join(ornaments.graces[place])}}}"
    is_length = _kind(token) == LENGTH_SIGN
    if is_length and place - 1 in ornaments.ties:
        number = token.rstrip("<>")
        yield f"{number}-{token[len(number) :]}"
        return
    yield token
    following = tokens[place + 1] if place + 1 < len(tokens) else ""
    if place in ornaments.ties and not (following and _kind(following) == LENGTH_SIGN):
        yield "-"


def _on_c(token: str) -> str:
    """A key token with its tonic stated. The `K:maj` of folk-rnn v3 is on C."""
    return "K:C" + token[2:] if token[0] == "K" and token[2:3].islower() else token


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
        kind = _kind(token)
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


def _kind(token: str) -> int:
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
    if len(lengths) == 1 and (broken or numbers[0] == lengths[0]):
        return lengths
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
