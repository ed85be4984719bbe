"""The bars of an index in a view that is made of events: which symbols each has, and where it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.search.figures import FigureSearch, Occurrences
from tunetrace.indexer.search.outline import Outline, outline_of_segment
from tunetrace.indexer.search.views import Units

Numbers = NDArray[np.int64]


class BarsInView:
    """The bars of all tunes of an index in one view, by tune; bars without a symbol are left out.

    tunes: (bars,) the id of the tune. first_symbols, counts: (bars,) the first symbol, counted in
    the tune, and how many symbols there are. tokens: (bars,) the first token of the first event,
    counted in the tune. has_symbols: (all bars,) False for the bars that are left out.
    """

    def __init__(self, tokens: FigureSearch, search: FigureSearch, units: Units) -> None:
        """tokens, search: the tunes as tokens and in the view."""
        self._search = search
        found = [
            _of_segment(outline_of_segment(segment, tokens.vocabulary), segment.tune_ids, units)
            for segment in tokens.segments
        ]
        columns = np.concatenate([np.empty((4, 0), dtype=np.int64), *found], axis=1)
        columns = columns[:, np.argsort(columns[0], kind="stable")]
        self.has_symbols: NDArray[np.bool_] = columns[2] > 0
        self.tunes, self.first_symbols, self.counts, self.tokens = columns[:, self.has_symbols]
        self._keys = self.tunes << 32 | self.first_symbols

    def whole(self, found: Sequence[Occurrences]) -> list[tuple[int, int]]:
        """The hits that are whole bars: the tune and the first token of each, in their order."""
        chosen = [np.empty(0, dtype=np.int64)]
        for some in found if len(self._keys) else ():
            tunes, firsts = some.segment.places(some.positions)
            wanted = tunes.astype(np.int64) << 32 | firsts
            bars = np.minimum(self._keys.searchsorted(wanted), len(self._keys) - 1)
            is_whole = (self._keys[bars] == wanted) & (self.counts[bars] == some.lengths)
            chosen.append(bars[is_whole])
        bars = np.sort(np.concatenate(chosen))
        return list(zip(self.tunes[bars].tolist(), self.tokens[bars].tolist(), strict=True))


def _of_segment(outline: Outline, tune_ids: NDArray[np.int32], units: Units) -> Numbers:
    """(4, bars) the tune's id, the first symbol, how many symbols, the first token."""
    firsts, counts = outline.bar_symbols(units)
    tokens = outline.tokens[outline.first_events[:-1]]
    return np.stack([tune_ids[outline.tunes], firsts, counts, tokens]).astype(np.int64)
