"""Duplicates in a batch: the rules by hand, all pairs by brute force, batches made to be hard."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import GENERATED
from tunetrace.checker.compare.duplicates import Duplicates, Repeat
from tunetrace.corpus.readers import read
from tunetrace.corpus.records import Rejected
from tunetrace.tokenizer.vocabulary import Vocabulary

TOKENS = 137
LONG = bytes(range(100))  # 96 n-grams, no two of them the same


def found(tunes: Sequence[bytes], cuts: Sequence[int] = ()) -> list[Repeat | None]:
    """What a batch repeats when it comes in slices, cut at these places."""
    duplicates = Duplicates()
    places = [0, *sorted(cut % (len(tunes) + 1) for cut in cuts), len(tunes)]
    slices = [duplicates.add(tunes[start:stop]) for start, stop in pairwise(places)]
    return [repeat for slice_ in slices for repeat in slice_]


def n_grams(tune: bytes) -> set[bytes]:
    return {tune[k : k + 5] for k in range(len(tune) - 4)}


def jaccard(left: set[bytes], right: set[bytes]) -> float:
    """The similarity of two sets; 0 where both are empty."""
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared) if left or right else 0.0


def likeness(one: bytes, other: bytes) -> float:
    return jaccard(n_grams(one), n_grams(other))


def brute_force(tunes: Sequence[bytes]) -> list[Repeat | None]:
    """What each repeats, by a comparison with every earlier one."""
    sets = [n_grams(tune) for tune in tunes]
    answers: list[Repeat | None] = []
    for place, tune in enumerate(tunes):
        if tune in tunes[:place]:
            answers.append(Repeat(tunes.index(tune), 1.0, True))
            continue
        alike = [(jaccard(sets[place], sets[of]), -of) for of in range(place)]
        similarity, of = max(alike, default=(0.0, 0))
        answers.append(Repeat(-of, similarity, False) if similarity >= 0.8 else None)
    return answers


def changed(tune: bytes, changes: int, choose: random.Random) -> bytes:
    """A copy with some tokens, chosen at random, replaced by others."""
    copy = bytearray(tune)
    for place in choose.sample(range(len(copy)), changes):
        copy[place] = (copy[place] + choose.randrange(1, TOKENS)) % TOKENS
    return bytes(copy)


def noise(length: int, choose: random.Random) -> bytes:
    return bytes(choose.randrange(TOKENS) for _ in range(length))


# The rules, by hand


def test_an_exact_duplicate_points_at_the_first() -> None:
    assert found([LONG, LONG[::-1], LONG, LONG]) == [
        None,
        None,
        Repeat(0, 1.0, True),
        Repeat(0, 1.0, True),
    ]


def test_four_n_grams_of_five_are_a_near_duplicate_and_three_of_four_are_none() -> None:
    # 9 symbols have 5 n-grams, 8 of them 4, and 7 of them 3.
    assert found([LONG[:9], LONG[:8]]) == [None, Repeat(0, 0.8, False)]
    assert found([LONG[:8], LONG[:7]]) == [None, None]


def test_one_changed_token_costs_the_five_n_grams_around_it() -> None:
    copy = bytes(200 if symbol == 50 else symbol for symbol in LONG)
    assert found([LONG, copy]) == [None, Repeat(0, 91 / 101, False)]


def test_a_near_duplicate_points_at_the_most_similar_and_of_these_at_the_earliest() -> None:
    # 96 n-grams against 86, 91, 95 and 95: the last two are without the first or the last token.
    earlier = [LONG[:90], LONG[:95], LONG[:99], LONG[1:]]
    assert found([*earlier, LONG])[-1] == Repeat(2, 95 / 96, False)


def test_an_exact_duplicate_goes_before_an_earlier_one_with_the_same_set() -> None:
    short, long = bytes([1, 2] * 5), bytes([1, 2] * 9)
    assert found([short, long, long]) == [None, Repeat(0, 1.0, False), Repeat(1, 1.0, True)]


def test_what_is_too_short_for_n_grams_is_compared_exactly() -> None:
    tunes = [b"", LONG[:4], b"", LONG[:3], LONG[:4], LONG[:5]]
    expected = [None, None, Repeat(0, 1.0, True), None, Repeat(1, 1.0, True), None]
    assert found(tunes) == expected


def test_places_count_through_all_slices_and_an_empty_slice_counts_nothing() -> None:
    duplicates = Duplicates()
    assert duplicates.add([LONG[:50], b""]) == [None, None]
    assert duplicates.add([]) == []
    assert duplicates.add([LONG[50:], LONG[:50]]) == [None, Repeat(0, 1.0, True)]
    assert duplicates.add([LONG[50:99], b""]) == [Repeat(2, 45 / 46, False), Repeat(1, 1.0, True)]


def test_all_256_symbols_are_told_apart() -> None:
    tunes = [bytes([symbol] * 6) for symbol in range(256)]
    assert found(tunes) == [None] * 256


def test_no_n_gram_weighs_more_than_another_not_even_that_of_zeros() -> None:
    tune = bytes([0, 0, 0, 0, 0, 1, 0, 0, 0])  # five n-grams, the first of them all zeros
    assert found([tune, tune[1:]]) == [None, Repeat(0, 0.8, False)]


# All pairs by brute force


@st.composite
def batches(draw: st.DrawFn, most: int) -> list[bytes]:
    """Transcriptions of few tokens and copies of them: changed, cut, put together."""
    tunes: list[bytes] = []
    for _ in range(draw(st.integers(1, most))):
        fresh = draw(st.lists(st.integers(0, draw(st.sampled_from([1, 3, 255]))), max_size=40))
        tune = bytes(fresh)
        if tunes:
            earlier = draw(st.sampled_from(tunes))
            at = draw(st.integers(0, len(earlier)))
            tune = draw(
                st.sampled_from(
                    [tune, earlier, earlier[:at], earlier[:at] + tune[:1] + earlier[at + 1 :],
                     earlier + tune[:3], tune + earlier]
                )
            )  # fmt: skip
        tunes.append(tune)
    return tunes


# Of up to 16 none can come late into a crowded bucket, so that the answer is brute force's.
@settings(max_examples=300, deadline=None)
@given(batches(16), st.lists(st.integers(0, 16), max_size=4))
def test_the_answers_are_those_of_brute_force_however_the_batch_is_cut(
    tunes: list[bytes], cuts: list[int]
) -> None:
    expected = brute_force(tunes)
    assert found(tunes) == expected
    assert found(tunes, cuts) == expected


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(2, 137),
    st.lists(st.integers(0, 300), min_size=1, max_size=4),
)
def test_in_a_crowd_too_the_cuts_make_no_difference(
    seed: int, symbols: int, cuts: list[int]
) -> None:
    choose = random.Random(seed)
    base = bytes(choose.randrange(symbols) for _ in range(100))
    tunes = [changed(base, choose.randrange(4), choose) for _ in range(300)]
    assert found(tunes, cuts) == found(tunes)


# Batches made to be hard


def check_each(tunes: Sequence[bytes], repeats: Sequence[Repeat | None]) -> None:
    """Each repeat names an earlier one, the first of exact ones, and its true similarity."""
    first: dict[bytes, int] = {}
    for place, (tune, repeat) in enumerate(zip(tunes, repeats, strict=True)):
        if tune in first:
            assert repeat == Repeat(first[tune], 1.0, True)
        elif repeat is not None:
            assert repeat.of < place
            assert repeat.similarity == likeness(tune, tunes[repeat.of]) >= 0.8
        first.setdefault(tune, place)


def test_of_many_identical_ones_all_repeat_the_first() -> None:
    assert found([LONG] * 30_000) == [None] + [Repeat(0, 1.0, True)] * 29_999
    assert found([b""] * 30_000) == [None] + [Repeat(0, 1.0, True)] * 29_999


def test_one_token_repeated_at_many_lengths_repeats_the_first_with_an_n_gram() -> None:
    tunes = [bytes([7] * length) for length in range(3_000)]
    expected = [None] * 6 + [Repeat(5, 1.0, False)] * 2_994  # of 0 to 4 tokens no two are the same
    assert found(tunes) == expected
    assert found(tunes[::-1]) == [None] + [Repeat(0, 1.0, False)] * 2_994 + [None] * 5


def test_where_all_are_near_duplicates_of_each_other_all_but_the_first_repeat_one() -> None:
    choose = random.Random(1)
    base = bytes(choose.sample(range(TOKENS), TOKENS))
    # Two copies differ in two tokens at most: in 10 of 133 n-grams, so that 123 of 143 are shared.
    tunes = [changed(base, 1, choose) for _ in range(6_000)]
    repeats = found(tunes)
    check_each(tunes, repeats)
    assert repeats[0] is None
    assert None not in repeats[1:]


def test_of_sixteen_near_duplicates_the_most_similar_is_named() -> None:
    choose = random.Random(6)
    tunes = []
    for _ in range(30):
        base = bytes(choose.sample(range(TOKENS), TOKENS))
        tunes += [changed(base, 1, choose) for _ in range(17)]
    choose.shuffle(tunes)
    assert found(tunes) == brute_force(tunes)


def test_in_a_crowd_that_is_almost_alike_most_near_duplicates_are_found() -> None:
    choose = random.Random(7)
    base = bytes(choose.sample(range(TOKENS), TOKENS))
    # Three changed tokens each: two copies share 103 n-grams of 163, a few happen to share more.
    tunes = [changed(base, 3, choose) for _ in range(800)]
    repeats, expected = found(tunes), brute_force(tunes)
    check_each(tunes, repeats)
    repeating = [place for place, repeat in enumerate(expected) if repeat is not None]
    assert len(repeating) > 30
    assert sum(repeats[place] is None for place in repeating) < len(repeating) / 4


def test_a_near_duplicate_is_found_where_all_have_much_in_common() -> None:
    choose = random.Random(2)
    shared = noise(100, choose)
    tunes = [shared + noise(50, choose) for _ in range(5_000)]
    # The last token of the shared part: a copy keeps 141 of 146 n-grams.
    copies = [tune[:99] + bytes([200]) + tune[100:] for tune in tunes[::50]]
    assert found([*tunes, *copies]) == [None] * 5_000 + [
        Repeat(50 * k, 141 / 151, False) for k in range(100)
    ]


def test_a_very_long_one_among_short_ones_is_compared_like_them() -> None:
    choose = random.Random(3)
    long = noise(400_000, choose)
    assert found([LONG, long, LONG[:99], long[1:]]) == [
        None, None, Repeat(0, 95 / 96, False), Repeat(1, likeness(long, long[1:]), False),
    ]  # fmt: skip


# Real transcriptions


@pytest.fixture(scope="module")
def generated(shared: Path) -> list[bytes]:
    """The transcriptions of the sample of a model's output, without their headers."""
    vocabulary = Vocabulary()
    tunes = [t for t in read(shared / GENERATED) if not isinstance(t, Rejected)]
    learnt = [vocabulary.learn(tune.tokens) for tune in tunes]
    return [symbols.translate(None, delete=vocabulary.headers) for symbols in learnt]


def test_copies_planted_among_real_transcriptions_are_those_of_brute_force(
    generated: list[bytes],
) -> None:
    choose = random.Random(4)
    tunes = generated[:300]
    tunes += [changed(choose.choice(tunes), choose.randrange(1, 6), choose) for _ in range(100)]
    tunes += choose.sample(tunes, 20)
    choose.shuffle(tunes)
    expected = brute_force(tunes)
    assert found(tunes, [130, 131]) == expected
    # Whether or not the sample repeats itself, the planted ones do, some exactly and some nearly.
    similarities = {repeat.similarity for repeat in expected if repeat is not None}
    assert 1.0 in similarities
    assert min(similarities) < 0.85


def test_copies_of_real_transcriptions_are_found_in_the_whole_sample(
    generated: list[bytes],
) -> None:
    choose = random.Random(5)
    originals = [place for place, tune in enumerate(generated) if len(tune) >= 100][::7]
    copies = [changed(generated[place], 1, choose) for place in originals]
    repeats = found([*generated, *copies], [5_000])
    check_each([*generated, *copies], repeats)
    for place, copy, repeat in zip(originals, copies, repeats[len(generated) :], strict=True):
        if likeness(copy, generated[place]) >= 0.8:
            assert repeat is not None
            assert repeat.similarity >= likeness(copy, generated[place])
