"""The terms of a tune: short stretches of its sequences, by which near copies are found.

A term is a run of differences between successive pitches, so a melody on another degree of the
scale has the same terms. A set of terms says whether a tune has each, not how often: a figure that
a tune repeats is no more telling than one that it has once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.near.sequences import Pitches, Sequences

Terms = NDArray[np.uint32]

_STEPS: Final = 7
"""The steps of an octave."""

_WIDEST: Final = 15
"""A wider leap counts as one of this many steps."""


@dataclass(frozen=True, slots=True)
class TermSet:
    """One kind of term."""

    sequence: str
    """The field of Sequences that it is taken from."""
    offsets: Sequence[int]
    """Which differences between successive pitches it has, counted from its first."""
    in_octave: bool
    """Whether differences count modulo an octave, and so up a third is down a sixth."""
    weight: float
    """How much it counts."""

    @property
    def base(self) -> int:
        return _STEPS if self.in_octave else 2 * _WIDEST + 1

    @property
    def terms(self) -> int:
        """How many there may be."""
        return int(self.base ** len(self.offsets))


SETS: Final = (
    TermSet("beats", (0, 1, 2, 3), False, 1.0),
    TermSet("notes", (0, 1, 2, 3, 4), False, 1.0),
    TermSet("pulses", (0, 1, 2, 3), False, 0.5),
    TermSet("pulses", (0, 1, 4, 5), True, 0.5),
    TermSet("quavers", (0, 1, 2, 3, 4), True, 0.5),
)
"""The sets that are compared."""

FIRSTS: Final = tuple(accumulate((one.terms for one in SETS), initial=0))
"""The number of the first term of each set, and that past the last one."""


def terms_of(sequences: Sequences) -> tuple[Terms, NDArray[np.int32]]:
    """The terms of tunes, and the tune of each, by its place: (n,) each.

    Each tune has a term once. They come by term, and those of one term by tune.
    """
    packed = [
        _packed(getattr(sequences, one.sequence), one) + (first << 32)
        for one, first in zip(SETS, FIRSTS, strict=False)
    ]
    whole = np.sort(np.concatenate(packed))
    whole = whole[np.diff(whole, prepend=-1) != 0]
    return (whole >> 32).astype(np.uint32), (whole & 0xFFFFFFFF).astype(np.int32)


def set_weights(terms: Terms) -> NDArray[np.float32]:
    """The weight of the set of each term: (n,)."""
    which = np.searchsorted(np.array(FIRSTS[1:-1], dtype=np.uint32), terms, side="right")
    return np.array([one.weight for one in SETS], dtype=np.float32)[which]


def _packed(pitches: Pitches, one: TermSet) -> NDArray[np.int64]:
    """Each term of a set above its tune, as one number: (n,)."""
    differences = np.diff(pitches.steps)
    if one.in_octave:
        differences %= _STEPS
    else:
        differences = np.clip(differences, -_WIDEST, _WIDEST) + _WIDEST
    reach = one.offsets[-1] + 1
    count = max(len(pitches.steps) - reach, 0)
    terms = np.zeros(count, dtype=np.int64)
    for offset in one.offsets:
        terms = terms * one.base + differences[offset : offset + count]
    tunes = pitches.tunes
    is_whole = tunes[:count] == tunes[reach : reach + count]
    packed: NDArray[np.int64] = (terms << 32 | tunes[:count])[is_whole]
    return packed
