"""Places of many hits at once, by the table of bars: what it says for sure of each hit.

To lay out a tune takes about 0.4 ms. The table of bars has the part and the number of every bar.
Most places follow from it and from the tokens around a hit. Where they do not, nothing is said.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.opened import OpenedIndex
from tunetrace.indexer.queries.conditions import Sought
from tunetrace.indexer.search.figures import Occurrences
from tunetrace.indexer.search.outline import kinds_of
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.vocabulary import LENGTH_SIGN, NOTE


class HitsInBars:
    """Hits of one segment, in tokens, and the bars that their first notes are in."""

    def __init__(self, some: Occurrences, tunes: NDArray[np.integer], index: OpenedIndex) -> None:
        """tunes: the tune of each hit."""
        self._some = some
        self._tunes = tunes.astype(np.int64)
        self._symbols = some.segment.symbols
        self._bars = index.bar_table.of_tunes(some.segment.tune_ids)
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
        self._at = self._bars.bars_at(self._tunes, self._firsts)

    def parts(self) -> tuple[Mask, NDArray[np.int32]]:
        """Of which hits the part is sure, and the part of each."""
        return self._is_sure, self._bars.parts[self._at]

    def at(self, sought: Sought) -> tuple[Mask, Mask]:
        """Which hits are surely at a place, and which are surely not."""
        yes, no = self._is_sure.copy(), np.zeros_like(self._is_sure)
        bars = self._bars
        for wanted, numbers in ((sought.part, bars.parts), (sought.bar, bars.numbers)):
            if wanted is not None:
                no |= self._is_sure & (numbers[self._at] != wanted)
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
        bars, before = self._bars, self._at - 1
        # The second half of a bar, divided by a bar line, has no higher number than the first.
        is_first_half = (
            (before < bars.tunes[bars.ids.searchsorted(self._tunes)])
            | (bars.parts[before] != bars.parts[self._at])
            | (bars.numbers[before] < bars.numbers[self._at])
        )
        bar_starts = bars.tokens[self._at]
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
        after = np.where(is_last_of_tune, 0, self._bars.bars_at(tunes, tokens))
        here = self._bars.bars_at(*segment.places(last))
        is_other_bar = is_last_of_tune | (after != here)
        is_other_part = is_last_of_tune | (self._bars.parts[after] != self._bars.parts[here])
        has_ending = self._next(self._opens_ending[self._symbols], stops) < following
        ends = is_note & is_other_bar & is_other_part
        goes_on = is_note & is_other_bar & ~is_other_part & ~has_ending
        return ends, goes_on

    @staticmethod
    def _next(marked: Mask, places: NDArray[np.int32]) -> NDArray[np.int32]:
        """The first marked symbol at or after each place; the number of all where there is none."""
        numbers = np.append(np.flatnonzero(marked), len(marked)).astype(np.int32)
        return numbers[numbers.searchsorted(places)]
