"""How near a sampled transcription may be to a tune of an index: the most probable near copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.search import Near
from tunetrace.model.sampling.copy_limit import as_read
from tunetrace.tokenizer.layout.bars import lay_out

DRAWS_FOR_EACH: Final = 100
"""Sampling with a limit stops after this many draws for each transcription that is wanted."""


class SimilarLimit:
    """The tunes of an index, and below which probability all near copies have to stay."""

    def __init__(self, index: Index, probability: float) -> None:
        """probability: from 0 to 1; at 0 no transcription is admitted."""
        self.probability = probability
        self._search = SimilarSearch(index)

    def admits(self, tunes: Sequence[Sequence[str]]) -> list[bool]:
        """Which transcriptions have no near copy of that probability or more.

        Each is compared as it is written and as it is read back once it is written as ABC.
        """
        readings = [dict.fromkeys((tuple(tokens), as_read(tokens))) for tokens in tunes]
        found = nearest(self._search, [one for some in readings for one in some])
        probabilities = iter(0.0 if near is None else near.probability for near in found)
        return [max(next(probabilities) for _ in some) < self.probability for some in readings]


def nearest(search: SimilarSearch, tunes: Sequence[Sequence[str]]) -> list[Near | None]:
    """The tune of an index that each transcription is most probably a near copy of; None where none
    has anything in common with it."""
    found = search.near([lay_out(tokens) for tokens in tunes])
    return [max(near, key=lambda one: one.probability, default=None) for near in found]
