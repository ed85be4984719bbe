"""The bars of an open index: where they are, one by one or all that match a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.bars.found import FoundBars, find_bars
from tunetrace.indexer.bars.segment import SegmentBars, asked_texts
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.vocabulary import Vocabulary


class BarTable:
    """The bars of all tunes of an index. A bar is known by its text: its tokens, between spaces."""

    def __init__(self, segments: Sequence[SegmentBars], vocabulary: Vocabulary) -> None:
        self.segments = segments
        """In the order of their tunes."""
        self._vocabulary = vocabulary

    @cached_property
    def distinct(self) -> int:
        """How many different bars there are."""
        hashes = [np.empty(0, np.int64), *(segment.hashes for segment in self.segments)]
        return len(np.unique(np.concatenate(hashes)))

    def of_tunes(self, ids: NDArray[np.int32]) -> SegmentBars:
        """The bars of the segment that has these tunes."""
        return next(one for one in self.segments if len(ids) and ids[0] in one)

    def find(self, texts: Iterable[str], admitted: Mask | None = None) -> FoundBars:
        """Where bars are in the admitted tunes. admitted: by id; None for all."""
        return find_bars(self.segments, asked_texts(texts, self._vocabulary), admitted)

    def matching(self, wanted: str | re.Pattern[bytes]) -> NDArray[np.int64]:
        """The hits of a bar, or of all whose symbols a pattern matches: (hits, 4), by tune.

        A hit is the id of the tune, the bar's first token in it, its part and its number there.
        pattern: matches a whole bar in the symbols of SegmentBars.
        """
        rows = [np.empty((0, 4), dtype=np.int64)]
        for segment in self.segments:
            if isinstance(wanted, str):
                found = segment.find(asked_texts([wanted], self._vocabulary))
                distinct = found[found >= 0]
            else:
                distinct = segment.matching(wanted)
            _, bars = segment.hits_of(distinct)
            bars = np.sort(bars)
            rows.append(
                np.stack(
                    [segment.tune_of_bars[bars], segment.tokens[bars], segment.parts[bars],
                     segment.numbers[bars]],
                    axis=1,
                )
            )  # fmt: skip
        return np.concatenate(rows)
