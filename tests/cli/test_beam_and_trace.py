"""`tunetrace sample --beam` and `--trace`: what they print and keep, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_sample import BIASES, SETTLED
from tests.commands import KESH, call, index_of
from tests.model.tiny import make_model
from tunetrace import (
    beam_search,
    build_index,
    check_batch,
    load_trace,
    open_index,
    sample,
    trace_transcription,
)
from tunetrace.corpus.records import Rejected
from tunetrace.model.records import Model
from tunetrace.model.store import save_model

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def model() -> Model:
    return make_model(bias=BIASES)


@pytest.fixture(scope="module")
def model_file(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    save_model(model, path)
    return path


def test_a_beam_prints_the_most_probable_tunes_first(model: Model, model_file: Path) -> None:
    options = ("--beam", "6", "--max-tokens", "30", *SETTLED)
    ended = call("sample", "-n", "3", "--model", model_file, "--json", *options)
    assert ended.code == 0
    expected = beam_search(6, model, meter="4/4", key="maj", max_tokens=30)
    found = json.loads(ended.out)
    assert [one["number"] for one in found] == [1, 2, 3]
    for one, tune in zip(found, expected, strict=False):
        assert tuple(one["tokens"]) == tune.tokens
        assert one["log2_probability"] == pytest.approx(tune.log2_probability, abs=1e-4)
    assert "wrote 3 tunes, beam 6; " in ended.err


def test_a_beam_keeps_the_copy_limit(model: Model, model_file: Path, tmp_path: Path) -> None:
    options = ("--model", model_file, "--beam", "4", "-n", "4", "--max-tokens", "40", *SETTLED)
    free = call("sample", *options)
    source = tmp_path / "corpus.txt"
    source.write_text(free.out, encoding="utf-8")
    index = tmp_path / "index.db"
    build_index([source], index)
    limited = call("sample", *options, "--max-copy", "3", "--index", index)
    assert limited.code == 0
    for text, longest in ((free.out, 4), (limited.out, 0)):
        path = tmp_path / "tunes.txt"
        path.write_text(text, encoding="utf-8")
        with_spans = [tune for tune in checked(path, index) if tune > 3]
        assert len(with_spans) == longest


def checked(path: Path, index: Path) -> list[int]:
    """The notes of the longest span of each tune of a file."""
    with open_index(index) as opened:
        tunes = list(check_batch([path], opened))
    return [
        0 if isinstance(tune, Rejected) or tune.longest_span is None else tune.longest_span.notes
        for tune in tunes
    ]


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
    options = ("--beam", "3", "--max-tokens", "20", "--json", *SETTLED)
    ended = call("sample", "--model", model_file, "--trace", file, *options)
    (found,) = json.loads(ended.out)
    traced = load_trace(file)
    assert traced.tokens == found["tokens"]
    # The first two tokens are settled and cost no probability; the start is never written again.
    steps = range(2, len(traced.log2_probabilities))
    starts = 1 - traced.probabilities[steps, traced.header["tokens"].index("<s>")]
    log = (traced.log2_probabilities[steps] - np.log2(starts)).sum()
    assert log == pytest.approx(found["log2_probability"], abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--beam", "0"), "a beam of 0 cannot be searched; it may be 1 to 1000 wide"),
        (("--beam", "1001"), "a beam of 1001 cannot be searched"),
        (("--beam", "x"), "Invalid value for '--beam': 'x' is not a valid integer"),
        (("--beam", "3", "-n", "4"), "a beam of 3 finds up to 3 transcriptions, so that 4 cannot"),
        (("--beam", "3", "-n", "0"), "so that 0 cannot be written; ask for 1 or more"),
        (("--beam", "3", "--seed", "1"), "a beam draws nothing, so --seed says nothing to it"),
        (("--beam", "3", "--top-p", "0.9"), "so --top-p says nothing to it; leave it out"),
        (("--beam", "3", "--batch-size", "2"), "so --batch-size says nothing to it"),
        (("--beam", "3", "--temperature", "0"), "the temperature is from 0.01 to 100, not 0"),
        (("--beam", "3", "--start", "C X"), "'X' is not a token"),
        (("--beam", "3", "--max-tokens", "2", *SETTLED), "allow more with --max-tokens"),
        (("--beam", "3", "--max-tokens", "0"), "cut off after 1 to 100,000 tokens, not 0"),
        (("--beam", "3", "--max-tokens", "100001"), "1 to 100,000 tokens, not 100001"),
        (("--beam", "3", "--max-copy", "0"), "a limit of 0 copied notes leaves nothing to write"),
        (("--trace", "tune.txt"), "tune.txt: a trace is NumPy's .npz file; name it so"),
        (("--trace", "/dev/null/tune.npz"), "the trace cannot be written ("),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    model_file: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    index = index_of(tmp_path, KESH)
    ended = call("sample", "--model", model_file, "--index", index, *arguments)
    assert message in ended.refusal
