"""`tunetrace model extract`: what it prints, draws, and refuses."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from tests.commands import call, call_in_terminal
from tests.model.networks import tiny_model
from tunetrace import build_index
from tunetrace.model.library.store import save_model
from tunetrace.model.network import CELL, FORGET, INPUT, OUTPUT, Network, Sizes
from tunetrace.model.records import Model, Tokens
from tunetrace.tokenizer.vocabulary import V2_TOKENS

HEADER = "M:2/4\nK:Cmaj\n"


@pytest.fixture(scope="module")
def folder(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three tunes of six bars, and two models that always find `C` the most probable.

    One says that it was trained on two of the tunes, the other does not say."""
    folder = tmp_path_factory.mktemp("extract")
    tunes = [f"X:{k}\nT:Tune {k}\n{HEADER}{bar * 6}\n" for k, bar in
             enumerate(("C D E F | ", "G A B c | ", "F D E G | "), 1)]  # fmt: skip
    (folder / "session.txt").write_text("\n".join(tunes), encoding="utf-8")
    build_index([folder / "session.txt"], folder / "session.db")
    for name, said in (("says", {"corpora": ["session"], "held_out": ["session:3"]}), ("no", {})):
        model = tiny_model(None, **said)
        with torch.no_grad():
            model.network.token_bias[model.tokens.numbers["C"]] = 1.0
        save_model(model, folder / f"{name}.safetensors")
    return folder


def arguments(folder: Path, name: str, *more: str | Path) -> tuple[str | Path, ...]:
    model = folder / f"{name}.safetensors"
    return ("model", "extract", model, "--index", folder / "session.db", *more)


def test_it_prints_a_row_for_each_prompt_and_group_within_80_columns(folder: Path) -> None:
    more = ("--prompts", "1,2", "--bars", "4")
    ended = call_in_terminal(*arguments(folder, "says", *more))
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == "tiny on session"
    # One of two tunes goes on with C, which is half a token on average.
    assert "1 bar training 2 0 (0%) 0.0% to 65.8% 0.00 0.5 0.0%" in lines
    assert "held out 1 0 (0%) 0.0% to 79.3% 0.00 0.0 0.0%" in lines
    assert "Training tunes minus held-out tunes, with 95% intervals" in lines
    assert lines[-1] == "No tune is extracted."


def test_a_model_that_does_not_say_is_asked_of_a_corpus(folder: Path) -> None:
    more = ("--prompts", "2", "--bars", "4", "--corpus", "session")
    ended = call(*arguments(folder, "no", *more))
    assert "The model does not say what it was trained on." in ended.out
    assert "held out" not in ended.out
    found = call(*arguments(folder, "no", *more, "--json")).json
    assert (found["says_training"], found["training"][0]["tunes"]) == (False, 3)
    refusal = call(*arguments(folder, "no")).refusal
    assert refusal.endswith("name one of the index with --corpus")


def chain(follows: dict[str, str]) -> Model:
    """A network that remembers the token it read last, with a unit for each, and always finds one
    token after it the most probable."""
    names = V2_TOKENS
    network = Network(Sizes(len(names), len(names), 1))
    gates = network.layers[0].from_input.view(len(names), 4, len(names))
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
        bias = network.layers[0].bias.view(4, len(names))
        bias[INPUT], bias[FORGET], bias[OUTPUT] = 20, -20, 20
        gates[:, CELL] = 20 * torch.eye(len(names))
        for token, after in follows.items():
            network.to_tokens[names.index(token), names.index(after)] = 20
    training = {"corpora": ["session"], "held_out": ["session:3"]}
    provenance = {"name": "chain", "source": "a test", "training": training}
    return Model(network.eval(), Tokens(names), provenance)


def test_extracted_tunes_are_listed_with_the_most_bars_first(folder: Path, tmp_path: Path) -> None:
    follows = dict(pairwise(["C", "D", "E", "F", "|", "C"])) | dict(pairwise(["G", "A", "B", "c"]))
    save_model(chain(follows), tmp_path / "chain.safetensors")
    more = ("--index", folder / "session.db", "--prompts", "2,3", "--bars", "3")
    ended = call("model", "extract", tmp_path / "chain.safetensors", *more)
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    # The first tune comes as a whole but for its end, and of the second not one bar.
    assert "2 bars training 2 1 (50%) 9.5% to 90.5% 2.00 10.0 50.0%" in lines
    assert "1 tune extracted, each from its shortest prompt" in lines
    assert lines[-1] == "session:1 Tune 1 training 2 bars 4 of 4"


def test_the_picture_is_drawn_and_an_older_file_is_kept(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "extraction.png"
    more = ("--prompts", "2", "--bars", "4", "--plot", picture)
    assert call(*arguments(folder, "says", *more)).code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "already" in call(*arguments(folder, "says", *more)).refusal
    assert call(*arguments(folder, "says", *more, "--force")).code == 0


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--prompts", "1;2"), "Invalid value for '--prompts': '1;2' has no numbers of bars"),
        (("--prompts", "0"), "prompts cannot be 0; give 1 or more"),
        (("-n", "0"), "n cannot be 0; give 1 or more"),
        (("--corpus", "airds"), "the index has no corpus 'airds'"),
        (("--plot", "a.txt"), "a.txt: the name of a picture must end in"),
        (("--prompts", "5"), "no training tune of session has 9 bars or more"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    folder: Path, more: tuple[str, ...], sentence: str
) -> None:
    given = more or ("--prompts", "5", "--bars", "8")
    refusal = call(*arguments(folder, "says", *given)).refusal
    assert refusal.startswith(
        sentence if more else "no training tune of session has 9 bars or more"
    )
