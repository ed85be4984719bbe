"""Training: the derivatives, the recipes, and that a training ends where it would have ended."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tunetrace.errors import QueryError
from tunetrace.model.network import Network, Sizes, State
from tunetrace.model.records import Tokens
from tunetrace.model.training.batches import pack
from tunetrace.model.training.recipe import MODERN, ORIGINAL, Recipe
from tunetrace.model.training.trainer import Trainer

ABCD = Tokens(("<s>", "A", "B", "C", "D", "</s>"))


def network_of(seed: int, tokens: int = 5, units: int = 4, layers: int = 2) -> Network:
    """A network in float64 with states of its own to begin with."""
    generator = torch.Generator().manual_seed(seed)
    network = Network(Sizes(tokens, units, layers))
    network.initialize(generator)
    for layer in network.layers:
        layer.initial_hidden.uniform_(-1, 1, generator=generator)
        layer.initial_cell.uniform_(-1, 1, generator=generator)
    return network


def stepped(network: Network, tokens: torch.Tensor, rows: list[int]) -> torch.Tensor:
    """The logits of packed tokens, one step after another, with autograd's own derivatives."""
    state, logits, start = network.initial_state(rows[0]), [], 0
    for count in rows:
        state = State(state.hidden[:, :count], state.cell[:, :count])
        found, state = network.step(tokens[start : start + count], state)
        logits.append(found)
        start += count
    return torch.cat(logits)


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    layers=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40)
def test_packed_sequences_have_the_logits_and_derivatives_of_single_steps(
    lengths: list[int], layers: int, seed: int
) -> None:
    network = network_of(seed, layers=layers)
    rows = [sum(length > step for length in lengths) for step in range(max(lengths))]
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(0, 5, (sum(rows),), generator=generator)
    weights = torch.randn(sum(rows), 5, generator=generator)
    packed, single = network(tokens, rows), stepped(network, tokens, rows)
    assert torch.allclose(packed, single, atol=1e-6)
    parameters = list(network.parameters())
    by_packed = torch.autograd.grad((packed * weights).sum(), parameters)
    by_single = torch.autograd.grad((single * weights).sum(), parameters)
    for left, right in zip(by_packed, by_single, strict=True):
        assert torch.allclose(left, right, atol=2e-5)


def test_a_bound_on_the_gates_derivatives_holds_at_every_step() -> None:
    network = network_of(3, layers=1)
    network.gate_clip = 0.01
    tokens = torch.tensor([1, 2, 3])
    gates = network.layers[0].from_input[tokens].detach().requires_grad_()
    hidden = network.layers[0](gates, [1, 1, 1], network.gate_clip)
    (hidden.sum() * 100).backward()
    assert gates.grad is not None
    assert gates.grad.abs().max() == pytest.approx(0.01)
    network.layers[0](gates, [1, 1, 1]).sum().backward()
    assert gates.grad.abs().max() > 0.01


def test_a_token_in_bfloat16_is_near_what_it_is_in_float32() -> None:
    network = network_of(5, units=32)
    tokens = torch.tensor([0, 1, 2, 3, 4])
    low = network(tokens, [1] * 5, torch.bfloat16)
    assert torch.allclose(low, network(tokens, [1] * 5), atol=0.05)
    assert not torch.equal(low, network(tokens, [1] * 5))


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_the_derivatives_of_a_token_that_is_everywhere_are_summed_alike_each_time(
    precision: torch.dtype,
) -> None:
    network = network_of(2, units=96, layers=1)
    tokens = torch.arange(2000) % 2
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = []
        for _ in range(6):
            logits = network(tokens, [500] * 4, precision)
            found += torch.autograd.grad(logits.logsumexp(1).sum(), network.layers[0].from_input)
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(one, found[0]) for one in found)


def test_derivatives_in_bfloat16_are_summed_as_in_float32() -> None:
    # A sum of 4,000 equal parts in bfloat16 would stand still at 256 of them.
    network = network_of(2, layers=1)
    tokens = torch.zeros(4000, dtype=torch.int64)
    sums = []
    for precision in (torch.float32, torch.bfloat16):
        logits = network(tokens, [4000], precision)
        sums += torch.autograd.grad(logits[:, 0].sum(), network.layers[0].from_input)
    assert torch.allclose(sums[0], sums[1], rtol=0.05, atol=0.05 * float(sums[0].abs().max()))


def trainer(recipe: Recipe, training: list[list[int]], seed: int = 7) -> Trainer:
    return Trainer(Sizes(6, 8, 2), ABCD, training, training[:2], recipe, seed, torch.float32)


TUNES = [[1, 2, 3, 4] * k + [1] * (k % 3) for k in range(1, 9)]


@pytest.mark.slow
def test_a_network_learns_what_it_is_shown() -> None:
    learner = trainer(replace(MODERN, epochs=60, rate=0.03, batch=2, dropout=0.0, warm_up=5), TUNES)
    first = learner.validate()
    for _ in range(60):
        for _ in learner.train():
            pass
    last = learner.validate()
    assert first is not None
    assert last is not None
    assert first == pytest.approx(math.log(6), abs=0.3)  # it knew nothing
    assert last < 0.35  # what is not to be known is where a tune ends


@pytest.mark.slow
def test_the_original_recipe_learns_too() -> None:
    learner = trainer(replace(ORIGINAL, epochs=40, rate=0.02, batch=2, dropout=0.2), TUNES)
    for _ in range(40):
        for _ in learner.train():
            pass
    last = learner.validate()
    assert last is not None
    assert last < 0.6


def test_every_tune_is_shown_once_an_epoch_and_in_another_order_in_the_next() -> None:
    tunes = [[1 + k % 4] * (1 + k // 4) for k in range(40)]
    learner = trainer(replace(MODERN, batch=4), tunes)
    orders = [learner._order(epoch) for epoch in range(2)]
    for batches in orders:
        assert sorted(place for batch in batches for place in batch) == list(range(40))
        assert all(len(batch) == 4 for batch in batches)
        spreads = [max(b, key=lambda p: len(tunes[p])) // 4 - min(b) // 4 for b in batches]
        assert max(spreads) <= 1  # of like length
    assert orders[0] != orders[1]


def test_a_batch_in_the_modern_recipe_counts_tokens_and_in_the_original_tunes() -> None:
    packed = pack([[1, 2, 3], [1]], ABCD)  # 4 and 2 tokens with what ends them
    modern = trainer(replace(MODERN, batch=2), TUNES)._weights(packed)
    original = trainer(replace(ORIGINAL, batch=2), TUNES)._weights(packed)
    assert modern.tolist() == pytest.approx([1 / 6] * 6)
    # Step by step: both, both, then the longer one alone twice.
    assert original.tolist() == pytest.approx([1 / 8, 1 / 4, 1 / 8, 1 / 4, 1 / 8, 1 / 8])


def test_the_modern_rate_rises_and_falls_along_a_cosine() -> None:
    recipe = replace(MODERN, epochs=10, warm_up=4, rate=1.0)
    rates = [recipe.rate_at(step, 10) for step in range(101)]
    assert rates[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rates[4] == pytest.approx(1.0)
    assert rates[52] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0.0)
    assert rates[4:] == sorted(rates[4:], reverse=True)


def test_the_original_rate_falls_by_three_percent_an_epoch_from_the_22nd_on() -> None:
    # folk-rnn lowers it after each epoch, counted from 0, whose number is above 20.
    rates = [ORIGINAL.rate_at(epoch * 5, 5) for epoch in range(25)]
    assert rates[:22] == [0.003] * 22
    assert rates[22:] == pytest.approx([0.003 * 0.97, 0.003 * 0.97**2, 0.003 * 0.97**3])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epochs": 0}, "epochs cannot be 0; give a number from 1 to 100000"),
        ({"rate": float("nan")}, "rate cannot be nan; give a number from 1e-09 to 10"),
        ({"dropout": 1.0}, "dropout cannot be 1; give a number from 0 to 0.95"),
        ({"batch": -3}, "batch cannot be -3; give a number from 1 to 65536"),
    ],
)
def test_a_recipe_that_no_training_can_go_by_is_refused(
    change: dict[str, float], said: str
) -> None:
    with pytest.raises(QueryError) as refused:
        replace(MODERN, **change).check()  # type: ignore[arg-type]
    assert str(refused.value) == said


def test_the_same_seed_trains_to_the_same_weights_and_another_to_others() -> None:
    def weights(seed: int) -> torch.Tensor:
        learner = trainer(replace(MODERN, epochs=2, batch=2, dropout=0.5), TUNES, seed)
        for _ in range(2):
            for _ in learner.train():
                torch.rand(1)  # what else is drawn meanwhile must not matter
        return learner.network.to_tokens.detach()

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
