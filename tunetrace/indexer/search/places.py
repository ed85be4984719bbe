"""Where the symbols of a view are in the tunes of an index: their notes, tokens and bars.

It is for the views that are made of events. In the view of tokens, symbols are tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.bars.segment import SegmentBars
from tunetrace.indexer.search.figures import FigureSearch, Occurrences
from tunetrace.indexer.search.outline import outline_of_segment
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.views import Units
from tunetrace.indexer.store.meta import DamagedError
from tunetrace.tokenizer.vocabulary import Vocabulary

Numbers = NDArray[np.int64]


class SegmentPlaces:
    """The notes and the bars of the tunes of a segment in one view.

    Tunes are given by their ids; tokens and symbols are counted in their tune. The notes and bars
    are worked out when they are first asked for.
    """

    def __init__(
        self, tokens: Segment, segment: Segment, units: Units, vocabulary: Vocabulary
    ) -> None:
        """tokens, segment: the tunes as tokens and in the view."""
        self.segment = segment
        self._tokens = tokens
        self._units = units
        self._vocabulary = vocabulary

    @cached_property
    def _worked_out(self) -> tuple[Numbers, Numbers]:
        """(2, notes) the place and the first token of each note. (3, bars) the place of each bar's
        first symbol, how many it has, and its first token."""
        outline = outline_of_segment(self._tokens, self._vocabulary)
        symbols, sounds = outline.symbols(self._units), outline.sounds
        tunes = self._tokens.tune_ids[outline.tunes]
        places = _packed(tunes[outline.bars][sounds], symbols[sounds])
        firsts, counts = outline.bar_symbols(self._units)
        first_tokens = outline.tokens[outline.first_events[:-1]]
        return (
            np.stack([places, outline.tokens[sounds]]),
            np.stack([_packed(tunes, firsts), counts, first_tokens]),
        )

    def tokens_at(self, tunes: NDArray[np.int32], symbols: NDArray[np.int32]) -> NDArray[np.int32]:
        """The first tokens of the notes that begin at these symbols, of the tunes' shape; 0 for
        tunes of other segments.

        Where no note begins, the answer means nothing.
        """
        notes, tokens = self._worked_out[0]
        ids = self.segment.tune_ids
        is_own = (tunes >= ids[0]) & (tunes <= ids[-1])
        found = np.zeros_like(symbols)
        if len(notes):
            at = notes.searchsorted(_packed(tunes[is_own], symbols[is_own]))
            found[is_own] = tokens[np.minimum(at, len(notes) - 1)]
        return found

    def whole_bars(self, found: Occurrences) -> list[tuple[int, int]]:
        """The hits in this segment that are whole bars: the tune and the first token of each, in
        their order."""
        bars, counts, tokens = self._worked_out[1]
        has_symbols = np.flatnonzero(counts)
        if not len(has_symbols):
            return []
        places = bars[has_symbols]
        wanted = _packed(*self.segment.places(found.positions))
        at = np.minimum(places.searchsorted(wanted), len(places) - 1)
        is_whole = (places[at] == wanted) & (counts[has_symbols][at] == found.lengths)
        chosen = np.sort(has_symbols[at[is_whole]])
        tunes = bars[chosen] >> 32
        return list(zip(tunes.tolist(), tokens[chosen].tolist(), strict=True))

    def bars(self, by_text: SegmentBars) -> SegmentBars:
        """The bars by their symbols in the view; those without a symbol are left out.

        by_text: the bars of the segment by their text. DamagedError if these are others than those
        of the streams.
        """
        bars, counts, _ = self._worked_out[1]
        tunes, stream = bars >> 32, self.segment.text
        if not np.array_equal(tunes, by_text.tune_of_bars):
            raise DamagedError("the arrays of bars do not have the bars of the streams")
        has_symbols = np.flatnonzero(counts)
        firsts = self.segment.positions_of(tunes, bars & (2**32 - 1))[has_symbols]
        stops = firsts + counts[has_symbols]
        pairs = zip(firsts.tolist(), stops.tolist(), strict=True)
        keys = [stream[first:stop] for first, stop in pairs]
        return SegmentBars.of_keys(by_text, has_symbols, keys)


class SymbolPlaces:
    """The notes and the bars of all tunes of an index in one view, segment by segment."""

    def __init__(self, tokens: FigureSearch, search: FigureSearch, units: Units) -> None:
        """tokens, search: the tunes as tokens and in the view."""
        self.segments = [
            SegmentPlaces(own, segment, units, tokens.vocabulary)
            for own, segment in zip(tokens.segments, search.segments, strict=True)
        ]
        """In the order of their tunes."""
        self._bars: dict[int, SegmentBars] = {}

    def bars_of(self, number: int, by_text: SegmentBars) -> SegmentBars:
        """The bars of a segment, given by its place, as SegmentPlaces.bars gives them."""
        if number not in self._bars:
            self._bars[number] = self.segments[number].bars(by_text)
        return self._bars[number]

    def tokens_at(self, tunes: NDArray[np.int32], symbols: NDArray[np.int32]) -> NDArray[np.int32]:
        """The first tokens of notes, as SegmentPlaces.tokens_at gives them, of all segments."""
        found = np.zeros_like(symbols)
        for segment in self.segments:
            found += segment.tokens_at(tunes, symbols)
        return found

    def whole_bars(self, found: Sequence[Occurrences]) -> list[tuple[int, int]]:
        """The hits that are whole bars: the tune and the first token of each, in their order."""
        of_segment = {id(some.segment): some for some in found}
        return [
            bar
            for places in self.segments
            if (some := of_segment.get(id(places.segment))) is not None
            for bar in places.whole_bars(some)
        ]


def _packed(tunes: NDArray[np.integer], symbols: NDArray[np.integer]) -> Numbers:
    """Tunes and symbols in them as one number each, which sorts as they do."""
    return tunes.astype(np.int64) << 32 | symbols
