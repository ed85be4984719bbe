"""The report as one page of HTML that needs a browser and no network.

Page takes the answers of a batch check one by one and keeps what it shows: a short row for each
transcription, and everything about the few that are copied most. Text from files (titles, names,
links, reasons) may be hostile: it is put on one line and escaped, and never runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from tunetrace._version import __version__
from tunetrace.checker.compare.records import (
    SIGNIFICANT,
    BatchSummary,
    Difference,
    MeasureSummary,
    SourceCount,
)
from tunetrace.checker.measures import COPIED, CREATIVITY, LONGEST
from tunetrace.checker.records import CheckedTune
from tunetrace.checker.verdict import NEARLY_ALL
from tunetrace.corpus.records import Rejected
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.views import VIEWS
from tunetrace.plots.batch import measure_of, pictures_of
from tunetrace.reports.markup import environment, policy, read_file
from tunetrace.reports.page.definitions import DEFINITIONS
from tunetrace.reports.page.most_copied import describe, span_in_words
from tunetrace.reports.page.near_copies import NAMES, ShownNear, describe_near, near_order
from tunetrace.reports.page.rows import (
    HighestRanked,
    Row,
    columns,
    copied_order,
    row_of,
)
from tunetrace.reports.scores.batch import BatchScores
from tunetrace.reports.scores.page import scores_script, scores_style
from tunetrace.reports.words import differs_by_ranks_only, mistakes_in_words, without
from tunetrace.text import amount, share, signed

MOST_COPIED: Final = 50
"""Transcriptions that are shown with their music and what they share."""
NEAR_COPIES: Final = 50
"""Transcriptions that are shown over their near copies."""
ROWS: Final = 100_000
"""Transcriptions in the table."""
SET_ASIDE: Final = 100
"""Tunes in the list of those set aside."""
SOURCES: Final = 10
"""Corpus tunes in the list of those that are shared most."""


class Page:
    """The page of a batch, whose answers are added one by one."""

    def __init__(
        self,
        *,
        most_copied: int = MOST_COPIED,
        near_copies: int = NEAR_COPIES,
        rows: int = ROWS,
    ) -> None:
        """most_copied, near_copies: how many transcriptions to show with what they share, and over
        their near copies; rows: how many to list."""
        self._most_copied: HighestRanked[CheckedTune] = HighestRanked(most_copied)
        self._near_copies: HighestRanked[CheckedTune] = HighestRanked(near_copies)
        self._rows: HighestRanked[Row] = HighestRanked(rows)
        self._deciles = [0] * 10
        self._set_aside: list[Rejected] = []

    def add(self, answer: CheckedTune | Rejected) -> None:
        """Add the answer for the next transcription."""
        if isinstance(answer, Rejected):
            if len(self._set_aside) < SET_ASIDE:
                self._set_aside.append(answer)
            return
        rank = copied_order(answer)
        self._rows.add(rank, row_of(answer))
        self._most_copied.add(rank, answer)
        if answer.near_copies:
            self._near_copies.add(near_order(answer), answer)
        below = answer.standing.below.get(CREATIVITY.name) if answer.standing else None
        if below is not None:
            self._deciles[min(int(below * 10), 9)] += 1

    def merge(self, later: Page) -> None:
        """Add the answers that another page has, for the transcriptions after these."""
        self._rows.merge(later._rows)
        self._most_copied.merge(later._most_copied)
        self._near_copies.merge(later._near_copies)
        self._deciles = [
            ours + theirs for ours, theirs in zip(self._deciles, later._deciles, strict=True)
        ]
        self._set_aside = [*self._set_aside, *later._set_aside][:SET_ASIDE]

    def html(
        self,
        summary: BatchSummary,
        words: Sequence[str],
        index: Index,
        left_out: int = 0,
        *,
        when: datetime,
        command: str,
        other: BatchSummary | None = None,
        with_scores: bool = False,
    ) -> str:
        """The page as HTML.

        summary, words: the batch in numbers, and in paragraphs.
        index: the index that it was checked against.
        left_out: how many of its tunes were left out.
        when: the date that the page shows.
        command: the command that checks one transcription again, without its number.
        other: the batch that it is compared with.
        with_scores: also show the transcriptions whose music is shown as notation, which can be
            played. Raises OutputError without verovio.
        """
        style = read_file("base.css") + read_file("page/report.css")
        script = read_file("page/report.js")
        rows = self._rows.in_order()
        most_copied = self._most_copied.in_order()
        near_copies = [describe_near(tune, index) for tune in self._near_copies.in_order()]
        scores = BatchScores(most_copied, near_copies) if with_scores else None
        if scores:
            style += scores_style()
            script += scores_script()
        return environment().get_template("page/report.html.jinja").render(
            style=style,
            script=script,
            policy=policy(style, script),
            version=__version__,
            when=when,
            summary=summary,
            other=other,
            info=index.info(),
            left_out=left_out,
            without=without(left_out),
            words=words,
            numbers=_key_numbers(summary),
            pictures=pictures_of(summary, other, self._deciles),
            measures=[_measure(measure, other) for measure in summary.measures],
            tests=sorted({m.to_other.test for m in summary.measures if m.to_other
                          and m.to_other.test}),
            significant=SIGNIFICANT,
            span_in_words=span_in_words,
            has_baseline=any(measure.baseline is not None for measure in summary.measures),
            definitions=[(m.label, *DEFINITIONS[m.name]) for m in summary.measures],
            sources=_sources(summary),
            command=command,
            shared_notes=VIEWS[summary.view].shared_notes,
            forgives=VIEWS[summary.view].forgives,
            columns=columns(rows),
            rows=len(rows),
            most_copied=[describe(tune, index) for tune in most_copied],
            scores=scores,
            near_copies=near_copies,
            difference_names=NAMES,
            differences=_differences(near_copies),
            set_aside=self._set_aside,
        )  # fmt: skip


def _key_numbers(summary: BatchSummary) -> list[tuple[str, str]]:
    """The numbers that a reader looks for first, each with what it counts."""
    of = f"of {summary.transcriptions:,}"
    found = [
        (f"{summary.transcriptions:,}", "transcriptions were checked"),
        (f"{summary.identical:,}", f"{of} are the same as a corpus tune"),
        (
            f"{summary.nearly_of_one:,}",
            f"{of} have {share(NEARLY_ALL)} or more of their notes in one corpus tune",
        ),
        (
            f"{summary.mostly_of_one:,}",
            f"{of} have {share(summary.copy_share)} or more of their notes in one corpus tune",
        ),
    ]
    if summary.near_copies is not None:
        found += [
            (
                f"{summary.near_copies:,}",
                f"{of} have a near copy in the corpus; "
                f"{mistakes_in_words(summary.false_alarms or 0.0)} expected by mistake",
            ),
            (
                f"{summary.near_copies_only:,}",
                f"{of} have a near copy, but less than {share(summary.copy_share)} of their notes "
                "in one corpus tune note for note",
            ),
        ]
    if 16 in summary.with_span:
        found.append((f"{summary.with_span[16]:,}", f"{of} have a span of 16 notes or more"))
    longest, copied = measure_of(summary, LONGEST.name), measure_of(summary, COPIED[12].name)
    if longest is not None:
        found.append((amount(longest.batch.median), "notes in the longest span (median)"))
    if copied is not None:
        found.append((share(copied.batch.mean), "of the notes are in spans of 12 or more (mean)"))
    repeats = summary.duplicates + summary.near_duplicates
    found.append((f"{repeats:,}", f"{of} repeat an earlier one, or nearly"))
    return found


def _differences(shown: Sequence[ShownNear]) -> list[tuple[str, str]]:
    """The differences that are marked on the page: what each is called, and what it means."""
    found = {n.kind for one in shown for part in one.parts for bar in part.bars for n in bar.notes}
    return [named for kind, named in NAMES.items() if kind in found]


def _sources(summary: BatchSummary) -> tuple[SourceCount, ...]:
    """The corpus tunes to list; in a batch of several, a tune must be shared by more than one."""
    least = min(2, summary.transcriptions)
    return tuple(s for s in summary.sources[:SOURCES] if s.transcriptions >= least)


def _measure(measure: MeasureSummary, other: BatchSummary | None) -> dict[str, Any]:
    """One line of the table of measures, in words."""
    beside = measure_of(other, measure.name)
    has_values = measure.batch.count > 0
    return {
        "label": measure.label,
        "mean": _number(measure, measure.batch.mean) if has_values else "–",
        "median": _number(measure, measure.batch.median) if has_values else "–",
        "real": None if measure.baseline is None else _number(measure, measure.baseline),
        "to_real": _difference(measure, measure.to_baseline),
        "other": _number(measure, beside.batch.mean) if beside else None,
        "to_other": _difference(measure, measure.to_other),
    }


def _number(measure: MeasureSummary, value: float) -> str:
    return f"{value * 100:,.1f}%" if measure.is_share else f"{value:,.1f}"


def _signed(measure: MeasureSummary, value: float) -> str:
    """A difference of two values, in percentage points for shares."""
    return signed(round(value * 100 if measure.is_share else value, 3))


def _difference(measure: MeasureSummary, difference: Difference | None) -> dict[str, Any] | None:
    """A difference: its size, its interval, and whether it was shown."""
    if difference is None:
        return None
    low, high = difference.low, difference.high
    tone, verdict = "none", "no difference shown"
    if difference.verdict != "none":
        tone = "more" if (difference.verdict == "more") == measure.more_is_copied else "less"
        verdict = f"shares {tone} with the corpus"
        if differs_by_ranks_only(difference):
            verdict += ", by ranks only"
    test = []
    if difference.p is not None:
        test.append(p_in_words(difference.p))
    if difference.superiority is not None:
        test.append(f"more in {share(difference.superiority)} of pairs")
    return {
        "mean": _signed(measure, difference.mean),
        "interval": None
        if low is None or high is None
        else f"({_signed(measure, low)} to {_signed(measure, high)})",
        "verdict": verdict,
        "tone": tone,
        "test": ", ".join(test),
    }


def p_in_words(p: float) -> str:
    """`p = 0.0123`, with enough digits to show on which side of 0.05 it is."""
    if p < 0.001:
        return "p < 0.001"
    texts = (f"{p:.{digits}g}" for digits in range(3, 18))
    return f"p = {next(t for t in texts if (float(t) < SIGNIFICANT) == (p < SIGNIFICANT))}"
