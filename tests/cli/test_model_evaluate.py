"""`tunetrace model evaluate` and `tunetrace model tunes`: what they print, and what they refuse."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.commands import call, call_in_terminal, run
from tunetrace import build_index
from tunetrace.tokenizer.vocabulary import V2_TOKENS

KEY = "M:4/4\nK:Cmaj\n"
TUNES = (
    f"X:1\nT:The Kesh\n{KEY}C D E F | G A B c |\n",
    f"X:2\nT:Morrison's\n{KEY}D E D E | C C C C |\n",
    f"X:3\nT:Kesh, The\n{KEY}C D E G | G A B d |\n",
    f"X:4\n{KEY}c B A G | F E D C |\n",
)
TRAINING = {"corpora": ["session"], "tunes": 3, "held_out": ["session:1"]}


@pytest.fixture(scope="module")
def folder(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index `session.db` and a model `tiny.safetensors` that was trained on it."""
    from tests.model.networks import tiny_model
    from tunetrace.model.library.store import save_model

    folder = tmp_path_factory.mktemp("models")
    (folder / "session.txt").write_text("\n".join(TUNES), encoding="utf-8")
    build_index([folder / "session.txt"], folder / "session.db")
    save_model(tiny_model(**TRAINING), folder / "tiny.safetensors")
    save_model(tiny_model(), folder / "untrained.safetensors")
    narrow = tuple(token for token in V2_TOKENS if token != "c'")
    save_model(tiny_model(1, narrow), folder / "narrow.safetensors")
    return folder


def model(command: str, folder: Path, name: str, *arguments: str | Path) -> tuple[str | Path, ...]:
    """The arguments of a command on one of the folder's models, with its index."""
    path = folder / f"{name}.safetensors"
    return ("model", command, path, *arguments, "--index", folder / "session.db")


# model evaluate


def test_an_evaluation_has_a_row_for_each_model_within_80_columns(folder: Path) -> None:
    ended = call_in_terminal(*model("evaluate", folder, "tiny", "--held-out"))
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[:2] == ["tiny on its held-out tunes", "1 tune, 2 bars"]
    assert lines[2] == "10 tokens of music, 13 with headers and ends"
    # A row's four numbers: bits and perplexity a token, bits and perplexity a bar.
    rows = [re.sub(r"( [\d.,e+]+){4}$", "", line) for line in lines if re.search(r"\.\d\d ", line)]
    orders = [f"back-off, {n} token{'s' * (n > 1)}" for n in range(1, 6)]
    assert rows == [*orders, "network", "network, with headers"]
    text = " ".join(lines)
    assert "On this one tune the network needs" in text
    assert (
        "built from 2 tunes of session; 2 more were left out because they are evaluated, "
        "held out, or settings of such tunes."
    ) in text


def test_a_file_is_evaluated_and_what_may_have_been_trained_on_is_told(
    folder: Path, tmp_path: Path
) -> None:
    book = tmp_path / "a rather long name of a tunebook, as people give them, and longer still.txt"
    book.write_text(f"{TUNES[1]}\n{KEY}G G G G | ^a _e' |\n\n{KEY}G 4 | what\n", encoding="utf-8")
    ended = call(*model("evaluate", folder, "tiny", book))
    assert (ended.code, ended.err) == (0, "")
    text = " ".join(ended.out.split())
    assert f"tiny on {book}" in text
    assert "1 of these tunes is in these corpora" in text
    assert "bits per token, 95% interval" in text
    assert "1 tune set aside:" in text


def test_an_index_without_another_tune_has_no_back_off_model(folder: Path) -> None:
    ended = call(*model("evaluate", folder, "untrained", folder / "session.txt"))
    assert ended.code == 0
    assert "The index has no other tunes to build a back-off model from." in ended.out
    assert "4 of these tunes are in these corpora" in " ".join(ended.out.split())
    arguments = model("evaluate", folder, "untrained", folder / "session.txt", "--json")
    assert call(*arguments).json["difference"] is None


def test_tunes_of_a_named_corpus_are_named_by_it_and_not_by_where_it_lies(folder: Path) -> None:
    pytest.importorskip("music21")
    found = call(*model("evaluate", folder, "narrow", "ryans", "--json")).json
    assert {one["input"].partition("/")[0] for one in found["set_aside"]} == {"ryans"}


def test_standard_input_is_evaluated(folder: Path) -> None:
    arguments = model("evaluate", folder, "tiny", "-", "--json")
    found = call(*arguments, stdin=(KEY + "G G G G |\n").encode()).json
    assert (found["sources"], found["tunes"]) == (["-"], 1)


def test_as_json_it_has_all_numbers(folder: Path) -> None:
    found = call(*model("evaluate", folder, "tiny", "--held-out", "--json")).json
    assert [score["order"] for score in found["backoff"]] == [1, 2, 3, 4, 5]
    assert found["network"].keys() == {
        "tokens", "bits_per_token", "perplexity", "bits_per_bar", "perplexity_per_bar",
    }  # fmt: skip
    assert found["network"]["perplexity"] == pytest.approx(2 ** found["network"]["bits_per_token"])
    bits = found["network"]["bits_per_token"] * 10
    assert found["network"]["bits_per_bar"] == pytest.approx(bits / 2)
    assert found["difference"]["low"] is None
    assert (found["counted_on"], found["corpora"], found["left_out"]) == (2, ["session"], 2)


def test_either_sources_or_held_out_tunes_are_asked_for(folder: Path) -> None:
    for arguments in ((), (folder / "session.txt", "--held-out")):
        refusal = call(*model("evaluate", folder, "tiny", *arguments)).refusal
        assert refusal.startswith("a model is evaluated either on sources or on its held-out tunes")


def test_a_model_that_names_no_held_out_tunes_is_refused(folder: Path) -> None:
    refusal = call(*model("evaluate", folder, "untrained", "--held-out")).refusal
    assert refusal.startswith("the model 'tiny' does not say which tunes were held out")


def test_sources_that_cannot_be_read_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "binary.abc").write_bytes(bytes(range(256)))
    (tmp_path / "empty.abc").write_text("")
    (tmp_path / "headers.txt").write_text(KEY)
    for name, reason in (
        ("none.abc", "no such file"), ("binary.abc", "binary file"), ("empty.abc", "is empty"),
        ("headers.txt", "none of the 1 tunes can be read"),
    ):  # fmt: skip
        assert reason in call(*model("evaluate", folder, "tiny", tmp_path / name)).refusal


def test_a_model_that_is_none_is_refused(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "tiny.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "binary.safetensors").write_bytes(os.urandom(1000))
    for name in ("cut", "binary", "none"):
        assert call(*model("evaluate", tmp_path, name, "--held-out")[:-2],
                    "--index", folder / "session.db").refusal  # fmt: skip


def test_an_index_that_is_not_there_is_refused(folder: Path, tmp_path: Path) -> None:
    for command in ("evaluate", "tunes"):
        path = folder / "tiny.safetensors"
        ended = call("model", command, path, "--held-out", "--index", tmp_path / "none.db")
        assert "none.db" in ended.refusal


# model tunes


def test_held_out_tunes_are_printed_as_folk_rnn_text(folder: Path) -> None:
    ended = call(*model("tunes", folder, "tiny", "--held-out"))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"X:1\nT:The Kesh\n{KEY}C D E F | G A B c |\n\n"


def test_training_tunes_are_all_others_and_can_be_indexed_and_reported_on(
    folder: Path, tmp_path: Path
) -> None:
    ended = call(*model("tunes", folder, "tiny", "--training"))
    assert ended.out == "".join(f"{tune}\n" for tune in TUNES[1:])
    (tmp_path / "training.txt").write_text(ended.out, encoding="utf-8")
    built = call(
        "index", "build", tmp_path / "training.txt", "--index", tmp_path / "a.db", "--json"
    )
    assert built.json["tunes"] == 3


def test_training_tunes_are_printed_as_json_too(folder: Path) -> None:
    found = call(*model("tunes", folder, "tiny", "--training", "--json")).json
    assert [tune["text"] for tune in found] == [text.rstrip("\n") for text in TUNES[1:]]
    ended = call(*model("tunes", folder, "tiny", "--training", "--jsonl"))
    assert [json.loads(line) for line in ended.out.splitlines()] == found


def test_which_tunes_must_be_said(folder: Path) -> None:
    refusal = call(*model("tunes", folder, "tiny")).refusal
    assert refusal.startswith("say which tunes to print: --held-out or --training")


def test_a_model_that_does_not_say_is_refused(folder: Path) -> None:
    refusal = call(*model("tunes", folder, "untrained", "--training")).refusal
    assert refusal.startswith("the model 'tiny' does not say which corpora it was trained on")
    refusal = call(*model("tunes", folder, "untrained", "--held-out")).refusal
    assert refusal.startswith("the model 'tiny' does not say which tunes were held out")


def test_another_index_is_refused_before_anything_is_printed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text(TUNES[0], encoding="utf-8")
    build_index([tmp_path / "other.txt"], tmp_path / "other.db")
    for kind in ("--held-out", "--training"):
        ended = call("model", "tunes", folder / "tiny.safetensors", kind, "--index",
                     tmp_path / "other.db")  # fmt: skip
        assert "this is not the index that 'tiny' was trained on" in ended.refusal


def test_the_help_is_shown_without_torch() -> None:
    ended = run("model", "evaluate", "--help", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert ended.code == 0
    assert "tunetrace.cli" in ended.err
    assert "torch" not in ended.err
