"""Interventions on units: what each does to values, at which steps, and their files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.inspect.interventions.handmade import BEFORE_BAR_LINE, counting_model
from tests.model.tiny import make_model
from tunetrace import (
    InputError,
    Intervention,
    OutputError,
    QueryError,
    Sampled,
    ablate,
    load_intervention,
    sample,
    save_intervention,
)
from tunetrace.model.hooks import PLACES, Part, Where
from tunetrace.model.inspect.interventions.intervention import (
    LARGEST,
    Operation,
    UnitPart,
    noise,
)
from tunetrace.model.records import Model
from tunetrace.model.trace import TuneToTrace, trace_each

pytestmark = pytest.mark.usefixtures("one_thread")

TUNE = ("M:4/4", "K:Cmaj", "C", "2", "D", "E", "|", "F", "G", "A", "|")


@pytest.fixture(scope="module")
def model() -> Model:
    return make_model(bias={"</s>": -1.0})


def made(intervention: Intervention, values: torch.Tensor, steps: list[int]) -> torch.Tensor:
    """What values (rows, units) of the hidden states become at these steps, in a model of one
    layer."""
    tiny = make_model(units=values.shape[-1], layers=1)
    where = Where(np.arange(len(steps)) + 1, np.array(steps))
    changed = values.clone()
    intervention.on(tiny)(0, "hidden", changed, where)
    return changed


@pytest.mark.parametrize(
    ("operation", "values", "expected"),
    [
        ("set", (0.5,), [[0.1, 0.5, 0.3, 0.5], [0.5, 0.5, 0.7, 0.5]]),
        ("scale", (2.0,), [[0.1, 0.4, 0.3, 0.8], [0.5, -1.2, 0.7, 1.6]]),
        ("shift", (-1.0,), [[0.1, -0.8, 0.3, -0.6], [0.5, -1.6, 0.7, -0.2]]),
        ("clamp", (-0.5, 0.3), [[0.1, 0.2, 0.3, 0.3], [0.5, -0.5, 0.7, 0.3]]),
        ("noise", (0.0,), [[0.1, 0.2, 0.3, 0.4], [0.5, -0.6, 0.7, 0.8]]),
    ],
)
def test_each_operation_changes_the_units_alone(
    operation: Operation, values: tuple[float, ...], expected: list[list[float]]
) -> None:
    before = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.5, -0.6, 0.7, 0.8]])
    after = made(Intervention(1, (2, 4), operation, values), before, [1, 1])
    np.testing.assert_allclose(after.numpy(), expected, atol=1e-6)


def test_noise_is_added_by_seed_tune_and_step() -> None:
    intervention = Intervention(1, (1, 3), "noise", (0.1,), seed=7)
    after = made(intervention, torch.zeros(3, 4), [5, 6, 5])
    drawn = [
        np.random.default_rng([7, tune, step]).standard_normal(2)
        for tune, step in ((1, 5), (2, 6), (3, 5))
    ]
    np.testing.assert_allclose(after.numpy()[:, [0, 2]], 0.1 * np.array(drawn), atol=1e-6)
    assert not after[:, [1, 3]].any()


def test_noise_does_not_depend_on_the_row() -> None:
    one = noise(3, Where(np.array([4, 9]), np.array([2, 30])), 5)
    other = noise(3, Where(np.array([9, 1, 4]), np.array([30, 1, 2])), 5)
    assert np.array_equal(one, other[[2, 0]])
    assert noise(3, Where(np.array([], dtype=int), np.array([], dtype=int)), 5).shape == (0, 5)


def test_values_stay_numbers() -> None:
    intervention = Intervention(1, (1,), "scale", (1e6,))
    assert made(intervention, torch.tensor([[5.0]]), [1]).item() == LARGEST


@pytest.mark.parametrize(
    ("first", "last", "changed"),
    [(1, None, [1, 2, 3, 4]), (3, None, [3, 4]), (2, 3, [2, 3]), (1, 1, [1]), (9, None, [])],
)
def test_only_the_steps_from_first_to_last_are_changed(
    first: int, last: int | None, changed: list[int]
) -> None:
    intervention = Intervention(1, (1,), "set", (9.0,), first_step=first, last_step=last)
    after = made(intervention, torch.zeros(4, 2), [1, 2, 3, 4])
    assert (np.flatnonzero(after[:, 0].numpy()) + 1).tolist() == changed


@pytest.mark.parametrize("part", get_args(UnitPart))
def test_each_part_is_changed_where_it_is_computed(model: Model, part: UnitPart) -> None:
    held = ablate(2, [3, 5], part=part, value=0.25)
    traced = model.trace(TUNE, held, gates=True)
    assert traced.gates is not None
    hooked, gate = PLACES[part]
    values = {"hidden": traced.hidden, "cell": traced.cell}.get(hooked)
    found = traced.gates[1, :, gate] if values is None else values[1]
    assert (found[:, [2, 4]] == 0.25).all()
    plain = model.trace(TUNE, gates=True)
    assert np.array_equal(plain.hidden[0], traced.hidden[0])  # the layer below is the same
    assert not np.array_equal(plain.hidden[1], traced.hidden[1])


# Nothing, and everything


@pytest.mark.parametrize("operation", get_args(Operation))
def test_on_no_unit_nothing_changes_bit_for_bit(model: Model, operation: Operation) -> None:
    nothing = Intervention(1, (), operation, (0.0, 0.0)[: 2 if operation == "clamp" else 1])
    plain, changed = model.trace(TUNE, gates=True), model.trace(TUNE, nothing, gates=True)
    for name in ("probabilities", "hidden", "cell", "gates"):
        assert np.array_equal(getattr(plain, name), getattr(changed, name)), name
    tunes = [TuneToTrace(TUNE)]
    (plain,), (changed,) = (
        list(trace_each(model, tunes, change, sampler="float32")) for change in ([], [nothing])
    )
    assert np.array_equal(plain.probabilities, changed.probabilities)
    given: dict[str, Any] = {"meter": "4/4", "key": "maj", "seed": 3, "max_tokens": 60}
    assert list(sample(9, model, **given)) == list(sample(9, model, **given, changes=[nothing]))


def test_with_all_units_of_all_layers_at_0_the_network_says_the_same_at_every_step(
    model: Model,
) -> None:
    every = range(1, model.sizes.units + 1)
    traced = model.trace(TUNE, ablate(1, every), ablate(2, every))
    logits = model.network.token_bias.detach().numpy()
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(traced.probabilities, np.tile(expected, (12, 1)), atol=1e-6)


# Only before some tokens


def test_only_steps_before_a_token_are_changed(model: Model) -> None:
    plain = model.trace(TUNE)
    names = model.tokens.names
    likeliest = plain.probabilities.argmax(axis=1)
    token = names[likeliest[4]]
    held = Intervention(2, (1, 2), "set", (0.75,), only_before=(token,))
    traced = model.trace(TUNE, held)
    step = int(np.flatnonzero(likeliest == likeliest[4])[0])
    assert np.array_equal(traced.probabilities[:step], plain.probabilities[:step])
    assert (traced.hidden[1, step, :2] == 0.75).all()
    # At each step the change is made where the network, as it has become, would write the token.
    is_held = (traced.hidden[1][:, :2] == 0.75).all(axis=1)
    for place in range(len(TUNE) + 1):
        earlier = Intervention(2, (1, 2), "set", (0.75,), last_step=max(place, 1),
                               only_before=(token,))  # fmt: skip
        before = model.trace(TUNE, earlier) if place else plain
        assert is_held[place] == (names[before.probabilities[place].argmax()] == token)


def test_in_sampling_only_the_steps_before_a_token_are_changed() -> None:
    # Unit 11 is off but where E was read, and then the network would write a bar line.
    counting = counting_model()
    given: dict[str, Any] = {"seed": 1, "max_tokens": 40}

    def written(*only_before: str) -> list[Sampled]:
        held = replace(ablate(1, [BEFORE_BAR_LINE]), only_before=only_before)
        return list(sample(5, counting, changes=[held], **given))

    plain = list(sample(5, counting, **given))
    assert written("D") == plain
    assert written("|") == written() != plain


def test_noise_in_sampling_does_not_depend_on_the_batch(model: Model) -> None:
    noisy = Intervention(2, (1, 5, 7), "noise", (0.5,), "cell", seed=3)
    given: dict[str, Any] = {"meter": "4/4", "key": "maj", "seed": 1, "max_tokens": 40}
    found = [
        list(sample(9, model, changes=[noisy], batch_size=size, **given)) for size in (1, 4, 9)
    ]
    assert found[0] == found[1] == found[2]
    assert found[0] != list(sample(9, model, **given))


# Wrong ones


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"layer": 0}, "layer cannot be 0; give a whole number from 1"),
        ({"layer": "3"}, "layer cannot be '3'; give a whole number from 1"),
        ({"units": (1, 0)}, "unit cannot be 0; give a whole number from 1"),
        ({"units": (2, 2)}, "unit 2 is named twice; name each unit once"),
        ({"units": 3}, "units cannot be 3; give a list"),
        ({"operation": "cut"},
         "operation cannot be 'cut'; give one of set, scale, shift, clamp, noise"),
        ({"values": ()}, "'set' has 0 values; give one number"),
        ({"operation": "clamp"}, "'clamp' has 1 value; give a lower and an upper bound"),
        ({"operation": "clamp", "values": (1.0, 0.0)},
         "the bounds 1 and 0 leave no value; give the lower one first"),
        ({"values": (float("nan"),)},
         "a value of 'set' cannot be nan; give a number from -1,000,000 to 1,000,000"),
        ({"operation": "noise", "values": (-1.0,)},
         "the standard deviation of noise cannot be -1.0; give 0 or more"),
        ({"part": "gate"},
         "part cannot be 'gate'; give one of hidden, cell, input-gate, forget-gate, cell-gate, "
         "output-gate"),
        ({"first_step": 3, "last_step": 2},
         "the last step cannot be 2, before the first, which is 3; give the first step first"),
        ({"only_before": (3,)}, "one of only_before cannot be 3; give a token, as '|'"),
        ({"seed": -1}, "seed cannot be -1; give a whole number from 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(given: dict[str, Any], sentence: str) -> None:
    whole = {"layer": 1, "units": (1,), "operation": "set", "values": (0.0,)}
    with pytest.raises(QueryError) as refused:
        Intervention(**{**whole, **given})
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (ablate(9, [1]),
         "there is no layer 9 in 'tiny', which has 2 layers; give one from 1 to 2"),
        (ablate(1, [9999]),
         "there is no unit 9999 in 'tiny', whose layers have 12 units; give units from 1 to 12"),
        (3, "changes cannot be 3; give changes of a model, such as ablate(3, [60, 97])"),
    ],
)  # fmt: skip
def test_a_model_refuses_what_it_lacks(model: Model, change: Any, sentence: str) -> None:
    for ask in (
        lambda: model.trace(TUNE, change),
        lambda: list(sample(1, model, changes=[change])),
    ):
        with pytest.raises(QueryError) as refused:
            ask()
        assert str(refused.value) == sentence


# Files

NUMBERS = st.floats(-1e6, 1e6)
INTERVENTIONS = st.builds(
    Intervention,
    layer=st.integers(1, 32),
    units=st.lists(st.integers(1, 8192), unique=True, max_size=5).map(tuple),
    operation=st.sampled_from(["set", "scale", "shift"]),
    values=st.tuples(NUMBERS),
    part=st.sampled_from(get_args(UnitPart)),
    first_step=st.integers(1, 9),
    last_step=st.none() | st.integers(9, 99),
    only_before=st.lists(st.sampled_from(["|", ":|", '"', "ä"]), max_size=2).map(tuple),
    seed=st.integers(0, 2**64),
)


@given(INTERVENTIONS)
@settings(max_examples=20, deadline=None)
def test_a_file_gives_the_intervention_back(
    tmp_path_factory: pytest.TempPathFactory, intervention: Intervention
) -> None:
    path = tmp_path_factory.mktemp("saved") / "held.json"
    save_intervention(intervention, path)
    assert load_intervention(path) == intervention


def test_a_file_is_plain_json_that_counts_from_1(tmp_path: Path) -> None:
    path = tmp_path / "held.json"
    save_intervention(Intervention(3, (97, 60), "clamp", (-0.5, 0.5), last_step=8), path)
    assert json.loads(path.read_text()) == {
        "tunetrace": "intervention",
        "format": 1,
        "layer": 3,
        "units": [60, 97],
        "operation": "clamp",
        "values": [-0.5, 0.5],
        "part": "hidden",
        "first_step": 1,
        "last_step": 8,
        "only_before": [],
        "seed": 0,
    }
    with pytest.raises(OutputError, match="there is an intervention already; replace it"):
        save_intervention(ablate(1, [1]), path)
    save_intervention(ablate(1, [1]), path, force=True)
    assert load_intervention(path) == ablate(1, [1])
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(OutputError, match="is not a tunetrace intervention and is never replaced"):
        save_intervention(ablate(1, [1]), tmp_path / "notes.json", force=True)
    with pytest.raises(OutputError, match=r"the name of a file for an intervention ends in \.json"):
        save_intervention(ablate(1, [1]), tmp_path / "held.txt")


WHOLE = {
    "tunetrace": "intervention", "format": 1, "layer": 3, "units": [60], "operation": "set",
    "values": [0.0], "part": "hidden", "first_step": 1, "last_step": None, "only_before": [],
    "seed": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is cut off, or is another kind of file"),
        (b"\xff\xfe\x00binary", "it is cut off, or is another kind of file"),
        (b"[1, 2]", "it is cut off, or is another kind of file"),
        (b"[" * 100_000, "it is cut off, or is another kind of file"),
        (b'{"tunetrace": "direction"}', "it is cut off, or is another kind of file"),
        ({**WHOLE, "format": 2}, "its format is not 1"),
        ({name: WHOLE[name] for name in WHOLE if name != "units"}, "it lacks 'units'"),
        ({**WHOLE, "colour": "red"}, "it has 'colour', which is unknown"),
        ({**WHOLE, "layer": -1}, "layer cannot be -1"),
        ({**WHOLE, "layer": True}, "layer cannot be True"),
        ({**WHOLE, "units": 60}, "a list is missing"),
        ({**WHOLE, "units": ["60"]}, "unit cannot be '60'"),
        ({**WHOLE, "values": [1e999]}, "a value of 'set' cannot be inf"),
        ({**WHOLE, "part": ["hidden"]}, "part cannot be of the type list"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_in_a_sentence(
    tmp_path: Path, data: Any, reason: str
) -> None:
    path = tmp_path / "held.json"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    with pytest.raises(InputError) as refused:
        load_intervention(path)
    assert str(refused.value) == (
        f"{path}: this file is not a tunetrace intervention: {reason}; give a file that tunetrace "
        "wrote"
    )


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the intervention cannot be read \\(no such file"):
        load_intervention(tmp_path / "none.json")


# In words


def test_an_intervention_is_described_in_words() -> None:
    for intervention, words in (
        (ablate(3, [60]), "layer 3, unit 60: hidden set to 0"),
        (ablate(3, []), "layer 3, no unit: hidden set to 0"),
        (ablate(1, range(1, 15), part="cell", value=0.5),
         "layer 1, units 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more: cell set to 0.5"),
        (Intervention(2, (1, 2), "clamp", (-1.0, 0.5), first_step=3, last_step=9),
         "layer 2, units 1 and 2: hidden held between -1 and 0.5, steps 3 to 9"),
        (Intervention(2, (1,), "noise", (0.1,), "forget-gate", 3, only_before=("|", ":|")),
         "layer 2, unit 1: forget gate plus noise of deviation 0.1, from step 3, only before | "
         "and :|"),
    ):  # fmt: skip
        assert intervention.described == words


def test_another_part_of_the_hook_is_left_alone() -> None:
    part: Part = "cell"
    values = torch.ones(1, 12)
    change = ablate(1, [1]).on(make_model(layers=1))
    change(0, part, values, Where(np.array([1]), np.array([1])))
    change(1, "hidden", values, Where(np.array([1]), np.array([1])))
    assert values.eq(1).all()
