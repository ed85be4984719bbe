"""Directions between two sets of tunes: finding one that was planted, adding it, and its file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.commands import KESH, MORRISONS, index_of
from tests.model.tiny import make_model
from tunetrace import (
    Filters,
    InputError,
    LearntDirection,
    QueryError,
    learn_direction,
    load_direction,
    save_direction,
    steer,
)
from tunetrace.model.network import CELL, FORGET, INPUT, OUTPUT
from tunetrace.model.records import Model

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENS = ("<s>", "</s>", "M:3/8", "K:Cmaj", "C", "D", "E", "F", "G", "|")
UNITS = 16


@pytest.fixture(scope="module")
def planted() -> tuple[Model, np.ndarray]:
    """A network whose state is that of the last token, and the direction from D to C.

    C adds half of it and D takes half of it away; each of the other tokens has a state of its own.
    """
    random = np.random.default_rng(3)
    direction = 0.1 * random.standard_normal(UNITS)
    model = make_model(TOKENS, units=UNITS, layers=1)
    network = model.network
    (layer,) = network.layers
    with torch.no_grad():
        for weights in (*network.parameters(), *network.buffers()):
            weights.zero_()
        gates = layer.bias.view(4, UNITS)
        gates[INPUT] = gates[OUTPUT] = 20.0
        gates[FORGET] = -20.0
        proposed = layer.from_input.view(len(TOKENS), 4, UNITS)[:, CELL]
        for number in range(len(TOKENS)):
            proposed[number] = torch.tensor(0.1 * random.standard_normal(UNITS))
        proposed[TOKENS.index("C")] = torch.tensor(direction / 2)
        proposed[TOKENS.index("D")] = torch.tensor(-direction / 2)
    return model, direction


def write(path: Path, note: str, tunes: int, seed: int) -> Path:
    """Tunes of thirty notes, of which ten are this one and the others are E, F and G."""
    random = np.random.default_rng(seed)
    texts = []
    for _ in range(tunes):
        notes = [note] * 10 + random.choice(["E", "F", "G"], 20).tolist()
        texts.append(f"M:3/8\nK:Cmaj\n{' '.join(random.permutation(notes))} |")
    path.write_text("\n\n".join(texts))
    return path


@pytest.fixture(scope="module")
def learnt(
    planted: tuple[Model, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> LearntDirection:
    folder = tmp_path_factory.mktemp("sets")
    a, b = write(folder / "c.txt", "C", 40, 1), write(folder / "d.txt", "D", 30, 2)
    return learn_direction(a, b, planted[0])


def test_a_planted_direction_is_found(
    planted: tuple[Model, np.ndarray], learnt: LearntDirection
) -> None:
    model, direction = planted
    found = np.array(learnt.vector)
    cosine = found @ direction / np.linalg.norm(found) / np.linalg.norm(direction)
    assert cosine > 0.99
    # A third of the steps, 10 of 34, has half of it more in A, and half of it less in B.
    assert np.linalg.norm(found) == pytest.approx(10 / 34 * np.linalg.norm(direction), rel=0.05)
    assert learnt.projections[0] - learnt.projections[1] == pytest.approx(1.0)
    assert learnt.auc == 1.0
    assert (learnt.layer, learnt.part, learnt.tunes) == (1, "hidden", (40, 30))
    assert Path(learnt.a).name == "c.txt"
    assert learnt.identity == model.identity
    assert learnt.sizes == {"tokens": 10, "units": 16, "layers": 1}


def test_it_says_nothing_of_sets_that_do_not_differ(
    planted: tuple[Model, np.ndarray], tmp_path: Path
) -> None:
    a, b = write(tmp_path / "a.txt", "C", 60, 5), write(tmp_path / "b.txt", "C", 60, 6)
    assert 0.3 < learn_direction(a, b, planted[0]).auc < 0.7
    with pytest.raises(InputError, match="the mean states of the two sets are the same"):
        learn_direction(a, a, planted[0])


def test_a_direction_is_added_at_every_step(
    planted: tuple[Model, np.ndarray], learnt: LearntDirection
) -> None:
    model, _ = planted
    tune = ["M:3/8", "K:Cmaj", "E", "F", "|"]
    plain, steered = model.trace(tune), model.trace(tune, steer(learnt, -1.5))
    added = steered.hidden[0] - plain.hidden[0]
    np.testing.assert_allclose(added, np.tile(-1.5 * np.array(learnt.vector), (6, 1)), atol=1e-6)
    moved = learnt.projection(steered.hidden[0]) - learnt.projection(plain.hidden[0])
    np.testing.assert_allclose(moved, -1.5, atol=1e-4)


def test_the_sets_may_be_tunes_of_the_index(tmp_path: Path) -> None:
    texts = [KESH.replace("X:3", f"X:{number}") for number in range(10, 14)]
    texts += [MORRISONS.replace("X:7", f"X:{number}") for number in range(20, 25)]
    index = index_of(tmp_path, *texts)
    model = make_model(
        ("<s>", "</s>", "M:6/8", "K:Cmaj", "K:Cdor", *"CDEFG|3", "B,"), units=6, layers=2
    )
    found = learn_direction(
        Filters(key="maj"), Filters(key="dor"), model, layer=1, part="cell", index=index
    )
    assert (found.a, found.b, found.tunes) == ("index:key=maj", "index:key=dor", (4, 5))
    assert (found.layer, found.part, len(found.vector)) == (1, "cell", 6)
    # All tunes of a set are the same, so the halves are too.
    assert found.auc == 1.0
    with pytest.raises(QueryError, match="a direction is learnt from whole tunes"):
        learn_direction(Filters(bar=1), Filters(key="dor"), model, index=index)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"layer": 2},
         "there is no layer 2 in 'tiny', which has 1 layer; give 1"),
        ({"layer": 0}, "layer cannot be 0; give a whole number from 1"),
        ({"part": "gate"},
         "part cannot be 'gate'; give one of hidden, cell, input-gate, forget-gate, cell-gate, "
         "output-gate"),
        ({"n": 3}, "n cannot be 3; give 4 tunes or more"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    planted: tuple[Model, np.ndarray], tmp_path: Path, given: dict[str, Any], sentence: str
) -> None:
    a = write(tmp_path / "a.txt", "C", 4, 5)
    with pytest.raises(QueryError) as refused:
        learn_direction(a, a, planted[0], **given)
    assert str(refused.value) == sentence


def test_too_few_tunes_are_refused(planted: tuple[Model, np.ndarray], tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.txt", "C", 4, 5), write(tmp_path / "b.txt", "A", 9, 5)
    with pytest.raises(InputError) as refused:
        learn_direction(a, b, planted[0])
    assert str(refused.value) == (f"{b} has 0 tunes that 'tiny' can read; give 4 tunes or more")


# Files and other models


def test_a_file_gives_the_direction_back(learnt: LearntDirection, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    save_direction(learnt, path)
    assert load_direction(path) == learnt
    assert steer(path, 2.0) == steer(learnt, 2.0)


def test_a_model_of_other_sizes_is_refused(learnt: LearntDirection) -> None:
    other = make_model(TOKENS, units=12, layers=1)
    with pytest.raises(QueryError) as refused:
        other.trace(["C"], steer(learnt))
    assert str(refused.value) == (
        "the direction is of a model with 16 units, but 'tiny' has 12; give the model 'tiny'"
    )


def test_another_model_of_the_same_sizes_is_refused(learnt: LearntDirection) -> None:
    other = make_model(TOKENS, units=UNITS, layers=1)
    with pytest.raises(QueryError) as refused:
        other.trace(["C"], steer(learnt))
    assert str(refused.value) == (
        "the direction was learnt from 'tiny', whose weights are not those of 'tiny'; learn one "
        "from this model with 'tunetrace model direction'"
    )


@pytest.mark.parametrize("by", ["much", float("inf"), None, True])
def test_a_direction_is_added_a_number_of_times(learnt: LearntDirection, by: Any) -> None:
    with pytest.raises(QueryError, match=r"^by cannot be "):
        steer(learnt, by)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vector", [0.5]),
        ("vector", [0.0] * 16),
        ("vector", ["a"] * 16),
        ("layer", 2),
        ("layer", "1"),
        ("part", "gate"),
        ("sizes", {"units": 16}),
        ("auc", None),
        ("tunes", [1]),
        ("projections", [0.5, 1e999]),
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(
    learnt: LearntDirection, tmp_path: Path, name: str, value: object
) -> None:
    path = tmp_path / "c.json"
    save_direction(learnt, path)
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(InputError) as refused:
        load_direction(path)
    assert str(refused.value) == (
        f"{path}: this file is not a tunetrace direction: its numbers are damaged or do not go "
        "together; give a file that tunetrace wrote"
    )


def test_a_direction_is_described_in_words(learnt: LearntDirection) -> None:
    named = replace(learnt, a="jigs", b="reels")
    assert steer(named, 1.5).described == "layer 1: hidden plus 1.5 times jigs - reels"
