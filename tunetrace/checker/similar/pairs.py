"""The pairs of tunes of an index that are near copies of one another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tunetrace.arguments import public
from tunetrace.checker.records import TuneName
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.near.families import BOUND
from tunetrace.indexer.near.graph import graph_of
from tunetrace.records import Record


@dataclass(frozen=True, slots=True, repr=False)
class SimilarPair(Record):
    """Two tunes of an index that may be settings of one melody."""

    probability: float
    """That they are, or have a part in common."""
    first: TuneName
    """The tune with the lower id."""
    second: TuneName
    """The other tune."""
    first_family: int
    """The family of the first tune: the lowest id of its tunes."""
    second_family: int
    """The family of the second tune."""


@public
def similar_pairs(
    index: Index | str | Path | None = None, *, least: float = BOUND
) -> tuple[SimilarPair, ...]:
    """All pairs of tunes of an index that are near copies, the most probable first.

    index: open, or its path; default: your own. least: the least probability of a pair; the index
    keeps none below 0.05. Raises QueryError if the index has no families yet.
    """
    with given_or_default(index) as opened:
        graph = graph_of(opened.graph, opened.named)
        family_of = graph.family_of
        rows = [
            (probability, first, second)
            for (first, second), probability in zip(
                graph.pairs.tolist(), graph.probabilities.tolist(), strict=True
            )
            if probability >= least
        ]
        tunes = opened.catalogue.tunes({tune for _, *pair in rows for tune in pair})
        names = {tune: TuneName.of(record) for tune, record in tunes.items()}
        return tuple(
            SimilarPair(
                probability=probability,
                first=names[first],
                second=names[second],
                first_family=int(family_of[first]),
                second_family=int(family_of[second]),
            )
            for probability, first, second in sorted(rows, key=lambda row: (-row[0], *row[1:]))
        )
