"""Traces of several transcriptions, and changes that are made in a network on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from tests.model.tiny import make_model
from tunetrace import QueryError
from tunetrace.model.hooks import Part, Where
from tunetrace.model.records import Model, Precision, Tokens
from tunetrace.model.trace import Trace, TuneToTrace, trace_each

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENS = Tokens(("A", "</s>", "B", "<s>", "2", "|"))
TUNE = ["A", "2", "B", "|", "A"]

tunes = st.lists(st.sampled_from("AB2|"), max_size=9)


@dataclass
class Setting:
    """Sets some units of a part of a layer to a value at some steps, and notes where it was."""

    layer: int
    part: Part
    units: list[int]
    value: float
    steps: range = range(1, 1000)
    before: Sequence[int] = ()
    seen: list[tuple[list[int], list[int]]] = field(default_factory=list)

    def __call__(self, layer: int, part: Part, values: Tensor, where: Where) -> None:
        if (layer, part) == (self.layer, self.part):
            self.seen.append((where.tunes.tolist(), where.steps.tolist()))
            for row, step in enumerate(where.steps.tolist()):
                if step in self.steps:
                    values[row, ..., self.units] = self.value


def traced(model: Model, some: Sequence[Sequence[str]], *changes: Setting,
           sampler: Precision | None = None) -> list[Trace]:  # fmt: skip
    given = [TuneToTrace(tokens) for tokens in some]
    return list(trace_each(model, given, changes, gates=True, sampler=sampler))


def differences(one: Sequence[Trace], other: Sequence[Trace]) -> float:
    """The largest difference of any array of two traces."""
    names = ("probabilities", "hidden", "cell", "gates")
    pairs = [
        (getattr(a, name), getattr(b, name)) for a, b in zip(one, other, strict=True)
        for name in names
    ]  # fmt: skip
    return max(float(np.abs(a - b).max()) for a, b in pairs)


@settings(max_examples=25)
@given(st.lists(tunes, min_size=1, max_size=6))
def test_transcriptions_are_traced_together_as_they_are_alone(some: list[list[str]]) -> None:
    model = make_model(TOKENS.names)
    together = traced(model, some)
    assert [one.tokens for one in together] == some
    assert differences(together, [model.trace(one, gates=True) for one in some]) < 1e-6
    assert differences(traced(model, some, sampler="float32"), together) < 1e-5
    joined = Trace.join(together)
    assert len(joined) == len(some)
    assert differences(list(joined), together) == 0


@settings(max_examples=25)
@given(
    st.lists(tunes, min_size=1, max_size=4), st.sampled_from(["gates", "cell", "hidden"]),
    st.integers(0, 1), st.sets(st.integers(0, 11), min_size=1), st.floats(-1, 1),
    st.integers(1, 6), st.sampled_from([(), (5,), (0, 5), (0, 1, 2, 3, 4, 5)]),
)  # fmt: skip
def test_a_change_does_the_same_in_the_network_and_in_the_sampler(
    some: list[list[str]], part: Part, layer: int, units: set[int], value: float, first: int,
    before: tuple[int, ...],
) -> None:  # fmt: skip
    model = make_model(TOKENS.names)
    change = Setting(layer, part, sorted(units), value, range(first, 1000), before)
    by_network = traced(model, some, change)
    assert differences(by_network, traced(model, some, change, sampler="float32")) < 1e-5
    if not before:
        for one in by_network:
            values = one.gates if part == "gates" else getattr(one, part)
            changed = values[layer, first - 1 :][..., sorted(units)]
            assert np.abs(changed - value).max(initial=0) < 1e-6


@pytest.mark.parametrize("sampler", [None, "float32", "bfloat16"])
def test_a_change_of_nothing_changes_no_bit(sampler: Precision | None) -> None:
    model = make_model(TOKENS.names, units=45, layers=3)
    plain = traced(model, [TUNE, TUNE[:2]], sampler=sampler)
    for before in ((), (5,)):
        nothing = Setting(1, "hidden", [], 1.0, before=before)
        assert differences(traced(model, [TUNE, TUNE[:2]], nothing, sampler=sampler), plain) == 0


def test_a_change_is_told_which_transcription_it_is_and_which_step() -> None:
    change = Setting(0, "cell", [0], 0.0)
    traced(make_model(TOKENS.names), [["A"], ["A", "B"], []], change)
    # The longest goes first; they are numbered in the order in which they were given.
    assert change.seen == [([2, 1, 3], [1, 1, 1]), ([2, 1], [2, 2]), ([2], [3])]


def test_a_change_may_wait_for_what_the_network_would_write() -> None:
    model = make_model(TOKENS.names, sharpness=9)
    tokens = ["A", "B", "|", "A", "2", "B", "|", "A", "B", "2"] * 3
    (plain,) = traced(model, [tokens])
    awaited = int(plain.probabilities[len(tokens) // 2].argmax())
    change = Setting(1, "hidden", list(range(12)), 0.3, before=(awaited,))
    (found,) = traced(model, [tokens], change)
    state = model.network.initial_state(1)
    changed = 0
    for step, number in enumerate(found.read.tolist()):
        with torch.no_grad():
            logits, after = model.network.step(torch.tensor([number]), state)
            if int(logits.argmax()) == awaited:
                changed += 1
                after.hidden[1] = 0.3
                logits = after.hidden[1] @ model.network.to_tokens + model.network.token_bias
            state = after
        expected = torch.softmax(logits[0], 0).numpy()
        assert np.abs(found.probabilities[step] - expected).max() < 1e-5
    assert 0 < changed < len(found.read)


def test_gates_are_those_of_the_published_equations() -> None:
    model = make_model(TOKENS.names)
    trace = model.trace(TUNE, gates=True)
    layer = model.network.layers[0]
    weights, recurrent, bias = (
        one.detach().double().numpy() for one in (layer.from_input, layer.from_hidden, layer.bias)
    )
    hidden = layer.initial_hidden.double().numpy()
    assert trace.gates is not None
    for step, number in enumerate(trace.read.tolist()):
        sums = weights[number] + bias + hidden @ recurrent
        i, f, g, o = sums.reshape(4, -1)
        expected = [sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)]
        assert np.abs(trace.gates[0, step] - expected).max() < 1e-6
        hidden = trace.hidden[0, step].astype(float)


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-values)))


def test_the_cache_names_each_part_of_each_layer() -> None:
    trace = make_model(TOKENS.names).trace(TUNE, gates=True)
    assert trace.gates is not None
    cache = trace.cache
    assert list(cache)[:3] == ["layer1.hidden", "layer1.cell", "layer1.input-gate"]
    assert len(cache) == 2 * 6
    assert (cache["layer2.hidden"] == trace.hidden[1]).all()
    assert (cache["layer1.output-gate"] == trace.gates[0, :, 3]).all()


def test_many_transcriptions_are_traced_in_several_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = make_model(TOKENS.names)
    some = [TUNE[: k % 5] for k in range(20)]
    whole = traced(model, some)
    change = Setting(0, "cell", [], 0.0)
    monkeypatch.setattr("tunetrace.model.trace._MOST_VALUES", 2000)
    apart = traced(model, some, change)
    assert differences(apart, whole) < 1e-6
    assert [one.tokens for one in apart] == some
    numbers = {number for tunes, _ in change.seen for number in tunes}
    assert numbers == set(range(1, 21))
    assert len(change.seen) > len(TUNE) + 1


@pytest.mark.parametrize("facts", [5, {"a": object()}, {"a": {1, 2}}, {(1, 2): 3}])
def test_facts_that_json_cannot_hold_are_refused(facts: Any) -> None:
    with pytest.raises(QueryError, match=r"^facts cannot be .*; give a dict that JSON can hold$"):
        make_model(TOKENS.names).trace(TUNE, facts=facts)


@pytest.mark.parametrize(
    ("layer", "part", "sentence"),
    [
        (3, "hidden", "there is no layer 3 in a model of 2 layers; give one from 1 to 2"),
        (0, "hidden", "there is no layer 0 in a model of 2 layers; give one from 1 to 2"),
        (1, "gate", "part cannot be 'gate'; give one of hidden, cell, input-gate, forget-gate, "
         "cell-gate, output-gate"),
        (1, "cell-gate", "the trace has no cell gate; make one that has the gates with: tunetrace "
         "model trace TUNE -o FILE.npz --gates"),
    ],
)  # fmt: skip
def test_values_that_a_trace_lacks_are_refused(layer: int, part: Any, sentence: str) -> None:
    with pytest.raises(QueryError) as refused:
        make_model(TOKENS.names).trace(TUNE).values(layer, part)
    assert str(refused.value) == sentence
