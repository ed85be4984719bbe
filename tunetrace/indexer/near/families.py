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
    # The mean of some likenesses is no more than the largest, and a way is no more than each of its
    # pairs. So no family reaches beyond the tunes that are chained by pairs of this probability.
    chains = _chains(tunes, pairs[probabilities.astype(np.float64) >= joined])
    key, likeness = _likenesses(tunes, pairs, probabilities, chains)
    chain = chains[key // max(tunes, 1)]
    order = np.argsort(chain, kind="stable")
    key, likeness, chain = key[order], likeness[order], chain[order]
    family = np.arange(tunes)
    bounds = np.flatnonzero(np.diff(chain, prepend=-1, append=-1)).tolist()
    for first, stop in pairwise(bounds):
        _group(family, tunes, key[first:stop], likeness[first:stop], joined)
    return family


def _group(
    family: NDArray[np.int64],
    tunes: int,
    keys: NDArray[np.int64],
    likeness: NDArray[np.float64],
    joined: float,
) -> None:
    """Join the tunes of one chain into families.

    family: (tunes,) written to. keys: (n,) each two tunes that are alike, as _keys gives them.
    likeness: (n,) how much they are.
    """
    # The sum of likenesses between each group and every other one that it is like. A group has the
    # place of its first tune.
    sums: dict[int, dict[int, float]] = {}
    for key, value in zip(keys.tolist(), likeness.tolist(), strict=True):
        one, two = divmod(key, tunes)
        sums.setdefault(one, {})[two] = value
        sums.setdefault(two, {})[one] = value
    sizes = dict.fromkeys(sums, 1)
    group: dict[int, int] = {}

    def mean(first: int, second: int) -> float:
        return sums[first][second] / (sizes[first] * sizes[second])

    queue = [(-mean(one, two), one, two) for one in sums for two in sums[one] if one < two]
    queue = [some for some in queue if -some[0] >= joined]
    heapify(queue)
    while queue:
        negative, first, second = heappop(queue)
        if second not in sums.get(first, {}) or mean(first, second) != -negative:
            continue  # one of them has been joined with another group
        group[second] = first
        del sums[first][second]
        for other, value in sums.pop(second).items():
            if other != first:
                del sums[other][second]
                sums[first][other] = sums[other][first] = sums[first].get(other, 0.0) + value
        sizes[first] += sizes[second]
        for other in sums[first]:
            if mean(first, other) >= joined:
                heappush(queue, (-mean(first, other), min(first, other), max(first, other)))
    for tune in sorted(group):  # a group is joined with one before it, whose family is known
        family[tune] = family[group[tune]]


def likenesses(
    tunes: int, pairs: Pairs, probabilities: NDArray[np.floating]
) -> dict[tuple[int, int], float]:
    """How alike each two tunes are, by their places, the lower first; the pair itself counts, or
    the best way over one tune between them."""
    key, value = _likenesses(tunes, pairs, probabilities, np.zeros(tunes, np.int64))
    first, second = np.divmod(key, max(tunes, 1))
    every = zip(first.tolist(), second.tolist(), strict=True)
    return dict(zip(every, value.tolist(), strict=True))


def _likenesses(
    tunes: int, pairs: Pairs, probabilities: NDArray[np.floating], chains: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How alike each two tunes of a chain are: two tunes as _keys gives them, ascending, and how
    much they are, (n,) each.

    chains: (tunes,) the number of the chain of each tune.
    """
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    likeness = np.tile(probabilities, 2)
    order = np.lexsort((ends[:, 1], -likeness, ends[:, 0]))
    ends, likeness = ends[order], likeness[order]
    bounds = np.searchsorted(ends[:, 0], np.arange(tunes + 1))
    others, chain = ends[:, 1], chains[ends[:, 1]]
    is_inside = chains[pairs[:, 0]] == chains[pairs[:, 1]]
    lower, higher = pairs[is_inside].astype(np.int64).T
    keys = [_keys(lower, higher, tunes)]
    values = [probabilities[is_inside].astype(np.float64)]
    for first, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        stop = min(stop, first + _WAYS)
        if stop - first > 1:
            one, two = np.triu_indices(stop - first, 1)
            alike = likeness[first:stop].astype(np.float64)
            through = STEP * alike[one] * alike[two]
            counts = (through >= BOUND) & (chain[first:stop][one] == chain[first:stop][two])
            if counts.any():
                some = others[first:stop].astype(np.int64)
                keys.append(_keys(some[one[counts]], some[two[counts]], tunes))
                values.append(through[counts])
    key, value = np.concatenate(keys), np.concatenate(values)
    order = np.lexsort((-value, key))
    key, value = key[order], value[order]
    is_best = np.diff(key, prepend=-1) != 0
    return key[is_best], value[is_best]


def _chains(tunes: int, pairs: Pairs) -> NDArray[np.int64]:
    """The tunes that are joined by pairs, over any number of tunes: (tunes,), the place of the
    first tune of each.

    Method: each tune takes the lowest place among its neighbours, and then that of the tune there,
    until nothing changes (Shiloach and Vishkin 1982).
    """
    chains = np.arange(tunes)
    one, two = pairs.astype(np.int64).T
    while True:
        lowest = np.minimum(chains[one], chains[two])
        before = chains.copy()
        for ends in (one, two):
            np.minimum.at(chains, chains[ends], lowest)
            np.minimum.at(chains, ends, lowest)
        while (chains[chains] != chains).any():
            chains = chains[chains]
        if np.array_equal(before, chains):
            return chains


def _keys(one: NDArray[np.int64], two: NDArray[np.int64], tunes: int) -> NDArray[np.int64]:
    """Each two tunes as one number, the lower one times tunes: (n,)."""
    keys: NDArray[np.int64] = np.minimum(one, two) * tunes + np.maximum(one, two)
    return keys
