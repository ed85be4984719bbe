"""tunetrace's own search for near copies, as the benchmark asks it: all that touches it is here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.similar.titles import LIMIT
from tunetrace.checker.similar.graph import over_graph
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.indexer.index import Index
from tunetrace.indexer.near.graph import BOUND, NearGraph
from tunetrace.indexer.near.score import COEFFICIENTS, INTERCEPT, MEASURES
from tunetrace.indexer.near.search import Near, melodies_of
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.layout.bars import lay_out
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
        self._search = SimilarSearch(index)
        self._near = index.near
        self._all = np.ones(index.figures.last_id + 1, dtype=bool)
        self.threshold: float = self._search.default_threshold

    def near(self, tune: Transcription, left_out: Collection[int] = ()) -> list[Answer]:
        """The tunes most like a transcription, best first. left_out: places that do not count."""
        admitted = self._without(left_out)
        (found,) = self._search.near([lay_out(tune.tokens)], admitted, LIMIT)
        return [Answer(one.tune - 1, one.probability) for one in found]

    def near_others(self, tunes: Sequence[Transcription]) -> dict[int, list[Answer]]:
        """For each tune of the corpus by its place, the tunes most like it without itself.

        tunes: the corpus itself.
        """
        melodies = melodies_of([lay_out(tune.tokens) for tune in tunes])
        found = {}
        for place, melody in enumerate(melodies):
            answers = self._search.near_melody(melody, self._without([place]), LIMIT)
            found[place] = [Answer(one.tune - 1, one.probability) for one in answers]
        return found

    def over_graph(self, answers: dict[int, list[Answer]]) -> dict[int, list[Answer]]:
        """The same answers after one step over the neighbour graph, as `similar` gives them where
        the index has its families. answers: as near_others gives them for the whole corpus.
        """
        near = {
            place: [Near(one.place + 1, one.probability, 0) for one in some]
            for place, some in answers.items()
        }
        rows = [
            (place + 1, one.tune, 0, one.probability)
            for place, some in near.items()
            for one in some
            if one.probability >= BOUND
        ]
        graph = NearGraph.of([place + 1 for place in answers], rows)
        found = {}
        for place, some in near.items():
            stepped = over_graph(some, graph, self._without([place]), place + 1)[:LIMIT]
            found[place] = [Answer(one.tune - 1, one.probability) for one in stepped]
        return found

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
