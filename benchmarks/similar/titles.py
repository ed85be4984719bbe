"""Titles as truth: two tunes of one title are taken for settings of one tune.

They are an imperfect truth. One tune has many names, and some names belong to several tunes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tunetrace.indexer.store.rows.titles import title_key
from tunetrace.tokenizer.transcription import Transcription

LIMIT: Final = 50
"""How many answers of a search count."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How well a search finds tunes of the same title, as means over the tunes asked."""

    first_right: float
    """The share whose first answer has the same title."""
    mean_average_precision: float
    """Of the first 50 answers: the mean over queries of the sum of the precisions at each right
    answer, over the number of right answers there are, or 50 if there are more."""


class Titles:
    """Which tunes share a title. Tunes are named by their places, from 0."""

    def __init__(self, tunes: Iterable[Transcription]) -> None:
        having: defaultdict[str, set[int]] = defaultdict(set)
        keys = [set(filter(None, map(title_key, tune.titles))) for tune in tunes]
        for place, some in enumerate(keys):
            for key in some:
                having[key].add(place)
        self._settings = [
            frozenset(place for key in some for place in having[key]) - {own}
            for own, some in enumerate(keys)
        ]

    def settings(self, place: int) -> frozenset[int]:
        """The other tunes with a title of this one."""
        return self._settings[place]

    def asked(self, start: int = 0, stop: int | None = None) -> list[int]:
        """The tunes from start up to stop that share a title with another tune, anywhere."""
        places = range(len(self._settings))[start:stop]
        return [place for place in places if self._settings[place]]

    def scores(self, answers: dict[int, Sequence[int]], asked: Sequence[int]) -> Scores:
        """How right the answers are. answers: for each tune asked, other tunes, best first."""
        first = sum(bool(answers[q]) and answers[q][0] in self._settings[q] for q in asked)
        precision = sum(_average_precision(answers[q], self._settings[q]) for q in asked)
        return Scores(first / len(asked), precision / len(asked))


def _average_precision(answers: Sequence[int], right: frozenset[int]) -> float:
    hits, precisions = 0, 0.0
    for rank, place in enumerate(answers[:LIMIT], 1):
        if place in right:
            hits += 1
            precisions += hits / rank
    return precisions / min(len(right), LIMIT)
