"""Putting the states of one transcription into another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.model.tiny import make_model
from tunetrace import QueryError, patch, sample
from tunetrace.model.records import Model
from tunetrace.model.trace import Trace

pytestmark = pytest.mark.usefixtures("one_thread")

ONE = ("M:4/4", "K:Cmaj", "C", "2", "D", "E", "|")
OTHER = ("M:6/8", "K:Cdor", "G", "A", "G", "F", "2")


@pytest.fixture(scope="module")
def model() -> Model:
    return make_model(bias={"</s>": -1.0})


def test_at_the_last_step_the_network_says_what_it_said_of_the_other_tune(model: Model) -> None:
    source, plain = model.trace(OTHER), model.trace(ONE)
    patched = model.trace(ONE, patch(source, 8))
    np.testing.assert_allclose(patched.probabilities[-1], source.probabilities[-1], atol=1e-6)
    assert np.array_equal(patched.hidden[:, -1], source.hidden[:, -1])
    assert np.array_equal(patched.cell[:, -1], source.cell[:, -1])
    assert np.array_equal(patched.probabilities[:-1], plain.probabilities[:-1])


def test_from_the_step_on_a_tune_goes_on_as_the_other_would(model: Model) -> None:
    source = model.trace(OTHER)
    patched = model.trace(ONE, patch(source, 3, at=5))
    expected = model.trace((*OTHER[:2], *ONE[4:]))
    np.testing.assert_allclose(patched.probabilities[4:], expected.probabilities[2:], atol=1e-6)


def test_only_the_given_layers_are_patched(model: Model) -> None:
    source, plain = model.trace(OTHER), model.trace(ONE)
    patched = model.trace(ONE, patch(source, 8, in_layers=[1]))
    assert np.array_equal(patched.hidden[0, -1], source.hidden[0, -1])
    assert np.array_equal(patched.hidden[:, :-1], plain.hidden[:, :-1])
    assert not np.array_equal(patched.hidden[1, -1], source.hidden[1, -1])


def test_a_tune_of_several_is_chosen(model: Model) -> None:
    several = Trace.join([model.trace(ONE), model.trace(OTHER)])
    chosen = patch(several, 3, tune=2)
    alone = patch(model.trace(OTHER), 3)
    assert np.array_equal(chosen.hidden, alone.hidden)
    assert chosen.described == "layers 1 and 2: the states of step 3 of the trace put in at step 3"


def test_tunes_are_written_on_from_the_states(model: Model) -> None:
    # The header is settled: 3 steps. After the third, all tunes go on from the other's states.
    source = model.trace(OTHER)
    given: dict[str, Any] = {"seed": 4, "max_tokens": 40}
    patched = sample(8, model, meter="4/4", key="maj", changes=[patch(source, 3)], **given)
    other = sample(8, model, meter="6/8", key="dor", **given)
    assert [tune.tokens[2:] for tune in patched] == [tune.tokens[2:] for tune in other]


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda t: patch(t, 9),
         "step cannot be 9; give a whole number from 1 to 8, for it has 8 steps"),
        (lambda t: patch(t, 0),
         "step cannot be 0; give a whole number from 1 to 8, for it has 8 steps"),
        (lambda t: patch(t, 1, tune=2),
         "there is no tune 2 in a trace of 1 tune; give 1"),
        (lambda t: patch(t, 1, in_layers=[3]),
         "layer cannot be 3; give a whole number from 1 to 2, for it has 2 layers"),
        (lambda t: patch(t, 1, at=0), "at cannot be 0; give a whole number from 1"),
        (lambda t: patch(None, 1),
         "traced cannot be None; give a trace, as Model.trace or load_trace gives it"),
    ],
)  # fmt: skip
def test_what_the_trace_lacks_is_refused(
    model: Model, ask: Callable[[Any], Any], sentence: str
) -> None:
    with pytest.raises(QueryError) as refused:
        ask(model.trace(OTHER))
    assert str(refused.value) == sentence


def test_a_model_of_other_sizes_refuses_it(model: Model) -> None:
    change = patch(model.trace(OTHER), 1)
    with pytest.raises(QueryError, match="the trace is of layers of 12 units, but those of 'tiny'"):
        make_model(units=10).trace(ONE, change)
    with pytest.raises(QueryError, match="there is no layer 2 in 'tiny', which has 1 layer"):
        make_model(layers=1).trace(ONE, change)
