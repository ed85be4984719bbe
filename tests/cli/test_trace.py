"""`--trace` of `tunetrace sample` and `tunetrace beam`: what it keeps, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_sample import SETTLED
from tests.commands import call
from tunetrace import (
    load_trace,
    sample,
    trace_transcription,
)
from tunetrace.model.records import Model

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
    expected = trace_transcription(tune.tokens, model, has_ended=tune.has_ended)
    assert tuple(traced.tokens) == tune.tokens
    assert (traced.probabilities == expected.probabilities).all()
    assert (traced.hidden == expected.hidden).all()
    assert traced.has_ended == tune.has_ended
    assert {name: traced.header[name] for name in ("number", "seed", "meter", "key")} == {
        "number": 1,
        "seed": 5,
        "meter": "4/4",
        "key": "maj",
    }


def test_of_several_tunes_each_has_a_trace_of_its_own(
    model: Model, model_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "tune.npz"
    options = ("--seed", "5", "--max-tokens", "50", *SETTLED)
    ended = call("sample", "-n", "3", "--model", model_file, "--trace", file, *options)
    assert ended.code == 0
    assert {path.name for path in tmp_path.iterdir()} == {f"tune-{k}.npz" for k in (1, 2, 3)}
    for tune in sample(3, model, meter="4/4", key="maj", seed=5, max_tokens=50):
        assert tuple(load_trace(tmp_path / f"tune-{tune.number}.npz").tokens) == tune.tokens


def test_the_tunes_of_a_beam_are_traced_too(model_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "tune.npz"
    options = ("--width", "3", "--max-tokens", "20", "--json", *SETTLED)
    ended = call("beam", "--model", model_file, "--trace", file, *options)
    (found,) = json.loads(ended.out)
    traced = load_trace(file)
    assert traced.tokens == found["tokens"]
    # The first two tokens are settled and cost no probability; the start is never written again.
    steps = range(2, len(traced.log2_probabilities))
    starts = 1 - traced.probabilities[steps, traced.header["tokens"].index("<s>")]
    log = (traced.log2_probabilities[steps] - np.log2(starts)).sum()
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
