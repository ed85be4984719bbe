"""Numbers in words: never rounded to nothing or to all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunetrace.text import amount, counted, listed, safe, share, share_in_words, shortened, signed


@given(st.integers(1, 10**6).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_is_none_or_all_only_where_it_is(share_of: tuple[int, int]) -> None:
    part, of = share_of
    assert (share(part / of) == "0%") == (part == 0)
    assert (share(part / of) == "100%") == (part == of)
    assert (share_in_words(part / of) == "none") == (part == 0)
    assert (share_in_words(part / of) == "all") == (part == of)


@pytest.mark.parametrize(
    ("value", "short", "long"),
    [
        (1 / 200, "<1%", "less than 1%"),  # which lies just between 0% and 1%
        (199 / 200, ">99%", "more than 99%"),
        (0.414, "41%", "41%"),
        (0, "0%", "none"),
    ],
)
def test_a_share_in_a_table_and_in_a_sentence(value: float, short: str, long: str) -> None:
    assert (share(value), share_in_words(value)) == (short, long)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (12.34, "+12"), (-1234, "−1,234"), (3.96, "+4"), (-0.0341, "−0.034"), (2.05, "+2")],
)
def test_a_difference_has_its_sign_and_two_digits(value: float, shown: str) -> None:
    assert signed(value) == shown


@given(st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1e-9))
def test_a_difference_is_never_rounded_to_nothing(value: float) -> None:
    number = float(signed(value).replace("−", "-").replace(",", ""))
    assert number == pytest.approx(value, rel=0.06)


def test_amounts_counts_and_lists() -> None:
    assert [amount(value) for value in (9, 8.5, 0, 0.01, 1234.56)] == [
        "9", "8.5", "0", "0.1", "1,234.6",
    ]  # fmt: skip
    assert [counted(n, "tune") for n in (0, 1, 1024)] == ["0 tunes", "1 tune", "1,024 tunes"]
    assert [listed("abc"[:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_a_text_that_is_too_long_ends_in_an_ellipsis() -> None:
    assert [shortened("abcd", longest) for longest in (5, 4, 3)] == ["abcd", "abcd", "ab…"]


def test_safe_text_keeps_its_lines_and_spaces_and_loses_control_characters() -> None:
    replaced = "\N{REPLACEMENT CHARACTER}"
    assert safe(" a  é\n\tb \x1b[2J\r\n") == f" a  é\n{replaced}b {replaced}[2J{replaced}\n"
