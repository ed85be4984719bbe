"""Signatures and buckets: n-grams as numbers, and values that agree as often as sets are alike."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tunetrace.checker.compare.duplicates import BANDS, ROWS, Buckets, ngrams, pieces, signatures

tunes = st.lists(
    st.one_of(
        st.binary(min_size=5, max_size=30),
        st.lists(st.integers(0, 1), min_size=5, max_size=30).map(bytes),
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(tunes)
def test_ngrams_are_those_of_each_tune_once_where_one_follows_on_itself(tunes: list[bytes]) -> None:
    expected = []
    for tune in tunes:
        grams = [int.from_bytes(tune[k : k + 5], "big") for k in range(len(tune) - 4)]
        expected.append([g for k, g in enumerate(grams) if k == 0 or g != grams[k - 1]])
    numbers, counts = ngrams(tunes)
    assert numbers.tolist() == [gram for grams in expected for gram in grams]
    assert counts.tolist() == [len(grams) for grams in expected]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30), st.integers(0, 100))
def test_pieces_are_in_order_whole_and_no_longer_than_need_be(sizes: list[int], most: int) -> None:
    cut = list(pieces(sizes, most))
    assert [size for piece in cut for size in sizes[piece]] == sizes
    for piece, following in zip(cut, [*cut[1:], None], strict=True):
        assert sum(sizes[piece]) <= most or len(sizes[piece]) == 1
        if following is not None:
            assert sum(sizes[piece]) + sizes[following][0] > most


@settings(deadline=None)
@given(tunes)
def test_a_signature_is_of_one_transcription_alone(tunes: list[bytes]) -> None:
    together = signatures(tunes)
    assert together.shape == (BANDS * ROWS, len(tunes))
    for column, tune in enumerate(tunes):
        assert np.array_equal(together[:, column], signatures([tune])[:, 0])


def test_signatures_agree_in_the_share_of_values_that_is_the_similarity() -> None:
    choose = random.Random(1)
    values = BANDS * ROWS
    left, right, similarity = [], [], []
    for _ in range(4_000):
        tune = bytes(choose.randrange(137) for _ in range(150))
        # The copy shares one stretch: of 150 tokens up to 146 n-grams.
        kept = choose.randrange(5, 150)
        left.append(tune)
        right.append(tune[:kept] + bytes(choose.randrange(137) for _ in range(150 - kept)))
        one, other = ({t[k : k + 5] for k in range(146)} for t in (left[-1], right[-1]))
        similarity.append(len(one & other) / len(one | other))
    agree = (signatures(left) == signatures(right)).sum(axis=0)
    expected = np.array(similarity)
    deviation = np.sqrt(values * expected * (1 - expected))
    error = (agree - values * expected)[deviation > 0] / deviation[deviation > 0]
    # As independent trials would: mean 0, standard deviation 1, each known here to 0.016 or so.
    assert abs(error.mean()) < 0.06
    assert abs(error.std() - 1) < 0.06


def test_of_transcriptions_with_little_in_common_few_are_worth_a_comparison() -> None:
    choose = random.Random(2)
    unlike = [bytes(choose.randrange(137) for _ in range(150)) for _ in range(500)]
    later, _ = Buckets().add(unlike)
    assert len(later) == 0


def test_a_crowd_gives_each_transcription_few_pairs_and_each_pair_once() -> None:
    choose = random.Random(3)
    base = bytes(choose.sample(range(137), 137))
    crowd = []
    for _ in range(1_000):
        copy = bytearray(base)
        copy[choose.randrange(137)] = choose.randrange(137, 256)
        crowd.append(bytes(copy))
    later, earlier = Buckets().add(crowd)
    assert bool((earlier < later).all())
    assert len(set(zip(later.tolist(), earlier.tolist(), strict=True))) == len(later)
    each = Counter(later.tolist())
    assert sorted(each) == list(range(1, 1_000))
    assert max(each.values()) <= 32
