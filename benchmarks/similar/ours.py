"""tunetrace's own search for near copies, as the benchmark asks it: all that touches it is here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.similar.titles import LIMIT
from tunetrace.checker.similar.graph import over_graph
from tunetrace.checker.similar.search import named_from
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.score import COEFFICIENTS, INTERCEPT, MEASURES
from tunetrace.indexer.near.search import Melody, melodies_of
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.transcription import Transcription

__all__ = ["COEFFICIENTS", "INTERCEPT", "MEASURES", "Answer", "Ours"]


class Answer(NamedTuple):
    """A tune that may be a near copy."""

    place: int
    """From 0, in the order of the file that was indexed."""
    probability: float


class Ours:
    """The search of an index that was built of one file."""

    def __init__(self, index: Index) -> None:
        """index: if it has a neighbour graph, the search goes one step over it."""
        self._near, self._graph = index.near, index.graph
        self._all = np.ones(index.figures.last_id + 1, dtype=bool)
        self.threshold = named_from(index.tunes)

    def near(self, tune: Transcription, left_out: Collection[int] = ()) -> list[Answer]:
        """The tunes most like a transcription, best first. left_out: places that do not count."""
        (melody,) = melodies_of([lay_out(tune.tokens)])
        return self._answers(melody, self._without(left_out))

    def near_others(self, layouts: Sequence[Layout]) -> dict[int, list[Answer]]:
        """For each tune of the corpus by its place, the tunes most like it without itself.

        layouts: of the tunes of the corpus, or of its first ones.
        """
        melodies = melodies_of(layouts)
        return {k: self._answers(one, self._without([k]), k) for k, one in enumerate(melodies)}

    def _answers(
        self, melody: Melody, admitted: Mask | None, place: int | None = None
    ) -> list[Answer]:
        """place: that of the melody in the corpus, if it is one of its tunes."""
        found = self._near.near(melody, admitted)
        if self._graph is not None:
            own = None if place is None else place + 1
            found = over_graph(found, self._graph, admitted, own)
        return [Answer(one.tune - 1, one.probability) for one in found[:LIMIT]]

    def measures(
        self, tune: Transcription, left_out: Collection[int]
    ) -> tuple[list[int], NDArray[np.float64]]:
        """The candidates for a transcription by their places, and what the probability is made of.

        The measures are (candidates, MEASURES).
        """
        (melody,) = melodies_of([lay_out(tune.tokens)])
        ids, _, measures = self._near.measures(melody, self._without(left_out))
        return (ids - 1).tolist(), measures

    def _without(self, left_out: Collection[int]) -> Mask | None:
        if not left_out:
            return None
        admitted: Mask = self._all.copy()
        admitted[[place + 1 for place in left_out]] = False
        return admitted

    def is_named(self, answers: list[Answer]) -> bool:
        """Whether a check would name a near copy among the answers."""
        return any(one.probability >= self.threshold for one in answers)
