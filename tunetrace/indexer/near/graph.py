"""The neighbour graph of an index: which of its tunes are near copies of one another.

Every tune is searched for among all others. Two tunes that find each other have the larger of both
probabilities. The graph also says which family each tune belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunetrace.errors import QueryError
from tunetrace.indexer.near.families import BOUND, families_of
from tunetrace.indexer.near.search import Near, NearSearch, melodies_of
from tunetrace.indexer.near.sequences import OCTAVE
from tunetrace.text import printable
from tunetrace.tokenizer.layout.bars import Layout

Rows: TypeAlias = NDArray[np.float64]
"""(n, 4) what searches found: the id of the asked tune, that of the other one, the steps by which
the first is raised to fit on the other, and the probability."""


def rows_of(
    search: NearSearch,
    tunes: Sequence[int],
    layouts: Sequence[Layout],
    admitted: NDArray[np.bool_] | None = None,
) -> Rows:
    """What is found for tunes of an index, given by their ids and as laid out.

    admitted: which tunes may be found, as a mask by id; None for all.
    """
    return as_rows(tunes, (search.near(melody, admitted) for melody in melodies_of(layouts)))


def as_rows(tunes: Sequence[int], found: Iterable[list[Near]]) -> Rows:
    """What was found for tunes of an index, given by their ids, without what is too improbable."""
    rows = [
        (tune, near.tune, near.up, near.probability)
        for tune, of_tune in zip(tunes, found, strict=True)
        for near in of_tune
        if near.tune != tune and near.probability >= BOUND
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


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
    starts: NDArray[np.int32]
    """(tunes + 1,) where the neighbours of each tune begin in `sides`, and the end."""
    sides: NDArray[np.int32]
    """(2 * pairs,) for each tune its pairs, the most probable first: the place of the pair times 2,
    and 1 more if the tune is the second one of it."""

    @classmethod
    def of(cls, tunes: Iterable[int], rows: ArrayLike) -> NearGraph:
        """The graph of tunes, given by their ids, and of what was found for them, as Rows.

        A pair that was found from both sides has the larger probability.
        """
        ids = np.array(sorted(tunes), dtype=np.int32)
        table = np.asarray(rows, dtype=np.float64).reshape(-1, 4)
        first, second = table[:, :2].astype(np.int32).T
        up, probability = table[:, 2].astype(np.int8), table[:, 3].astype(np.float32)
        is_reversed = first > second
        low, high = np.minimum(first, second), np.maximum(first, second)
        order = np.lexsort((is_reversed, -probability, high, low))
        is_best = np.ones(len(order), dtype=bool)
        is_best[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
        best = order[is_best]
        pairs, probability = np.stack([low[best], high[best]], axis=1), probability[best]
        ups = np.where(is_reversed[best], -up[best], up[best]) % OCTAVE
        places = np.searchsorted(ids, pairs)
        families = ids[families_of(len(ids), places, probability)]
        return cls(ids, pairs, ups, probability, families, *_sides(places, probability, len(ids)))

    def rows(self) -> Rows:
        """Its pairs, as `of` takes them."""
        return np.column_stack([self.pairs, self.ups, self.probabilities]).astype(np.float64)

    def without(self, tunes: Iterable[int]) -> NearGraph:
        """The graph of the other tunes."""
        removed = np.fromiter(tunes, dtype=np.int32)
        kept = self.tunes[~np.isin(self.tunes, removed)]
        return NearGraph.of(kept.tolist(), self.rows()[~np.isin(self.pairs, removed).any(axis=1)])

    # Questions

    def neighbours(self, tune: int) -> list[Near]:
        """The tunes that are near copies of a tune of the graph, the most probable first."""
        place = int(np.searchsorted(self.tunes, tune))
        if place == len(self.tunes) or self.tunes[place] != tune:
            return []
        sides = self.sides[self.starts[place] : self.starts[place + 1]]
        at, is_second = sides >> 1, sides & 1
        columns = (
            self.pairs[at, 1 - is_second],
            self.probabilities[at],
            np.where(is_second, -self.ups[at], self.ups[at]) % OCTAVE,
        )
        return [Near(*near) for near in zip(*(c.tolist() for c in columns), strict=True)]

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

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All as arrays of one dimension, by name."""
        return {
            "tunes": self.tunes,
            "pairs": self.pairs.ravel(),
            "ups": self.ups,
            "probabilities": self.probabilities,
            "families": self.families,
            "starts": self.starts,
            "sides": self.sides,
        }

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[Any]]) -> NearGraph:
        """A graph from arrays, as `arrays` gives them. ValueError if they do not fit together.

        What they hold has a checksum, and to look at all of it would read all of it: see
        `is_in_order`.
        """
        try:
            tunes, pairs, ups = arrays["tunes"], arrays["pairs"], arrays["ups"]
            probabilities, families = arrays["probabilities"], arrays["families"]
            starts, sides = arrays["starts"], arrays["sides"]
        except KeyError as error:
            raise ValueError(f"it has no array {error}") from None
        is_whole = (
            len(families) == len(tunes) == len(starts) - 1
            and len(pairs) == len(sides) == 2 * len(ups) == 2 * len(probabilities)
            and starts[0] == 0
            and starts[-1] == len(sides)
        )
        if not is_whole:
            raise ValueError("its arrays do not fit together")
        return cls(tunes, pairs.reshape(-1, 2), ups, probabilities, families, starts, sides)

    def is_in_order(self) -> bool:
        """Whether each pair is there once, in ascending order, with numbers that it can have, and
        the families and the neighbours of each tune are those of the pairs."""
        keys = self.pairs.astype(np.int64) @ np.array([1 << 32, 1])
        has_order = (
            np.isin(self.pairs, self.tunes).all()
            and (self.pairs[:, 0] < self.pairs[:, 1]).all()
            and (np.diff(keys) > 0).all()
            and ((self.ups >= 0) & (self.ups < OCTAVE)).all()
            and ((self.probabilities >= np.float32(BOUND)) & (self.probabilities <= 1)).all()
        )
        if not has_order:
            return False
        again = NearGraph.of(self.tunes.tolist(), self.rows()).arrays()
        return all(np.array_equal(one, again[name]) for name, one in self.arrays().items())


def _sides(
    places: NDArray[np.intp], probabilities: NDArray[np.float32], tunes: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """NearGraph.starts and NearGraph.sides.

    places: (pairs, 2) the places of the tunes of each pair. probabilities: (pairs,). tunes: their
    number.
    """
    of, others = places.ravel(), places[:, ::-1].ravel()  # 2 * pair + side
    order = np.lexsort((others, -np.repeat(probabilities, 2), of))
    starts = np.searchsorted(of[order], np.arange(tunes + 1))
    return starts.astype(np.int32), order.astype(np.int32)


def graph_of(graph: NearGraph | None, index: str) -> NearGraph:
    """The graph of an index, given by its path; QueryError if it has none."""
    if graph is None:
        raise QueryError(
            f"{printable(index)}: the families of this index are not known yet; find them with "
            "'tunetrace families'"
        )
    return graph
