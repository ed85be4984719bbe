"""Tunes that a model writes for a running service."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, index_of, run
from tests.web.running import Running, is_problem, running
from tunetrace.web.work.models import has_models


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two tunes."""
    return index_of(tmp_path_factory.mktemp("index"), KESH, MORRISONS)


@pytest.fixture(scope="module")
def service(index: Path) -> Iterator[Running]:
    """A service of that index."""
    with running(index) as started:
        yield started


def test_a_seed_writes_the_tunes_of_the_command_line(service: Running, index: Path) -> None:
    options = {
        "n": "3", "seed": "7", "meter": "6/8", "key": "dor", "start": "G A B",
        "temperature": "0.9", "top_p": "0.95", "max_copy": "12", "max_tokens": "200",
    }  # fmt: skip
    words = [
        word
        for name, value in options.items()
        for word in (f"-{name}" if name == "n" else f"--{name.replace('_', '-')}", value)
    ]
    answer = service.ask("/api/sample", method="POST", query=options)
    assert answer.status == 200, answer.body
    found = answer.json
    assert (found["model"], found["seed"]) == ("tunetrace-small", 7)
    texts = [tune.pop("abc") for tune in found["tunes"]]
    told = run("sample", *words, "--index", index, "--json")
    assert told.code == 0
    assert found["tunes"] == json.loads(told.out)
    as_abc = run("sample", *words, "--index", index, "--format", "abc")
    assert "\n".join(texts) == as_abc.out.removesuffix("\n")
    assert found["index"]["fingerprint"] == answer.headers["Tunetrace-Index"]


def test_the_seed_that_was_drawn_is_named(service: Running) -> None:
    first = service.ask("/api/sample", method="POST").json
    again = service.ask("/api/sample", method="POST", query={"seed": first["seed"]}).json
    assert again == first
    assert len(first["tunes"]) == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": "-1"}, "the temperature cannot be -1"),
        ({"top_p": "2"}, "top-p cannot be 2"),
        ({"meter": "7/11"}, "7/11"),
        ({"seed": "-1"}, "the seed cannot be -1"),
        ({"start": "C^^^D"}, "C^^^D"),
        ({"max_tokens": "0"}, "the limit of tokens cannot be 0"),
    ],
)
def test_what_a_model_cannot_write_is_a_problem(
    service: Running, options: dict[str, str], sentence: str
) -> None:
    assert is_problem(service.ask("/api/sample", method="POST", query=options), 422, sentence)


@pytest.mark.parametrize("options", [{"n": "11"}, {"n": "0"}, {"max_tokens": "1001"}])
def test_too_much_at_once_is_refused(service: Running, options: dict[str, str]) -> None:
    assert service.ask("/api/sample", method="POST", query=options).status == 422


def test_a_model_is_asked_in_a_process_of_its_own_made_when_it_is_needed(index: Path) -> None:
    with running(index) as service:
        assert service.ask("/api/figure", query={"q": "C D E"}).status == 200
        before = len(service.family())
        for _ in range(2):
            assert service.ask("/api/sample", method="POST").status == 200
        assert len(service.family()) == before + 1


def test_without_torch_the_extra_is_named(index: Path, tmp_path: Path) -> None:
    assert has_models()
    (tmp_path / "sitecustomize.py").write_text(
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "def find_others(name, path=None, target=None):\n"
        "    return None if name.partition('.')[0] == 'torch' else find(name, path, target)\n"
        "PathFinder.find_spec = find_others\n"
    )
    path = ":".join([str(tmp_path), str(Path.cwd()), *sys.path])
    with running(index, variables={"PYTHONPATH": path}) as service:
        answer = service.ask("/api/sample", method="POST")
        assert is_problem(answer, 501, "pip install 'tunetrace[model]'")
        assert service.ask("/api/figure", query={"q": "C D E"}).status == 200
