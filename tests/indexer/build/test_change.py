"""Corpora added to an index, replaced and removed: it answers as if it had been built so."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands import call
from tests.conftest import V2_SAMPLE
from tests.indexer.altered import alter_array
from tests.strategies import bodies
from tunetrace import (
    Index,
    IndexFileError,
    InputError,
    QueryError,
    add_to_index,
    build_index,
    check,
    compact_index,
    open_index,
    remove_from_index,
    verify_index,
)
from tunetrace.records import to_plain
from tunetrace.tokenizer.folkrnn import to_folkrnn
from tunetrace.tokenizer.vocabulary import V2_TOKENS

ONE = "X:1\nT:One\nM:4/4\nK:C\nCDEF GABc|\n\n"
TWO = "X:2\nT:Two\nM:6/8\nK:G\nGAB c2d|gfe dcB|\n\n"
ODD = "X:3\nT:Odd\nM:7/8\nK:Dphr\nD_EF GABc|\n\n"
"""A meter and a key that folk-rnn's vocabulary lacks."""


def write(folder: Path, **corpora: str) -> list[Path]:
    for name, text in corpora.items():
        (folder / f"{name}.abc").write_text(text)
    return [folder / f"{name}.abc" for name in corpora]


def changes(report: Any) -> dict[str, str]:
    return {change.name: change.change for change in report.changes}


def answers(index: Index, figures: Sequence[str], tune: str) -> list[Any]:
    """What an index says of some figures and bars and of a tune, ids and dates apart."""

    def without_ids(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: without_ids(v) for k, v in value.items() if k not in ("tune", "added")}
        return [without_ids(v) for v in value] if isinstance(value, list) else value

    said = [index.figure(figure, limit=100) for figure in figures]
    said += [index.bar(figure, limit=100) for figure in figures if "|" not in figure]
    return [without_ids(to_plain(answer)) for answer in (*said, check(tune, index))]


def test_what_is_added_piece_by_piece_answers_as_what_is_built_at_once(
    shared: Path, tmp_path: Path
) -> None:
    tunes = (shared / V2_SAMPLE).read_text().split("\n\n")
    pieces = [tunes[:150], tunes[150:151], tunes[151:400]]
    paths = [tmp_path / f"{name}.txt" for name in "abc"]
    for path, piece in zip(paths, pieces, strict=True):
        path.write_text("\n\n".join(piece))
    build_index(paths, tmp_path / "one.db")
    build_index(paths[:1], tmp_path / "many.db")
    for path in paths[1:]:
        add_to_index([path], tmp_path / "many.db")
    figures = ["G, C C", "c 2 B c", "=B", "C", "C? {D E} *", "(3 G A B", "G E | C", "C 3 C 3"]
    with open_index(tmp_path / "one.db") as one, open_index(tmp_path / "many.db") as many:
        # One tune and 249 become one segment: tiers do not rise.
        assert (one.info().segments, many.info().segments) == (1, 2)
        built, added = (
            [replace(corpus, added="") for corpus in index.info().corpora] for index in (one, many)
        )
        assert built == added
        for figure in figures:
            assert one.figure(figure, limit=500) == many.figure(figure, limit=500)
        for tune in tunes[400:405]:
            assert check(tune, one) == check(tune, many)
    compact_index(tmp_path / "many.db")
    with open_index(tmp_path / "one.db") as one, open_index(tmp_path / "many.db") as many:
        assert many.info().segments == 1
        for figure in figures:
            assert one.figure(figure, limit=500) == many.figure(figure, limit=500)


@pytest.mark.file
def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    one, two = write(tmp_path, one=ONE, two=TWO)
    build_index([one], path)
    before = path.read_bytes()
    assert changes(add_to_index([one], path)) == {"one": "unchanged"}
    assert path.read_bytes() == before
    assert changes(add_to_index([one, two], path)) == {"one": "unchanged", "two": "added"}
    with open_index(path) as index:
        assert [corpus.name for corpus in index.info().corpora] == ["one", "two"]


@pytest.mark.file
def test_a_corpus_of_other_content_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    one, two = write(tmp_path, one=ONE, two=TWO)
    build_index([one, two], path)
    before = path.read_bytes()
    write(tmp_path, one=ONE.replace("CDEF", "CEGE"))
    with pytest.raises(
        IndexFileError, match=r"the index has a corpus 'one' with other content.*--replace"
    ):
        add_to_index([one], path)
    assert path.read_bytes() == before
    assert changes(add_to_index([one], path, replace=True)) == {"one": "replaced"}
    with open_index(path) as index:
        assert index.figure("C E G E").hits == 1
        assert index.figure("C D E F").hits == 0
        assert index.bar("C D E F G A B c").hits == 0
        assert index.info().distinct_bars == 3
    assert verify_index(path, full=True).faults == ()


def test_files_of_one_name_are_told_apart_by_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    for folder, text in (("x", ONE), ("y", TWO)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.abc").write_text(text)
    x, y = tmp_path / "x" / "t.abc", tmp_path / "y" / "t.abc"
    build_index([x], path)
    with pytest.raises(
        IndexFileError, match="the index has a corpus 't' with other content"
    ) as raised:
        add_to_index([y], path)
    assert f"(from {x})" in str(raised.value)
    assert "--name" in str(raised.value)
    assert changes(add_to_index([x, y], path)) == {"t": "unchanged", "t-2": "added"}
    y.write_text(TWO + ODD)
    assert changes(add_to_index([y], path, replace=True)) == {"t-2": "replaced"}
    with open_index(path) as index:
        assert [(c.name, c.tunes) for c in index.info().corpora] == [("t", 1), ("t-2", 2)]


def test_a_file_keeps_the_name_that_it_has_whatever_is_added_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    books = {}
    for folder, text in (("a", ONE), ("b", TWO), ("c", ODD)):
        (tmp_path / folder).mkdir()
        books[folder] = tmp_path / folder / "book.abc"
        books[folder].write_text(text)
    build_index([books["a"], books["b"]], path)
    report = add_to_index([books["c"], books["a"]], path, replace=True)
    assert changes(report) == {"book-3": "added", "book": "unchanged"}
    with open_index(path) as index:
        assert [c.name for c in index.info().corpora] == ["book", "book-2", "book-3"]
    again = tmp_path / "a" / ".." / "a" / "book.abc"
    with pytest.raises(InputError, match="this source is given 2 times"):
        add_to_index([books["a"], again], path)


def test_standard_input_is_another_thing_each_time(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    call("index", "build", "-", "--name", "first", "--index", path, stdin=ONE.encode())
    added = call("index", "add", "-", "--replace", "--index", path, "--json", stdin=TWO.encode())
    assert added.json["changes"] == [{"name": "stdin", "change": "added"}]
    with open_index(path) as index:
        assert [c.name for c in index.info().corpora] == ["first", "stdin"]


@pytest.mark.file
def test_a_damaged_index_is_not_added_to(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    (one,) = write(tmp_path, one=ONE)
    build_index([one], path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DELETE FROM segment")
    connection.close()
    with pytest.raises(IndexFileError, match="the index is damaged"):
        add_to_index([one], path)


def test_a_corpus_has_the_name_that_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    one, two = write(tmp_path, one=ONE, two=TWO)
    build_index([one], path, name="mine")
    assert changes(add_to_index([two], path, name="yours")) == {"yours": "added"}
    assert changes(add_to_index([one, two], path)) == {"mine": "unchanged", "yours": "unchanged"}
    with open_index(path) as index:
        assert index.resolve("yours:2") == [2]
    for sources, name in (
        ([one, two], "ours"),
        ([one], "a b"),
        ([one], "a:b"),
        ([one], ""),
        ([one], "\udcff"),
        ([one], "a\x1b[31mb"),
    ):
        with pytest.raises(InputError, match="give one source, and a name without spaces"):
            add_to_index(sources, path, name=name)


@pytest.mark.file
def test_a_text_that_is_read_otherwise_is_another_content(tmp_path: Path) -> None:
    # As after an upgrade whose reader makes other tokens of it: D written as E in the index.
    path = tmp_path / "i.db"
    (one,) = write(tmp_path, one=ONE)
    build_index([one], path)
    d, e = (V2_TOKENS.index(token) for token in "DE")
    alter_array(path, "tokens", "stream", lambda stream: np.where(stream == d, e, stream))
    with pytest.raises(IndexFileError, match="the index has a corpus 'one' with other content"):
        add_to_index([one], path)
    assert changes(add_to_index([one], path, replace=True)) == {"one": "replaced"}
    assert verify_index(path, full=True).faults == ()


def test_what_is_refused_is_said_of_new_corpora_alone(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    one, two = write(tmp_path, one=ONE + "X:2\nK:G\nG[AB|\n", two="X:9\nK:G\nG[AB|\n")
    build_index([one], path)
    with pytest.raises(InputError, match="none of the 1 tunes can be read") as raised:
        add_to_index([one, two], path)
    assert f"({two}:3:2)" in str(raised.value)


def test_a_tune_mended_in_a_corpus_makes_it_another(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    (book,) = write(tmp_path, book=ONE + "X:2\nT:Two\nK:G\nG[AB|\n")
    assert len(build_index([book], path).set_aside) == 1
    write(tmp_path, book=ONE + "X:2\nT:Two\nK:G\nG{AB|\n")  # broken in another way
    report = add_to_index([book], path, replace=True)
    assert changes(report) == {"book": "replaced"}
    assert [reject.title for reject in report.set_aside] == ["Two"]


@pytest.mark.file
def test_what_cannot_be_added_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    one, two, empty, broken = write(
        tmp_path, one=ONE, two=TWO, empty="", broken="X:1\nK:G\nG[AB|\n"
    )
    build_index([one], path)
    before = path.read_bytes()
    for sources, error, reason in (
        ([empty], InputError, "empty"),
        ([broken], InputError, "none of the 1 tunes can be read"),
        ([two, tmp_path / "absent.abc"], InputError, "no such file"),
        ([two, "onells"], InputError, "no corpus with this name"),
    ):
        with pytest.raises(error, match=reason):
            add_to_index(sources, path)
        assert path.read_bytes() == before
    with pytest.raises(IndexFileError, match="there is no index"):
        add_to_index([two], tmp_path / "absent.db")


def test_a_source_that_cannot_be_read_is_set_aside_among_others(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    one, two, empty = write(tmp_path, one=ONE, two=TWO, empty="")
    build_index([one], path)
    report = add_to_index([two, empty], path)
    assert changes(report) == {"two": "added", "empty": "added"}
    assert [reject.kind for reject in report.set_aside] == ["unreadable file"]


def test_a_removed_corpus_is_gone_and_the_others_keep_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    build_index(write(tmp_path, one=ONE, two=TWO, odd=ODD), path)
    assert changes(remove_from_index(["two"], path)) == {"two": "removed"}
    with open_index(path) as index:
        assert [index.resolve(name) for name in ("one:1", "odd:3")] == [[1], [3]]
        assert index.figure("C D E").of == 2
        assert index.figure("C D E").hits == 1
        assert index.info().tunes == 2
        with pytest.raises(QueryError, match="there is no tune 'Two' in the index"):
            index.resolve("Two")
    with pytest.raises(QueryError, match="no corpus 'two'; its corpora are one, odd"):
        remove_from_index(["one", "two"], path)
    with open_index(path) as index:
        assert index.info().tunes == 2


def test_an_index_without_a_corpus_answers_and_takes_one_in(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    (one,) = write(tmp_path, one=ONE)
    build_index([one], path)
    remove_from_index(["one"], path)
    assert verify_index(path, full=True).faults == ()
    compact_index(path)
    with open_index(path) as index:
        assert (index.figure("C").of, index.info().segments) == (0, 0)
        (tune,) = check(ONE, index).tunes
        assert tune.longest_span is None
    add_to_index([one], path)
    with open_index(path) as index:
        assert index.figure("C D E F").hits == 1


@pytest.mark.file
def test_compacting_forgets_tokens_that_no_tune_has(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    build_index(write(tmp_path, odd=ODD, two=TWO.replace("6/8", "5/4")), path)
    remove_from_index(["odd"], path)
    with open_index(path) as index:
        assert set(index.vocabulary.extensions) >= {"M:7/8", "K:Cphr", "M:5/4"}
        before = index.figure("C D E")
    size = path.stat().st_size
    compact_index(path)
    with open_index(path) as index:
        assert index.vocabulary.extensions == ["M:5/4"]
        assert index.figure("C D E") == before
    assert path.stat().st_size <= size
    assert verify_index(path, full=True).faults == ()


def test_an_open_index_says_when_it_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    one, two = write(tmp_path, one=ONE, two=TWO)
    build_index([one], path)
    with open_index(path) as index:
        add_to_index([two], path)
        with pytest.raises(
            IndexFileError, match="changed after it was opened; open the index again"
        ):
            index.figure("C D E")


@pytest.mark.file
def test_an_index_is_read_while_another_changes_it(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    build_index(write(tmp_path, one=ONE), path)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA cache_spill = OFF")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM piece")
    with open_index(path) as index:
        assert index.bar("C D E F G A B c").hits == 1
    writer.execute("ROLLBACK")
    writer.close()


steps = st.lists(
    st.tuples(st.sampled_from(["add", "replace", "remove", "compact"]), st.integers(0, 2), bodies),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(steps, bodies)
def test_after_any_changes_an_index_answers_as_one_built_anew(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int, list[str]]],
    tune: list[str],
) -> None:
    folder = tmp_path_factory.mktemp("changes")
    path = folder / "i.db"
    header = ["M:4/4", "K:Cmaj"]
    (folder / "base.txt").write_text(to_folkrnn([*header, *tune], title="Base"))
    build_index([folder / "base.txt"], path)
    held = ["base"]
    for what, which, body in steps:
        name = f"corpus{which}"
        source = folder / f"{name}.txt"
        if what == "compact":
            compact_index(path)
        elif what == "remove" and name in held:
            remove_from_index([name], path)
            held.remove(name)
        elif what == "replace" or (what == "add" and name not in held):
            source.write_text(to_folkrnn([*header, *body], title=f"T{which}"))
            became = changes(add_to_index([source], path, replace=True))[name]
            if became == "replaced":
                held.remove(name)
            if became != "unchanged":
                held.append(name)
    assert verify_index(path, full=True).faults == ()
    build_index([folder / f"{name}.txt" for name in held], folder / "anew.db")
    figures = ["C", "C D", "c 2", "E | C", "{C D} *"]
    checked = to_folkrnn([*header, *tune, "|", "C", "D", "E"])
    with open_index(path) as changed, open_index(folder / "anew.db") as anew:
        assert answers(changed, figures, checked) == answers(anew, figures, checked)
        assert changed.info().fingerprint == anew.info().fingerprint


def test_the_fingerprint_is_the_digest_of_names_digests_and_counts(tmp_path: Path) -> None:
    (path,) = write(tmp_path, one=ONE)
    info = build_index([path], tmp_path / "i.db").info
    content = hashlib.sha256(ONE.strip().encode() + b"\0").hexdigest()
    known = f'[["one", "{content}", 1, 9]]'  # eight notes and a bar line
    assert info.corpora[0].sha256 == content
    assert info.fingerprint == hashlib.sha256(known.encode()).hexdigest()
    assert (
        f"fingerprint: {info.fingerprint}\n"
        in call("index", "info", "--index", tmp_path / "i.db").out
    )


def test_another_name_text_or_order_is_another_fingerprint(tmp_path: Path) -> None:
    one, two, other = write(tmp_path, one=ONE, two=TWO, other=ONE)
    orders = ([one, two], [two, one], [other, two], [one], [two])
    infos = [build_index(some, tmp_path / "i.db", force=True).info for some in orders]
    one.write_text(ONE.replace("GABc", "GABd"))
    infos.append(build_index([one, two], tmp_path / "i.db", force=True).info)
    assert len({info.fingerprint for info in infos}) == len(infos)
