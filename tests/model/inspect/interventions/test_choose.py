"""Units by what they do, and control units of like variance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.model.tiny import make_model
from tunetrace import QueryError, choose_units
from tunetrace.model.inspect.interventions.choose import (
    NEAREST,
    Watched,
    control_units,
    period_scores,
    spike_scores,
)
from tunetrace.model.network import CELL, FORGET, INPUT, OUTPUT
from tunetrace.model.records import Model

pytestmark = pytest.mark.usefixtures("one_thread")


def counting_model() -> Model:
    """A network that writes bars of three notes: C, D, E and a bar line, again and again.

    It has a unit for each token, which is on where the token was read. Unit 3, that of E, is on
    before each bar line, and all of them have a period of four steps.
    """
    tokens = ("<s>", "</s>", "C", "D", "E", "|")
    model = make_model(tokens, units=5, layers=1)
    network = model.network
    (layer,) = network.layers
    with torch.no_grad():
        for weights in (*network.parameters(), *network.buffers()):
            weights.zero_()
        gates = layer.bias.view(4, 5)
        gates[INPUT] = gates[OUTPUT] = 20.0
        gates[FORGET] = -20.0
        proposed = layer.from_input.view(6, 4, 5)[:, CELL]
        for unit, token in enumerate(("C", "D", "E", "|")):
            proposed[tokens.index(token), unit] = 20.0
        for read, written in (("C", "D"), ("D", "E"), ("E", "|"), ("|", "C")):
            unit = ("C", "D", "E", "|").index(read)
            network.to_tokens[unit, tokens.index(written)] = 40.0
        network.token_bias[tokens.index("C")] = 20.0  # after the start
    return model


def choose(model: Model, **rule: object) -> tuple[int, ...]:
    return choose_units(1, model, n=3, max_tokens=40, seed=1, **rule)  # type: ignore[arg-type]


def test_units_are_chosen_by_what_they_do() -> None:
    model = counting_model()
    assert choose(model, before="|") == (3,)
    assert choose(model, before="D") == (1,)
    assert set(choose(model, period=4)) == {1, 2, 3, 4}
    assert len(choose(model, period=4, top=2)) == 2
    assert set(choose(model, top=4, by="magnitude")) == {1, 2, 3, 4}
    assert choose(model, top=5)[-1] == 5  # which never changes


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({}, "units are chosen by one rule; give period, before, or top alone"),
        ({"period": 9, "before": "|"},
         "units are chosen by one rule; give period, before, or top alone"),
        ({"top": 0}, "top cannot be 0; give a whole number from 1"),
        ({"period": 1}, "period cannot be 1; give a whole number of steps from 2 to 64"),
        ({"top": 1, "by": "size"}, "by cannot be 'size'; give one of variance, magnitude"),
        ({"top": 1, "part": "gate"},
         "part cannot be 'gate'; give one of hidden, cell, input-gate, forget-gate, cell-gate, "
         "output-gate"),
        ({"period": 7},
         "no unit of layer 1 of 'tiny' has a period of 7 steps in a tenth of 3 tunes; give units "
         "with --units, or another rule"),
    ],
)  # fmt: skip
def test_a_rule_without_units_or_sense_is_refused(rule: dict[str, object], sentence: str) -> None:
    with pytest.raises(QueryError) as refused:
        choose(counting_model(), **rule)
    assert str(refused.value) == sentence


def test_the_scores_of_spikes_and_periods() -> None:
    # Unit 1 spikes at the two steps that write token 7, unit 2 at one of them and elsewhere, and
    # unit 3 never moves.
    values = np.array([[0, 0, 1], [1, 1, 1], [0, 1, 1], [1, 0, 1], [0, 0, 1], [0, 0, 1]])
    written = np.array([1, 7, 2, 7, 1, 2], dtype=np.int32)
    found = Watched([values.astype(np.float32)], [written])
    assert spike_scores(found, 7).tolist() == [1.0, 0.5, 0.0]
    assert spike_scores(found, 9).tolist() == [0.0, 0.0, 0.0]
    pulses = np.zeros((40, 2), dtype=np.float32)
    pulses[::5, 0] = 1.0
    flat = np.zeros((40, 2), dtype=np.float32)
    shares, recurs = period_scores(Watched([pulses, flat], [written, written]), 5)
    assert shares.tolist() == [0.5, 0.0]
    # With the mean of 1/5 taken away, eight pulses have an energy of 8 - 40/25 = 6.4. Five steps
    # later are seven pairs of pulses: 7 - 2 (7/5) + 35/25 = 5.6, which is 7/8 of it.
    np.testing.assert_allclose(recurs, [7 / 16, 0.0])


# Controls


def test_controls_are_other_units_of_like_variance() -> None:
    variance = np.random.default_rng(0).permutation(np.arange(100.0))
    rank = variance  # from 0 to 99
    units = [1 + int(np.flatnonzero(rank == r)[0]) for r in (3, 50, 97)]
    found = control_units(variance, units, 4, seed=1)
    assert len(found) == 4
    every = [unit for control in found for unit in control]
    assert len(set(every)) == 12
    assert not set(every) & set(units)
    for number, control in enumerate(found):
        assert len(control) == 3
        for unit, r in zip(sorted(control, key=lambda u: rank[u - 1]), (3, 50, 97), strict=True):
            # Each control takes one of the nearest that the others have left.
            assert abs(rank[unit - 1] - r) <= NEAREST + number + 3
    assert control_units(variance, units, 4, seed=1) == found
    assert control_units(variance, units, 4, seed=2) != found


def test_controls_share_units_only_where_too_few_are_left() -> None:
    variance = np.arange(7.0)
    found = control_units(variance, [1, 2, 3], 3, seed=1)
    assert [set(control) <= {4, 5, 6, 7} for control in found] == [True] * 3
    assert [len(set(control)) for control in found] == [3, 3, 3]
    assert control_units(variance, [1, 2, 3, 4], 3, seed=1) == []
