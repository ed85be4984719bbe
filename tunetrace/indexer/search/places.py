"""Where the symbols of a view are in the tunes of an index: their notes, tokens and bars.

It is for the views that are made of events. In the view of tokens, symbols are tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.bars.segment import SegmentBars
from tunetrace.indexer.bars.table import BarTable
from tunetrace.indexer.search.figures import FigureSearch, Occurrences
from tunetrace.indexer.search.outline import outline_of_segment
from tunetrace.indexer.search.views import Units
from tunetrace.indexer.store.meta import DamagedError

Numbers = NDArray[np.int64]


class SymbolPlaces:
    """The notes and the bars of all tunes of an index in one view. Tunes are given by their ids.

    Tokens and symbols are counted in their tune.
    """

    def __init__(
        self,
        tokens: FigureSearch,
        search: FigureSearch,
        units: Units,
        bar_table: BarTable,
    ) -> None:
        """tokens, search: the tunes as tokens and in the view. bar_table: their bars by text."""
        self._segments = search.segments
        self._bar_table = bar_table
        notes, bars = [np.empty((2, 0), dtype=np.int64)], [np.empty((3, 0), dtype=np.int64)]
        for segment in tokens.segments:  # which come in the order of tunes
            outline = outline_of_segment(segment, tokens.vocabulary)
            symbols, sounds = outline.symbols(units), outline.sounds
            tunes = segment.tune_ids[outline.tunes]
            of_notes = tunes[outline.bars][sounds], symbols[sounds]
            notes.append(np.stack([_packed(*of_notes), outline.tokens[sounds]]))
            firsts, counts = outline.bar_symbols(units)
            first_tokens = outline.tokens[outline.first_events[:-1]]
            bars.append(np.stack([_packed(tunes, firsts), counts, first_tokens]))
        # (notes,) the place and the first token of each note.
        self._notes, self._note_tokens = np.concatenate(notes, axis=1)
        # (bars,) the place of each bar's first symbol, how many it has, and its first token.
        self._bars, self._counts, self._bar_tokens = np.concatenate(bars, axis=1)

    def tokens_at(self, tunes: NDArray[np.int32], symbols: NDArray[np.int32]) -> NDArray[np.int32]:
        """The first tokens of the notes that begin at these symbols, of the tunes' shape.

        Where no note begins, the answer means nothing.
        """
        if not len(self._notes):
            return np.zeros_like(symbols)
        at = np.minimum(self._notes.searchsorted(_packed(tunes, symbols)), len(self._notes) - 1)
        return np.asarray(self._note_tokens[at], dtype=np.int32)

    def whole_bars(self, found: Sequence[Occurrences]) -> list[tuple[int, int]]:
        """The hits that are whole bars: the tune and the first token of each, in their order."""
        has_symbols = np.flatnonzero(self._counts)
        places, counts = self._bars[has_symbols], self._counts[has_symbols]
        chosen = [np.empty(0, dtype=np.int64)]
        for some in found if len(places) else ():
            wanted = _packed(*some.segment.places(some.positions))
            at = np.minimum(places.searchsorted(wanted), len(places) - 1)
            chosen.append(has_symbols[at[(places[at] == wanted) & (counts[at] == some.lengths)]])
        bars = np.sort(np.concatenate(chosen))
        tunes, tokens = self._bars[bars] >> 32, self._bar_tokens[bars]
        return list(zip(tunes.tolist(), tokens.tolist(), strict=True))

    @cached_property
    def bars(self) -> list[SegmentBars]:
        """The bars by their symbols in the view; those without a symbol are left out.

        DamagedError if the index has other bars than its streams.
        """
        found = []
        tunes = self._bars >> 32
        for segment, by_text in zip(self._segments, self._bar_table.segments, strict=True):
            ids, stream = segment.tune_ids, segment.text
            mine = slice(tunes.searchsorted(ids[0]), tunes.searchsorted(ids[-1], side="right"))
            if not np.array_equal(tunes[mine], by_text.tune_of_bars):
                raise DamagedError("the arrays of bars do not have the bars of the streams")
            has_symbols = np.flatnonzero(self._counts[mine])
            firsts = segment.positions_of(tunes[mine], self._bars[mine] & (2**32 - 1))[has_symbols]
            stops = firsts + self._counts[mine][has_symbols]
            pairs = zip(firsts.tolist(), stops.tolist(), strict=True)
            keys = [stream[first:stop] for first, stop in pairs]
            found.append(SegmentBars.of_keys(by_text, has_symbols, keys))
        return found


def _packed(tunes: NDArray[np.integer], symbols: NDArray[np.integer]) -> Numbers:
    """Tunes and symbols in them as one number each, which sorts as they do."""
    return tunes.astype(np.int64) << 32 | symbols
