"""An index that is changed or replaced while it is served: every answer is of one of its states."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import quote

import pytest

import tunetrace
from tests.commands import KESH, MORRISONS, call, run
from tests.indexer.test_hidden import some_tunes
from tests.web.running import Running, running
from tunetrace.arguments import AS_FOUND
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.web.problems import Problem
from tunetrace.web.work import questions
from tunetrace.web.work.answers import Answer, File
from tunetrace.web.work.process import ServedIndex, answer_of

ASKED: Final = ("C 3 C D E", "D", "G A B", "^d ^d ^d ^d ^d ^d ^d")
"""Figures: of one tune, of most tunes, of some, of none."""

BAR: Final = "C 3 C D E"

Ask = Callable[[], Any]


class Asked:
    """An index that is served in this process."""

    def __init__(self, path: Path, hidden: frozenset[str]) -> None:
        self.path = path
        self._served = ServedIndex(storage_of(path), hidden)

    def ask(self, question: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """What is answered, as data; a Problem as it is."""
        found = answer_of(self._served, question, *given, **named)
        return json.loads(found.body) if isinstance(found, Answer) else found

    def figure(self, text: str) -> Any:
        """Where a figure is found."""
        return self.ask(questions.figure, text, Filters())


def tune(index: Index, reference: str) -> File:
    return File(tunetrace.tune(reference, index).text.encode(), "text/plain")


@pytest.fixture
def served(tmp_path: Path) -> Asked:
    """An index of the Kesh, session:3, and of session:7, which is hidden."""
    path = write(tmp_path, "session", KESH, MORRISONS)
    return Asked(path, frozenset({"session:7"}))


def write(folder: Path, name: str, *tunes: str) -> Path:
    """Build an index of a book in a folder."""
    book = folder / f"{name}.abc"
    book.write_text("\n".join(tunes), encoding="utf-8")
    tunetrace.build_index([book], folder / f"{name}.db", force=True)
    return folder / f"{name}.db"


def test_a_hidden_tune_is_neither_found_nor_named(served: Asked) -> None:
    assert (served.figure("C 3 G 3")["tunes"], served.figure("C 3 C D E")["tunes"]) == (0, 1)
    for reference in ("session:7", "Morrison's", "2"):
        problem = served.ask(tune, reference)
        assert isinstance(problem, Problem)
        assert problem.detail.startswith(f"there is no tune '{reference}' in the index")


def test_a_tune_that_is_hidden_may_leave_and_come_back(served: Asked) -> None:
    assert served.figure("C 3 G 3")["of"] == 1
    write(served.path.parent, "session", KESH)
    assert served.figure("C 3 G 3")["of"] == 1
    write(served.path.parent, "session", KESH, MORRISONS, "X:9\nM:2/4\nL:1/8\nK:C\nC3G3|\n")
    found = served.figure("C 3 G 3")
    assert [hit["number"] for hit in found["results"]] == [9]
    assert found["of"] == 2


def test_a_change_is_seen_by_a_question_that_reads_no_row(served: Asked) -> None:
    before = served.figure("_B")
    assert before["tunes"] == 0
    book = served.path.with_name("new.abc")
    book.write_text("X:1\nK:C\n_B|\n", encoding="utf-8")
    tunetrace.add_to_index([book], served.path)
    after = served.figure("_B")
    assert (after["tunes"], after["of"]) == (1, 2)
    assert after["index"]["fingerprint"] != before["index"]["fingerprint"]
    assert after["index"]["corpora"] == [
        {"name": "new", "source": "new.abc", "version": None, "licence": None}
    ]


def test_another_file_may_take_the_place_of_the_index(served: Asked) -> None:
    assert served.figure("_B")["of"] == 1
    write(served.path.parent, "other", "X:1\nK:C\n_B|\n", "X:2\nK:C\nC|\n").replace(served.path)
    assert (served.figure("_B")["tunes"], served.figure("_B")["of"]) == (1, 2)


def test_an_index_that_is_missing_or_damaged_is_told_and_the_next_one_is_taken_up(
    served: Asked,
) -> None:
    kept = served.path.with_name("kept.db")
    shutil.copy(served.path, kept)
    assert served.figure("C 3 C D E")["tunes"] == 1
    served.path.unlink()
    problem = served.figure("C 3 C D E")
    assert (problem.status, problem.kind) == (503, "index")
    assert problem.detail.startswith("session.db: there is no index; build one with")
    served.path.write_bytes(kept.read_bytes()[:50_000])
    problem = served.figure("C 3 C D E")
    assert problem.detail.startswith("session.db: the index is cut off; build it again with")
    served.path.write_bytes(b"no index")
    assert "is not a tunetrace index" in served.figure("C 3 C D E").detail
    kept.replace(served.path)
    assert served.figure("C 3 C D E")["tunes"] == 1


# While it is asked


def sequence(folder: Path, index: Path) -> list[list[str]]:
    """Commands that change an index, one after the other."""
    at = ["--index", str(index)]
    first, more = str(folder / "first.abc"), str(folder / "more.abc")
    return [
        ["index", "add", more, *at],
        ["baseline", *at],
        ["families", *at],
        ["index", "remove", "first", *at],
        ["index", "add", first, *at],
        ["index", "compact", *at],
        ["index", "build", first, more, "--force", *at],
        ["index", "remove", "more", *at],
    ]


def asked_over_http(service: Running) -> dict[str, Ask]:
    """What clients ask, by its name: each gives the answer as text."""

    def ask(path: str, body: str | None = None) -> Ask:
        def send() -> str:
            reply = service.ask(path, body.encode() if body else None)
            assert reply.status == 200, reply.body
            return reply.body.decode()

        return send

    figures = {text: ask(f"/api/figure?q={quote(text)}") for text in ASKED}
    return figures | {
        "bar": ask(f"/api/bar?q={quote(BAR)}"),
        "next": ask(f"/api/next?q={quote(BAR)}"),
        "verbatim": ask("/api/check?verbatim=true", KESH),
        "near": ask("/api/check", KESH),
    }


def answers_of(index: Path) -> dict[str, str]:
    """The same of an index that nobody changes, by the library."""
    served = ServedIndex(storage_of(index), frozenset())
    opened, origin = served.current()
    reading: dict[str, Any] = {"reading": AS_FOUND, "view": "tokens"}
    found = {text: origin.answer(opened.figure(text)) for text in ASKED} | {
        "bar": origin.answer(opened.bar(BAR)),
        "next": origin.answer(tunetrace.continuations(BAR, index=opened)),
    }
    found |= {
        name: origin.answer(
            questions.check(opened, KESH.encode(), verbatim=name == "verbatim", **reading)
        )
        for name in ("verbatim", "near")
    }
    served.forget()
    return {name: one.body.decode() for name, one in found.items()}


@pytest.mark.slow
def test_every_answer_during_changes_is_of_one_state_of_the_index(tmp_path: Path) -> None:
    for name, tunes in (("first", [KESH, *some_tunes(1, 20)]), ("more", some_tunes(2, 20))):
        (tmp_path / f"{name}.abc").write_text("\n".join(tunes), encoding="utf-8")
    rehearsed, index = tmp_path / "rehearsed.db", tmp_path / "served.db"
    tunetrace.build_index([tmp_path / "first.abc"], rehearsed)
    shutil.copy(rehearsed, index)
    states = [answers_of(rehearsed)]
    for command in sequence(tmp_path, rehearsed):
        assert call(*command).code == 0
        states.append(answers_of(rehearsed))
    allowed = {name: {state[name] for state in states} for name in states[0]}
    given: list[tuple[str, str]] = []
    failed: list[BaseException] = []
    is_over = Event()

    def client(asked: dict[str, Ask]) -> None:
        try:
            while not is_over.is_set():
                given.extend((name, ask()) for name, ask in asked.items())
        except BaseException as error:
            failed.append(error)

    with running(index, workers=2) as service:
        asked = asked_over_http(service)
        assert {name: ask() for name, ask in asked.items()} == states[0]
        clients = [Thread(target=client, args=(asked,)) for _ in range(4)]
        for one in clients:
            one.start()
        for command in sequence(tmp_path, index):
            assert run(*command).code == 0
        is_over.set()
        for one in clients:
            one.join()
        assert failed == []
        assert {name: ask() for name, ask in asked.items()} == states[-1]
    assert [(name, one) for name, one in given if one not in allowed[name]] == []
    assert len({one for name, one in given if name == "near"}) > 3
    assert run("index", "verify", "--index", str(index)).code == 0
