"""The tokens of many tunes as numbers: kinds, events and pitches, one tune after the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunetrace.tokenizer.keys import FIFTHS, LETTERS, MODES, Key
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.pitches import MIDDLE_C, semitones, signature_of, sounding
from tunetrace.tokenizer.transpose import Pitch, interval_to_c
from tunetrace.tokenizer.vocabulary import BAR_LINE, CHORD_CLOSE, CHORD_OPEN, MEANINGS, NOTE, REST

Numbers = NDArray[np.int64]

_KEY: Final = 15
"""The kind of a `K:` token, beside those of the vocabulary."""

_UNALTERED: Final = 3  # for a note without an accidental, as an alteration
LOWEST: Final = -40  # semitones, far below C,,,,,, with two flats in any key
PITCHES: Final = 256


_SCALE: Final = "CDEFGAB"
_DIATONIC: Final = np.array([_SCALE.index(letter) for letter in LETTERS])
"""The place of each of LETTERS in the scale of C."""
_IN_OCTAVE: Final = np.array([sounding([letter])[0] - MIDDLE_C for letter in _SCALE])
"""The semitones from C to each note of its scale."""


@lru_cache(maxsize=10_000)
def _code(token: str) -> int:
    """A token as a number: its kind in four bits, and its pitch or key above them.

    A note has the letter (three bits), the accidental (three bits), and its height without the
    accidental, less LOWEST. A key has its place in _keys.
    """
    if token.startswith("K:"):
        return _KEY | _keys().places[token[2:]] << 4
    kind = MEANINGS[token].kind
    if kind != NOTE:
        return kind
    pitch = Pitch.parse(token)
    alteration = _UNALTERED if pitch.alteration is None else pitch.alteration
    height = sounding([token.lstrip("^_=")])[0] - MIDDLE_C - LOWEST
    return kind | LETTERS.index(pitch.letter) << 4 | (alteration + 2) << 7 | height << 10


class _Keys(NamedTuple):
    places: dict[str, int]
    """The place of each key, by its name. Place 0 is for no key."""
    signatures: Numbers
    """(keys, 7) the alterations of LETTERS."""
    up: Numbers
    """(keys,) the semitones that bring the tonic to C."""


@cache
def _keys() -> _Keys:
    tonics = [letter + sign for letter in FIFTHS for sign in ("", "#", "b")]
    names = [tonic + mode for tonic in ["", *tonics] for mode in MODES]
    signatures = [signature_of(name) for name in [None, *names]]
    up = [semitones(interval_to_c(Key(name[:-3] or "C", name[-3:]))) for name in names]
    return _Keys(
        {name: place for place, name in enumerate(names, 1)},
        np.array([[signature[letter] for letter in LETTERS] for signature in signatures]),
        np.array([0, *up]),
    )


class TokenArrays:
    """The tokens of tunes as numbers, one tune after the other.

    codes, kinds, tunes: (tokens,), the code, the kind and the tune of each. is_event: (tokens,),
    where an event begins, as in timeline.py.
    """

    def __init__(self, layouts: Sequence[Layout]) -> None:
        lengths = [len(layout.tokens) for layout in layouts]
        self.tunes = np.repeat(np.arange(len(layouts)), lengths)
        tokens = chain.from_iterable(layout.tokens for layout in layouts)
        self.codes = np.fromiter(map(_code, tokens), np.int32, sum(lengths))
        self.kinds = self.codes & 15
        self.is_event = self.kinds <= REST
        opens = self.kinds == CHORD_OPEN
        if opens.any():
            turns = opens | (self.kinds == CHORD_CLOSE) | (self.kinds == BAR_LINE)
            turns |= np.diff(self.tunes, prepend=-1) != 0
            last_turn = np.maximum.accumulate(np.where(turns, np.arange(len(turns)), 0))
            self.is_event = (self.is_event & ~opens[last_turn]) | opens

    def steps(self, notes: Numbers) -> Numbers:
        """Where each of some notes is written, in diatonic steps from middle C:
        `C` is 0, `D` is 1, `c` is 7. Accidentals make no difference."""
        codes = self.codes[notes] >> 4
        letters, heights = _DIATONIC[codes & 7], (codes >> 6) + LOWEST
        steps: Numbers = letters + 7 * ((heights - _IN_OCTAVE[letters]) // 12)
        return steps

    def keys(self, notes: Numbers) -> Numbers:
        """The key of each of some notes, by its place in _keys."""
        is_key = self.kinds == _KEY
        places = np.append(np.flatnonzero(is_key), -1)
        stated = places[np.cumsum(is_key)[notes] - 1]
        is_own = (stated >= 0) & (self.tunes[stated] == self.tunes[notes])
        return np.where(is_own, self.codes[stated] >> 4, 0)

    def pitches(self, notes: Numbers) -> Numbers:
        """The pitch of all notes: semitones from their tune's tonic, less LOWEST.

        The tonic is that of the key at a tune's first note.
        """
        codes = self.codes[notes] >> 4
        letters, written, heights = codes & 7, (codes >> 3 & 7) - 2, codes >> 6
        keys, tunes = self.keys(notes), self.tunes[notes]
        is_written = written != _UNALTERED
        alterations = np.where(is_written, written, _keys().signatures[keys, letters])
        # An accidental holds for its letter to the end of its bar.
        bars = (np.cumsum(self.kinds == BAR_LINE) + self.tunes)[notes]
        is_altered = np.zeros(bars.max(initial=0) + 1, dtype=bool)
        is_altered[bars[is_written]] = True
        chosen = np.flatnonzero(is_altered[bars])
        names = bars[chosen] * len(LETTERS) + letters[chosen]
        order = np.argsort(names, kind="stable")
        chosen, names = chosen[order], names[order]
        last = np.maximum.accumulate(np.where(is_written[chosen], np.arange(len(chosen)), 0))
        holds = is_written[chosen[last]] & (names[last] == names)
        alterations[chosen[holds]] = written[chosen[last[holds]]]
        first = np.flatnonzero(np.diff(tunes, prepend=-1))
        up = np.repeat(_keys().up[keys[first]], np.diff(np.append(first, len(notes))))
        return heights + alterations + up
