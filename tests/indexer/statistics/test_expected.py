"""What an index expects by chance: which figures have such a count, and what filters do to it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from math import log10
from threading import Barrier

import pytest

from tests import brute
from tests.indexer.statistics.test_backoff import TOKENS
from tunetrace import Filters, Index
from tunetrace.text import hits_expected as in_words

MakeIndex = Callable[..., Index]

LONG = "C D E F | C D E F | C 2 D 2 | C 4 |"
"""18 tokens."""

SHORT = "D E D |"
"""4 tokens."""

TUNES = (f"M:4/4\nK:Cmaj\n{LONG}", f"M:2/4\nK:Cmin\n{SHORT}")


def model() -> brute.BackoffModel:
    return brute.BackoffModel([LONG.split(), SHORT.split()], TOKENS)


def test_a_figure_is_expected_as_often_as_the_model_writes_it(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    for figure in ("C D", "D E F |", "E C"):
        for open_end in (False, True):
            found = index.figure(figure, open_end=open_end).expected
            assert found == pytest.approx(model().expected(figure.split(), open_end=open_end))


def test_tune_filters_leave_the_share_of_their_tunes_tokens(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    whole = model().expected(["C", "D"], open_end=False)
    for filters, tokens in (
        (Filters(meter="4/4"), 18),
        (Filters(key="min"), 4),
        (Filters(meter="4/4", key="min"), 0),
        (Filters(corpus="corpus0"), 22),
    ):
        assert index.figure("C D", filters).expected == pytest.approx(whole * tokens / 22)


def test_wildcards_places_and_whole_bars_have_no_expected_count(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    for figure in ("C *", "{C D} E", "C D?"):
        assert index.figure(figure).expected is None
    for filters in (Filters(bar=1), Filters(part=1), Filters(onset=Fraction(2))):
        assert index.figure("C D", filters).expected is None
    assert index.bar("C D E F").expected is None


def test_a_token_that_no_tune_of_the_index_has_is_not_expected(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    assert index.figure("C ^^F").expected == 0
    assert (index.figure("^f").expected or 0) > 0  # one that folk-rnn's vocabulary has


def test_an_answer_is_a_plain_record(make_index: MakeIndex) -> None:
    found = make_index(*TUNES).figure("C D")
    assert pickle.loads(pickle.dumps(found)) == found
    assert f"expected={found.expected}" in repr(found)


def test_many_threads_share_one_model(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)
    together = Barrier(8)

    def ask(number: int) -> int:
        together.wait()
        return id(index.backoff)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1


def test_what_is_too_improbable_for_a_number_has_its_logarithm(make_index: MakeIndex) -> None:
    index = make_index(*TUNES)

    def brute_log10(pairs: int) -> float:
        return log10(model().expected(["C", "D"] * pairs, open_end=True))

    # From the fifth token on each pair is as probable as the one before.
    each = brute_log10(6) - brute_log10(5)
    found = index.figure("C D " * 500, open_end=True)
    assert found.expected == 0
    assert found.log10_expected == pytest.approx(brute_log10(5) + 495 * each)
    assert in_words(0, found.log10_expected) == f"one in 10^{-found.log10_expected:.0f}"
    few = index.figure("C D", Filters(meter="2/4"))
    assert few.log10_expected == pytest.approx(log10(few.expected or 0))
    none = index.figure("C D", Filters(meter="4/4", key="min"))
    assert (none.expected, none.log10_expected) == (0, None)
    assert index.figure("C *").log10_expected is None


def test_an_expected_count_is_printed_with_as_many_digits_as_say_something() -> None:
    shown = {
        0: "none",
        1e-12: "one in 10^12",
        2.6e-7: "one in 3,800,000",
        0.00009: "one in 11,000",
        0.0003: "0.0003",
        0.01234: "0.012",
        0.5: "0.5",
        0.996: "1.0",
        1.25: "1.2",
        9.96: "10",
        15.4: "15",
        1540.2: "1,540",
    }
    assert {count: in_words(count) for count in shown} == shown
