"""Segments that are merged in tiers: which, how many are left, and how often a tune is moved."""

from __future__ import annotations

import math
import pickle
import resource
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import call
from tunetrace import (
    OutputError,
    add_to_index,
    build_index,
    compact_index,
    open_index,
    remove_from_index,
    verify_index,
)
from tunetrace.corpus.readers import read_sources
from tunetrace.indexer.build import spool
from tunetrace.indexer.build.merge import TIER, Size, runs_that_fit, tiers
from tunetrace.indexer.build.spool import Spool
from tunetrace.indexer.store.arrays import streams

SCALE = ["C", "D", "E", "F", "G", "A", "B", "c"]


def tune(number: int) -> str:
    """A tune of its own: the number in notes to the base eight, in 4/4."""
    notes = " ".join(SCALE[number >> 3 * digit & 7] for digit in range(8))
    return f"X:{number}\nT:{number}\nM:4/4\nL:1/8\nK:C\n{notes}|\n\n"


def after(sizes: Sequence[int]) -> list[int]:
    """The tunes of segments of these many tunes once they are merged in tiers."""
    groups = tiers([Size(tunes, 10 * tunes) for tunes in sizes])
    assert [place for group in groups for place in group] == list(range(len(sizes)))
    return [sum(sizes[place] for place in group) for group in groups]


@pytest.mark.parametrize(
    ("sizes", "merged"),
    [
        ([], []),
        ([5], [5]),
        ([1] * 7, [1] * 7),
        ([1] * 8, [8]),
        ([8] * 7 + [1] * 7, [8] * 7 + [1] * 7),
        ([8] * 7 + [1] * 8, [64]),  # the eighth of 8 tunes makes eight of them
        ([100, 9, 1], [100, 9, 1]),
        ([1, 9, 100], [110]),  # of tiers 0, 1 and 2
        ([100, 1, 100], [100, 101]),
        ([64, 1, 1, 9, 1], [64, 11, 1]),
    ],
)
def test_small_segments_beside_larger_ones_and_eight_of_a_tier_are_merged(
    sizes: list[int], merged: list[int]
) -> None:
    assert after(sizes) == merged


def test_no_segment_becomes_larger_than_one_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SEGMENT_TUNES", 20)
    assert after([8] * 8) == [16, 16, 16, 16]
    assert after([15, 4, 15]) == [15, 19]
    assert after([15, 6, 15]) == [15, 6, 15]
    monkeypatch.setattr(streams, "SEGMENT_TUNES", 1000)
    monkeypatch.setattr(streams, "SEGMENT_SYMBOLS", 90)
    assert after([1] * 16) == [8, 8]
    assert after([10, 1, 1]) == [10, 1, 1]  # it is too large already, and stays


def test_a_tune_that_is_added_alone_is_moved_once_for_each_tier() -> None:
    # 512 = 8 * 8 * 8 additions: at each eighth 8 tunes are moved, at each 64th 64, at the last 512.
    sizes: list[int] = []
    moved, most = 0, 0
    for _ in range(512):
        sizes.append(1)
        moved += sum(
            sum(sizes[place] for place in group)
            for group in tiers([Size(size, size) for size in sizes])
            if len(group) > 1
        )
        sizes = after(sizes)
        most = max(most, len(sizes))
    assert sizes == [512]
    assert most == 7 * 3  # after 511: seven of 64, seven of 8 and seven of 1
    assert moved == 56 * 8 + 7 * 64 + 512


@given(st.lists(st.integers(1, 60), max_size=80), st.integers(20, 100))
def test_there_are_few_segments_whatever_is_added_and_removed(
    sizes: list[int], largest: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "SEGMENT_TUNES", largest)
        held: list[int] = []
        for size in sizes:
            rest = size  # as a build cuts it
            while rest > 0:
                held.append(min(rest, largest))
                rest -= largest
            held = after(held)
            if size % 5 == 0:  # something of a segment is removed
                held[len(held) // 2] = max(1, held[len(held) // 2] // 2)
                held = after(held)
            assert max(held) <= largest
            tiers_of_largest = math.floor(math.log(largest, TIER)) + 1
            assert len(held) <= 2 * sum(held) / largest + 1 + (TIER - 1) * tiers_of_largest


@given(st.lists(st.integers(1, 30)))
def test_runs_that_fit_hold_as_many_as_go_together(sizes: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "SEGMENT_TUNES", 30)
        runs = runs_that_fit([Size(tunes, 1) for tunes in sizes])
    assert [place for places, _ in runs for place in places] == list(range(len(sizes)))
    totals = [sum(sizes[place] for place in places) for places, _ in runs]
    assert totals == [size.tunes for _, size in runs]
    assert all(total <= 30 for total in totals)
    firsts = [sizes[places.start] for places, _ in runs]
    assert all(total + first > 30 for total, first in zip(totals, firsts[1:], strict=False))


def test_an_index_of_many_additions_has_few_segments_and_is_as_built_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SEGMENT_TUNES", 16)
    paths = [tmp_path / f"c{number}.abc" for number in range(1, 26)]
    for number, path in enumerate(paths, 1):
        path.write_text(tune(number))
    built, grown = tmp_path / "built.db", tmp_path / "grown.db"
    build_index(paths, built)
    build_index(paths[:1], grown)
    counts = [add_to_index([path], grown).info.segments for path in paths[1:]]
    # From 2 to 7; the eighth makes one of 8, the 16th another one, the 24th a third.
    assert counts == [*range(2, 8), 1, *range(2, 9), 2, *range(3, 10), 3, 4]
    with open_index(built) as one, open_index(grown) as many:
        for figure in ("C D", "E C C", "c", "C C C C C C |"):
            assert one.figure(figure, limit=100) == many.figure(figure, limit=100)
        assert one.info().fingerprint == many.info().fingerprint
    assert verify_index(grown, full=True).faults == ()
    compact_index(grown)
    with open_index(grown) as index:
        assert [len(segment.tune_ids) for segment in index.figures.segments] == [16, 9]
    assert verify_index(grown, full=True).faults == ()


def test_ids_are_not_given_again(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    books = [tmp_path / f"c{number}.abc" for number in range(3)]
    for number, book in enumerate(books, 1):
        book.write_text(tune(number))
    build_index(books[:2], path)
    remove_from_index(["c1"], path)
    compact_index(path)
    add_to_index(books[2:], path)
    with open_index(path) as index:
        assert [index.resolve(name) for name in ("c0:1", "c2:3")] == [[1], [3]]


def test_a_segment_that_held_nothing_of_a_removed_corpus_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SEGMENT_TUNES", 2)
    path = tmp_path / "i.db"
    for name, numbers in (("a", (1, 2, 3)), ("b", (4, 5, 6)), ("c", (7, 8))):
        (tmp_path / f"{name}.abc").write_text("".join(map(tune, numbers)))
    build_index([tmp_path / f"{name}.abc" for name in "abc"], path)  # 1 2, 3 4, 5 6, 7 8

    def held() -> dict[int, list[int]]:
        with open_index(path) as index, index._database.connected() as connection:
            loaded = streams.load_segments(connection)
            return {number: segment.tune_ids.tolist() for number, segment in loaded.items()}

    assert held() == {1: [1, 2], 2: [3, 4], 3: [5, 6], 4: [7, 8]}
    remove_from_index(["b"], path)
    assert held() == {1: [1, 2], 5: [3], 4: [7, 8]}
    assert verify_index(path, full=True).faults == ()


# What was read


def test_what_was_read_is_given_again_and_again(tmp_path: Path, shared: Path) -> None:
    (tmp_path / "a.abc").write_text(tune(1) + "X:2\nK:G\nG[AB|\n\n" + tune(3))
    read = list(read_sources([str(tmp_path / "a.abc")]))
    with Spool(read * 1000) as kept:  # several batches
        assert list(kept) == read * 1000
        assert list(kept) == read * 1000
    with Spool([]) as empty:
        assert list(empty) == []


def test_a_full_disk_for_what_was_read_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_IN_MEMORY", 100)
    (tmp_path / "a.abc").write_text(tune(1) * 2000)
    read = list(read_sources([str(tmp_path / "a.abc")]))
    size = len(pickle.dumps(read[:100]))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with pytest.raises(OutputError, match=r"cannot be kept there \(file too large\).*TMPDIR"):
            Spool(read)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_standard_input_is_added_once_read(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    (tmp_path / "a.abc").write_text(tune(1))
    build_index([tmp_path / "a.abc"], path)
    given = "".join(map(tune, range(2, 2002))).encode()
    added = call("index", "add", "-", "--index", path, "--json", stdin=given).json
    assert (added["changes"], added["info"]["tunes"]) == (
        [{"name": "stdin", "change": "added"}], 2001,
    )  # fmt: skip
    again = call("index", "add", "-", "--index", path, "--json", stdin=given).json
    assert again["changes"] == [{"name": "stdin", "change": "unchanged"}]
    other = call("index", "add", "-", "--index", path, stdin=given + tune(2002).encode())
    assert "the index has a corpus 'stdin' with other content" in other.refusal
