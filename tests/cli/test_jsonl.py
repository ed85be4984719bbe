"""`--jsonl`: one JSON object a line, the answers of `--json` one by one."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, PYTHON, call, environment, index_of

BAD = "X:4\nT:Bad\nK:G\nG[A|\n"


@pytest.fixture(scope="module")
def index(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("index"), KESH, MORRISONS, BAD)


@pytest.mark.parametrize(
    ("arguments", "many", "lines"),
    [
        (("figure", "C"), "results", 3),
        (("figure", "{C D} 3"), "results", 3),
        (("figure", "^f ^f"), "results", 0),
        (("find", '"C 3" and not "^f"'), "results", 2),
        (("bar", "C 3 G 3"), "results", 1),
        (("next", "C D"), "results", 1),
        (("ngrams", "--n", "2"), "ngrams", 10),
        (("index", "rejects"), None, 1),
        (("corpus", "list"), None, None),
        (("model", "list"), None, None),
    ],
)
def test_jsonl_has_each_answer_of_json_on_a_line(
    index: Path, arguments: tuple[str, ...], many: str | None, lines: int | None
) -> None:
    place = ("--index", index) if arguments[1] != "list" else ()
    document = call(*arguments, *place, "--json").json
    ended = call(*arguments, *place, "--jsonl")
    assert (ended.code, ended.err) == (0, "")
    answers = document[many] if many else document
    assert [json.loads(line) for line in ended.out.splitlines()] == answers
    assert lines is None or len(answers) == lines


def test_tokenize_prints_what_is_set_aside_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "book.abc").write_text("\n".join([KESH, BAD, MORRISONS]))
    document = call("tokenize", tmp_path / "book.abc", "--json").json
    ended = call("tokenize", tmp_path / "book.abc", "--jsonl")
    assert (ended.code, ended.err) == (0, "")
    kesh, bad, morrisons = map(json.loads, ended.out.splitlines())
    assert [kesh, morrisons] == document["tunes"]
    assert [bad] == document["set_aside"]
    assert bad["kind"] == "open bracket"


def test_tokenize_prints_each_tune_before_the_next_is_there(tmp_path: Path) -> None:
    (tmp_path / "kesh.abc").write_text(KESH)
    os.mkfifo(tmp_path / "later.abc")
    command = [*PYTHON, "tokenize", tmp_path / "kesh.abc", tmp_path / "later.abc", "--jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["title"] == "The Kesh"
        (tmp_path / "later.abc").write_text(MORRISONS)  # which waits until it is read
        assert json.loads(process.stdout.read())["title"] == "Morrison's"
    assert process.returncode == 0


def test_json_and_jsonl_together_are_refused(index: Path) -> None:
    refusal = call("figure", "C", "--json", "--jsonl", "--index", index).refusal
    assert refusal == (
        "--json and --jsonl cannot be combined; remove one of them; see 'tunetrace figure --help'"
    )
