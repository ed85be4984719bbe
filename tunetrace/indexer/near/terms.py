"""The terms of a tune: short stretches of its sequences, by which near copies are found.

Most terms are runs of differences between successive pitches, so a melody on another degree of the
scale has the same. A set of terms says whether a tune has each, not how often: a figure that a tune
repeats is no more telling than one that it has once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.near.sequences import OCTAVE, Pitches, Sequences

Terms = NDArray[np.uint32]

_WIDEST: Final = 15
"""A wider leap counts as one of this many steps."""


@dataclass(frozen=True, slots=True)
class TermSet:
    """One kind of term."""

    sequence: str
    """The field of Sequences that it is taken from."""
    of: Literal["leaps", "turns", "degrees"]
    """The items that a term consists of.

    leaps are differences between successive pitches; turns are the same modulo an octave, so that
    up a third is down a sixth; degrees are the pitches modulo an octave.
    """
    offsets: Sequence[int]
    """Which items make up a term, counted from the first one."""
    weight: float
    """How much one of its terms counts."""

    @property
    def base(self) -> int:
        """How many different leaps, turns or degrees there are."""
        return 2 * _WIDEST + 1 if self.of == "leaps" else OCTAVE

    @property
    def terms(self) -> int:
        """How many different terms there are."""
        return int(self.base ** len(self.offsets))


FIRST_SETS: Final = (
    TermSet("beats", "leaps", (0, 1, 2, 3), 1.0),
    TermSet("notes", "leaps", (0, 1, 2, 3, 4), 1.0),
    TermSet("pulses", "leaps", (0, 1, 2, 3), 0.5),
    TermSet("pulses", "degrees", (0, 1, 4, 5), 0.5),
    TermSet("quavers", "turns", (0, 1, 2, 3, 4), 0.5),
)
"""The sets by which most candidates are found."""

SECOND_SETS: Final = (
    TermSet("pulses", "degrees", (0, 2, 4, 6), 1.0),
    TermSet("changes", "leaps", (0, 1, 2, 3, 4, 5), 1.0),
)
"""The sets by which some more are found, whose notes differ in other ways."""

SETS: Final = (*FIRST_SETS, *SECOND_SETS)

_FIRSTS: Final = tuple(accumulate((one.terms for one in SETS), initial=0))
"""The number of the first term of each set, and that past the last one."""

FIRST_OF_SECOND: Final = _FIRSTS[len(FIRST_SETS)]
"""The first term of the second sets."""


def terms_of(sequences: Sequences) -> tuple[Terms, NDArray[np.int32]]:
    """The terms of tunes, and the tune of each, by its place: (n,) each.

    Each tune has a term once. They come by term, and those of one term by tune.
    """
    packed = [
        _packed(getattr(sequences, one.sequence), one) + (first << 32)
        for one, first in zip(SETS, _FIRSTS, strict=False)
    ]
    whole = np.sort(np.concatenate(packed))
    whole = whole[np.diff(whole, prepend=-1) != 0]
    return (whole >> 32).astype(np.uint32), (whole & 0xFFFFFFFF).astype(np.int32)


def set_weights(terms: Terms) -> NDArray[np.float32]:
    """The weight of the set of each term: (n,)."""
    which = np.searchsorted(np.array(_FIRSTS[1:-1], dtype=np.uint32), terms, side="right")
    return np.array([one.weight for one in SETS], dtype=np.float32)[which]


def _packed(pitches: Pitches, one: TermSet) -> NDArray[np.int64]:
    """Each term of a set above its tune, as one number: (n,)."""
    items = pitches.steps if one.of == "degrees" else np.diff(pitches.steps)
    if one.of == "leaps":
        items = np.clip(items, -_WIDEST, _WIDEST) + _WIDEST
    else:
        items = items % OCTAVE
    reach = one.offsets[-1] + (one.of != "degrees")
    count = max(len(pitches.steps) - reach, 0)
    terms = np.zeros(count, dtype=np.int64)
    for offset in one.offsets:
        terms = terms * one.base + items[offset : offset + count]
    tunes = pitches.tunes
    is_whole = tunes[:count] == tunes[reach : reach + count]
    packed: NDArray[np.int64] = (terms << 32 | tunes[:count])[is_whole]
    return packed
