"""Steps of many transcriptions: the network's own equations, and the same bits in every row."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.model.tiny import make_model
from tunetrace.model.records import Precision
from tunetrace.model.stepper import ROWS, Stepper
from tunetrace.tokenizer.vocabulary import V2_TOKENS

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(("units", "layers"), [(12, 1), (32, 2), (45, 3)])
def test_steps_are_those_of_the_network(units: int, layers: int) -> None:
    network = make_model(units=units, layers=layers).network
    rows = Stepper(network).rows()
    random = np.random.default_rng(0)
    with torch.no_grad():
        state = network.initial_state(ROWS)
        for _ in range(30):
            tokens = random.integers(0, network.sizes.tokens, ROWS)
            logits, state = network.step(torch.from_numpy(tokens), state)
            np.testing.assert_allclose(rows.step(tokens), logits.numpy(), atol=2e-5)


def test_products_in_bfloat16_come_near() -> None:
    network = make_model(units=45, layers=3).network
    exact, near = Stepper(network).rows(), Stepper(network, "bfloat16").rows()
    random = np.random.default_rng(0)
    differences = []
    for _ in range(30):
        tokens = random.integers(0, network.sizes.tokens, ROWS)
        differences.append(np.abs(exact.step(tokens) - near.step(tokens)).max())
    # Eight binary digits are a rounding error of 0.4% of a sum.
    assert 1e-4 < max(differences) < 0.1


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("tokens", "units", "layers"), [(14, 5, 1), (137, 160, 2), (137, 512, 1)])
def test_a_rows_bits_depend_neither_on_its_place_nor_on_its_neighbours(
    precision: Precision, tokens: int, units: int, layers: int
) -> None:
    stepper = Stepper(make_model(V2_TOKENS[:tokens], units=units, layers=layers).network, precision)
    one, other, alone = stepper.rows(), stepper.rows(), stepper.rows()
    random = np.random.default_rng(0)
    places = random.permutation(ROWS)
    for _ in range(4):
        numbers = random.integers(0, tokens, ROWS)
        logits = one.step(numbers)
        assert np.array_equal(logits[places], other.step(numbers[places]))
        among_others = random.integers(0, tokens, ROWS)
        among_others[57] = numbers[3]
        assert np.array_equal(logits[3], alone.step(among_others)[57])


def test_copied_rows_go_on_as_the_row_that_they_were_copied_from() -> None:
    stepper = Stepper(make_model().network)
    one, other = stepper.rows(), stepper.rows()
    one.step(np.full(ROWS, 5))
    other.step(np.full(ROWS, 7))
    other.copy([2, 9], one)
    expected = one.step(np.full(ROWS, 6))[0]
    found = other.step(np.full(ROWS, 6))
    assert np.array_equal(found[2], expected)
    assert np.array_equal(found[9], expected)
    assert not np.array_equal(found[3], expected)


def test_without_onednn_the_steps_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_model().network
    tokens = np.arange(ROWS) % network.sizes.tokens
    packed = Stepper(network).rows().step(tokens)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    np.testing.assert_allclose(Stepper(network).rows().step(tokens), packed, atol=1e-5)
