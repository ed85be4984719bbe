"""`tunetrace model weights`: what it prints, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import call, call_in_terminal
from tests.model.networks import tiny_model
from tunetrace import inspect_weights
from tunetrace.model.library.store import save_model


@pytest.fixture(scope="module")
def model_file(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_model(tiny_model(), path)
    return path


def test_it_prints_every_table_within_80_columns(model_file: Path) -> None:
    ended = call_in_terminal("model", "weights", model_file)
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    report = inspect_weights(tiny_model())
    assert lines[0] == "tiny"
    first = report.vectors[0]
    raised, lowered = (" ".join(one.token for one in some[:4])
                       for some in (first.raised, first.lowered))  # fmt: skip
    assert f"1 {first.value:.2f} {first.share:.0%} {raised} {lowered}" in lines
    likely, unlikely = report.likeliest[0], report.unlikeliest[0]
    assert f"{likely.token} {likely.weight:.2%} {unlikely.token} {unlikely.weight:.2%}" in lines
    kinds = [gate.kinds[0] for gate in report.gates]
    numbers = " ".join(f"{one.nearer:.2f}" for one in kinds)
    assert f"octave {kinds[0].pairs} {numbers}" in lines
    pair = report.correlations.most_opposite
    assert pair is not None
    assert f"the most opposite: units {pair.units[0]} and {pair.units[1]}, " in ended.out


def test_as_json_it_has_all_numbers(model_file: Path) -> None:
    found = call("model", "weights", model_file, "--json").json
    assert found == inspect_weights(tiny_model()).to_dict()


def test_a_model_that_is_not_there_is_refused() -> None:
    assert "none" in call("model", "weights", "none").refusal
