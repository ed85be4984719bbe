"""Notes and bars of streams of any symbols, and pieces that are equal, as brute force says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.indexer.following.test_continuations import bars_of, notes_of
from tests.indexer.search.test_infinite import search_in
from tests.strategies import corpora
from tunetrace.indexer.following.pieces import (
    Stretches,
    count_pieces,
    equal_pieces,
    kinds_in,
    stretches,
)


def as_rows(found: Stretches) -> list[tuple[int, int, int]]:
    columns = found.starts.tolist(), found.notes.tolist(), found.stops.tolist()
    return list(zip(*columns, strict=True))


@given(corpora)
def test_notes_and_bars_are_found_whatever_the_order_of_the_tokens(tunes: list[list[str]]) -> None:
    search = search_in(tunes)
    (segment,) = search.segments
    for unit, of_tune in (("note", notes_of), ("bar", bars_of)):
        expected, begin = [], 1
        for tune in tunes:
            expected += [tuple(begin + place for place in row[:3]) for row in of_tune(tune)]
            begin += len(tune) + 1
        found = stretches(segment.symbols.tobytes(), kinds_in(search), unit)  # type: ignore[arg-type]
        assert as_rows(found) == expected


@given(st.lists(st.binary(max_size=20) | st.text("ab", max_size=30).map(str.encode)))
def test_pieces_have_one_number_only_if_they_are_equal(pieces: list[bytes]) -> None:
    stream = b"".join(pieces) + bytes([255])
    stops = np.cumsum([0, *map(len, pieces)])[1:]
    starts = stops - [len(piece) for piece in pieces]
    numbers = equal_pieces(stream, starts.astype(np.int64), stops.astype(np.int64)).tolist()
    assert len(set(numbers)) == len(set(zip(numbers, pieces, strict=True))) == len(set(pieces))
    assert sorted(set(numbers)) == list(range(len(set(pieces))))


def test_the_commonest_pieces_come_first_then_those_in_more_tunes_then_the_first() -> None:
    numbers = np.array([3, 0, 1, 1, 2, 2, 0, 0])
    tunes = np.array([1, 1, 1, 1, 2, 3, 4, 4], dtype=np.int32)
    family_of = np.array([0, 7, 8, 8, 7], dtype=np.int32)
    found = count_pieces(numbers, tunes, family_of)
    assert found.hits.tolist() == [3, 2, 2, 1]
    assert found.firsts.tolist() == [1, 4, 2, 0]
    assert found.tunes.tolist() == [2, 2, 1, 1]
    assert found.families is not None
    assert found.families.tolist() == [1, 1, 1, 1]
