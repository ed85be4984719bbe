"""Building: which corpora come of which sources, how tunes are numbered, what is left out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.conftest import V2_SAMPLE
from tests.storages import rows
from tunetrace import Filters, IndexFileError, InputError, build_index, open_index
from tunetrace.indexer.store.arrays import streams

TUNE = "X:{number}\nT:{title}\nM:4/4\nK:C\nCDEF GABc|\n\n"


def write(path: Path, *numbers: int | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(TUNE.format(number=n, title=f"T{n}") for n in numbers))
    return path


def numbers(index_path: Path) -> list[int]:
    return [row[0] for row in rows(index_path, "SELECT number FROM tune ORDER BY id")]


def test_each_source_is_a_corpus_of_its_name(tmp_path: Path) -> None:
    one = write(tmp_path / "one.abc", 1, 2)
    write(tmp_path / "my tunes" / "b.abc", 1)
    write(tmp_path / "my tunes" / "sub" / "a.txt", 2)
    again = write(tmp_path / "other" / "one.abc", 1)
    report = build_index([one, tmp_path / "my tunes", again], tmp_path / "i.db")
    found = [(corpus.name, corpus.tunes) for corpus in report.info.corpora]
    assert found == [("one", 2), ("my_tunes", 2), ("one-2", 1)]
    with open_index(tmp_path / "i.db") as index:
        assert index.figure("C D", Filters(corpus="my_tunes")).of == 2
        assert index.resolve("my_tunes:2") == [4]


def test_numbers_used_twice_or_absent_go_on_after_the_highest(tmp_path: Path) -> None:
    build_index([write(tmp_path / "a.abc", 5, 5, 3, "", 5, 9)], tmp_path / "i.db")
    assert numbers(tmp_path / "i.db") == [5, 10, 3, 11, 12, 9]


def test_without_a_source_the_three_collections_are_built(tmp_path: Path) -> None:
    report = build_index(path=tmp_path / "i.db")
    names = {corpus.name: corpus.tunes + corpus.set_aside for corpus in report.info.corpora}
    assert names == {"oneills": 2009, "airds": 1180, "ryans": 1059}
    assert all(reject.input.split("/")[0] in names for reject in report.set_aside)
    with open_index(tmp_path / "i.db") as index:
        (tune,) = index.resolve("oneills:2")
        assert index.catalogue.tunes([tune])[tune].title == "Fare You Well"


def test_what_is_set_aside_is_counted_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.abc"
    path.write_text(TUNE.format(number=1, title="T") + "X:2\nK:G\nG[AB\n")
    report = build_index([path], tmp_path / "i.db")
    (reject,) = report.set_aside
    assert (reject.input, reject.line, reject.column) == (str(path), 9, 2)
    assert report.info.corpora[0].set_aside == 1


def test_a_source_that_cannot_be_read_is_set_aside_among_others(tmp_path: Path) -> None:
    good, empty = write(tmp_path / "a.abc", 1), tmp_path / "b.abc"
    empty.write_text("")
    report = build_index([good, empty], tmp_path / "i.db")
    assert [(c.name, c.tunes, c.set_aside) for c in report.info.corpora] == [
        ("a", 1, 0), ("b", 0, 1),
    ]  # fmt: skip
    with pytest.raises(InputError, match="empty"):
        build_index([empty], tmp_path / "j.db")
    with pytest.raises(InputError, match="no such file and no corpus with this name"):
        build_index([good, "absent"], tmp_path / "j.db")


def test_a_corpus_is_not_what_lies_in_the_current_folder_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "oneills", 1)
    report = build_index(path=tmp_path / "i.db")
    assert report.info.corpora[0].tunes > 1000
    build_index(["./oneills"], tmp_path / "j.db")
    assert numbers(tmp_path / "j.db") == [1]


def test_a_source_is_named_once(tmp_path: Path) -> None:
    source = write(tmp_path / "a.abc", 1)
    for names, shown in (([source, source], str(source)), (["oneills", "oneills"], "oneills"),
                         (["-", "-"], "standard input")):  # fmt: skip
        with pytest.raises(
            InputError, match="this source is given 2 times; give it once"
        ) as raised:
            build_index(names, tmp_path / "i.db")
        assert str(raised.value).startswith(shown)


@pytest.mark.file
def test_only_an_index_is_replaced(tmp_path: Path) -> None:
    source = write(tmp_path / "a.abc", 1)
    before = source.read_bytes()
    with pytest.raises(IndexFileError, match="this file is not a tunetrace index"):
        build_index([source], source, force=True)
    assert source.read_bytes() == before
    for folder in (tmp_path, Path(), Path("/")):
        with pytest.raises(IndexFileError, match="this is a folder"):
            build_index([source], folder, force=True)
    cut_off = tmp_path / "cut.db"
    for content in (b"", b"SQLite format 3\0", b"SQLi"):
        cut_off.write_bytes(content)
        assert build_index([source], cut_off, force=True).info.tunes == 1


def test_a_tune_that_needs_a_token_too_many_is_set_aside(tmp_path: Path) -> None:
    # 120 lengths that v2 lacks, one a tune; there is room for 118.
    path = tmp_path / "a.txt"
    path.write_text("\n".join(f"M:4/4\nK:Cmaj\nC {n} |\n" for n in range(100, 220)))
    report = build_index([path], tmp_path / "i.db")
    assert report.info.tunes == 118
    assert len(report.set_aside) == 2
    assert "the index has room for 0 more of at most 118" in report.set_aside[0].reason


def test_the_digest_is_that_of_the_transcriptions(tmp_path: Path) -> None:
    path = write(tmp_path / "a.abc", 1)
    report = build_index([path], tmp_path / "i.db")
    expected = hashlib.sha256(path.read_text().strip("\n").encode() + b"\0").hexdigest()
    assert report.info.corpora[0].sha256 == expected


@pytest.mark.parametrize(("limit", "most"), [("SEGMENT_SYMBOLS", 5_000), ("SEGMENT_TUNES", 60)])
def test_a_corpus_over_many_segments_answers_as_over_one(
    limit: str, most: int, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n\n".join((shared / V2_SAMPLE).read_text().split("\n\n")[:400])
    source = tmp_path / "sample.txt"
    source.write_text(text)
    build_index([source], tmp_path / "one.db")
    monkeypatch.setattr(streams, limit, most)
    build_index([source], tmp_path / "many.db")
    figures = ["G, C C", "c 2 B c", "=B", "C", "C? {D E} *", "(3 G A B", "G E | C"]
    with open_index(tmp_path / "one.db") as one, open_index(tmp_path / "many.db") as many:
        assert one.info().segments == 1
        assert many.info().segments > 5
        for figure in figures:
            assert one.figure(figure, limit=50) == many.figure(figure, limit=50)
        assert one.bar("C 3 C 3") == many.bar("C 3 C 3")


def test_the_streams_hold_the_tunes_and_the_suffixes_are_sorted(tmp_path: Path) -> None:
    build_index([write(tmp_path / "a.abc", 1, 2)], tmp_path / "i.db")
    with open_index(tmp_path / "i.db") as index:
        (segment,) = index.figures.segments
        stream = segment.symbols.tobytes()
        pieces = stream.split(b"\xff")
        tokens = [index.vocabulary.decode(piece) for piece in pieces if piece]
        assert tokens == [["M:4/4", "K:Cmaj", *"CDEFGABc", "|"]] * 2
        by_definition = sorted(range(len(stream)), key=lambda at: stream[at:])
        assert segment.suffixes.tolist() == by_definition
