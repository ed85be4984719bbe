"""The shapes and periods of units that are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.inspect.statements.pulses import BAR, HEAD, hand_trace, pulses, pulsing_model
from tunetrace.model.inspect.statements.inspection import inspect_trace
from tunetrace.model.inspect.statements.rhythm import periods_of, shapes_of
from tunetrace.model.inspect.statements.steps import steps_of

TUNE = (*HEAD, *BAR * 12)
LINES = [2 + 9 * bar + 8 for bar in range(12)]
"""The steps of its bar lines, from 0."""


def shape_of(values: np.ndarray, tokens: tuple[str, ...] = TUNE) -> tuple[object, ...]:
    traced = hand_trace(tokens, values[:, None])
    (unit,) = shapes_of(values[:, None], steps_of(traced))
    return unit.shape, unit.spikes, unit.distance, unit.period, unit.before


def test_a_unit_that_pulses_every_nine_steps_before_a_bar_line_is_found() -> None:
    values = pulses(111, *LINES)
    assert shape_of(values) == ("regular spikes", 12, 9.0, 9, ("any", "|"))


def test_its_period_is_found_though_it_misses_bar_lines_and_one_bar_is_shorter() -> None:
    tokens = (*HEAD, *BAR * 6, *BAR[1:], *BAR * 6)
    lines = [step for step, token in enumerate(tokens) if token == "|"]
    values = pulses(len(tokens) + 1, *lines[:3], *lines[4:])
    assert shape_of(values, tokens) == ("regular spikes", 12, 9.0, 9, ("any", "|"))


@pytest.mark.parametrize("bars", [4, 7, 20, 60])
@pytest.mark.parametrize("rest", [0, 5])
def test_its_period_does_not_depend_on_the_length_of_the_tune(bars: int, rest: int) -> None:
    values = pulses(9 * bars + rest, *range(8, 9 * bars, 9))
    periods, recurs = periods_of(values[:, None])
    assert periods.tolist() == [9]
    assert recurs[0] == pytest.approx((bars - 1) / bars, abs=0.1)


def test_a_slow_wave_has_a_period_and_no_spikes() -> None:
    values = 0.5 * np.sin(2 * np.pi * np.arange(111) / 18)
    shape, _, _, period, before = shape_of(values)
    assert (shape, period, before) == ("other", 18, ())


def test_a_dead_unit_is_off_and_has_neither_spikes_nor_a_period() -> None:
    assert shape_of(np.zeros(111)) == ("off", 0, None, None, ())
    assert shape_of(pulses(111, *LINES, height=0.004)) == ("off", 0, None, None, ())


def test_a_constant_unit_has_neither_spikes_nor_a_period() -> None:
    assert shape_of(np.full(111, 0.7)) == ("other", 0, None, None, ())


def test_a_unit_with_one_spike_has_a_flat_spectrum() -> None:
    assert shape_of(pulses(111, 40)) == ("one spike", 1, None, None, ())
    # 0.9 and 0.2 at neighbouring steps: from 1.1 at the first component down to 0.7 at the last,
    # which is more than half.
    wide = pulses(111, 40) + pulses(111, 41, height=0.2)
    magnitudes = np.abs(np.fft.rfft(wide, 512))
    assert (magnitudes >= magnitudes.max() * 10 ** (-6 / 20)).mean() == 1
    assert shape_of(wide) == ("one spike", 1, None, None, ())


def test_two_equal_spikes_are_a_few() -> None:
    assert shape_of(pulses(111, 20, 70)) == ("few spikes", 2, 50.0, None, ())


def test_many_spikes_at_odd_distances_are_not_regular() -> None:
    places = np.cumsum([3, 5, 11, 4, 17, 7, 2, 23, 6, 13])
    shape, spikes, *_ = shape_of(pulses(111, *places.tolist()))
    assert (shape, spikes) == ("other", 10)


def test_a_network_that_pulses_before_bar_lines_is_seen_through() -> None:
    tune = [*HEAD, *BAR * 7, "c", *BAR[1:], *BAR * 4]
    found = inspect_trace(pulsing_model().trace(tune))
    first, second, third, fourth = found.units
    assert (first.shape, first.period, first.before) == ("regular spikes", 9, ("any", "|"))
    assert first.largest == pytest.approx(np.tanh(1.0), abs=1e-5)
    assert (second.shape, second.period, second.before) == ("off", None, ())
    assert (third.shape, third.spikes, third.largest_step) == ("one spike", 1, 2 + 7 * 9 + 2)
    assert fourth.before == ()
    assert found.off == (2,)
    assert found.one_spike == (3,)
    assert 1 in found.regular_spikes
    assert found.periodic[0].period == 9
    best = found.before[0]
    assert (best.unit, best.f1, best.missed) == (1, 1.0, ())


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(6)), seed=st.integers(0, 1000))
def test_permuting_units_changes_nothing_but_the_order(order: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    values = np.stack(
        [
            pulses(111, *LINES), np.zeros(111), pulses(111, 40), random.normal(size=111),
            np.sin(np.arange(111)), pulses(111, *LINES[1:]),
        ],
        axis=1,
    )  # fmt: skip
    first = inspect_trace(hand_trace(TUNE, values))
    second = inspect_trace(hand_trace(TUNE, values[:, order]))
    name = {unit + 1: place + 1 for place, unit in enumerate(order)}

    def renamed(units: tuple[int, ...]) -> set[int]:
        return {name[unit] for unit in units}

    for group in ("off", "saturated", "one_spike", "few_spikes", "regular_spikes"):
        assert renamed(getattr(first, group)) == set(getattr(second, group))
    assert [(one.period, renamed(one.units)) for one in first.periodic] == [
        (one.period, set(one.units)) for one in second.periodic
    ]
    assert (first.small, first.large) == (second.small, second.large)
    assert first.before[0].f1 == second.before[0].f1
    for unit in first.units:
        moved = second.units[name[unit.unit] - 1]
        assert (unit.shape, unit.spikes, unit.period, unit.before) == (
            moved.shape, moved.spikes, moved.period, moved.before,
        )  # fmt: skip
