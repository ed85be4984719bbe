"""How the notes of a tune sound, by the key signature and the accidentals.

An accidental holds for its letter, in every octave, until the next bar line (ABC 2.1, 4.2 and
11.3, `propagate-accidentals pitch`, the default).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from tunetrace.tokenizer.keys import LETTERS, named_key
from tunetrace.tokenizer.transpose import Interval, Pitch
from tunetrace.tokenizer.vocabulary import BAR_LINE, HEADER, MEANINGS, NOTE

MIDDLE_C: Final = 60
"""The MIDI number of the note `C`."""

SEMITONES: Final = dict(zip(LETTERS, (0, 2, 4, 5, 7, 9, 11), strict=True))
"""Of each letter above C."""

_parse = lru_cache(maxsize=1024)(Pitch.parse)


@lru_cache(maxsize=256)
def signature_of(key: str | None) -> dict[str, int]:
    """The alteration of each letter in a key, named as `Cdor` or, as in folk-rnn v3, `dor`."""
    known = named_key(key)
    return dict.fromkeys(LETTERS, 0) if known is None else known.signature()


def sounding(tokens: Sequence[str], key: str | None = None) -> dict[int, int]:
    """The MIDI number of each note, by its place among the tokens.

    key: the key in force before the first `K:` token, named as in tokens.
    """
    signature = signature_of(key)
    in_bar: dict[str, int] = {}
    found = {}
    for i, token in enumerate(tokens):
        kind = MEANINGS[token].kind
        if kind == NOTE:
            pitch = _parse(token)
            if pitch.alteration is not None:
                in_bar[pitch.letter] = pitch.alteration
            alteration = in_bar.get(pitch.letter, signature[pitch.letter])
            found[i] = MIDDLE_C + 12 * pitch.octave + SEMITONES[pitch.letter] + alteration
        elif kind == BAR_LINE:
            in_bar.clear()
        elif kind == HEADER and token[0] == "K":
            signature = signature_of(token[2:])
    return found


def semitones(interval: Interval) -> int:
    """How many semitones a transposition moves the sound."""
    octaves = (interval.steps - 4 * interval.fifths) // 7
    return 7 * interval.fifths + 12 * octaves
