"""`tunetrace model inspect`: its four ways, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, call_in_terminal, index_of
from tests.model.networks import tiny_model
from tests.plots.network.traces import make_trace
from tunetrace import Trace, inspect_over, inspect_post, inspect_trace, inspect_tunes, save_trace
from tunetrace.model.library.store import save_model
from tunetrace.model.records import Model
from tunetrace.records import to_plain

pytestmark = pytest.mark.usefixtures("one_thread")

TUNE = ("M:6/8", "K:Cdor", *("C", "2", "E", "D", "2", "F", "|") * 6, "C", "3", ":|")


@pytest.fixture(scope="module")
def place(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model, an index of two tunes, and traces of one tune and of two."""
    folder = tmp_path_factory.mktemp("inspect")
    model = tiny_model(corpora=["session"], held_out=[])
    save_model(model, folder / "tiny.safetensors")
    index_of(folder, KESH, MORRISONS)
    traced = model.trace(TUNE, facts={"title": "The Pulse"})
    save_trace(traced, folder / "one.npz")
    save_trace(Trace.join([traced, model.trace(TUNE[:20])]), folder / "two.npz")
    return folder


@pytest.fixture
def asked(place: Path) -> tuple[str, ...]:
    """The model and the index to ask."""
    model, index = place / "tiny.safetensors", place / "session.db"
    return "--model", str(model), "--index", str(index)


def opened(place: Path) -> Model:
    from tunetrace import open_model

    return open_model(place / "tiny.safetensors")


def test_json_is_the_whole_record_of_a_tune(place: Path, asked: tuple[str, ...]) -> None:
    from tunetrace import load_trace

    model, index = opened(place), place / "session.db"
    one, two = load_trace(place / "one.npz"), load_trace(place / "two.npz")
    found = call("model", "inspect", place / "one.npz", *asked, "--json").json
    assert found == to_plain(inspect_trace(one, model=model, index=index))
    assert found["title"] == "The Pulse"
    found = call("model", "inspect", place / "two.npz", "--tune", "2", *asked, "--json").json
    assert found == to_plain(inspect_trace(two, tune=2, model=model, index=index))
    found = call("model", "inspect", place / "two.npz", *asked, "--json").json
    assert found == to_plain(inspect_tunes(two, model=model, index=index))


def test_a_tune_is_described_in_sections(place: Path, asked: tuple[str, ...]) -> None:
    ended = call_in_terminal("model", "inspect", place / "one.npz", "--layer", "1", *asked)
    assert ended.code == 0
    assert ended.out.startswith("tiny, layer 1 (hidden): The Pulse, 48 steps\n")
    for heading in ("magnitude of activations", "Units", "Units that spike before bar lines",
                    "Probabilities", "group of tokens", "likely but never written"):  # fmt: skip
        assert f"\n{heading}" in ended.out
    assert "Trained on 2 tunes." in ended.out
    assert max(map(len, ended.out.split("\n"))) <= 80


def test_without_the_index_the_share_in_training_is_said_to_be_unknown(place: Path) -> None:
    model = place / "tiny.safetensors"
    ended = call("model", "inspect", place / "one.npz", "--model", model)
    assert ended.code == 0
    assert "The share in the training tunes is not known: " in ended.out


def test_many_tunes_are_summed_up(place: Path, asked: tuple[str, ...]) -> None:
    model, index = opened(place), place / "session.db"
    given = ("model", "inspect", "--over", "session", "-n", "5", "--seed", "3", *asked)
    found = call(*given, "--json").json
    assert found == to_plain(inspect_over("session", 5, model, seed=3, index=index))
    shown = call_in_terminal(*given)
    assert shown.out.startswith("tiny, layer 2 (hidden): 2 tunes of session, seed 3\n")
    assert (
        "Not tested: a token is tested if at least 50 tunes have it, and there are only 2 tunes."
    ) in " ".join(shown.out.split())
    assert max(map(len, shown.out.split("\n"))) <= 80
    sampled = call("model", "inspect", "--over", "sample", "-n", "2", "--meter", "4/4",
                   "--key", "Cmaj", *asked)  # fmt: skip
    assert sampled.out.startswith("tiny, layer 2 (hidden): 2 tunes of sample in 4/4 Cmaj, seed 1\n")


def test_the_post_is_compared(place: Path, asked: tuple[str, ...]) -> None:
    found = call("model", "inspect", "--post", *asked, "--json").json
    assert found == to_plain(inspect_post(opened(place), index=place / "session.db"))
    shown = call("model", "inspect", "--post", *asked)
    assert shown.out.startswith("tiny is not folk-rnn v2, the model of the post: ")
    assert "counted from 1  counted from 0" in shown.out


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((), "there is nothing to inspect; give the file of a trace, --over or --post"),
        (("one.npz", "--post"), "FILE and --post cannot be combined; remove one of them"),
        (("--over", "session", "--post"),
         "--over and --post cannot be combined; remove one of them"),
        (("--post", "-n", "3"), "--post cannot be combined with -n; remove -n"),
        (("--over", "session", "--tune", "3"),
         "--over cannot be combined with --tune; remove --tune"),
        (("one.npz", "--meter", "4/4"), "FILE cannot be combined with --meter; remove --meter"),
        (("one.npz", "--layer", "9"),
         "there is no layer 9 in a model of 2 layers; give one from 1 to 2"),
        (("one.npz", "--seed", "2"), "--seed is for the tests over several tunes; remove --seed"),
        (("one.npz", "--tune", "2"), "there is no tune 2 in a trace of 1 tune; give 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_inspected_is_refused(
    given: tuple[str, ...], sentence: str, place: Path, asked: tuple[str, ...]
) -> None:
    arguments = [str(place / one) if one.endswith(".npz") else one for one in given]
    assert call("model", "inspect", *arguments, *asked).refusal == sentence


def test_names_of_a_hostile_trace_do_not_steer_the_terminal(tmp_path: Path) -> None:
    names = ("<s>", "</s>", "M:4/4", "K:Cmaj", "C", "|", "w\x1b[2J\x07\n")
    traced = make_trace(["M:4/4", "K:Cmaj", "C", "|"] * 3, names=names, title="T\x1b[31m")
    traced.header["model"] = "\x1b]0;owned\x07"
    save_trace(traced, tmp_path / "hostile.npz")
    for called in (call, call_in_terminal):
        ended = called("model", "inspect", tmp_path / "hostile.npz")
        assert (ended.code, ended.err) == (0, "")
        assert "w\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}" in ended.out
        assert "\N{REPLACEMENT CHARACTER}]0;owned\N{REPLACEMENT CHARACTER}" in ended.out
        assert "T\N{REPLACEMENT CHARACTER}[31m" in ended.out
        assert all(c.isprintable() or c in "\r\n" for c in ended.out)
