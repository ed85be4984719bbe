"""What the softmax gives, on probabilities that are written by hand."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from tests.model.inspect.statements.pulses import BAR, HEAD, NAMES, hand_trace, pulses
from tunetrace.model.inspect.statements.mass import (
    DistanceCount,
    PartEntropy,
    PitchEntropy,
    TokenDecay,
    UnwrittenToken,
    accidentals_follow,
    bar_line_distances,
    group_sums,
    median_slope,
    pitch_entropy,
    ranks_of,
    token_decay,
    unwritten_tokens,
)
from tunetrace.model.inspect.statements.steps import steps_of

TUNE = (*HEAD, *BAR, *BAR, *BAR[1:], *BAR)
STEPS = len(TUNE) + 1
NO_UNITS = np.zeros((STEPS, 1))


def test_distances_are_those_between_peaks_of_all_bar_lines_together() -> None:
    plain = pulses(STEPS, 10, 19, 27, 36, height=0.4)
    ends = pulses(STEPS, 10, 19, 27, 28, 36, height=0.3)  # alone, neither exceeds a half
    traced = hand_trace(TUNE, NO_UNITS, {"|": plain, ":|": ends})
    assert bar_line_distances(traced) == (DistanceCount(9, 2), DistanceCount(8, 1))


def test_neighbouring_steps_are_one_peak_at_the_highest() -> None:
    mass = pulses(STEPS, 10, height=0.6) + pulses(STEPS, 11, height=0.9) + pulses(STEPS, 20)
    traced = hand_trace(TUNE, NO_UNITS, {"|": mass})
    assert bar_line_distances(traced) == (DistanceCount(9, 1),)
    assert bar_line_distances(hand_trace(TUNE, NO_UNITS)) == ()


def test_the_mass_of_a_group_is_that_of_its_tokens() -> None:
    traced = hand_trace(TUNE, NO_UNITS, {"C": 0.25, "D": 0.25, "^C": 0.125, "|": 0.375})
    sums = group_sums(traced, steps_of(traced))
    assert sums == {
        "meter and key": (0.0, 2),
        "pitch": (STEPS / 2, 8 + 8 + 7 + 8),
        "accidental": (STEPS / 8, 0),
        "duration": (0.0, 0),
        "bar line": (STEPS * 3 / 8, 4),
        "grouping": (0.0, 0),
        "broken rhythm": (0.0, 0),
        "other": (0.0, 1),
    }


def test_a_token_is_likely_and_unwritten_only_after_meter_and_key() -> None:
    triplet = pulses(STEPS, 0, height=0.9) + pulses(STEPS, 7, 9, height=0.25) + 0.001
    traced = hand_trace(TUNE, NO_UNITS, {"(3": triplet, "c": 0.009, "C": 0.5, "^D": 0.5})
    assert unwritten_tokens(traced, steps_of(traced)) == (
        UnwrittenToken("^D", 0.5, 3, STEPS - 2, 0.5),
        UnwrittenToken("(3", pytest.approx(0.251), 8, 2, pytest.approx(0.001)),
    )


def test_a_probability_that_falls_tenfold_in_ten_steps_has_that_slope() -> None:
    # 35 tokens of music, at the steps 2 to 36: log10 is -step / 10.
    falling = 10 ** (-np.arange(STEPS) / 10)
    traced = hand_trace(TUNE, NO_UNITS, {">": falling})
    first, second = token_decay(traced, steps_of(traced))
    assert (first.token, first.slope, first.first_quarter) == ("<", 0.0, -10.0)  # the floor
    approx = pytest.approx
    assert second == TokenDecay(
        ">", approx(-10.0, abs=1e-3), approx(-0.55, abs=1e-4), approx(-3.25, abs=1e-4), 0
    )  # fmt: skip


def test_the_median_slope_by_hand() -> None:
    # Slopes of pairs: 1, 1, 9; 1, 5; 9 -> sorted 1 1 1 5 9 9... of (0,0) (1,1) (2,2) (3,11):
    # neighbours 1, 1, 9; two apart 1, 5; three apart 11/3. The median of 1 1 1 11/3 5 9 is 7/3.
    assert median_slope(np.arange(4.0), np.array([0.0, 1, 2, 11])) == pytest.approx(7 / 3)


def test_ranks_of_equals_are_shared() -> None:
    assert ranks_of(np.array([0.3, 0.1, 0.3, 0.2], dtype=np.float32)).tolist() == [3.5, 1, 3.5, 2]


def test_an_accidental_that_shadows_its_natural_and_one_that_goes_the_other_way() -> None:
    random = np.random.default_rng(1)
    natural = random.uniform(0.1, 0.5, STEPS)
    traced = hand_trace(
        TUNE,
        NO_UNITS,
        {"C": natural, "^C": natural**3 / 10, "D": natural, "^D": 0.6 - natural, "F": natural},
    )
    found = accidentals_follow(traced, steps_of(traced))
    assert found is not None
    rows = [(one.token, one.natural, round(one.correlation, 6)) for one in found.tokens]
    assert rows == [("^C", "C", 1.0), ("=F", "F", 0.0), ("^D", "D", -1.0)]
    assert found.median == pytest.approx(0.0)


def test_chance_is_what_circular_shifts_over_the_notes_give() -> None:
    random = np.random.default_rng(2)
    natural, sign = random.uniform(0.1, 0.5, (2, STEPS))
    names = ("C", "^C", "D", "F", "=F")
    given = dict(zip(names, (natural, sign, natural, sign, natural), strict=True))
    traced = hand_trace(TUNE, NO_UNITS, given)
    found = accidentals_follow(traced, steps_of(traced))
    assert found is not None
    notes = [step for step, token in enumerate(TUNE) if token in "CDEFGA"]
    first, second = (np.argsort(np.argsort(one[notes])) for one in (sign, natural))
    # ^D has no probability at all, so that its correlation is 0.
    medians = [
        np.median([np.corrcoef(first, np.roll(second, k))[0, 1],
                   np.corrcoef(second, np.roll(first, k))[0, 1], 0.0])
        for k in range(len(notes))
    ]  # fmt: skip
    assert found.median == pytest.approx(medians[0])
    assert found.chance == pytest.approx(np.quantile(medians[1:], 0.95))


def test_with_few_notes_nothing_is_said_of_accidentals() -> None:
    traced = hand_trace((*HEAD, "C", "D", "|"), np.zeros((6, 1)))
    assert accidentals_follow(traced, steps_of(traced)) is None


def test_the_entropy_over_pitches_by_hand() -> None:
    tokens = (*HEAD, "C", "2", "|", "D", ":|", "|:", "E", "F", "|")
    steps = len(tokens) + 1
    mass = {name: np.zeros(steps) for name in NAMES}
    # Step 2, the first part: four pitches of 1/8 and the rest on a bar line: 2 bits.
    for name in ("C", "D", "E", "^C"):
        mass[name][2] = 0.125
    mass["|"][2] = 0.5
    mass["D"][5] = 0.4  # elsewhere: one pitch, 0 bits
    mass["E"][8] = mass["c"][8] = 0.1  # the second part: 1 bit
    mass["F"][9], mass["A"][9] = 0.25, 0.75  # elsewhere: -1/4 log2 1/4 - 3/4 log2 3/4
    traced = hand_trace(tokens, np.zeros((steps, 1)), mass)
    last = 0.5 - 0.75 * log2(0.75)
    assert pitch_entropy(traced, steps_of(traced)) == PitchEntropy(
        (PartEntropy(3, pytest.approx(2.0)), PartEntropy(9, pytest.approx(1.0))),
        pytest.approx(1.5),
        pytest.approx(last / 2),
        2,
    )


def test_a_tune_without_notes_has_no_entropy() -> None:
    traced = hand_trace((*HEAD, "|"), np.zeros((4, 1)))
    assert pitch_entropy(traced, steps_of(traced)) == PitchEntropy((), None, None, 0)
