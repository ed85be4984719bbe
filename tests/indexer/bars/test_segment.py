"""Bars as arrays of segments, against plain definitions over lists of tokens."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import corpora
from tunetrace.indexer.bars import segment as segment_module
from tunetrace.indexer.bars.found import BarPlaces, find_bars
from tunetrace.indexer.bars.segment import (
    OpenBars,
    SegmentBars,
    are_in,
    asked_keys,
    asked_texts,
    bytes_hash,
    ranges,
)
from tunetrace.indexer.bars.table import BarTable
from tunetrace.indexer.queries.symbols import Element, whole_bar_pattern
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary

pytestmark = pytest.mark.file

VOCABULARY = Vocabulary()
Tunes = list[list[str]]

texts = st.sampled_from(["C", "D", "C 2", "C D E", "z", "^F", "(3 C D E", "_c'''", "no token", ""])
repeated = corpora.flatmap(lambda tunes: st.lists(st.sampled_from(tunes), min_size=1, max_size=8))
"""Tunes of which several have the same bars."""


def in_full(bars: SegmentBars) -> dict[str, tuple[str, list[Any]]]:
    """The type and the numbers of each array."""
    arrays = {"ids": bars.ids} | bars.arrays()
    return {name: (one.dtype.str, one.tolist()) for name, one in arrays.items()}


def segments_of(tunes: Tunes, in_segment: int = 100) -> list[SegmentBars]:
    """The bars of tunes with the ids 10, 20 …, cut into segments."""
    layouts = [lay_out(tune) for tune in tunes]
    ids = range(10, 10 * len(tunes) + 10, 10)
    return [
        SegmentBars.of_layouts(ids[k : k + in_segment], layouts[k : k + in_segment], VOCABULARY)
        for k in range(0, len(tunes), in_segment)
    ]


def hits_by_hand(tunes: Tunes, text: str) -> list[tuple[int, int, int, int]]:
    """The tune, the first token, the part and the number of each bar with a text."""
    return [
        (10 * number, bar.start, bar.part, bar.number)
        for number, tune in enumerate(tunes, 1)
        for bar in lay_out(tune).bars
        if bar.text == text
    ]


def test_the_arrays_of_two_tunes_worked_out_by_hand() -> None:
    # Headers are no part of a bar. A short first bar is number 0. The two bars C D of the second
    # tune are one distinct bar.
    tunes = [["M:4/4", "K:Cmaj", "C", "|", "D", "2", "|"], ["C", "D", "|", "C", "D", "|", "C", "|"]]
    (bars,) = segments_of(tunes)
    by_hash = sorted(["C", "D 2", "C D"], key=lambda text: bytes_hash(text.encode()))
    symbols = [VOCABULARY.encode(text.split()) for text in by_hash]
    assert bars.symbols.tobytes() == b"".join(one + bytes([SEPARATOR]) for one in symbols)
    assert bars.hashes.tolist() == [bytes_hash(text.encode()) for text in by_hash]
    assert bars.starts.tolist() == [0, *np.cumsum([len(one) + 1 for one in symbols]).tolist()]
    of = [by_hash.index(text) for text in ("C", "D 2", "C D", "C D", "C")]
    assert bars.of.tolist() == of
    assert bars.tokens.tolist() == [2, 4, 0, 3, 6]
    assert bars.tunes.tolist() == [0, 2, 5]
    assert bars.hits.tolist() == sorted(range(5), key=lambda bar: (of[bar], bar))
    assert np.diff(bars.firsts).tolist() == [of.count(k) for k in range(3)]
    assert (bars.parts.tolist(), bars.numbers.tolist()) == ([1] * 5, [0, 1, 1, 2, 3])


@given(repeated, st.data())
@settings(max_examples=60)
def test_segments_joined_cut_recoded_and_stored_are_those_of_their_tunes(
    tunes: Tunes, data: st.DataObject
) -> None:
    (whole,) = segments_of(tunes)
    assert whole.has_order()
    pieces = segments_of(tunes, data.draw(st.integers(1, 4)))
    assert in_full(SegmentBars.join(pieces)) == in_full(whole)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(tunes) - 1), min_size=1)))
    some = SegmentBars.of_layouts(
        [10 * k + 10 for k in chosen], [lay_out(tunes[k]) for k in chosen], VOCABULARY
    )
    assert in_full(whole.select(chosen)) == in_full(some)
    assert in_full(SegmentBars.read(whole.arrays(), whole.ids)) == in_full(whole)
    # With other symbols for the same tokens, as after tokens were forgotten.
    table = bytes([*range(255, 0, -1)])[1:] + bytes([0, SEPARATOR])
    symbols = whole.recoded(table).symbols
    assert symbols.tobytes() == whole.symbols.tobytes().translate(table)
    with pytest.raises(ValueError, match="do not fit together"):
        SegmentBars.read(whole.arrays() | {"tunes": whole.tunes[1:]}, whole.ids)
    with pytest.raises(ValueError, match="no array 'hits' of bars"):
        SegmentBars.read({k: v for k, v in whole.arrays().items() if k != "hits"}, whole.ids)


@given(repeated, st.integers(1, 4), st.lists(texts, max_size=6), st.data())
@settings(max_examples=80)
def test_bars_are_found_as_brute_force_finds_them(
    tunes: Tunes, in_segment: int, wanted: list[str], data: st.DataObject
) -> None:
    own = [bar.text for tune in tunes for bar in lay_out(tune).bars]
    wanted += data.draw(st.lists(st.sampled_from(own), max_size=6)) if own else []
    _check_found(tunes, in_segment, wanted, data)


def test_bars_whose_texts_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_module, "bytes_hash", lambda content: len(content) % 2)
    tunes = [["C", "|", "D", "|", "E", "|", "C", "D", "|"], ["E", "|", "^F", "2", "|", "C", "|"]]
    wanted = ["C", "D", "E", "c", "C D", "^F 2", "^F", "z"]
    for in_segment in (1, 2):
        assert all(one.has_order() for one in segments_of(tunes, in_segment))
        for is_admitted in ([True, True], [False, True]):
            _compare(tunes, in_segment, wanted, is_admitted)


def _check_found(tunes: Tunes, in_segment: int, wanted: list[str], data: st.DataObject) -> None:
    masks = st.lists(st.booleans(), min_size=len(tunes), max_size=len(tunes))
    _compare(tunes, in_segment, wanted, data.draw(st.one_of(st.just([True] * len(tunes)), masks)))


def _compare(tunes: Tunes, in_segment: int, wanted: list[str], is_admitted: list[bool]) -> None:
    """Compare both ways to look for bars with the definition."""
    segments = segments_of(tunes, in_segment)
    admitted = np.zeros(10 * len(tunes) + 1, dtype=bool)
    admitted[10::10] = is_admitted
    hits = [
        [hit for hit in hits_by_hand(tunes, text) if admitted[hit[0]]] if text else []
        for text in wanted
    ]
    parts = np.array([1 + k % 2 for k in range(len(wanted))], dtype=np.int32)
    numbers = np.array([k % 3 for k in range(len(wanted))], dtype=np.int32)
    pairs = [(k, 10 * number) for k in range(len(wanted)) for number in range(len(tunes) + 2)]
    bars, ids = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    there = [bool(found) for found in hits]
    placed = [
        any(hit[2:] == place for hit in found)
        for found, place in zip(
            hits, zip(parts.tolist(), numbers.tolist(), strict=True), strict=True
        )
    ]
    in_tunes = [any(hit[0] == tune for hit in hits[k]) for k, tune in pairs]

    asked = asked_texts(wanted, VOCABULARY)
    found = find_bars(segments, asked, None if all(is_admitted) else admitted)
    for k, rows in enumerate(hits):
        places = found.places(k)
        of_hits = zip(
            places.hit_tunes.tolist(), places.parts.tolist(), places.numbers.tolist(), strict=True
        )
        assert list(of_hits) == [(tune, part, number) for tune, _, part, number in rows]
        assert places.hits == len(rows)
        assert places.tunes.tolist() == sorted({row[0] for row in rows})
    assert found.are_there().tolist() == there
    assert found.are_placed(parts, numbers).tolist() == placed
    assert found.are_in_tunes(bars, ids).tolist() == in_tunes

    # Segment by segment, as a batch is matched: what is found somewhere is found.
    merged = np.zeros((2, len(wanted)), dtype=bool)
    merged_in_tunes = np.zeros(len(pairs), dtype=bool)
    for segment in segments:
        own = segment.select(np.flatnonzero(admitted[segment.ids]))
        distinct = own.find(asked)[asked.of]
        merged |= [distinct >= 0, own.are_placed(distinct, parts, numbers)]
        merged_in_tunes |= own.are_in_tunes(distinct[bars], ids)
    assert merged.tolist() == [there, placed]
    assert merged_in_tunes.tolist() == in_tunes


def test_the_tunes_that_have_a_bar_at_the_same_place_come_first() -> None:
    tunes, parts, numbers = np.array(
        [(1, 1, 1), (1, 1, 2), (2, 1, 2), (2, 2, 2), (5, 1, 1), (7, 1, 2), (7, 1, 2)], np.int32
    ).T
    places = BarPlaces(tunes, parts, numbers)
    assert places.first(1, 2, 9) == [1, 2, 7, 5]
    assert places.first(1, 2, 2) == [1, 2]
    assert places.first(2, 2, 3) == [2, 1, 5]
    assert places.first(3, 1, 2) == [1, 2]
    assert places.tunes_at(1, 2).tolist() == [1, 2, 7]
    assert places.tunes.tolist() == [1, 2, 5, 7]
    assert BarPlaces(tunes[:0], parts[:0], numbers[:0]).first(1, 1, 3) == []


@given(repeated, st.integers(1, 4), st.data())
@settings(max_examples=60)
def test_wildcards_match_whole_bars_as_their_definition_says(
    tunes: Tunes, in_segment: int, data: st.DataObject
) -> None:
    names = st.lists(st.sampled_from(["C", "D", "c", "^F", "z", "2", "(3", "_a"]), max_size=3)
    place = st.builds(lambda some, any_: Element(tuple(some), any_), names, st.booleans())
    elements = data.draw(st.lists(place, min_size=1, max_size=5))
    table = BarTable(segments_of(tunes, in_segment), VOCABULARY)
    lengths = r"(?: [\d/<>]+)*"
    words = [
        ("(?:" + "|".join(map(re.escape, one.names)) + ")" if one.names else r"\S+")
        + (lengths if one.has_any_length else "")
        for one in elements
    ]
    texts_found = {
        bar.text
        for tune in tunes
        for bar in lay_out(tune).bars
        if re.fullmatch(" ".join(words), bar.text) and _is_greedy(elements, bar.text.split())
    }
    expected = sorted(hit for text in texts_found for hit in hits_by_hand(tunes, text))
    pattern = whole_bar_pattern(elements, VOCABULARY)
    found = [] if pattern is None else table.matching(pattern).tolist()
    assert [tuple(row) for row in found] == expected
    for text in texts_found:
        by_text = [tuple(row) for row in table.matching(text).tolist()]
        assert by_text == hits_by_hand(tunes, text)
    every = {bar.text for tune in tunes for bar in lay_out(tune).bars}
    assert table.distinct == len(every)


def _is_greedy(elements: list[Element], tokens: list[str]) -> bool:
    """Whether the tokens are matched if an element of any length takes all lengths there are."""
    at = 0
    for element in elements:
        if at == len(tokens) or (element.names and tokens[at] not in element.names):
            return False
        at += 1
        while element.has_any_length and at < len(tokens) and re.fullmatch(r"[\d/<>]+", tokens[at]):
            at += 1
    return at == len(tokens)


@given(repeated, st.integers(1, 3))
@settings(max_examples=60)
def test_the_bar_of_a_token_is_the_last_that_begins_at_or_before_it(
    tunes: Tunes, in_segment: int
) -> None:
    for number, segment in enumerate(segments_of(tunes, in_segment)):
        some = tunes[number * in_segment : (number + 1) * in_segment]
        asked = [
            (tune, token, last)
            for tune, layout in zip(segment.ids.tolist(), map(lay_out, some), strict=True)
            for token in range(len(layout.tokens))
            if (last := _last_bar(layout, token)) is not None
        ]
        ids, tokens, starts = np.array(asked, dtype=np.int64).reshape(-1, 3).T
        found = segment.bars_at(ids, tokens)
        assert segment.tune_of_bars[found].tolist() == ids.tolist()
        assert segment.tokens[found].tolist() == starts.tolist()


def _last_bar(layout: Layout, token: int) -> int | None:
    return max((bar.start for bar in layout.bars if bar.start <= token), default=None)


@given(st.lists(st.binary(max_size=3).map(lambda key: key.replace(b"\xff", b"")), max_size=8))
def test_bars_by_other_keys_than_their_texts_are_found_by_them(keys: list[bytes]) -> None:
    # A tune of eight bars, of which each key stands for one; the others have none.
    (by_text,) = segments_of([[token for _ in range(8) for token in ("C", "|")]])
    bars = np.arange(len(keys))
    of_keys = SegmentBars.of_keys(by_text, bars, keys)
    assert of_keys.has_order()
    wanted = [*keys, b"\0\1\2\3"]
    found = find_bars([of_keys], asked_keys(wanted))
    for k, key in enumerate(wanted):
        at = [by_text.numbers[bar] for bar in bars.tolist() if keys[bar] == key]
        assert found.places(k).numbers.tolist() == at


def test_no_tunes_and_tunes_without_bars_have_no_bars() -> None:
    none = OpenBars().close([], VOCABULARY)
    assert in_full(SegmentBars.join([])) == in_full(none)
    assert find_bars([none], asked_texts(["C"], VOCABULARY)).are_there().tolist() == [False]
    assert find_bars([], asked_texts([], VOCABULARY)).are_there().tolist() == []
    (silent,) = segments_of([["M:4/4", "|"], ["|"]])
    assert len(silent.of) == 0
    assert silent.has_order()
    assert silent.are_in_tunes(np.array([-1, -1]), np.array([10, 20])).tolist() == [False, False]
    assert 10 in silent
    assert 15 not in silent
    assert BarTable([silent], VOCABULARY).distinct == 0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 4))))
def test_ranges_are_joined_in_their_order(pairs: list[tuple[int, int]]) -> None:
    firsts, counts = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    expected = [first + k for first, count in pairs for k in range(count)]
    assert ranges(firsts, counts).tolist() == expected


@given(st.lists(st.integers(-5, 5)), st.lists(st.integers(-5, 5)))
def test_numbers_are_told_to_be_among_others(wanted: list[int], known: list[int]) -> None:
    found = are_in(np.array(wanted, np.int64), np.array(sorted(known), np.int64))
    assert found.tolist() == [one in known for one in wanted]
