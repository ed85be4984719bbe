"""The bars of an index in a view that is made of events: which symbols each has, and where it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.figures import FigureSearch, Occurrences
from tunetrace.indexer.search.outline import Outline, outline_of_segment
from tunetrace.indexer.search.views import Units
from tunetrace.indexer.store.meta import DamagedError

Numbers = NDArray[np.int64]


class BarsInView:
    """The bars of all tunes of an index in one view, by tune; bars without a symbol are left out.

    tunes, parts, numbers: (bars,) the tune's id, the part, and the number in it. first_symbols,
    counts: (bars,) the first symbol, counted in its tune, and how many symbols each has. tokens:
    (bars,) the first token of the first event, counted in its tune.
    """

    def __init__(
        self, tokens: FigureSearch, search: FigureSearch, units: Units, places: Numbers
    ) -> None:
        """tokens, search: the tunes as tokens and in the view. places: as from places_of_bars."""
        self._search = search
        found = [
            _of_segment(outline_of_segment(segment, tokens.vocabulary), segment.tune_ids, units)
            for segment in tokens.segments
        ]
        columns = np.concatenate([np.empty((4, 0), dtype=np.int64), *found], axis=1)
        columns = columns[:, np.argsort(columns[0], kind="stable")]
        if not np.array_equal(columns[0], places[:, 0]):
            raise DamagedError("the table 'bar_hit' does not have the bars of the streams")
        has_symbols = columns[2] > 0
        self.tunes, self.first_symbols, self.counts, self.tokens = columns[:, has_symbols]
        _, self.parts, self.numbers = places[has_symbols].T
        self._keys = self.tunes << 32 | self.first_symbols

    def whole(self, found: Sequence[Occurrences]) -> list[tuple[int, int, int, int]]:
        """The hits that are whole bars, by tune: (tune, token, part, number)."""
        bars = [np.empty(0, dtype=np.int64)]
        for some in found:
            tunes, firsts = some.segment.places(some.positions)
            wanted = tunes.astype(np.int64) << 32 | firsts
            at = np.minimum(self._keys.searchsorted(wanted), max(len(self._keys) - 1, 0))
            if len(self._keys):
                is_whole = (self._keys[at] == wanted) & (self.counts[at] == some.lengths)
                bars.append(at[is_whole])
        chosen = np.sort(np.concatenate(bars))
        columns = (self.tunes, self.tokens, self.parts, self.numbers)
        return list(zip(*(column[chosen].tolist() for column in columns), strict=True))


def _of_segment(outline: Outline, tune_ids: NDArray[np.int32], units: Units) -> Numbers:
    """(4, bars) the tune's id, the first symbol, how many symbols, the first token."""
    firsts, counts = outline.bar_symbols(units)
    tokens = outline.tokens[outline.first_events[:-1]]
    return np.stack([tune_ids[outline.tunes], firsts, counts, tokens]).astype(np.int64)
