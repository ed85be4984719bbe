"""Spikes, and the bar lines that they go with, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.model.inspect.statements.pulses import BAR, hand_trace, pulses
from tunetrace.model.inspect.statements.spikes import (
    MissedBarLine,
    Spikes,
    spikes_of,
    spiking,
    units_before,
)
from tunetrace.model.inspect.statements.steps import steps_of


def test_a_spike_is_a_run_of_steps_beyond_half_of_the_greatest_distance_from_the_median() -> None:
    values = np.array([0, 0, 0.9, 0.5, 0, 0.44, 0, -0.6, -0.7, 0, 0])[:, None]
    is_spike = spiking(values)
    assert np.flatnonzero(is_spike[:, 0]).tolist() == [2, 3, 7, 8]
    assert spikes_of(values, is_spike) == [Spikes([2, 2], [2, 8])]
    shifted = spiking(values + 0.1)  # the median moves too
    assert (shifted == is_spike).all()


def test_spikes_of_several_units_are_kept_apart() -> None:
    values = np.stack([pulses(6, 5), np.zeros(6), pulses(6, 0, 3)], axis=1)
    found = spikes_of(values, spiking(values))
    assert found == [Spikes([1], [5]), Spikes([], []), Spikes([1, 1], [0, 3])]
    assert found[2].distances == [3]


def test_units_are_ranked_by_the_bar_lines_that_they_meet_and_name_those_they_miss() -> None:
    tokens = ("M:4/4", "K:Cmaj", *BAR, *BAR, *BAR[:-1], ":|", "|:", *BAR)
    # Bar lines are written at the steps 10, 19, 28 (:|), 29 (|:) and 38.
    steps = len(tokens) + 1
    units = np.stack(
        [
            pulses(steps, 10, 38, 5),  # 2 of 3 lines, 2 of 3 spikes
            np.zeros(steps),
            -pulses(steps, 10, 19, 28, 29, 38),  # all bar lines, downwards
            pulses(steps, 19),
        ],
        axis=1,
    )
    found = units_before(units, steps_of(hand_trace(tokens, units)))
    by_line = {
        line: [(one.unit, one.f1, one.precision, one.recall, one.bar_lines) for one in found
               if one.bar_line == line]
        for line in ("any", "|", ":|", "|:")
    }  # fmt: skip
    assert by_line == {
        "any": [
            (3, 1.0, 1.0, 1.0, 5), (1, 4 / 8, pytest.approx(2 / 3), 2 / 5, 5),
            (4, 2 / 6, 1.0, 1 / 5, 5),
        ],
        "|": [
            (3, 6 / 8, 3 / 5, 1.0, 3), (1, 4 / 6, pytest.approx(2 / 3), pytest.approx(2 / 3), 3),
            (4, 2 / 4, 1.0, pytest.approx(1 / 3), 3),
        ],
        ":|": [(3, 2 / 6, 1 / 5, 1.0, 1)],
        "|:": [(3, 2 / 6, 1 / 5, 1.0, 1)],
    }  # fmt: skip
    assert found[0].r == pytest.approx(-1)
    missed = {(one.bar_line, one.unit): one.missed for one in found}
    assert missed["any", 3] == ()
    assert missed["|", 1] == (MissedBarLine(20, "|", 1, 2),)
    assert missed["|", 4] == (MissedBarLine(11, "|", 1, 1), MissedBarLine(39, "|", 2, 1))
    expected = np.corrcoef(units[:, 0], [token == "|" for token in (*tokens, "")])[0, 1]
    (first,) = (one for one in found if (one.bar_line, one.unit) == ("|", 1))
    assert first.r == pytest.approx(expected)
