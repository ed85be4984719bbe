"""Durations as note values: worked out by hand, and by adding the values up again."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace.score.staff.values import PLAIN, Ratio, Value, ratio_of, values_of

EIGHTH, QUARTER, HALF, WHOLE, BREVE = (Value(part, 0) for part in (8, 4, 2, 1, 0))


@pytest.mark.parametrize(
    ("eighths", "values"),
    [
        ("1", [EIGHTH]),
        ("2", [QUARTER]),
        ("3", [Value(4, 1)]),
        ("3/2", [Value(8, 1)]),
        ("7/4", [Value(8, 2)]),
        ("15/8", [Value(8, 3)]),
        ("7", [Value(2, 2)]),
        ("5", [HALF, EIGHTH]),
        ("9", [WHOLE, EIGHTH]),
        ("10", [WHOLE, QUARTER]),
        ("1/2", [Value(16, 0)]),
        ("1/32", [Value(256, 0)]),
        ("16", [BREVE]),
        ("24", [Value(0, 1)]),
    ],
)
def test_a_duration_is_written_with_the_fewest_values_that_are_tied(
    eighths: str, values: list[Value]
) -> None:
    assert list(values_of(Fraction(eighths))) == values


@given(st.integers(1, 32 * 200))
def test_the_values_of_a_duration_add_up_to_it(in_256ths: int) -> None:
    eighths = Fraction(in_256ths, 32)
    values = values_of(eighths)
    assert sum(value.eighths for value in values) == eighths
    assert list(values) == sorted(values, key=lambda value: -value.eighths)


@given(st.fractions(min_value=Fraction(1, 10_000), max_value=2000))
def test_every_other_duration_gets_the_nearest_values(eighths: Fraction) -> None:
    written = sum(value.eighths for value in values_of(eighths))
    assert abs(written - eighths) <= Fraction(1, 64) or written == Fraction(1, 32)


@pytest.mark.parametrize(
    ("eighths", "ratio"),
    [
        ("2/3", Ratio(3, 2)),
        ("1/3", Ratio(3, 2)),
        ("4/5", Ratio(5, 4)),
        ("8/7", Ratio(7, 4)),
        ("1/9", Ratio(9, 8)),
        ("5/6", Ratio(3, 2)),
        ("3/4", PLAIN),
        ("7", PLAIN),
        ("1/1001", PLAIN),
    ],
)
def test_a_duration_that_no_value_has_needs_a_tuplet(eighths: str, ratio: Ratio) -> None:
    assert ratio_of(Fraction(eighths)) == ratio
