"""The neighbour graph of an index: which of its tunes are near copies of one another.

Every tune is searched for among all others. Two tunes that find each other have the larger of both
probabilities. The graph also says which family each tune belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunetrace.errors import QueryError
from tunetrace.indexer.near.families import BOUND, families_of
from tunetrace.indexer.near.search import Near, NearSearch, melodies_of
from tunetrace.indexer.near.sequences import OCTAVE
from tunetrace.text import printable
from tunetrace.tokenizer.layout.bars import Layout

Row = tuple[int, int, int, float]
"""What a search for a tune found: its id, the id of the other tune, the steps by which it is raised
to fit on the other, and the probability."""


def rows_of(
    search: NearSearch,
    tunes: Sequence[int],
    layouts: Sequence[Layout],
    admitted: NDArray[np.bool_] | None = None,
) -> list[Row]:
    """What is found for tunes of an index, given by their ids and as laid out.

    admitted: which tunes may be found, as a mask by id; None for all.
    """
    return [
        (tune, near.tune, near.up, near.probability)
        for tune, melody in zip(tunes, melodies_of(layouts), strict=True)
        for near in search.near(melody, admitted)
        if near.tune != tune and near.probability >= BOUND
    ]


@dataclass(frozen=True, eq=False)
class NearGraph:
    """The tunes of an index, and the pairs of them that are probably near copies."""

    tunes: NDArray[np.int32]
    """(tunes,) the ids of the tunes that were compared, ascending."""
    pairs: NDArray[np.int32]
    """(pairs, 2) the ids of two tunes, the lower one first; in ascending order."""
    ups: NDArray[np.int8]
    """(pairs,) the steps modulo an octave by which the first is raised to fit on the second."""
    probabilities: NDArray[np.float32]
    """(pairs,) that they are settings of one melody, or have a part in common."""
    families: NDArray[np.int32]
    """(tunes,) the family of each tune: the lowest id of its tunes."""

    @classmethod
    def of(cls, tunes: Iterable[int], rows: Iterable[Row]) -> NearGraph:
        """The graph of tunes, given by their ids, and of what was found for them.

        A pair that was found from both sides has the larger probability.
        """
        ids = np.array(sorted(tunes), dtype=np.int32)
        table = np.array(list(rows), dtype=np.float64).reshape(-1, 4)
        first, second, up = table[:, :3].astype(np.int64).T
        probability = table[:, 3].astype(np.float32)
        is_reversed = first > second
        low, high = np.minimum(first, second), np.maximum(first, second)
        up = np.where(is_reversed, -up, up) % OCTAVE
        order = np.lexsort((is_reversed, -probability, high, low))
        pairs = np.stack([low, high], axis=1)[order].astype(np.int32)
        is_best = np.append(True, (np.diff(pairs, axis=0) != 0).any(axis=1))[: len(pairs)]
        best = order[is_best]
        pairs, probability = pairs[is_best], probability[best]
        places = np.searchsorted(ids, pairs)
        families = ids[families_of(len(ids), places, probability)]
        return cls(ids, pairs, up[best].astype(np.int8), probability, families)

    def rows(self) -> list[Row]:
        """Its pairs, as `of` takes them."""
        columns = (*self.pairs.T, self.ups, self.probabilities)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def without(self, tunes: Iterable[int]) -> NearGraph:
        """The graph of the other tunes."""
        removed = set(tunes)
        kept = [tune for tune in self.tunes.tolist() if tune not in removed]
        rows = [row for row in self.rows() if removed.isdisjoint(row[:2])]
        return NearGraph.of(kept, rows)

    # Questions

    def neighbours(self, tune: int) -> list[Near]:
        """The tunes that are near copies of a tune of the graph, the most probable first."""
        of, others, ups, probabilities = self._from_both_sides
        first, stop = np.searchsorted(of, [tune, tune + 1]).tolist()
        columns = (others[first:stop], probabilities[first:stop], ups[first:stop])
        return [Near(*near) for near in zip(*(c.tolist() for c in columns), strict=True)]

    @cached_property
    def _from_both_sides(
        self,
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.float32]]:
        """Each pair twice: a tune, the other one, the steps from the one to the other and the
        probability, (2 * pairs,) each, by tune and probability."""
        of, others = self.pairs.T.ravel(), self.pairs[:, ::-1].T.ravel()
        ups = np.concatenate([self.ups, -self.ups]).astype(np.int64) % OCTAVE
        probabilities = np.tile(self.probabilities, 2)
        order = np.lexsort((others, -probabilities, of))
        return of[order], others[order], ups[order], probabilities[order]

    @cached_property
    def family_of(self) -> NDArray[np.int32]:
        """The family of each tune by its id: (last id + 1,); 0 for an id that no tune has."""
        by_id = np.zeros(int(self.tunes.max(initial=0)) + 1, dtype=np.int32)
        by_id[self.tunes] = self.families
        return by_id

    def count_families(self, tunes: Iterable[int] | NDArray[np.integer]) -> int:
        """How many families these tunes are of."""
        ids = tunes if isinstance(tunes, np.ndarray) else np.fromiter(tunes, dtype=np.int64)
        return len(np.unique(self.family_of[ids]))

    def in_families_of(self, tunes: Iterable[int]) -> NDArray[np.int32]:
        """All tunes of the families that these tunes are of, ascending."""
        wanted = self.family_of[np.fromiter(tunes, dtype=np.int64)]
        return self.tunes[np.isin(self.families, wanted)]

    # As it is stored

    @property
    def _has_order(self) -> bool:
        """Whether each pair is there once, in ascending order, with numbers that it can have."""
        keys = self.pairs.astype(np.int64) @ np.array([1 << 32, 1])
        return bool(
            (self.pairs[:, 0] < self.pairs[:, 1]).all()
            and (np.diff(keys) > 0).all()
            and ((self.ups >= 0) & (self.ups < OCTAVE)).all()
            and ((self.probabilities >= np.float32(BOUND)) & (self.probabilities <= 1)).all()
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All as arrays of one dimension, by name."""
        return {
            "tunes": self.tunes,
            "pairs": self.pairs.ravel(),
            "ups": self.ups,
            "probabilities": self.probabilities,
            "families": self.families,
        }

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[Any]]) -> NearGraph:
        """A graph from arrays, as `arrays` gives them. ValueError if they do not fit together."""
        try:
            tunes, pairs, ups = arrays["tunes"], arrays["pairs"], arrays["ups"]
            probabilities, families = arrays["probabilities"], arrays["families"]
        except KeyError as error:
            raise ValueError(f"it has no array {error}") from None
        pairs = pairs.reshape(-1, 2)
        is_whole = (
            len(families) == len(tunes)
            and len(pairs) == len(ups) == len(probabilities)
            and bool(np.isin(pairs, tunes).all() and np.isin(families, tunes).all())
        )
        if not is_whole:
            raise ValueError("its arrays do not fit together")
        graph = cls(tunes, pairs, ups, probabilities, families)
        if not graph._has_order:
            raise ValueError("its pairs are not as they were written")
        return graph


def graph_of(graph: NearGraph | None, index: str) -> NearGraph:
    """The graph of an index, given by its path; QueryError if it has none."""
    if graph is None:
        raise QueryError(
            f"{printable(index)}: the families of this index are not known yet; find them with "
            "'tunetrace families'"
        )
    return graph
