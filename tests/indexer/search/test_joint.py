"""The joint arrays of corpus and batch: as looking at every pair of positions says."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tunetrace.indexer.search.joint import JointArrays
from tunetrace.tokenizer.vocabulary import SEPARATOR

pieces = st.lists(st.lists(st.integers(0, 2), max_size=12), min_size=1, max_size=8)
"""Tunes of three symbols, which have much in common."""


def joined(tunes: list[list[int]]) -> list[int]:
    return [SEPARATOR, *(symbol for tune in tunes for symbol in (*tune, SEPARATOR))]


def shared(symbols: list[int], left: int, right: int) -> int:
    """How many symbols stand at two positions alike, up to a SEPARATOR."""
    length = 0
    while (
        max(left, right) + length < len(symbols)
        and symbols[left + length] == symbols[right + length] != SEPARATOR
    ):
        length += 1
    return length


@given(pieces, st.randoms(use_true_random=False), st.booleans())
def test_the_longest_match_is_the_longest_with_any_position_of_another_group(
    tunes: list[list[int]], chance: random.Random, is_whole: bool
) -> None:
    symbols = joined(tunes)
    every = range(len(symbols))
    first = 0 if is_whole else chance.randrange(len(symbols))
    # Of the positions that are asked for, no group has others too.
    groups = [chance.randrange(3) + 3 * (k >= first) for k in every]
    joint = JointArrays(np.array(symbols, dtype=np.uint8))
    found = joint.matches(np.array(groups, dtype=np.int32), slice(first, None))
    assert found.longest.tolist() == [
        max((shared(symbols, k, other) for other in every if groups[other] != groups[k]), default=0)
        for k in every[first:]
    ]
    for k, (below, at) in enumerate(zip(found.below, found.below_at, strict=True), first):
        if at < 0:
            assert below == 0
        else:
            assert groups[at] != groups[k]
            assert shared(symbols, k, int(at)) == below


@given(pieces)
def test_an_interval_holds_all_positions_that_begin_alike(tunes: list[list[int]]) -> None:
    symbols = joined(tunes)
    joint = JointArrays(np.array(symbols, dtype=np.uint8))
    asked = [
        (at, length)
        for at in range(len(symbols))
        for length in range(1, len(symbols) - at + 1)
        if SEPARATOR not in symbols[at : at + length]
    ]
    positions, lengths = np.array(asked, dtype=np.int32).reshape(-1, 2).T
    first, stop = joint.intervals(positions, lengths)
    for (at, length), low, high in zip(asked, first, stop, strict=True):
        figure = symbols[at : at + length]
        standing = [k for k in range(len(symbols)) if symbols[k : k + length] == figure]
        assert sorted(joint.suffixes[low:high].tolist()) == standing
