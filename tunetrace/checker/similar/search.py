"""Near copies of transcriptions among the tunes of an index, with their probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tunetrace.indexer.index import Index
from tunetrace.indexer.near.search import Melody, Near, NearSearch, melodies_of
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.layout.bars import Layout

_ODDS: Final = 9.0
_AMONG: Final = 25_000
"""Among this many tunes a near copy is named from these odds on."""


FALSE_ALARMS: Final = 0.01
"""At most this share of tunes that have no near copy is named all the same."""


def named_from(tunes: int) -> float:
    """The probability from which on a near copy is named, among some number of tunes.

    Among more tunes, more are alike by chance, so the odds grow with their number.
    """
    odds = _ODDS * max(1.0, tunes / _AMONG)
    return odds / (1 + odds)


class SimilarSearch:
    """The near copies of transcriptions among the tunes of an index."""

    def __init__(self, index: Index) -> None:
        self._near: NearSearch = index.near
        self.default_threshold = named_from(index.tunes)

    def near_melody(
        self, melody: Melody, admitted: Mask | None = None, limit: int | None = 50
    ) -> list[Near]:
        """The tunes most like a melody, the most probable first, at most limit.

        admitted: which tunes count, as a mask by id; None for all. limit: None for all that were
        compared.
        """
        return self._near.near(melody, admitted, self.default_threshold)[:limit]

    def near(
        self, layouts: Sequence[Layout], admitted: Mask | None = None, limit: int | None = 50
    ) -> Iterator[list[Near]]:
        """The same for each of several transcriptions, given by their layouts."""
        for melody in melodies_of(layouts):
            yield self.near_melody(melody, admitted, limit)
