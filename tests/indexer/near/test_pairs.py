"""The notes that an alignment puts under one another, against the recurrences written out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tunetrace.indexer.near.align import pairs
from tunetrace.indexer.near.segment import MIDDLE

PITCHES = st.lists(st.integers(-10, 20), min_size=1, max_size=9)


def scored(left: int, right: int, up: int) -> int:
    apart = (left + up - right) % 7
    return (5, -2, -3, -4)[min(apart, 7 - apart)]


def best(own: Sequence[int], other: Sequence[int], up: int, *, whole: bool) -> int:
    """The score of the best alignment, by trying every one; a gap of n notes costs 4 + 4n."""

    @cache
    def from_here(i: int, j: int) -> int:
        found = [] if whole and (i, j) != (len(own), len(other)) else [0]
        if i < len(own) and j < len(other):
            found.append(scored(own[i], other[j], up) + from_here(i + 1, j + 1))
        found += [from_here(k, j) - 4 - 4 * (k - i) for k in range(i + 1, len(own) + 1)]
        found += [from_here(i, k) - 4 - 4 * (k - j) for k in range(j + 1, len(other) + 1)]
        return max(found)

    if whole:
        return from_here(0, 0)
    starts = ((i, j) for i in range(len(own) + 1) for j in range(len(other) + 1))
    return max(from_here(i, j) for i, j in starts)


@given(own=PITCHES, other=PITCHES, up=st.integers(0, 6), whole=st.booleans())
def test_the_pairs_make_the_best_score_of_all_alignments(
    own: list[int], other: list[int], up: int, whole: bool
) -> None:
    as_bytes = [bytes(step + MIDDLE for step in some) for some in (own, other)]
    score, found = pairs(as_bytes[0], as_bytes[1], up, whole=whole)
    assert score == best(own, other, up, whole=whole)
    # The pairs that are given have this score, with the gaps that they leave.
    total = sum(scored(own[i], other[j], up) for i, j in found)
    ends = [(-1, -1), *found, (len(own), len(other))] if whole else found
    for (i, j), (k, m) in pairwise(ends):
        assert k > i
        assert m > j
        total -= sum(4 + 4 * gap for gap in (k - i - 1, m - j - 1) if gap)
    assert total == score


def test_nothing_lies_under_nothing() -> None:
    assert pairs(b"", b"ab", 0) == (0, [])
    assert pairs(b"ab", b"", 3, whole=True) == (0, [])
