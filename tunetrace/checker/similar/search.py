"""Near copies of transcriptions among the tunes of an index, with their probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tunetrace.indexer.index import Index
from tunetrace.indexer.near.search import Near, NearSearch, melodies_of
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


def named_first(found: Iterable[Near], threshold: float) -> list[Near]:
    """Near copies with those that are named before all others, otherwise in their order.

    found: best first; above SURE (`near/score.py`) the best one is not always the most probable.
    threshold: the probability from which on one is named.
    """
    return sorted(found, key=lambda near: near.probability < threshold)


class SimilarSearch:
    """The near copies of transcriptions among the tunes of an index."""

    def __init__(self, index: Index) -> None:
        self._near: NearSearch = index.near
        self.default_threshold = named_from(index.tunes)

    def near(self, layouts: Sequence[Layout], admitted: Mask | None = None) -> Iterator[list[Near]]:
        """The tunes most like each of several transcriptions, best first.

        layouts: of the transcriptions. admitted: which tunes count, as a mask by id; None for all.
        """
        for melody in melodies_of(layouts):
            yield self._near.near(melody, admitted)
