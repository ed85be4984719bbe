"""A second view, declared here: the index builds, searches, verifies and changes it like the first.

The view is the melody: one symbol a note, its pitch in semitones above C. A chord is its top note.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import V2_SAMPLE
from tunetrace import (
    Filters,
    Index,
    IndexFileError,
    QueryError,
    add_to_index,
    build_index,
    compact_index,
    open_index,
    remove_from_index,
    verify_index,
)
from tunetrace.indexer.search.query import FigureQuery, parse_words
from tunetrace.indexer.search.views import TOKENS, VIEWS, Alphabet, View
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.layout.pitches import MIDDLE_C, sounding
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

LOWEST = -60
ALPHABET = Alphabet(
    names=[str(semitones) for semitones in range(LOWEST, LOWEST + 128)],
    boundaries=bytes([SEPARATOR]),
    continuing=b"",
)


def notes(layout: Layout) -> tuple[list[int], list[int]]:
    firsts, stops = [], []
    for bar in layout.bars:
        for first, stop, sounds in zip(
            bar.events.starts, bar.events.stops, bar.events.sounds, strict=True
        ):
            if sounds:
                firsts.append(bar.start + first)
                stops.append(bar.start + stop)
    return firsts, stops


def melody(layout: Layout, encoded: bytes) -> bytes:
    heard = sounding(layout.tokens)
    return bytes(
        max(heard[token] for token in range(first, stop) if token in heard) - MIDDLE_C - LOWEST
        for first, stop in zip(*notes(layout), strict=True)
    )


def extent(layout: Layout, first: int, stop: int) -> tuple[int, int]:
    firsts, stops = notes(layout)
    return firsts[first], stops[stop - 1]


def parse(text: str, vocabulary: Vocabulary) -> FigureQuery:
    query = parse_words(text)
    for element in query.elements:
        for name in element.names:
            if name not in ALPHABET.names:
                raise QueryError(f"'{name}' is not a number of semitones; give one such as 7 or -5")
    return query


MELODY = View(
    name="melody",
    forgives="Lengths, rests, bar lines, repeats and how the pitches are written.",
    alphabet=lambda vocabulary: ALPHABET,
    symbols=melody,
    extent=extent,
    parse=parse,
)


@pytest.fixture(autouse=True)
def _declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIEWS, MELODY.name, MELODY)


def by_definition(index: Index) -> Iterator[tuple[bytes, list[int]]]:
    """The stream and the suffix array of each segment, from the tokens of its tunes."""
    for segment in index.figures.segments:
        stream = bytes([SEPARATOR])
        for tune in segment.tune_ids.tolist():
            stream += melody(lay_out(index.tokens(tune)), b"") + bytes([SEPARATOR])
        yield stream, sorted(range(len(stream)), key=lambda at: stream[at:])


def written(index: Index) -> list[tuple[bytes, list[int]]]:
    """The stream and the suffix array of each segment, as the index has them."""
    segments = index.in_view(MELODY).segments
    return [(segment.stream, segment.suffixes.tolist()) for segment in segments]


def test_the_package_declares_the_tokens_alone() -> None:
    assert VIEWS == {"tokens": TOKENS, "melody": MELODY}


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
        assert len(written(index)) == 3
        assert written(index) == list(by_definition(index))
        for tune in range(1, 61):
            _check_a_figure(index, tune)
        symbols = sum(
            len(segment.stream)
            for view in VIEWS.values()
            for segment in index.in_view(view).segments
        )
    report = verify_index(path, full=True)
    assert (report.faults, report.suffixes) == ((), symbols)


def _check_a_figure(index: Index, tune: int) -> None:
    """A figure from the middle of a tune is found there, and shown with its notes."""
    layout = index.layout(tune)
    symbols = melody(layout, b"")
    first = len(symbols) // 2
    figure = symbols[first : first + 8]
    names = " ".join(ALPHABET.names[symbol] for symbol in figure)
    (hit,) = index.hits([(tune, first, len(figure))], MELODY)
    assert hit in index.figure(names, limit=9999, view=MELODY).results
    firsts, stops = notes(layout)
    own = layout.tokens[firsts[first] : stops[first + len(figure) - 1]]
    assert hit.context[slice(*hit.found)] == " ".join(own)


STRAIGHT = "T:Straight\nM:4/4\nK:Cmaj\n| C 2 E 2 G 2 c 2 | z 2 c 2 ^F 2 D 2 |"
SWUNG = "T:Swung\nM:4/4\nK:Cmix\n|: G | C > E [ E G ] c | =F 4 c 4 :|"


def tunes_index(tmp_path: Path) -> Path:
    (tmp_path / "tunes.txt").write_text(f"{STRAIGHT}\n\n{SWUNG}")
    build_index([tmp_path / "tunes.txt"], tmp_path / "i.db")
    return tmp_path / "i.db"


def test_a_figure_is_found_in_other_lengths_and_maps_back_to_its_notes(tmp_path: Path) -> None:
    with open_index(tunes_index(tmp_path)) as index:
        assert index.figure("C E G c").hits == 0
        found = index.figure("0 4 7 12", view=MELODY)
        assert (found.tunes, found.hits, found.of, found.expected) == (2, 2, 2, None)
        straight, swung = found.results
        assert (straight.title, straight.part, straight.bar, straight.onset) == (
            "Straight", 1, 1, 0)  # fmt: skip
        assert straight.context[slice(*straight.found)] == "C 2 E 2 G 2 c 2"
        assert (swung.title, swung.bar) == ("Swung", 1)
        assert swung.context[slice(*swung.found)] == "C > E [ E G ] c"
        # A rest and a bar line between two notes are forgiven, and so is a sharp of the bar.
        across = index.figure("12 12 6", view=MELODY)
        assert [hit.context[slice(*hit.found)] for hit in across.results] == ["c 2 | z 2 c 2 ^F 2"]
        assert index.figure("7 12 5", Filters(bar=1), view=MELODY).hits == 1
        assert index.figure("7 12 5", Filters(bar=2), view=MELODY).hits == 0


def test_a_symbol_may_stand_for_two_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    intervals = replace(
        MELODY,
        name="intervals",
        forgives="What melody forgives, and the pitch of the first note.",
        symbols=lambda layout, encoded: bytes(
            right - left - LOWEST for left, right in pairwise(melody(layout, encoded))
        ),
        extent=lambda layout, first, stop: extent(layout, first, stop + 1),
    )
    monkeypatch.setitem(VIEWS, intervals.name, intervals)
    with open_index(tunes_index(tmp_path)) as index:
        found = index.figure("-6 -4", view=intervals)
        assert [hit.context[slice(*hit.found)] for hit in found.results] == ["c 2 ^F 2 D 2"]
        assert index.figure("5 3", view=intervals).hits == 0
        assert index.figure("4 3 5", view=intervals).tunes == 2


def test_wildcards_work_in_every_view(tmp_path: Path) -> None:
    with open_index(tunes_index(tmp_path)) as index:
        assert index.figure("0 * {7 8} 12", view=MELODY).tunes == 2
        assert index.figure("12 {5 6}", view=MELODY).hits == 2
        with pytest.raises(QueryError, match="'C' is not a number of semitones"):
            index.figure("C E", view=MELODY)


def test_what_was_altered_in_a_view_is_named(tmp_path: Path) -> None:
    path = tunes_index(tmp_path)
    assert verify_index(path, full=True).faults == ()
    connection = sqlite3.connect(path, isolation_level=None)
    (stream,) = connection.execute("SELECT stream FROM view WHERE name = 'melody'").fetchone()
    # The order of its suffixes stays the same.
    altered = stream.replace(bytes([12 - LOWEST]), bytes([13 - LOWEST]))
    connection.execute(
        "UPDATE view SET stream = ?, stream_crc32 = ? WHERE name = 'melody'",
        (altered, zlib.crc32(altered)),
    )
    assert verify_index(path, full=True).faults == (
        "the symbols in the view melody of 2 of the 2 tunes checked do not agree with the stream",
    )
    connection.execute("DELETE FROM view WHERE name = 'melody'")
    connection.close()
    assert "an array of segment 1 does not match its checksum" in verify_index(path).faults[0]
    with open_index(path) as index:
        assert index.figure("C 2").tunes == 1
        with pytest.raises(IndexFileError, match="damaged"):
            index.figure("0 4", view=MELODY)


def test_changes_of_an_index_keep_its_views(tmp_path: Path) -> None:
    path = tunes_index(tmp_path)
    (tmp_path / "first.txt").write_text("T:First\nM:4/4\nK:Cmaj\n| ^^C _G __e C |")
    (tmp_path / "second.txt").write_text("T:Second\nM:4/4\nK:Cmaj\n| C __e ^^f' C |")

    def check(segments: int, tunes: int) -> None:
        with open_index(path) as index:
            assert len(index.figures.segments) == segments
            assert written(index) == list(by_definition(index))
            assert index.in_view(MELODY).tunes == tunes
        assert verify_index(path, full=True).faults == ()

    add_to_index([tmp_path / "first.txt", tmp_path / "second.txt"], path)
    check(2, 4)
    remove_from_index("first", path)
    check(2, 3)
    with open_index(path) as index:
        assert "^^C" in index.vocabulary
    compact_index(path)  # forgets the tokens of `first`, so that those of `second` move
    check(1, 3)
    with open_index(path) as index:
        assert "^^C" not in index.vocabulary
        assert index.tokens(4)[2:] == ["|", "C", "__e", "^^f'", "C", "|"]
        assert index.figure("0 14 31 0", view=MELODY).tunes == 1
    (tmp_path / "second.txt").write_text("T:Second\nM:4/4\nK:Cmaj\n| c C |")
    add_to_index([tmp_path / "second.txt"], path, replace=True)
    check(2, 3)
