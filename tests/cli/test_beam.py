"""`tunetrace beam`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_sample import SETTLED
from tests.commands import KESH, call, index_of
from tests.model.tiny import make_model
from tunetrace import (
    beam_search,
    build_index,
    check_batch,
    open_index,
)
from tunetrace.corpus.records import Rejected
from tunetrace.model.library.store import save_model
from tunetrace.model.records import Model

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_beam_prints_the_most_probable_tunes_first(model: Model, model_file: Path) -> None:
    options = ("--width", "6", "--max-tokens", "30", *SETTLED)
    ended = call("beam", "-n", "3", "--model", model_file, "--json", *options)
    assert ended.code == 0
    expected = beam_search(6, model, meter="4/4", key="maj", max_tokens=30)
    found = json.loads(ended.out)
    assert [one["number"] for one in found] == [1, 2, 3]
    for one, tune in zip(found, expected, strict=False):
        assert tuple(one["tokens"]) == tune.tokens
        assert one["log2_probability"] == pytest.approx(tune.log2_probability, abs=1e-4)
    ends = sum(tune.has_ended for tune in expected[:3])
    assert ended.err == (
        f"tiny wrote 3 tunes, beam 6; {ends} ended by themselves; {3 - ends} cut off after "
        "30 tokens\n"
    )


def test_a_beam_keeps_the_copy_limit(model: Model, model_file: Path, tmp_path: Path) -> None:
    options = ("--model", model_file, "--width", "4", "-n", "4", "--max-tokens", "40", *SETTLED)
    free = call("beam", *options)
    source = tmp_path / "corpus.txt"
    source.write_text(free.out, encoding="utf-8")
    index = tmp_path / "index.db"
    build_index([source], index)
    limited = call("beam", *options, "--max-copy", "3", "--index", index)
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


def test_a_beam_is_16_wide_if_nothing_else_is_asked_for(model: Model, model_file: Path) -> None:
    options = ("--max-tokens", "30", "--json", *SETTLED)
    (found,) = json.loads(call("beam", "--model", model_file, *options).out)
    expected = beam_search(16, model, meter="4/4", key="maj", max_tokens=30)
    assert tuple(found["tokens"]) == expected[0].tokens


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--width", "0"), "the width of the beam cannot be 0; give 1 to 1000"),
        (("--width", "1001"), "the width of the beam cannot be 1001; give 1 to 1000"),
        (("--width", "x"), "Invalid value for '--width': 'x' is not a valid integer"),
        (("--width", "3", "-n", "4"), "-n cannot be 4 because the beam keeps 3 tunes; give"),
        (("--width", "3", "-n", "0"), "-n cannot be 0 because the beam keeps 3 tunes; give"),
        (("--width", "3", "--seed", "1"), "No such option '--seed'"),
        (("--width", "3", "--top-p", "0.9"), "No such option '--top-p'"),
        (("--width", "3", "--batch-size", "2"), "No such option '--batch-size'"),
        (
            ("--width", "3", "--temperature", "0"),
            "the temperature cannot be 0; give a number from 0.01 to 100",
        ),
        (("--width", "3", "--start", "C X"), "'X' is not a token"),
        (("--width", "3", "--max-tokens", "2", *SETTLED), "allow more tokens with --max-tokens"),
        (
            ("--width", "3", "--max-tokens", "0"),
            "the limit of tokens cannot be 0; give 1 to 100,000",
        ),
        (("--width", "3", "--max-tokens", "100001"), "the limit of tokens cannot be 100001"),
        (("--width", "3", "--max-copy", "0"), "the limit of copied notes cannot be 0"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    model_file: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    index = index_of(tmp_path, KESH)
    ended = call("beam", "--model", model_file, "--index", index, *arguments)
    assert message in ended.refusal


def test_a_beam_that_finds_no_tune_writes_no_trace(tmp_path: Path) -> None:
    save_model(make_model(("<s>", "</s>"), units=1, layers=1), tmp_path / "none.safetensors")
    place = tmp_path / "traces" / "none.npz"
    ended = call("beam", "--model", tmp_path / "none.safetensors", "--trace", place)
    assert ended.refusal == f"{place}: there is no tune to trace, so nothing is written"
    assert not place.parent.exists()
