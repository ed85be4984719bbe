"""Families: the tunes of an index grouped by how probable it is that they are one melody.

Two tunes of a graph are as alike as their pair is probable, or as a way over one tune between them
makes it (`STEP`). Groups of tunes are joined, the most alike first, as long as the mean likeness of
a tune of the one and a tune of the other is at least `JOINED`. Pairs that are not in the graph
count as 0.

Method: agglomerative clustering by average linkage (Sokal and Michener 1958). To join groups by
their best pair alone (single linkage) makes chains: two melodies that one medley has both of are
one group then.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

STEP: Final = 0.7
"""Two tunes are as alike as this share of the product of their probabilities with a third one."""

JOINED: Final = 0.5
"""Groups are joined if a tune of the one and a tune of the other are on average this much alike."""

BOUND: Final = 0.05
"""A pair of tunes, and a way over another tune, counts from this probability on."""

_WAYS: Final = 500
"""A way over a tune joins two of the tunes that it is most like, of this many. No family of real
tunes is that large. Thousands of copies of one tune would give millions of ways over each."""

Pairs = NDArray[np.integer]


def families_of(
    tunes: int, pairs: Pairs, probabilities: NDArray[np.floating], joined: float = JOINED
) -> NDArray[np.int64]:
    """The family of each tune: (tunes,), the place of its first tune.

    tunes: how many there are. pairs: (pairs, 2) the places of two tunes. probabilities: (pairs,).
    """
    # The sum of likenesses between each group and every other one that it is like. A group has the
    # place of its first tune.
    sums: dict[int, dict[int, float]] = {}
    for (first, second), likeness in likenesses(tunes, pairs, probabilities).items():
        sums.setdefault(first, {})[second] = likeness
        sums.setdefault(second, {})[first] = likeness
    sizes = [1] * tunes
    family = list(range(tunes))

    def mean(first: int, second: int) -> float:
        return sums[first][second] / (sizes[first] * sizes[second])

    queue = [(-mean(one, two), one, two) for one in sums for two in sums[one] if one < two]
    queue = [some for some in queue if -some[0] >= joined]
    heapify(queue)
    while queue:
        negative, first, second = heappop(queue)
        if second not in sums.get(first, {}) or mean(first, second) != -negative:
            continue  # one of them has been joined with another group
        family[second] = first
        del sums[first][second]
        for other, likeness in sums.pop(second).items():
            if other != first:
                del sums[other][second]
                sums[first][other] = sums[other][first] = sums[first].get(other, 0.0) + likeness
        sizes[first] += sizes[second]
        for other in sums[first]:
            if mean(first, other) >= joined:
                heappush(queue, (-mean(first, other), min(first, other), max(first, other)))
    for tune in range(tunes):  # a group is joined with one before it, whose family is known
        family[tune] = family[family[tune]]
    return np.array(family, dtype=np.int64)


def likenesses(
    tunes: int, pairs: Pairs, probabilities: NDArray[np.floating]
) -> dict[tuple[int, int], float]:
    """How alike each two tunes are, by their places, the lower first; the pair itself counts, or
    the best way over one tune between them."""
    ends = np.concatenate([pairs, pairs[:, ::-1]]).astype(np.int64)
    likeness = np.tile(probabilities.astype(np.float64), 2)
    order = np.lexsort((ends[:, 1], -likeness, ends[:, 0]))
    ends, likeness = ends[order], likeness[order]
    bounds = np.searchsorted(ends[:, 0], np.arange(tunes + 1)).tolist()
    lower, higher = pairs.astype(np.int64).T
    keys = [_keys(lower, higher, tunes)]
    values = [probabilities.astype(np.float64)]
    for first, stop in pairwise(bounds):
        stop = min(stop, first + _WAYS)
        if stop - first > 1:
            one, two = np.triu_indices(stop - first, 1)
            through = STEP * likeness[first:stop][one] * likeness[first:stop][two]
            counts = through >= BOUND
            others = ends[first:stop, 1]
            keys.append(_keys(others[one[counts]], others[two[counts]], tunes))
            values.append(through[counts])
    key, value = np.concatenate(keys), np.concatenate(values)
    order = np.lexsort((-value, key))
    key, value = key[order], value[order]
    is_best = np.diff(key, prepend=-1) != 0
    first_of, second_of = np.divmod(key[is_best], max(tunes, 1))
    return dict(
        zip(
            zip(first_of.tolist(), second_of.tolist(), strict=True),
            value[is_best].tolist(),
            strict=True,
        )
    )


def _keys(one: NDArray[np.int64], two: NDArray[np.int64], tunes: int) -> NDArray[np.int64]:
    """Each two tunes as one number, the lower one times tunes: (n,)."""
    keys: NDArray[np.int64] = np.minimum(one, two) * tunes + np.maximum(one, two)
    return keys
