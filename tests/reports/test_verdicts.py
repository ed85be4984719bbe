"""What a report says of a difference: the same in words, in the table and in summary.json."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest

from tests.reports.test_words import measured, measuring, summary
from tunetrace import Index
from tunetrace.checker.compare.records import BatchSummary, Difference
from tunetrace.records import to_plain
from tunetrace.reports.page.page import Page
from tunetrace.reports.words import summary_in_words

TEST = "Mann-Whitney U test"

CASES = {
    # (mean, low, high, test, p, superiority): verdict
    (0.3, 0.1, 0.5, TEST, 0.0499, 0.7): "more",
    (-0.3, -0.5, -0.1, TEST, 0.0499, 0.3): "less",
    # The interval leaves out 0 and the corrected p shows nothing; and the other way round.
    (0.3, 0.1, 0.5, TEST, 0.05, 0.7): "none",
    (-0.3, -0.5, -0.1, TEST, 0.3, 0.3): "none",
    (0.1, -0.1, 0.3, TEST, 0.01, 0.7): "more",
    (-0.1, -0.3, 0.1, TEST, 0.01, 0.3): "less",
    # The test is of ranks: a few large values turn the mean.
    (0.1, -0.1, 0.3, TEST, 0.01, 0.3): "less",
    (-0.3, -0.5, -0.1, TEST, 0.01, 0.7): "more",
    # One transcription has no interval.
    (0.3, None, None, TEST, 0.01, 0.9): "more",
    (0.3, None, None, TEST, 0.5, 0.9): "none",
    # People's tunes: there is no test, and the interval tells.
    (0.3, 0.1, 0.5, None, None, None): "more",
    (-0.3, -0.5, -0.1, None, None, None): "less",
    (0.3, 0.0, 0.6, None, None, None): "none",
    (0.3, None, None, None, None, None): "none",
}


def report_on(difference: Difference) -> BatchSummary:
    """A batch that differs so in the share of notes in spans of 12, and in nothing else."""
    nothing = Difference(0.0, -0.1, 0.1, difference.test, 1.0 if difference.test else None, 0.5)
    compared = "to_other" if difference.test else "to_baseline"
    batch = measuring(
        summary(),
        **{m.name: {"batch": measured(0.5), "baseline": None if difference.test else 0.5,
                    compared: nothing} for m in summary().measures},
    )  # fmt: skip
    return measuring(batch, copied_12={compared: difference})


def said_in_words(batch: BatchSummary, index: Index, other: BatchSummary | None) -> str:
    words = " ".join(summary_in_words(batch, index.info(), other))
    for verdict in ("more", "less"):
        if re.search(rf"has {verdict} of this: notes in spans of 12 or more", words):
            return verdict
    return "none"


def said_in_the_table(batch: BatchSummary, index: Index, other: BatchSummary | None) -> str:
    html = Page().html(
        batch, (), index, when=datetime(2025, 3, 4, tzinfo=UTC), command="", other=other
    )
    (row,) = re.findall(r"<tr><th[^>]*>notes in spans of 12 or more</th>.*?</tr>", html, re.S)
    ((tone, verdict),) = re.findall(r'<span class="verdict tone-(\w+)">(.*?)</span>', row)
    assert (verdict == "no difference shown") == (tone == "none")
    assert verdict.startswith("shares more with the corpus") == (tone == "more")
    assert verdict.startswith("shares less with the corpus") == (tone == "less")
    return str(tone)


@pytest.mark.parametrize(("numbers", "verdict"), CASES.items())
def test_words_table_and_file_say_the_same_of_a_difference(
    numbers: tuple[float, float | None, float | None, str | None, float | None, float | None],
    verdict: str,
    index: Index,
) -> None:
    batch = report_on(Difference(*numbers))
    other = summary(name="theirs") if numbers[3] else None
    measure = next(m for m in to_plain(batch)["measures"] if m["name"] == "copied_12")
    assert measure["to_other" if other else "to_baseline"]["verdict"] == verdict
    assert said_in_words(batch, index, other) == verdict
    assert said_in_the_table(batch, index, other) == verdict


def row_of(difference: Difference, index: Index) -> str:
    """The text of the table's row for the share of notes in spans of 12."""
    batch = report_on(difference)
    other = summary(name="theirs") if difference.test else None
    html = Page().html(
        batch, (), index, when=datetime(2025, 3, 4, tzinfo=UTC), command="", other=other
    )
    (row,) = re.findall(r"<tr><th[^>]*>notes in spans of 12 or more</th>(.*?)</tr>", html, re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split())


def test_the_table_has_means_difference_and_interval(index: Index) -> None:
    assert row_of(Difference(-0.41, -0.4234, -0.401, None, None, None), index) == (
        "50.0% 50.0% 50.0% −41 (−42 to −40) shares less with the corpus"
    )


def test_the_table_has_the_test_of_two_batches(index: Index) -> None:
    assert row_of(Difference(0.25, 0.2, 0.3, TEST, 0.0001, 0.7), index) == (
        "50.0% 50.0% 0.0% +25 (+20 to +30) shares more with the corpus p < 0.001, more in "
        "70% of pairs"
    )
    # A few copies of another tune move the mean of theirs; of most, ours have more.
    assert row_of(Difference(-0.02, -0.05, 0.01, TEST, 0.02, 0.62), index) == (
        "50.0% 50.0% 0.0% −2 (−5 to +1) shares more with the corpus, by ranks only p = 0.02, "
        "more in 62% of pairs"
    )


def test_the_table_has_no_interval_where_there_is_none(index: Index) -> None:
    assert row_of(Difference(0.25, None, None, TEST, 0.01, 1.0), index) == (
        "50.0% 50.0% 0.0% +25 shares more with the corpus p = 0.01, more in 100% of pairs"
    )
