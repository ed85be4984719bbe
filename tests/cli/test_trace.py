"""`--trace` of `tunetrace sample` and `tunetrace beam`: what it keeps, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.cli.test_sample import SETTLED
from tests.commands import KESH, MORRISONS, call, index_of
from tunetrace import load_trace, sample, with_memory
from tunetrace.model.records import Model, Precision
from tunetrace.model.stepper import ROWS, Rows

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_trace_of_a_tune_is_kept_with_what_it_was_sampled_with(
    model: Model, model_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "tune.npz"
    options = ("--seed", "5", "--max-tokens", "50", *SETTLED)
    ended = call("sample", "--model", model_file, "--trace", file, *options)
    assert ended.code == 0
    (tune,) = sample(1, model, meter="4/4", key="maj", seed=5, max_tokens=50)
    traced = load_trace(file)
    expected = model.trace(tune.tokens, has_ended=tune.has_ended)
    assert tuple(traced.tokens) == tune.tokens
    assert np.abs(traced.probabilities - expected.probabilities).max() < 1e-5
    assert np.abs(traced.hidden - expected.hidden).max() < 1e-5
    assert traced.has_ended == tune.has_ended
    (facts,) = traced.header["tunes"]
    assert {name: facts[name] for name in ("number", "seed", "meter", "key")} == {
        "number": 1,
        "seed": 5,
        "meter": "4/4",
        "key": "maj",
    }


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_trace_has_the_very_probabilities_that_the_sampler_drew_from(
    model: Model, model_file: Path, tmp_path: Path, precision: Precision,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # With one row in use the rows of the sampler are those of one transcription after another.
    seen: list[NDArray[np.float32]] = []
    step = Rows.step

    def watched(rows: Rows, *given: Any) -> NDArray[np.float32]:
        seen.append(step(rows, *given)[0].copy())
        return seen[-1][None].repeat(ROWS, axis=0)

    with monkeypatch.context() as patched:
        patched.setattr(Rows, "step", watched)
        options = {"seed": 5, "max_tokens": 50, "precision": precision, "temperature": 1.5}
        (tune,) = sample(1, model, meter="4/4", key="maj", **options)
    file = tmp_path / "tune.npz"
    call("sample", "--model", model_file, "--trace", file, "--seed", "5", "--max-tokens", "50",
         "--temperature", "1.5", "--precision", precision, *SETTLED)  # fmt: skip
    traced = load_trace(file)
    assert tuple(traced.tokens) == tune.tokens
    logits = np.array(seen[: len(traced.read)], dtype=np.float64)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    assert (traced.probabilities == expected).all()


def test_several_tunes_are_traced_into_one_file(
    model: Model, model_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "tune.npz"
    options = ("--seed", "5", "--max-tokens", "50", *SETTLED)
    ended = call("sample", "-n", "3", "--model", model_file, "--trace", file, *options)
    assert ended.code == 0
    traced = load_trace(file)
    tunes = list(sample(3, model, meter="4/4", key="maj", seed=5, max_tokens=50))
    assert [tuple(one.tokens) for one in traced] == [tune.tokens for tune in tunes]
    assert [facts["number"] for facts in traced.header["tunes"]] == [1, 2, 3]
    assert traced.offsets.tolist() == np.cumsum([0, *(len(t.tokens) + 1 for t in tunes)]).tolist()


def test_gates_and_what_an_index_has_are_kept_where_they_are_asked_for(
    model: Model, model_file: Path, tmp_path: Path
) -> None:
    index = index_of(tmp_path, KESH, MORRISONS)
    file = tmp_path / "tune.npz"
    options = ("--seed", "5", "-n", "2", "--max-tokens", "30", *SETTLED)
    arguments = ("sample", "--model", model_file, "--trace", file, *options)
    assert call(*arguments).code == 0
    plain = load_trace(file)
    assert (plain.gates, plain.memory) == (None, None)
    assert call(*arguments, "--gates", "--index", index, "--force").code == 0
    whole = load_trace(file)
    assert (whole.probabilities == plain.probabilities).all()
    assert (whole.hidden == plain.hidden).all()
    i, f, g, o = np.moveaxis(whole.gates, 2, 0).astype(float)
    first = whole.offsets[:-1]
    before = np.delete(np.arange(len(whole.read)), first)
    # The published equations, from the states of the step before.
    cell = f[:, before] * whole.cell[:, before - 1] + i[:, before] * g[:, before]
    assert np.abs(whole.cell[:, before] - cell).max() < 1e-5
    assert np.abs(whole.hidden - o * np.tanh(whole.cell.astype(float))).max() < 1e-5
    memory = with_memory(plain, index).memory
    for name in ("lengths", "tunes", "probabilities"):
        assert (getattr(whole.memory, name) == getattr(memory, name)).all()


def test_gates_without_a_trace_are_refused(model_file: Path) -> None:
    refused = call("sample", "--model", model_file, "--gates").refusal
    assert refused == "--gates keeps the gates in a trace; add --trace FILE.npz"


def test_the_tunes_of_a_beam_are_traced_too(model_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "tune.npz"
    options = ("--width", "3", "--max-tokens", "20", "--json", *SETTLED)
    ended = call("beam", "--model", model_file, "--trace", file, *options)
    (found,) = json.loads(ended.out)
    traced = load_trace(file)
    assert traced.tokens == found["tokens"]
    # The first two tokens are settled and cost no probability; the start is never written again.
    steps = slice(2, None if traced.has_ended else -1)
    starts = 1 - traced.probabilities[steps, traced.header["tokens"].index("<s>")]
    log = -(traced.surprisal[steps] + np.log2(starts)).sum()
    assert log == pytest.approx(found["log2_probability"], abs=1e-3)


@pytest.mark.parametrize("command", ["sample", "beam"])
@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("tune.txt", "tune.txt: the name of a trace ends in .npz; give"),
        ("/dev/null/tune.npz", "the trace cannot be written ("),
    ],
)
def test_a_trace_that_cannot_be_written_is_refused_in_one_sentence(
    model_file: Path, command: str, file: str, message: str
) -> None:
    ended = call(command, "--model", model_file, "--trace", file, "--max-tokens", "20", *SETTLED)
    assert message in ended.refusal
