"""One step over the neighbour graph, compared with looking at every tune between two."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import call, index_of
from tunetrace import find_families, open_index, similar
from tunetrace.checker.similar.graph import over_graph
from tunetrace.indexer.near.families import BOUND
from tunetrace.indexer.near.graph import NearGraph
from tunetrace.indexer.near.search import Near

TUNES = range(1, 8)

probabilities = st.integers(5, 100).map(lambda value: float(np.float32(value / 100)))
rows = st.dictionaries(
    st.sampled_from(list(combinations(TUNES, 2))), st.tuples(st.integers(0, 6), probabilities)
).map(lambda found: [(*pair, up, probability) for pair, (up, probability) in found.items()])
found = st.dictionaries(
    st.sampled_from(TUNES), st.tuples(probabilities, st.integers(0, 6)), max_size=4
).map(lambda near: sorted((Near(tune, *rest) for tune, rest in near.items()), key=lambda n: -n[1]))
masks = st.lists(st.booleans(), min_size=8, max_size=8).map(np.array)


@given(rows, found, masks)
def test_a_tune_has_the_best_of_its_own_probability_and_the_ways_over_one_tune(
    rows: list[tuple[int, int, int, float]], found: list[Near], mask: np.ndarray
) -> None:
    graph = NearGraph.of(TUNES, rows)
    found = [near for near in found if mask[near.tune]]
    expected = {near.tune: near.probability for near in found}
    pairs = {(one, two): p for a, b, _, p in rows for one, two in ((a, b), (b, a))}
    for between in found:
        for tune in TUNES:
            way = 0.7 * between.probability * pairs.get((between.tune, tune), 0)
            if mask[tune] and way >= BOUND:
                expected[tune] = max(expected.get(tune, 0), way)
    reached = over_graph(found, graph, mask)
    assert {near.tune: near.probability for near in reached} == pytest.approx(expected)
    own = {near.tune: near for near in found}
    ups = {(a, b): up for a, b, up, _ in rows} | {(b, a): -up % 7 for a, b, up, _ in rows}
    for near in reached:
        if near.by_way_of is None:
            assert near == own[near.tune]
        else:
            between = own[near.by_way_of]
            assert near.up == (between.up + ups[between.tune, near.tune]) % 7
    below = [near.probability for near in reached if near.probability < 0.9]
    assert below == sorted(below, reverse=True)


HEADER = "M:4/4\nL:1/8\nK:Cmaj\n"
FIRST = "CDEF GABc|dcBA GFED|CEGc edcB|AGFE D2C2|"
SECOND = "c4 G4|c'2g2 e2c2|a2f2 A2F2|G3B d2f2|"


def test_a_tune_is_found_by_way_of_the_one_that_has_parts_of_both(tmp_path: Path) -> None:
    bodies = {"Asked": FIRST * 2, "Medley": f"{FIRST}{SECOND}", "Other": SECOND * 2}
    path = index_of(
        tmp_path, *(f"X:{k}\nT:{t}\n{HEADER}{b}" for k, (t, b) in enumerate(bodies.items(), 1))
    )
    before = similar(1, path, least=0.05)
    assert not before.has_graph
    assert [tune.title for tune in before.tunes] == ["Medley"]
    assert "after 'tunetrace families', tunes" in call("similar", "session:1", "--index", path).out
    find_families(path)
    after = similar(1, path, least=0.05)
    assert after.has_graph
    medley, other = after.tunes
    assert (medley.title, medley.by_way_of, other.title) == ("Medley", None, "Other")
    assert other.by_way_of is not None
    assert other.by_way_of.title == "Medley"
    with open_index(path) as index:
        assert index.graph is not None
        last = {near.tune: near.probability for near in index.graph.neighbours(2)}[3]
    assert other.probability == pytest.approx(0.7 * medley.probability * last)
    assert similar(1, path, limit=1).tunes == (medley,)
    assert similar(1, path, exclude_tunes=2, least=0.05).tunes == ()
    assert similar(1, path, exclude_tunes=3, least=0.05).tunes == (medley,)
    shown = call("similar", "session:1", "--align", "0", "--index", path).out
    assert "by way of session:2" in shown
    assert "tunetrace families" not in shown
