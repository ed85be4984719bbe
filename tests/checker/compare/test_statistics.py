"""The statistics: values by hand, scipy and numpy as the other program."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats

from tests.checker.baseline.peoples import baseline
from tunetrace.checker.compare.statistics import compare_batches, compare_with_baseline, holm

SHARES = {"copied_8"}

values = st.lists(st.integers(0, 12).map(lambda k: k / 12), min_size=1, max_size=30)


def column(*numbers: float) -> dict[str, NDArray[np.float64]]:
    return {"copied_8": np.array(numbers, dtype=np.float64)}


# Against real tunes


def test_the_expected_mean_weighs_each_stratum_by_the_batch() -> None:
    # 4/4: 0 and 0.4 by turns, mean 0.2, variance 0.04 * 40/39; 6/8: 0.5 and 0.7, mean 0.6, a
    # quarter of that variance.
    people = baseline(["4/4"] * 40 + ["6/8"] * 40, [100] * 80, [0.0, 0.4] * 20 + [0.5, 0.7] * 20)
    batch = column(0.3, 0.1, 0.2, 1.0)
    expected, found = compare_with_baseline(["4/4", "4/4", "4/4", "6/8"], [100] * 4, batch,
                                            people, ())["copied_8"]  # fmt: skip
    assert expected == pytest.approx(0.75 * 0.2 + 0.25 * 0.6)
    assert found.mean == pytest.approx(0.4 - 0.3)
    assert (found.test, found.p, found.superiority) == (None, None, None)
    # What each has above its stratum: 0.1, -0.1, 0, 0.4; mean 0.1, sum of squares 0.14.
    terms = [(0.14 / 3 / 4, 3), (0.75**2 * 0.04 / 39, 39), (0.25**2 * 0.01 / 39, 39)]
    variance = sum(term for term, _ in terms)
    freedom = variance**2 / sum(term**2 / free for term, free in terms)
    reach = stats.t.ppf(0.975, freedom) * math.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((0.1 - reach, 0.1 + reach), rel=1e-5)


def test_a_batch_of_peoples_tunes_does_not_differ_from_them() -> None:
    random = np.random.default_rng(4)
    meter = random.choice(["4/4", "6/8"], 500).tolist()
    notes = random.integers(50, 200, 500).tolist()
    numbers = random.random(500)
    people = baseline(meter, notes, numbers.tolist())
    expected, found = compare_with_baseline(meter, notes, column(*numbers), people, SHARES)[
        "copied_8"
    ]
    assert expected == pytest.approx(numbers.mean())
    assert found.mean == pytest.approx(0, abs=1e-6)


def test_the_interval_holds_the_truth_in_19_of_20_cases() -> None:
    # Batches of 40 and baselines of 160 from one law, by meter: the true difference is 0.1.
    random = np.random.default_rng(7)
    means = {"4/4": 0.0, "6/8": 3.0}
    held = 0
    for _ in range(400):
        ours = random.choice(["4/4", "6/8"], 40, p=[0.8, 0.2]).tolist()
        theirs = random.choice(["4/4", "6/8"], 160).tolist()
        people = baseline(
            theirs, [100] * 160, [means[m] + random.standard_normal() for m in theirs]
        )
        batch = column(*(means[m] + 0.1 + random.standard_normal() for m in ours))
        _, found = compare_with_baseline(ours, [100] * 40, batch, people, ())["copied_8"]
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.1 <= found.high
    # Of 400 cases 380 are expected, with a standard deviation of 4.4.
    assert 366 <= held <= 394


@pytest.mark.parametrize("size", [2, 5, 20, 100])
def test_a_small_batch_of_what_people_made_seldom_seems_to_have_less_or_more(size: int) -> None:
    # Nine in ten have none of it, so that most small batches have none.
    random = np.random.default_rng(11)
    people = baseline(["4/4"] * 1000, [100] * 1000, [0.0] * 900 + [0.2] * 100)
    differs = 0
    for _ in range(400):
        batch = column(*random.choice(people.values["copied_8"], size))
        _, found = compare_with_baseline(["4/4"] * size, [100] * size, batch, people, SHARES)[
            "copied_8"
        ]
        assert found.low is not None
        assert found.high is not None
        differs += found.low > 0 or found.high < 0
    # Of 400 cases no more than 20 are expected, with a standard deviation of 4.4.
    assert differs <= 33


def test_a_batch_is_taken_to_vary_as_people_do_if_it_seems_to_vary_less() -> None:
    # People's variance is 0.01 * 40/39, of each stratum; that of two equal numbers is 0.
    people = baseline(["4/4"] * 40 + ["6/8"] * 40, [100] * 80, [0.3, 0.5] * 20 + [0.6, 0.8] * 20)
    _, found = compare_with_baseline(["4/4", "6/8"], [100] * 2, column(0.1, 0.4),
                                     people, ())["copied_8"]  # fmt: skip
    terms = [(0.01 * 40 / 39 / 2, 78), (0.25 * 0.01 / 39, 39), (0.25 * 0.01 / 39, 39)]
    variance = sum(term for term, _ in terms)
    freedom = variance**2 / sum(term**2 / free for term, free in terms)
    reach = stats.t.ppf(0.975, freedom) * math.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((-0.3 - reach, -0.3 + reach), rel=1e-5)


def test_one_transcription_has_a_difference_and_no_interval() -> None:
    people = baseline(["4/4"] * 40, [100] * 40, [0.25] * 40)
    expected, found = compare_with_baseline(["4/4"], [100], column(1.0), people, SHARES)["copied_8"]
    assert (expected, found.mean, found.low, found.high) == (0.25, 0.75, None, None)


def test_where_nothing_varies_the_interval_is_a_point() -> None:
    people = baseline(["4/4"] * 40, [100] * 40, [0.25] * 40)
    _, found = compare_with_baseline(["4/4"] * 2, [100] * 2, column(1.0, 1.0), people, ())[
        "copied_8"
    ]
    assert (found.mean, found.low, found.high) == (0.75, 0.75, 0.75)


# The intervals of shares

shares = st.lists(st.integers(0, 12).map(lambda k: k / 12), min_size=2, max_size=30)


def score_interval(values: Sequence[float]) -> tuple[float, float]:
    """The means that a mean of shares does not speak against, found by search: where the true
    mean is m the variance is taken to be in proportion to m (1 - m)."""
    mean, count = float(np.mean(values)), len(values)
    spread = mean * (1 - mean)
    # Nothing but 0, or but 1, is taken for draws of 0 or 1.
    proportion = float(np.var(values, ddof=1)) / spread if spread else 1.0
    quantile = stats.t.ppf(0.975, count - 1)

    def beyond(m: float) -> float:
        return float(abs(mean - m) - quantile * math.sqrt(proportion * m * (1 - m) / count))

    if proportion < 1e-20:
        return mean, mean
    # Not from 0 or 1 itself, which is a solution too where the mean is that.
    low = optimize.brentq(beyond, 0, mean - 1e-9) if mean > 0 else 0.0
    high = optimize.brentq(beyond, mean + 1e-9, 1) if mean < 1 else 1.0
    return low, high


@settings(deadline=None)
@given(shares, shares)
def test_the_interval_of_shares_is_made_of_those_of_the_two_means(
    ours: list[float], theirs: list[float]
) -> None:
    found = compare_batches(column(*ours), column(*theirs), SHARES)["copied_8"]
    (low, high), (their_low, their_high) = score_interval(ours), score_interval(theirs)
    mean, their_mean = np.mean(ours), np.mean(theirs)
    below = math.hypot(mean - low, their_high - their_mean)
    above = math.hypot(high - mean, their_mean - their_low)
    difference = mean - their_mean
    assert (found.low, found.high) == pytest.approx((difference - below, difference + above),
                                                    abs=1e-7)  # fmt: skip


def test_the_interval_of_two_shares_by_hand() -> None:
    # Of 0.25 and 0.75 the variance is 1/8, that of their mean 1/16, and m (1 - m) is 1/4: four
    # draws of 0 or 1. The quantile of t with one degree of freedom is 12.706.
    doubt = 12.706204736174694**2 / 4
    reach = math.sqrt(doubt * (0.25 + doubt / 4)) / (1 + doubt)
    found = compare_batches(column(0.25, 0.75), column(0.75, 0.25), SHARES)["copied_8"]
    assert (found.low, found.high) == pytest.approx((-math.sqrt(2) * reach, math.sqrt(2) * reach))
    assert reach == pytest.approx(0.4939, abs=1e-4)


@settings(deadline=None)
@given(shares, shares)
def test_a_difference_of_shares_lies_in_its_interval_and_that_within_its_bounds(
    ours: list[float], theirs: list[float]
) -> None:
    found = compare_batches(column(*ours), column(*theirs), SHARES)["copied_8"]
    people = baseline(["4/4"] * len(theirs), [100] * len(theirs), theirs)
    size = len(ours)
    expected, beside = compare_with_baseline(["4/4"] * size, [100] * size, column(*ours), people,
                                             SHARES)["copied_8"]  # fmt: skip
    for difference in (found, beside):
        assert difference.low is not None
        assert difference.high is not None
        assert -1 <= difference.low <= difference.mean <= difference.high <= 1
    assert expected == pytest.approx(np.mean(theirs))


def test_welchs_interval_of_shares_would_pass_what_can_be() -> None:
    ours, theirs = column(1.0, 0.9, 1.0), column(0.0, 0.2, 0.0)
    beyond = compare_batches(ours, theirs, ())["copied_8"]
    within = compare_batches(ours, theirs, SHARES)["copied_8"]
    assert beyond.high is not None
    assert within.high is not None
    assert beyond.high > 1 > within.high > within.mean == beyond.mean


def test_a_batch_in_which_nothing_is_copied_does_not_show_that_nothing_ever_is() -> None:
    # As of 10 draws of which none is 1: the upper bound is q / (1 + q), q the squared t over 10.
    found = compare_batches(column(*[0.0] * 10), column(*[0.0] * 10), SHARES)["copied_8"]
    q = stats.t.ppf(0.975, 9) ** 2 / 10
    assert (found.mean, found.p, found.verdict) == (0.0, 1.0, "none")
    assert (found.low, found.high) == pytest.approx((-q / (1 + q), q / (1 + q)))


MOSTLY_NONE = np.array([0.0] * 85 + [0.08, 0.1, 0.1, 0.12, 0.15, 0.15, 0.2, 0.2, 0.25, 0.3, 0.3,
                                     0.4, 0.5, 0.7, 1.0])  # fmt: skip
SOME = np.array([0.0] * 60 + [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6] * 5)
MUCH = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.0])


@pytest.mark.parametrize(
    ("ours", "theirs", "sizes"),
    [
        (ours, theirs, sizes)
        for ours, theirs in [(MOSTLY_NONE, MOSTLY_NONE), (SOME, MOSTLY_NONE), (MUCH, MUCH)]
        for sizes in [(5, 5), (10, 200), (50, 50), (300, 300)]
    ],
)
def test_the_interval_of_shares_holds_the_truth_in_about_19_of_20_cases(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], sizes: tuple[int, int]
) -> None:
    random = np.random.default_rng(19)
    truth, held = ours.mean() - theirs.mean(), 0
    for _ in range(500):
        batch, other = (random.choice(v, n) for v, n in zip((ours, theirs), sizes, strict=True))
        found = compare_batches(column(*batch), column(*other), SHARES)["copied_8"]
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    # 475 are expected, with a standard deviation of 4.9. Where most are 0 and a few are large, the
    # large ones are often not among 50 that are drawn: 447. Welch's interval holds 328 of 500 for
    # 10 and 200 of these.
    assert held >= 440


# Against another batch


def test_holm_corrects_the_least_by_all_and_each_next_by_one_fewer() -> None:
    # 3 * 0.01, then 2 * 0.04; 0.05 alone would be less than the one before it.
    assert holm([0.04, 0.01, 0.05]) == pytest.approx([0.08, 0.03, 0.08])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_corrected_p_values_reject_what_holms_steps_do(p_values: list[float]) -> None:
    rejected: set[int] = set()
    for k, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[place] * (len(p_values) - k) > 0.05:
            break
        rejected.add(place)
    assert {place for place, p in enumerate(holm(p_values)) if p <= 0.05} == rejected


def test_two_batches_by_hand() -> None:
    # 3 > 1, 3 > 2, 2 > 1 and a tie of 2 with 2 of four pairs: 3.5 of 4.
    found = compare_batches(column(2.0, 3.0), column(1.0, 2.0), ())["copied_8"]
    assert found.mean == 1.0
    assert found.superiority == 3.5 / 4
    assert found.test == "Mann-Whitney U test"
    # Welch: variances 1/2 of two each, so that the mean's is 1/2 with 2 degrees of freedom.
    reach = 4.302652729911275 * math.sqrt(0.5)
    assert (found.low, found.high) == pytest.approx((1 - reach, 1 + reach))


def test_equal_numbers_do_not_differ_by_their_rounding() -> None:
    # The means of three and of ten thirds are not the same float; nor is a float32 a double.
    found = compare_batches(column(*[1 / 3] * 3), column(*[1 / 3] * 10), SHARES)["copied_8"]
    assert (found.mean, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    people = baseline(["4/4"] * 40, [100] * 40, [1 / 3] * 40)
    _, found = compare_with_baseline(["4/4"] * 3, [100] * 3, column(*[1 / 3] * 3), people, SHARES)[
        "copied_8"
    ]
    assert (found.mean, found.low, found.high) == (0.0, 0.0, 0.0)


@settings(deadline=None)  # the first example imports scipy.stats
@given(values, values)
def test_two_batches_are_compared_as_scipy_does(ours: list[float], theirs: list[float]) -> None:
    found = compare_batches(column(*ours), column(*theirs), ())["copied_8"]
    pairs = [(a > b) + (a == b) / 2 for a in ours for b in theirs]
    assert found.superiority == pytest.approx(np.mean(pairs))
    assert found.mean == pytest.approx(np.mean(ours) - np.mean(theirs))
    assert found.p is not None
    assert 0 <= found.p <= 1
    if len({*ours, *theirs}) == 1:
        assert found.p == 1
    if min(len(ours), len(theirs)) < 2:
        assert found.low is found.high is None
    elif len({*ours}) > 1 and len({*theirs}) > 1:
        welch = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval()
        assert (found.low, found.high) == pytest.approx((welch.low, welch.high), abs=1e-8)


def test_p_is_that_of_the_test_corrected_for_the_measures() -> None:
    random = np.random.default_rng(3)
    ours, theirs = random.normal(0.6, 1, 300), random.normal(0, 1, 200)
    same = random.normal(0, 1, 300)
    found = compare_batches(
        {"a": ours, "b": same, "c": np.zeros(300)},
        {"a": theirs, "b": theirs, "c": np.zeros(200)},
        (),
    )
    p_values = [stats.mannwhitneyu(x, theirs).pvalue for x in (ours, same)]
    assert found["a"].p == pytest.approx(3 * p_values[0])
    assert found["b"].p == pytest.approx(min(1, 2 * p_values[1]))
    assert (found["c"].p, found["c"].low, found["c"].high) == (1.0, 0.0, 0.0)


def test_few_transcriptions_are_tested_exactly() -> None:
    # Of the 20 ways to choose three of six ranks one is so high and one so low: 2 of 20.
    found = compare_batches(column(4.0, 5.0, 6.0), column(1.0, 2.0, 3.0), ())["copied_8"]
    assert found.p == pytest.approx(0.1)
