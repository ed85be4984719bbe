"""Places of many hits at once, by the table of bars: what it says for sure of each hit.

To lay out a tune takes about 0.4 ms. The table of bars has the part and the number of every bar.
Most places follow from it and from the tokens around a hit. Where they do not, nothing is said.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.opened import OpenedIndex
from tunetrace.indexer.queries.conditions import Sought
from tunetrace.indexer.search.figures import Occurrences
from tunetrace.indexer.search.outline import kinds_of
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.vocabulary import LENGTH_SIGN, NOTE

_LOW: Final = 2**32 - 1


class HitsInBars:
    """Hits of one segment, in tokens, and the bars that their first notes are in."""

    def __init__(self, some: Occurrences, tunes: NDArray[np.integer], index: OpenedIndex) -> None:
        """tunes: the tune of each hit."""
        self._some = some
        self._tunes = tunes.astype(np.int64)
        self._symbols = some.segment.symbols
        self._bars, self._places = index.bar_table.packed.T
        names = index.vocabulary.tokens
        self._kinds = kinds_of(index.vocabulary)
        self._opens_ending = np.zeros(256, dtype=bool)
        self._opens_ending[: len(names)] = [
            name[0] in "|:[" and any(letter.isdigit() for letter in name) for name in names
        ]
        # Where a hit begins with a note, it is the first. Otherwise it may be in a later bar.
        self._is_sure = self._kinds[self._symbols[some.positions]] == NOTE
        _, firsts = some.segment.places(some.positions)
        self._firsts = firsts.astype(np.int64)
        self._at = self._bar_of(self._tunes, self._firsts)

    def _bar_of(self, tunes: NDArray[np.integer], tokens: NDArray[np.integer]) -> NDArray[np.intp]:
        """The bars of notes, given by their tunes and their tokens."""
        places = tunes.astype(np.int64) << 32 | tokens
        return np.asarray(self._bars.searchsorted(places, side="right") - 1)

    def parts(self) -> tuple[Mask, NDArray[np.int64]]:
        """Of which hits the part is sure, and the part of each."""
        return self._is_sure, self._places[self._at] >> 32

    def at(self, sought: Sought) -> tuple[Mask, Mask]:
        """Which hits are surely at a place, and which are surely not."""
        here = self._places[self._at]
        yes, no = self._is_sure.copy(), np.zeros_like(self._is_sure)
        for wanted, numbers in ((sought.part, here >> 32), (sought.bar, here & _LOW)):
            if wanted is not None:
                no |= self._is_sure & (numbers != wanted)
        if sought.onset is not None:
            begins, is_later = self._onsets()
            no |= is_later if sought.onset == 0 else begins
            yes &= begins if sought.onset == 0 else False
        if sought.is_cadence:
            ends, goes_on = self._ends()
            no |= goes_on
            # It does not matter how the hit begins if only its end is asked for.
            only_ends = (sought.part, sought.bar, sought.onset) == (None, None, None)
            yes = ends if only_ends else yes & ends
        return yes & ~no, no

    def _onsets(self) -> tuple[Mask, Mask]:
        """Which hits surely begin where their bar does, and which surely later in it."""
        before = self._at - 1
        # The second half of a bar, divided by a bar line, has no higher number than the first.
        is_first_half = (
            (before < 0)
            | (self._bars[before] >> 32 != self._tunes)
            | (self._places[before] >> 32 != self._places[self._at] >> 32)
            | (self._places[before] < self._places[self._at])
        )
        bar_starts = self._bars[self._at] & _LOW
        is_at_start = self._firsts == bar_starts
        first_symbols = self._symbols[self._some.positions - (self._firsts - bar_starts)]
        is_later = ~is_at_start & (self._kinds[first_symbols] == NOTE)
        return self._is_sure & is_at_start & is_first_half, self._is_sure & is_later

    def _ends(self) -> tuple[Mask, Mask]:
        """Of which hits the last note surely ends a part, and of which surely nothing."""
        kinds, segment = self._kinds, self._some.segment
        stops = self._some.positions + self._some.lengths
        last = stops - 1
        while (is_length := kinds[self._symbols[last]] == LENGTH_SIGN).any():
            last = last - is_length
        is_note = kinds[self._symbols[last]] == NOTE
        following = self._next(kinds[self._symbols] == NOTE, stops)
        is_last_of_tune = following == len(self._symbols)
        following = np.where(is_last_of_tune, last, following)
        tunes, tokens = segment.places(following)
        is_last_of_tune |= tunes != self._tunes
        after = np.where(is_last_of_tune, 0, self._bar_of(tunes, tokens))
        here = self._bar_of(*segment.places(last))
        is_other_bar = is_last_of_tune | (after != here)
        is_other_part = is_last_of_tune | (self._places[after] >> 32 != self._places[here] >> 32)
        has_ending = self._next(self._opens_ending[self._symbols], stops) < following
        ends = is_note & is_other_bar & is_other_part
        goes_on = is_note & is_other_bar & ~is_other_part & ~has_ending
        return ends, goes_on

    @staticmethod
    def _next(marked: Mask, places: NDArray[np.int32]) -> NDArray[np.int32]:
        """The first marked symbol at or after each place; the number of all where there is none."""
        numbers = np.append(np.flatnonzero(marked), len(marked)).astype(np.int32)
        return numbers[numbers.searchsorted(places)]
