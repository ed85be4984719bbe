"""Index files that are not whole, not ours or not where they should be."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import KESH, MORRISONS, Ended, call, index_of, run
from tunetrace import (
    Filters,
    IndexFileError,
    check,
    corpus_stats,
    measure_baseline,
    ngrams,
    open_index,
    tune,
)
from tunetrace.indexer.search.views import VIEWS
from tunetrace.indexer.store.schema import SCHEMA_VERSION
from tunetrace.tokenizer.layout.bars import lay_out

PAGE = 8192


@pytest.fixture(scope="module")
def whole(storage: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of an index of two tunes."""
    return index_of(tmp_path_factory.mktemp("session"), KESH, MORRISONS).read_bytes()


def questions(path: Path) -> list[Ended]:
    """What each command that reads an index says of one."""
    return [
        call(*arguments, "--index", path, stdin=KESH.encode())
        for arguments in (("figure", "C D E"), ("bar", "C 3 C D E"), ("check",), ("index", "info"))
    ]


def altered(path: Path, whole: bytes, statement: str) -> Path:
    """The index after an SQL statement, at path."""
    path.write_bytes(whole)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()
    return path


@pytest.mark.file
def test_an_index_cut_off_anywhere_is_refused_by_every_command(
    tmp_path: Path, whole: bytes
) -> None:
    cut = tmp_path / "cut.db"
    for size in (0, 1, 15, 16, 50, 99, 100, PAGE, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:size])
        for ended in questions(cut):
            assert ended.refusal.startswith(f"{cut}: "), size


@pytest.mark.file
def test_a_text_file_is_no_index(tmp_path: Path) -> None:
    path = tmp_path / "kesh.abc"
    path.write_text(KESH * 100)
    for ended in questions(path):
        assert "this file is not a tunetrace index" in ended.refusal
        assert "--index" in ended.refusal


@pytest.mark.file
def test_a_database_of_another_program_is_no_index(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmark (url TEXT)")
    connection.close()
    for ended in questions(path):
        assert "another program" in ended.refusal


@pytest.mark.file
def test_an_index_of_another_schema_version_is_refused_with_both_versions(
    tmp_path: Path, whole: bytes
) -> None:
    path = altered(tmp_path / "old.db", whole, "PRAGMA user_version = 99")
    for ended in questions(path):
        assert (
            f"schema version 99, but this tunetrace reads version {SCHEMA_VERSION}" in ended.refusal
        )
        assert "use a newer tunetrace" in ended.refusal


@pytest.mark.file
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE piece SET content = substr(content, 1, 9) || x'00' || substr(content, 11)",
        "UPDATE piece SET content = substr(content, 2)",
        "DELETE FROM piece",
        "DELETE FROM array",
        "UPDATE array SET dtype = 'O'",
        "UPDATE array SET name = 'name'",
        "UPDATE array SET sha256 = ''",
        "UPDATE meta SET value = '{' WHERE name = 'vocabulary'",
        """UPDATE meta SET value = '["H"]' WHERE name = 'vocabulary'""",
        "UPDATE meta SET value = 'null' WHERE name = 'vocabulary'",
        "DELETE FROM meta",
        "DROP TABLE tune",
        "DROP TABLE piece",
        "DROP TABLE segment",
        "DROP TABLE array",
    ],
)
def test_an_index_whose_content_was_altered_is_refused(
    tmp_path: Path, whole: bytes, statement: str
) -> None:
    path = altered(tmp_path / "altered.db", whole, statement)
    ended = call("check", "--index", path, stdin=KESH.encode())
    assert ended.refusal.startswith(f"{path}: the index is damaged")
    assert "--force" in ended.refusal


@pytest.mark.file
def test_no_page_of_zeros_ends_a_command_in_a_traceback(tmp_path: Path, whole: bytes) -> None:
    # As a download or a disk that failed half-way leaves a file.
    path = tmp_path / "holes.db"
    refusals = 0
    for page in range(len(whole) // PAGE):
        start = page * PAGE + (100 if page == 0 else 0)  # after the header
        stop = (page + 1) * PAGE
        path.write_bytes(whole[:start] + bytes(stop - start) + whole[stop:])
        for ended in questions(path):
            if ended.code:
                assert ended.refusal.startswith(f"{path}: "), page
                refusals += 1
    assert refusals


@pytest.mark.file
@pytest.mark.parametrize(
    "name",
    ["my tunes.db", "q?x.db", "a#b.db", "100%.db", "a%20b.db", "[1].db", "é.db", "ḱ.db", "-.db"],
)
def test_an_index_may_have_any_name(tmp_path: Path, whole: bytes, name: str) -> None:
    book = tmp_path / "kesh.abc"
    book.write_text(KESH)
    place = tmp_path / "place"
    # What a build that was killed left: no process has a number as high as this.
    left = place / f"{name}.building-999999999"
    place.mkdir()
    left.write_bytes(b"")
    built = call("index", "build", book, "--index", place / name, "--json").json
    assert (built["path"], built["tunes"]) == (str(place / name), 1)
    assert [found.name for found in place.iterdir()] == [name]
    assert call("figure", "C D E", "--index", place / name, "--json").json["hits"] == 1


@pytest.mark.file
@pytest.mark.slow
def test_an_index_may_have_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    book = tmp_path / "kesh.abc"
    book.write_text(KESH)
    path = tmp_path / "\udcff.db"
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    assert run("index", "build", book, "--index", path, env=strict).code == 0
    for arguments in (("index", "info"), ("index", "info", "--json"), ("figure", "C D E")):
        ended = run(*arguments, "--index", path, env=strict)
        assert (ended.code, ended.err) == (0, "")


def test_a_closed_index_refuses_every_question(tmp_path: Path) -> None:
    path = index_of(tmp_path, KESH, MORRISONS)
    measure_baseline(path)
    index = open_index(path)
    (hit,) = index.figure("C 3 C D E").results
    assert index.bar("C 3 C D E").hits == 1
    assert index.baseline is not None
    questions: list[Callable[[], object]] = [
        lambda: index.figure("C 3 C D E"),
        lambda: index.figure("C 3 C D E", limit=0),
        lambda: index.bar("C 3 C D E"),
        lambda: index.bar_table.find(["C 3 C D E"]),
        lambda: index.bars_in(VIEWS["melody"]),
        lambda: index.info(),
        lambda: index.rejects(),
        lambda: index.resolve("The Kesh"),
        lambda: index.tokens(hit.tune),
        lambda: index.layout(hit.tune),
        lambda: index.hits([]),
        lambda: index.same_music([lay_out(["C"] * 8)]),
        lambda: index.admitted(Filters()),
        lambda: index.mask([1]),
        lambda: index.catalogue.tunes([hit.tune]),
        lambda: index.baseline,
        lambda: index.backoff,
        lambda: index.vocabulary,
        lambda: index.tunes,
        lambda: check(KESH, index),
        lambda: tune("session:3", index=index),
        lambda: ngrams(3, index=index),
        lambda: corpus_stats(index=index),
    ]
    for question in questions:
        question()
    index.close()
    index.close()
    for number, question in enumerate(questions):
        with pytest.raises(IndexFileError) as raised:
            question()
        assert (
            str(raised.value)
            == f"{path}: this Index was closed; open it again with tunetrace.open_index"
        ), number
