"""tunetrace's own search for near copies, as the benchmark asks it: all that touches it is here."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from benchmarks.similar.titles import LIMIT
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.indexer.index import Index
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription


class Answer(NamedTuple):
    """A tune that may be a near copy."""

    place: int
    """From 0, in the order of the file that was indexed."""
    probability: float


class Ours:
    """The search of an index that was built of one file."""

    def __init__(self, index: Index) -> None:
        self._search = SimilarSearch(index)
        self._all = np.ones(index.figures.last_id + 1, dtype=bool)
        self.threshold: float = self._search.default_threshold

    def near(self, tune: Transcription, left_out: Collection[int] = ()) -> list[Answer]:
        """The tunes most like a transcription, best first. left_out: places that do not count."""
        admitted = None
        if left_out:
            admitted = self._all.copy()
            admitted[[place + 1 for place in left_out]] = False
        (found,) = self._search.near([lay_out(tune.tokens)], admitted, LIMIT)
        return [Answer(one.tune - 1, one.probability) for one in found]

    def is_named(self, answers: list[Answer]) -> bool:
        """Whether a check would name the best answer as a near copy."""
        return bool(answers) and answers[0].probability >= self.threshold
