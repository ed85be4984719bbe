"""The commands that change an index and look it over, on small tunebooks."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, call, index_of

BAD = "X:8\nT:Bad\nT:Worse\nM:4/4\nK:G\nGABc dedB|\nG[AB|\n"
NO_KEY = "X:9\nT:Keyless\nM:4/4\nGABc|\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A tunebook of Morrison's and two broken tunes."""
    path = tmp_path / "book.abc"
    path.write_text("\n".join([MORRISONS, BAD, NO_KEY]))
    return path


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of The Kesh, as the corpus session."""
    return index_of(tmp_path, KESH)


def test_a_corpus_is_added_shown_and_removed(index: Path, book: Path) -> None:
    added = call("index", "add", book, "--index", index)
    assert (added.code, added.err) == (0, "")
    assert "book: added" in added.out
    assert "2 tunes" in added.out
    again = call("index", "add", book, "--index", index)
    assert "book: already there with the same content; nothing changed" in again.out
    assert call("figure", "C D E", "--index", index, "--json").json["of"] == 2
    removed = call("index", "remove", "book", "--index", index)
    assert "book: removed" in removed.out
    assert call("figure", "C D E", "--index", index, "--json").json["of"] == 1
    assert "1 segment" in call("index", "compact", "--index", index).out


def test_a_change_as_json_says_what_became_of_each_corpus(index: Path, book: Path) -> None:
    report = call("index", "add", book, "--index", index, "--json").json
    assert report.keys() == {"changes", "info", "set_aside"}
    assert report["changes"] == [{"name": "book", "change": "added"}]
    assert report["info"]["tunes"] == 2
    assert [reject["title"] for reject in report["set_aside"]] == ["Bad", "Keyless"]
    report = call("index", "remove", "book", "--index", index, "--json").json
    assert report["changes"] == [{"name": "book", "change": "removed"}]
    assert call("index", "compact", "--index", index, "--json").json["changes"] == []


def test_an_added_corpus_of_other_content_needs_replace(index: Path, tmp_path: Path) -> None:
    (tmp_path / "session.abc").write_text(MORRISONS)
    refusal = call("index", "add", tmp_path / "session.abc", "--index", index).refusal
    assert refusal.startswith(f"{index}: the index has a corpus 'session' with other content")
    assert "--replace" in refusal
    done = call("index", "add", tmp_path / "session.abc", "--replace", "--index", index)
    assert "session: replaced" in done.out
    assert call("figure", "C G C F D", "--index", index, "--json").json["hits"] == 1


def test_every_tune_that_was_read_is_accounted_for(book: Path, tmp_path: Path) -> None:
    index = tmp_path / "i.db"
    built = call("index", "build", book, "--index", index)
    (row,) = [line for line in built.out.splitlines() if line.startswith("book ")]
    assert row.split()[1:4] == ["3", "1", "2"]
    assert f"{book}:16: the tune has no K: field" in built.out
    rejects = call("index", "rejects", "--index", index, "--json").json
    assert [
        {name: reject[name] for name in ("corpus", "number", "title", "line", "column")}
        for reject in rejects
    ] == [
        {"corpus": "book", "number": 8, "title": "Bad", "line": 14, "column": 2},
        {"corpus": "book", "number": 9, "title": "Keyless", "line": 16, "column": None},
    ]
    assert rejects[0]["reason"].startswith("the chord opened with '[' is never closed")
    assert rejects[0]["input"] == str(book)
    (info,) = call("index", "info", "--index", index, "--json").json["corpora"]
    assert info["set_aside"] == sum(info["set_aside_by"].values()) == 2
    assert len(info["set_aside_by"]) == 2


def test_rejects_are_listed_with_file_line_and_reason(book: Path, tmp_path: Path) -> None:
    index = index_of(tmp_path, KESH, BAD)
    call("index", "add", book, "--index", index)
    lines = call("index", "rejects", "--index", index).out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith(f"{book}:14:2: the chord opened with '['")
    assert lines[1].endswith("(X:8 Bad)")
    assert len(call("index", "rejects", "session", "--index", index).out.splitlines()) == 1
    refusal = call("index", "rejects", "sesion", "--index", index).refusal
    assert "no corpus 'sesion'; its corpora are session, book" in refusal
    whole = index_of(tmp_path, KESH, name="whole")
    assert call("index", "rejects", "--index", whole).out == "no tune was set aside\n"
    assert call("index", "rejects", "--index", whole, "--json").json == []


def test_changing_what_is_no_index_is_refused(tmp_path: Path, book: Path) -> None:
    for command in (("add", book), ("remove", "book"), ("compact",), ("verify",), ("rejects",)):
        refusal = call("index", *command, "--index", tmp_path / "absent.db").refusal
        assert "there is no index" in refusal
        refusal = call("index", *command, "--index", book).refusal
        assert "this file is not a tunetrace index" in refusal
        assert book.read_text().startswith("X:7")


@pytest.mark.file
def test_an_index_that_another_changes_is_waited_for_and_then_left(
    index: Path, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunetrace.indexer.store.database.sqlite.LOCK_WAIT_SECONDS", 0.1)
    other = sqlite3.connect(index, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ended = call("index", "add", book, "--index", index)
    other.execute("ROLLBACK")
    other.close()
    assert f"{index}: the index cannot be changed (database is locked)" in ended.refusal


def test_any_title_of_a_tune_finds_it(tmp_path: Path) -> None:
    book = KESH.replace("T:The Kesh\n", "T:The Kesh\nT:Kesh Jig, The\nT:Kincora\n")
    index = index_of(tmp_path, book, MORRISONS)
    for title in ("the kesh", "Kesh Jig", "KINCORA"):
        found = call("figure", "C D E", "--title", title, "--index", index, "--json").json
        assert (found["of"], found["hits"]) == (1, 1)
        assert found["results"][0]["title"] == "The Kesh"
    excluded = call("check", "--exclude-title", "Kincora", "--index", index, "--json",
                    stdin=KESH.encode())  # fmt: skip
    assert excluded.json["tunes"][0]["identical_to"] == []
