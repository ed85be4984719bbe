"""An index builds, verifies and changes its views, and counts n-grams in them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import V2_SAMPLE
from tests.indexer.altered import alter_array
from tests.indexer.search import plain_views
from tests.indexer.search.plain_views import NAMES
from tunetrace import (
    Index,
    IndexFileError,
    Rejected,
    add_to_index,
    build_index,
    check,
    compact_index,
    ngrams,
    open_index,
    read,
    remove_from_index,
    verify_index,
)
from tunetrace.arguments import ViewName
from tunetrace.indexer.search.views import VIEWS
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

STRAIGHT = "T:Straight\nM:4/4\nK:Cmaj\n| C 2 E 2 G 2 c 2 | z 2 c 2 ^F 2 D 2 |"
SWUNG = "T:Swung\nM:4/4\nK:Cmix\n|: G | C > E [ E G ] c | =F 4 c 4 :|"


def encoded(name: str, tokens: list[str]) -> bytes:
    """The symbols of a tune by the definition of the view."""
    names = VIEWS[name].alphabet(Vocabulary()).names
    return bytes(names.index(symbol) for symbol in plain_views.names(name, tokens))


def by_definition(index: Index, name: str) -> Iterator[tuple[bytes, list[int]]]:
    """The stream and the suffix array of each segment, from the tokens of its tunes."""
    for segment in index.figures.segments:
        stream = bytes([SEPARATOR])
        for tune in segment.tune_ids.tolist():
            stream += encoded(name, index.tokens(tune)) + bytes([SEPARATOR])
        yield stream, sorted(range(len(stream)), key=lambda at: stream[at:])


def written(index: Index, name: str) -> list[tuple[bytes, list[int]]]:
    """The stream and the suffix array of each segment, as the index has them."""
    segments = index.in_view(VIEWS[name]).segments
    return [(segment.symbols.tobytes(), segment.suffixes.tolist()) for segment in segments]


def tunes_index(tmp_path: Path) -> Path:
    (tmp_path / "tunes.txt").write_text(f"{STRAIGHT}\n\n{SWUNG}")
    build_index([tmp_path / "tunes.txt"], tmp_path / "i.db")
    return tmp_path / "i.db"


def test_streams_and_suffix_arrays_are_those_of_the_definition(
    shared: Path, tmp_path: Path
) -> None:
    path = tmp_path / "i.db"
    tunes = (shared / V2_SAMPLE).read_text().split("\n\n")[:60]
    for k in range(3):
        (tmp_path / f"{k}.txt").write_text("\n\n".join(tunes[20 * k : 20 * (k + 1)]))
    build_index([tmp_path / "0.txt"], path)
    for k in (1, 2):
        add_to_index([tmp_path / f"{k}.txt"], path)
    with open_index(path) as index:
        for name in NAMES:
            assert len(written(index, name)) == 3
            assert written(index, name) == list(by_definition(index, name))
        for tune in range(1, 61):
            for name in NAMES:
                _check_a_figure(index, tune, VIEWS[name].name)
        symbols = sum(
            len(segment.symbols)
            for view in VIEWS.values()
            for segment in index.in_view(view).segments
        )
    report = verify_index(path, full=True)
    assert (report.faults, report.suffixes) == ((), symbols)


def _check_a_figure(index: Index, tune: int, name: ViewName) -> None:
    """A figure from the middle of a tune is found there, and shown from its first note on."""
    symbols = plain_views.symbols(name, index.tokens(tune))
    first = len(symbols) // 2
    some = symbols[first : first + 9]
    found = index.figure(" ".join(symbol.name for symbol in some), limit=9999, view=name)
    place = index.layout(tune).position(next(symbol.first for symbol in some if symbol.first >= 0))
    hits = [(hit.tune, hit.part, hit.bar, hit.onset) for hit in found.results]
    assert (tune, place.part, place.bar, place.onset) in hits


@pytest.mark.file
def test_the_views_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    path = tunes_index(tmp_path)
    alter_array(path, "melody", "suffixes", None)
    with open_index(path) as index:
        assert index.figure("C 2").tunes == 1
        assert check(STRAIGHT, index).tunes[0].verdict.kind == "whole"
        assert index.figure("U", view="contour").tunes == 2
        with pytest.raises(IndexFileError, match="damaged"):
            index.figure("0 4", view="melody")


@pytest.mark.file
def test_a_table_of_bars_that_lacks_some_is_damaged(tmp_path: Path) -> None:
    path = tunes_index(tmp_path)
    # The first bar of the second tune becomes one of the first.
    alter_array(path, "bars", "tunes", lambda tunes: tunes + (tunes == tunes[1]))
    with open_index(path) as index, pytest.raises(IndexFileError, match="damaged"):
        check(STRAIGHT, index, view="melody")


@pytest.mark.file
@pytest.mark.parametrize("name", NAMES)
def test_what_was_altered_in_a_view_is_named(tmp_path: Path, name: str) -> None:
    path = tunes_index(tmp_path)
    assert verify_index(path, full=True).faults == ()
    # Each symbol is one higher than before, so that the order of the suffixes stays the same.
    alter_array(path, name, "stream", lambda stream: stream + (stream != SEPARATOR))
    assert verify_index(path, full=True).faults == (
        f"the symbols in the view {name} of 2 of the 2 tunes checked do not agree with the stream",
    )
    alter_array(path, name, "stream", None)
    assert verify_index(path).faults[0] == f"segment 1 has no stream of the view {name}"


def test_changes_of_an_index_keep_its_views(tmp_path: Path) -> None:
    path = tunes_index(tmp_path)
    (tmp_path / "first.txt").write_text("T:First\nM:4/4\nK:Cmaj\n| ^^C _G __e C |")
    (tmp_path / "second.txt").write_text("T:Second\nM:4/4\nK:Cmaj\n| C __e ^^f' C |")

    def check_views(segments: int, tunes: int) -> None:
        with open_index(path) as index:
            assert len(index.figures.segments) == segments
            for name in NAMES:
                assert written(index, name) == list(by_definition(index, name))
                assert index.in_view(VIEWS[name]).tunes == tunes
            # Both places of the bar are whole bars, whatever segment they are in.
            assert index.bar("1 1 1 1", view="rhythm").hits == tunes - 2
        assert verify_index(path, full=True).faults == ()

    add_to_index([tmp_path / "first.txt", tmp_path / "second.txt"], path)
    check_views(2, 4)
    remove_from_index("first", path)
    check_views(2, 3)
    with open_index(path) as index:
        assert "^^C" in index.vocabulary
    compact_index(path)  # forgets the tokens of `first`, so that those of `second` move
    check_views(1, 3)
    with open_index(path) as index:
        assert "^^C" not in index.vocabulary
        assert index.tokens(4)[2:] == ["|", "C", "__e", "^^f'", "C", "|"]
        assert index.figure("0 14 31 0", view="melody").tunes == 1
        assert index.bar("0 14 31 0", view="melody").results[0].reference == "second:1"
    (tmp_path / "second.txt").write_text("T:Second\nM:4/4\nK:Cmaj\n| c C c d |")
    add_to_index([tmp_path / "second.txt"], path, replace=True)
    check_views(2, 3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 3, 9])
def test_ngrams_of_a_view_are_those_of_brute_force(
    shared: Path, tmp_path: Path, name: ViewName, n: int
) -> None:
    tunes = (shared / V2_SAMPLE).read_text().split("\n\n")[:50]
    (tmp_path / "corpus.txt").write_text("\n\n".join(tunes[:30]))
    (tmp_path / "more.txt").write_text("\n\n".join(tunes[30:]))
    build_index([tmp_path / "corpus.txt"], tmp_path / "i.db")
    hits: Counter[str] = Counter()
    having: defaultdict[str, set[int]] = defaultdict(set)
    for number, tune in enumerate(read(tmp_path / "corpus.txt")):
        assert not isinstance(tune, Rejected)
        own = plain_views.names(name, tune.tokens)
        for at in range(len(own) - n + 1):
            if "other" not in own[at : at + n]:
                ngram = " ".join(own[at : at + n])
                hits[ngram] += 1
                having[ngram].add(number)
    expected = {(text, len(having[text]), hits[text]) for text in hits}
    found = ngrams(n, tmp_path / "i.db", top=10**6, view=name)
    assert {(one.text, one.tunes, one.hits) for one in found.ngrams} == expected
    assert (found.view, found.different, found.of) == (name, len(expected), 30)
    of_file = ngrams(
        n, tmp_path / "i.db", top=10**6, view=name, only_in=tmp_path / "corpus.txt",
        not_in=tmp_path / "more.txt",
    )  # fmt: skip
    others = {
        " ".join(own[at : at + n])
        for tune in read(tmp_path / "more.txt")
        if not isinstance(tune, Rejected)
        for own in [plain_views.names(name, tune.tokens)]
        for at in range(len(own) - n + 1)
    }
    kept = {row for row in expected if row[0] not in others}
    assert {(one.text, one.tunes, one.hits) for one in of_file.ngrams} == kept
