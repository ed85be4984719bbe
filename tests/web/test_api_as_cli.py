"""The service answers what the command line prints with `--json`, and `index` besides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.commands import KESH, MORRISONS, call
from tests.web.indexes import KINCORA
from tunetrace import open_index
from tunetrace.web.work.questions import FILES

BROKEN = KESH.replace("A3", "[A")

ASKED: list[tuple[str, dict[str, Any], str]] = [
    ("figure", {"q": "G3 GAB", "in": "G"}, "session"),
    ("figure", {"q": "C 3", "part": 1, "bar": 1, "onset": "0", "limit": 2}, "session"),
    ("figure", {"q": "C 3", "original_key": "G", "corpus": "session", "key": "maj"}, "session"),
    ("figure", {"q": "C", "open_end": True, "title": "The Kesh", "meter": "6/8"}, "session"),
    ("figure", {"q": "+2 +2", "view": "intervals", "exclude_family": ["session:3"]}, "session"),
    ("figure", {"q": "B, B, B, B,"}, ""),
    ("bar", {"q": "C 2 G C B C G C", "limit": 1}, "book"),
    ("bar", {"q": "3 3", "view": "rhythm"}, "session"),
    ("next", {"q": "G3", "in": "G", "notes": 2}, "session"),
    ("next", {"q": "C", "limit": 3}, "book session"),
    ("next", {"q": "D 3", "before": True, "bars": 1, "bar": 2}, "session"),
    ("find", {"q": 'opening "C 3" and not "C D E"'}, "session"),
    ("find", {"q": '"G C B" or "c D"', "limit": 1, "meter": "4/4"}, "book"),
]
"""Questions, and the corpora that the answers quote, each in the order of the index."""


def options(query: dict[str, Any]) -> list[str]:
    """Parameters as options of the command line."""
    found = []
    for name, value in query.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            found.append(option)
        else:
            for one in value if isinstance(value, list) else [value]:
                found += [option, str(one)]
    return found


def apart(answer: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an answer says, and the index that it names."""
    assert answer.status_code == 200, answer.text
    content = answer.json()
    return content, content.pop("index")


def corpora(index: dict[str, Any]) -> list[str]:
    return sorted(one["name"] for one in index["corpora"])


def quoted_in(content: Any) -> list[str]:
    """The corpora of all tunes that an answer names, wherever in it."""
    found = set()
    json.loads(json.dumps(content), object_hook=lambda one: found.add(one.get("corpus")))
    return sorted(found - {None})


@pytest.mark.parametrize(("name", "query", "quoted"), ASKED)
def test_a_search_is_answered_as_on_the_command_line(
    client: TestClient, served: Path, name: str, query: dict[str, Any], quoted: str
) -> None:
    content, index = apart(client.get(f"/api/{name}", params=query))
    given = {other: value for other, value in query.items() if other != "q"}
    printed = call(name, query["q"], *options(given), "--json", "--index", served).json
    assert content == printed
    assert corpora(index) == quoted.split()


@pytest.mark.parametrize("name", ["session:3", "2", "Kincora", "an cat", "the kesh"])
def test_a_tune_is_answered_as_on_the_command_line(
    client: TestClient, served: Path, name: str
) -> None:
    printed = call("tune", name, "--json", "--index", served).json
    for ending in ("", ".json"):
        content, index = apart(client.get(f"/api/tunes/{name}{ending}"))
        assert content == printed
        assert corpora(index) == [printed["corpus"]]


@pytest.mark.parametrize("kind", FILES)
def test_a_tune_as_a_file_is_what_the_command_line_writes(
    client: TestClient, served: Path, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"tune.{kind}"
    assert call("score", "session:9", "-o", file, "--index", served).code == 0
    answer = client.get(f"/api/tunes/session:9.{kind}")
    assert answer.headers["content-type"] == FILES[kind].media_type  # type: ignore[index]
    assert without_dates(answer.content) == without_dates(file.read_bytes())


def without_dates(data: bytes) -> bytes:
    """A file without the line in which a PDF says when it was made."""
    return b"\n".join(line for line in data.split(b"\n") if b"Date (D:" not in line)


@pytest.mark.parametrize(
    "query",
    [{}, {"parts": True, "align": 1, "limit": 1}, {"exclude_title": ["Kincora"]},
     {"min_probability": 0.5, "align": 0}],
)  # fmt: skip
def test_similar_tunes_are_answered_as_on_the_command_line(
    client: TestClient,
    served: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    query: dict[str, Any],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("input").write_text(KINCORA + BROKEN)
    for name, answer in (
        ("session:3", client.get("/api/similar", params={"q": "session:3", **query})),
        ("input", client.post("/api/similar", params=query, content=KINCORA + BROKEN)),
    ):
        content, index = apart(answer)
        assert content == call("similar", name, *options(query), "--json", "--index", served).json
        assert corpora(index) == quoted_in(content)


@pytest.mark.parametrize(
    "query",
    [{}, {"verbatim": True}, {"view": "melody", "copy_share": 0.9},
     {"exclude_tune": ["session:3"], "exclude_title": ["Kincora"], "format": "abc"},
     {"exclude_family": ["session:9"]}],
)  # fmt: skip
def test_a_check_is_answered_as_on_the_command_line(
    client: TestClient,
    served: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    query: dict[str, Any],
) -> None:
    sent = KESH + BROKEN + MORRISONS
    monkeypatch.chdir(tmp_path)
    Path("input").write_text(sent)
    content, index = apart(client.post("/api/check", params=query, content=sent))
    assert content == call("check", "input", *options(query), "--json", "--index", served).json
    assert len(content["tunes"]) == 2
    assert len(content["set_aside"]) == 1
    assert corpora(index) == ["session"]


def test_a_check_without_details_has_the_same_verdict(client: TestClient) -> None:
    whole, _ = apart(client.post("/api/check", content=KESH))
    less, _ = apart(client.post("/api/check", params={"details": False}, content=KESH))
    (tune,) = whole["tunes"]
    assert tune["bars"]
    assert tune["music"]
    places = [{**span, "places": None} for span in tune["spans"]]
    longest = {**tune["longest_span"], "places": None}
    same = {"bars": None, "music": None, "spans": places, "longest_span": longest}
    assert less == {"tunes": [{**tune, **same}], "set_aside": []}


def test_tunes_are_read_as_on_the_command_line(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("input").write_text(KESH + BROKEN)
    content, index = apart(client.post("/api/read", content=KESH + BROKEN))
    texts = [tune.pop("text") for tune in content["tunes"]]
    assert content == call("tokenize", "input", "--json").json
    assert texts == [KESH.rstrip("\n")]
    assert index["corpora"] == []


def test_the_corpora_are_those_of_index_info_without_folders(
    client: TestClient, served: Path
) -> None:
    content, index = apart(client.get("/api/corpora"))
    with open_index(served) as opened:
        known = opened.info().to_dict()
    known["path"] = "small.db"
    for corpus in known["corpora"]:
        corpus["source"] = f"{corpus['name']}.abc"
    assert content == known
    assert index == {"fingerprint": known["fingerprint"], "corpora": []}


def test_the_index_is_named_with_the_licences_of_what_is_quoted(
    client: TestClient, served: Path
) -> None:
    answer = client.get("/api/figure", params={"q": "C 3"})
    with open_index(served) as opened:
        fingerprint = opened.info().fingerprint
    session = {"name": "session", "source": "session.abc", "version": None, "licence": None}
    assert answer.json()["index"] == {"fingerprint": fingerprint, "corpora": [session]}
    assert answer.headers["tunetrace-index"] == fingerprint
    file = client.get("/api/tunes/book:1.abc")
    assert '"name":"book"' in file.headers["tunetrace-corpora"]
    assert "session" not in file.headers["tunetrace-corpora"]


REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("figure", {"q": "H"}, ["figure", "H"]),
    ("figure", {"q": "C", "meter": "reel"}, ["figure", "C", "--meter", "reel"]),
    ("figure", {"q": "C", "corpus": "x"}, ["figure", "C", "--corpus", "x"]),
    ("find", {"q": "not opening"}, ["find", "not opening"]),
    ("next", {"q": "C", "notes": 1, "bars": 1}, ["next", "C", "--notes", "1", "--bars", "1"]),
    ("tunes/keshh", {}, ["tune", "keshh"]),
    ("tunes/session:99", {}, ["tune", "session:99"]),
    ("similar", {"q": "session:99"}, ["similar", "session:99"]),
]


@pytest.mark.parametrize(("path", "query", "command"), REFUSED)
def test_what_has_no_answer_is_refused_with_the_same_sentence(
    client: TestClient, served: Path, path: str, query: dict[str, Any], command: list[str]
) -> None:
    answer = client.get(f"/api/{path}", params=query)
    is_absent = "99" in str((path, query)) or "keshh" in path
    assert answer.status_code == (404 if is_absent else 422)
    assert answer.json()["detail"] == call(*command, "--index", served).refusal


@pytest.mark.parametrize(("name", "command"), [("check", "check"), ("read", "tokenize"),
                                               ("similar", "similar")])  # fmt: skip
def test_a_text_that_cannot_be_read_is_refused_with_the_same_sentence_and_its_place(
    client: TestClient,
    served: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    command: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("input").write_text(BROKEN)
    answer = client.post(f"/api/{name}", content=BROKEN)
    assert answer.status_code == 422
    content = answer.json()
    assert (content["line"], content["column"]) == (6, 8)
    assert content["detail"] == call(command, "input", "--index", served).refusal
