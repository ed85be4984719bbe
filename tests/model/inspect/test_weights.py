"""Weights: singular vectors, correlations and distances by hand, by NumPy and by SciPy."""

from __future__ import annotations

import json
from dataclasses import replace
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import average
from scipy.spatial.distance import squareform

from tests.model.networks import tiny_model
from tests.model.tiny import make_model, permuted
from tunetrace import ColumnCorrelations, TokenWeight, UnitPair, inspect_weights
from tunetrace.model.inspect.weights import (
    bias_probabilities,
    clustered,
    correlations,
    gate_distances,
    singular_vectors,
)
from tunetrace.model.network import Network, Sizes
from tunetrace.model.records import Model, Tokens

NAMES = ("<s>", "</s>", "C", "c", "^C", "_D", "2", "3")


def model_of(softmax: Any, bias: Any = None, first: Any = None) -> Model:
    """A model of NAMES. softmax: V, (8, units). first: the weights of the first layer's input gate,
    (8, units); those of its other gates are the same."""
    matrix = torch.tensor(softmax, dtype=torch.float32)
    network = Network(Sizes(len(NAMES), matrix.shape[1], 1))
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
        network.to_tokens.copy_(matrix.T)
        if bias is not None:
            network.token_bias.copy_(torch.tensor(bias))
        if first is not None:
            network.layers[0].from_input.copy_(torch.tensor(first).repeat(1, 4))
    return Model(network.eval(), Tokens(NAMES), {"name": "hand-made", "source": "a test"})


# The softmax


def test_a_matrix_of_rank_one_has_one_vector_and_favours_its_tokens() -> None:
    over_tokens = np.array([0.0, 1, 2, -4, 0, 8, -6, 3])
    over_units = np.array([3.0, 0, -4])
    report = inspect_weights(model_of(np.outer(over_tokens, over_units)))
    length = sqrt(130)  # 1 + 4 + 16 + 64 + 36 + 9
    assert report.singular_values == pytest.approx((5 * length, 0, 0), abs=1e-4)
    first = report.vectors[0]
    assert (first.number, first.value) == (1, pytest.approx(5 * length))
    assert first.share == pytest.approx(1)
    # _D has the greatest weight in magnitude, so that its sign is plus.
    named = [one.token for one in first.raised[:4]], [one.token for one in first.lowered[:2]]
    assert named == (["_D", "3", "C", "</s>"], ["2", "c"])
    assert [one.weight for one in first.raised[:2]] == pytest.approx([8 / length, 3 / length])
    assert first.lowered[0].weight == pytest.approx(-6 / length)
    assert first.units[:2] == (3, 1)
    # The same matrix with the other sign is the same but for the sign of the units.
    assert inspect_weights(model_of(np.outer(-over_tokens, -over_units))) == report


def test_the_vectors_are_those_of_numpys_eigenvalues() -> None:
    matrix = np.random.default_rng(5).normal(size=(9, 6))
    left, values, right = singular_vectors(matrix)
    assert left @ np.diag(values) @ right.T == pytest.approx(matrix)
    squares, vectors = np.linalg.eigh(matrix.T @ matrix)
    assert values**2 == pytest.approx(squares[::-1])
    assert np.abs((right * vectors[:, ::-1]).sum(axis=0)) == pytest.approx(np.ones(6))
    assert (left[np.abs(left).argmax(axis=0), range(6)] > 0).all()


def test_correlations_by_hand() -> None:
    # Columns over the tokens: 0..7 rises, unit 2 falls, unit 3 is 0 but for two tokens.
    rise = np.arange(8.0)
    spike = np.array([1.0, 0, 0, 0, 0, 0, 0, -1])
    # Of rise and spike: covariance sum -7, squares 42 and 2.
    expected = -7 / sqrt(42 * 2)
    report = inspect_weights(model_of(np.column_stack((rise, 5 - 2 * rise, spike)), 3 * spike + 1))
    found = report.correlations
    assert found == ColumnCorrelations(
        mean=pytest.approx((1 + 2 * abs(expected)) / 3),
        most_alike=UnitPair((2, 3), pytest.approx(-expected)),
        most_opposite=UnitPair((1, 2), pytest.approx(-1)),
        bias_mean=pytest.approx((1 + 2 * abs(expected)) / 3),
        bias_most=pytest.approx(1),
        bias_unit=3,
    )


@given(seed=st.integers(0, 1000), scale=st.sampled_from([1e-30, 1.0, 1e30]))
@settings(max_examples=20)
def test_correlations_are_numpys_at_any_scale(seed: int, scale: float) -> None:
    columns = np.random.default_rng(seed).normal(size=(12, 5)) * scale
    assert correlations(columns) == pytest.approx(np.corrcoef(columns.T), abs=1e-9)


def test_the_bias_alone_gives_its_softmax() -> None:
    assert bias_probabilities(np.log([1.0, 2, 5])) == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    bias = [log(k) for k in (4, 1, 8, 3, 2, 5, 7, 6)]
    report = inspect_weights(model_of(np.zeros((8, 2)), bias))
    assert [one.token for one in report.likeliest] == ["C", "2", "3", "_D", "<s>", "c"]
    assert report.unlikeliest[0] == TokenWeight("</s>", pytest.approx(1 / 36))
    assert [one.token for one in report.unlikeliest[:3]] == ["</s>", "^C", "c"]


# The first layer

EAST, NORTH, WEST, SOUTH = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)
PLACES = (EAST, WEST, NORTH, NORTH, SOUTH, SOUTH, EAST, WEST)
"""Of NAMES. Their sum is 0. C and c are at one place, as are ^C and _D; 2 and 3 are opposite."""


def test_distances_by_hand() -> None:
    model = model_of(np.zeros((8, 2)), first=PLACES)
    (distances, *others) = gate_distances(model)
    by_name = dict(zip(NAMES, distances[NAMES.index("C")], strict=True))
    assert by_name == pytest.approx(
        {"<s>": 1, "</s>": 1, "C": 0, "c": 0, "^C": 2, "_D": 2, "2": 1, "3": 1}
    )
    assert all(np.array_equal(distances, other) for other in others)
    # Longer weights, and a vector that is added to all, change nothing.
    longer = np.array(PLACES) * 7 + [3, -2]
    assert gate_distances(model_of(np.zeros((8, 2)), first=longer.tolist()))[0] == pytest.approx(
        distances, abs=1e-6
    )
    report = inspect_weights(model)
    assert [gate.gate for gate in report.gates] == ["input", "forget", "cell", "output"]
    kinds = {one.kind: one for one in report.gates[0].kinds}
    # An octave is C and c. Its others are the other notes without an accidental: none here. So it
    # is left out, as is the enharmonic pair.
    assert kinds.keys() == {"pitch", "accidental", "duration", "other"}
    pitch, duration = kinds["pitch"], kinds["duration"]
    assert (pitch.pairs, pitch.distance, pitch.nearer) == (1, pytest.approx(0), 1)
    # From C to ^C, _D, 2, 3, <s> and </s>.
    assert pitch.others == pytest.approx((2 + 2 + 1 + 1 + 1 + 1) / 6)
    assert (duration.pairs, duration.distance) == (1, pytest.approx(2))
    # From 2 (east): 1 to each of the four notes, 0 to <s>, 2 to </s>, which is a tie.
    assert duration.others == pytest.approx(1)
    assert duration.nearer == pytest.approx(0.5 / 6)
    # 28 pairs: C-c, ^C-_D, <s>-2 and </s>-3 are at 0; at 2 are the four pairs of C or c with ^C or
    # _D, and of <s> or 2 with </s> or 3; the others at 1.
    assert report.gates[0].mean == pytest.approx((4 * 0 + 8 * 2 + 16 * 1) / 28)


def test_octaves_and_enharmonics_are_compared_with_notes_of_their_kind() -> None:
    names = ("<s>", "</s>", "C", "c", "D", "^C", "_D", "^c", "_B")
    directions = np.array([(0, 0), (0, 0), EAST, EAST, WEST, NORTH, NORTH, NORTH, SOUTH])
    lengths = np.array([1, 1, 1, 1, 2, 1, 1, 1, 3])  # so that their sum is 0
    network = Network(Sizes(len(names), 2, 1))
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
        rows = torch.tensor(directions * lengths[:, None], dtype=torch.float32)
        network.layers[0].from_input.copy_(rows.repeat(1, 4))
    model = Model(network, Tokens(names), {"name": "octaves", "source": "a test"})
    kinds = {one.kind: one for one in inspect_weights(model).gates[2].kinds}
    octave, enharmonic = kinds["octave"], kinds["enharmonic"]
    # C and c, compared with D; ^C and ^c, compared with _D and _B.
    assert octave.pairs == 2
    assert octave.distance == pytest.approx(0, abs=1e-6)
    assert octave.others == pytest.approx((2 + 2 + 1 + 1) / 4, abs=1e-6)
    assert octave.nearer == pytest.approx((1 + 1 + 0.75 + 0.75) / 4)
    # ^C and _D, compared with ^c and _B; ^c has no partner.
    assert (enharmonic.pairs, enharmonic.distance) == (1, pytest.approx(0, abs=1e-6))
    assert enharmonic.others == pytest.approx(1, abs=1e-6)
    assert enharmonic.nearer == pytest.approx(0.75)


# What changes nothing, and what is not there


@given(seed=st.integers(0, 100))
@settings(max_examples=10)
def test_permuting_units_changes_no_number_but_the_units(seed: int) -> None:
    model = make_model(units=7, seed=seed)
    order = np.random.default_rng(seed).permutation(7)
    bias = torch.randn(len(model.tokens), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        model.network.token_bias.copy_(bias)
    before, after = inspect_weights(model), inspect_weights(permuted(model, order))
    number_of = {int(old) + 1: new + 1 for new, old in enumerate(order)}

    def numbers(value: Any) -> Any:
        """An answer as numbers and text, with each unit's number as it is after the permutation."""
        if isinstance(value, dict):
            return {
                key: sorted(map(number_of.__getitem__, one)) if key == "units"
                else number_of[one] if key == "bias_unit" else numbers(one)
                for key, one in value.items()
            }  # fmt: skip
        return [numbers(one) for one in value] if isinstance(value, list) else value

    flat_before, flat_after = (_flat(one) for one in (numbers(before.to_dict()), after.to_dict()))
    assert flat_before.keys() == flat_after.keys()
    for key, value in flat_before.items():
        assert flat_after[key] == (pytest.approx(value, abs=1e-6) if isinstance(value, float)
                                   else value), key  # fmt: skip


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Each number and text of an answer by its path; units of a pair or vector sorted."""
    if isinstance(value, dict):
        parts = [_flat(one, f"{path}/{key}") for key, one in value.items()]
    elif isinstance(value, list):
        ordered = sorted(value) if path.endswith("/units") else value
        parts = [_flat(one, f"{path}/{k}") for k, one in enumerate(ordered)]
    else:
        return {path: value}
    return {key: one for part in parts for key, one in part.items()}


def test_weights_of_zeros_and_a_single_unit_have_numbers_too() -> None:
    zeros = tiny_model(None)
    report = inspect_weights(zeros)
    assert set(report.singular_values) == {0}
    assert (report.correlations.mean, report.correlations.bias_most) == (0, 0)
    assert {one.distance for one in report.gates[0].kinds} == {1}
    assert {one.nearer for one in report.gates[0].kinds} == {0.5}
    json.dumps(report.to_dict(), allow_nan=False)
    single = inspect_weights(make_model(units=1, layers=1))
    assert single.correlations == replace(
        single.correlations, mean=0.0, most_alike=None, most_opposite=None
    )
    assert len(single.singular_values) == 1
    json.dumps(single.to_dict(), allow_nan=False)


# Clusters


@given(seed=st.integers(0, 1000), n=st.integers(1, 12))
@settings(max_examples=40)
def test_the_clusters_of_scipy_are_neighbours_in_the_order(seed: int, n: int) -> None:
    points = np.random.default_rng(seed).normal(size=(n, 3))
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    order = clustered(distances)
    assert sorted(order) == list(range(n))
    place = {leaf: k for k, leaf in enumerate(order)}
    clusters = [[k] for k in range(n)]
    for left, right, *_ in average(squareform(distances, checks=False)) if n > 1 else ():
        clusters.append(clusters[int(left)] + clusters[int(right)])
        places = [place[leaf] for leaf in clusters[-1]]
        assert max(places) - min(places) == len(places) - 1


def test_equal_distances_are_clustered_too() -> None:
    assert sorted(clustered(np.zeros((5, 5)))) == [0, 1, 2, 3, 4]
    assert clustered(np.zeros((0, 0))) == []
