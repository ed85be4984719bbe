"""Percentiles: by brute force, and at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checker.baseline.peoples import baseline
from tunetrace.checker.baseline.percentiles import Peers, peers_in
from tunetrace.indexer.store.arrays.baseline import BaselineTunes


def peers_of(
    people: BaselineTunes, meter: str | None, notes: int
) -> tuple[list[int], str | None, int | None, int | None]:
    """The tunes that a transcription is compared with, as the rule says it."""
    every = list(range(len(people.notes)))
    same = [k for k in every if meter is not None and people.meter[k] == meter]
    near = [
        k for k in same if 3 * notes <= 4 * people.notes[k] and 3 * people.notes[k] <= 4 * notes
    ]
    if len(near) >= 100:
        return near, meter, math.ceil(notes * 3 / 4), math.floor(notes * 4 / 3)
    return (same, meter, None, None) if len(same) >= 100 else (every, None, None, None)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_standing_is_the_share_of_its_peers_that_have_less(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 700))
    people = baseline(
        random.choice(["4/4", "6/8", "9/8"], size, p=[0.6, 0.3, 0.1]).tolist(),
        random.integers(40, 90, size).tolist(),
        (random.integers(0, 30, size) / 30).tolist(),
    )
    meter = [*random.choice(["4/4", "6/8", "9/8", "5/4"], 8).tolist(), None, None]
    notes, has = random.integers(0, 130, 10), random.integers(0, 31, 10) / 30
    found = Peers(people).percentiles(meter, notes, {"copied_8": has})
    for k, standing in enumerate(found):
        peers, of, least, most = peers_of(people, meter[k], int(notes[k]))
        assert standing.peers == len(peers)
        assert (standing.meter, standing.least_notes, standing.most_notes) == (of, least, most)
        less = [people.values["copied_8"][peer] < np.float32(has[k]) for peer in peers]
        assert standing.below == {"copied_8": pytest.approx(np.mean(less))}


def test_the_bounds_of_peers_are_in_whole_notes() -> None:
    people = baseline(["6/8"] * 200, [75] * 100 + [133] * 100, [0.0] * 200)
    exact, above, below = Peers(people).percentiles(
        ["6/8"] * 3, [100, 101, 99], {"copied_8": [0, 0, 0]}
    )
    assert (exact.peers, exact.least_notes, exact.most_notes) == (200, 75, 133)
    assert (above.peers, above.least_notes, above.most_notes) == (100, 76, 134)
    assert (below.peers, below.least_notes, below.most_notes) == (100, 75, 132)


def test_what_people_have_as_much_of_is_not_below() -> None:
    people = baseline(["6/8"] * 100, [50] * 100, [0.1] * 60 + [0.9] * 40)
    # 0.1 is no float32: it must not come out as less or more than itself.
    standings = Peers(people).percentiles(["6/8"] * 3, [50] * 3, {"copied_8": [0.1, 0.9, 1.0]})
    assert [standing.below["copied_8"] for standing in standings] == [0.0, 0.6, 1.0]


def test_no_transcription_has_no_standing() -> None:
    assert Peers(baseline(["6/8"], [50], [0.1])).percentiles([], [], {"copied_8": []}) == []


@pytest.mark.parametrize(("meter", "notes"), [([], []), (["6/8"], [50, 60])])
def test_a_baseline_has_tunes_and_a_value_for_each(
    meter: list[str | None], notes: list[int]
) -> None:
    with pytest.raises(ValueError, match="baseline"):
        baseline(meter, notes, [0.1] * len(notes))


def test_people_are_put_in_order_once() -> None:
    people = baseline(["6/8"], [50], [0.1])
    assert peers_in(people) is peers_in(people)
    assert peers_in(baseline(["6/8"], [50], [0.1])) is not peers_in(people)
