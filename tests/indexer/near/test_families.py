"""Grouping tunes by how alike they are, compared with SciPy's average linkage."""

from __future__ import annotations

import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace.indexer.near.families import BOUND, JOINED, STEP, families_of, likenesses

Pairs = dict[tuple[int, int], float]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, Pairs]:
    """Up to nine tunes, and the probabilities of some pairs, all different."""
    count = draw(st.integers(1, 9))
    every = list(combinations(range(count), 2))
    pairs = draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    chosen = st.lists(st.integers(5, 100), min_size=len(pairs), max_size=len(pairs), unique=True)
    return count, dict(zip(pairs, (value / 100 for value in draw(chosen)), strict=True))


def grouped(count: int, pairs: Pairs, joined: float = JOINED) -> list[int]:
    table = np.array(list(pairs), dtype=np.int32).reshape(-1, 2)
    return families_of(count, table, np.array(list(pairs.values())), joined).tolist()


def dense(count: int, pairs: Pairs) -> np.ndarray:
    """How alike each two tunes are, by looking at each tune between them."""
    own = np.zeros((count, count))
    for (one, two), probability in pairs.items():
        own[one, two] = own[two, one] = probability
    found = own.copy()
    for one, two in combinations(range(count), 2):
        for between in set(range(count)) - {one, two}:
            through = STEP * own[one, between] * own[between, two]
            if through >= BOUND:
                found[one, two] = found[two, one] = max(found[one, two], through)
    return found


@given(graphs())
def test_a_way_over_one_tune_makes_two_tunes_alike(graph: tuple[int, Pairs]) -> None:
    count, pairs = graph
    table = np.array(list(pairs), dtype=np.int32).reshape(-1, 2)
    found = likenesses(count, table, np.array(list(pairs.values())))
    expected = dense(count, pairs)
    assert found == pytest.approx(
        {(one, two): expected[one, two] for one, two in combinations(range(count), 2)
         if expected[one, two]}
    )  # fmt: skip


def has_ties(likeness: np.ndarray, joined: float) -> bool:
    """Whether two pairs of groups are ever equally alike when the most alike are joined."""
    groups = [[tune] for tune in range(len(likeness))]
    while len(groups) > 1:
        means = sorted(
            (-likeness[np.ix_(one, two)].mean(), place, other)
            for (place, one), (other, two) in combinations(enumerate(groups), 2)
        )
        best, place, other = means[0]
        if -best < joined - 1e-9:
            return False
        if len(means) > 1 and means[1][0] - best < 1e-9:
            return True
        groups[place] += groups.pop(other)
    return False


@given(graphs(), st.sampled_from([0.3, 0.5, 0.77]))
def test_families_are_those_of_average_linkage(graph: tuple[int, Pairs], joined: float) -> None:
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    count, pairs = graph
    families = grouped(count, pairs, joined)
    if count == 1:
        assert families == [0]
        return
    likeness = dense(count, pairs)
    upper = likeness[np.triu_indices(count, 1)]
    tree = hierarchy.linkage(1 - upper, "average")
    if (np.abs(tree[:, 2] - (1 - joined)) < 1e-9).any() or has_ties(likeness, joined):
        return  # where two pairs are equally alike, either may be joined first
    expected = hierarchy.fcluster(tree, 1 - joined, "distance")
    assert {tuple(np.flatnonzero(np.array(families) == one)) for one in families} == {
        tuple(np.flatnonzero(expected == one)) for one in expected
    }
    assert all(families[one] == one <= tune for tune, one in enumerate(families))


def test_two_melodies_that_one_medley_has_both_of_are_two_families() -> None:
    first, second, medley = (0, 1, 2, 3), (4, 5, 6, 7), 8
    pairs = dict.fromkeys([*combinations(first, 2), *combinations(second, 2)], 0.99)
    pairs |= {(first[0], medley): 0.98, (second[0], medley): 0.97}
    families = grouped(9, pairs)
    assert families[:4] == [0] * 4
    assert families[4:8] == [4] * 4


def test_a_tune_joins_where_it_is_like_half_of_a_family() -> None:
    # 1 and 2 are joined first. 0 has 0.8 to one, and 0.7 * 0.8 * 0.9 by way of it: 0.652.
    assert grouped(3, {(0, 1): 0.8, (1, 2): 0.9}) == [0, 0, 0]
    # 0.45 to one, and 0.7 * 0.45 * 0.9 to the other: 0.367.
    assert grouped(3, {(0, 1): 0.9, (1, 2): 0.45}) == [0, 0, 2]


def test_without_pairs_each_tune_is_a_family() -> None:
    assert grouped(3, {}) == [0, 1, 2]
    assert grouped(0, {}) == []


def test_thousands_of_copies_of_one_tune_do_not_fill_the_memory() -> None:
    # All are like the first two; without a bound there are 18 million ways over each of these.
    count = 6_000
    pairs = {(hub, tune): 0.99 for hub in range(2) for tune in range(hub + 1, count)}
    tracemalloc.start()
    families = grouped(count, pairs)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert families[:3] == [0, 0, 0]
    assert most < 200e6
