"""How a batch compares, in words: with people's tunes, and with another batch.

More and less are said only where chance hardly explains them: where the interval of a difference
excludes zero, or a test of two batches says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tunetrace.checker.summary_records import BatchSummary, Difference, MeasureSummary
from tunetrace.phrases import amount, counted, listed, share_in_words, signed
from tunetrace.tokenizer.transcription import plain

SIGNIFICANT: Final = 0.05
"""Two batches differ in a measure where the corrected p is below this."""

_BESIDE_PEOPLE: Final = ("longest_notes", "copied_8", "copied_12", "copied_16")

Compared = Sequence[tuple[MeasureSummary, Difference]]


def beside_people(summary: BatchSummary) -> Iterable[str]:
    """Sentences on how the batch compares with people's tunes; none without a baseline."""
    compared = [
        (measure, measure.to_baseline)
        for measure in summary.measures
        if measure.name in _BESIDE_PEOPLE and measure.to_baseline is not None
    ]
    if not compared:
        return
    yield (
        "People's tunes share stretches with one another too: each tune of the corpus was checked "
        "in the same way against all the others, settings of the same tune left out."
    )
    if any(difference.low is None for _, difference in compared):
        yield (
            "Beside the mean of those of the same meters and lengths: "
            f"{'; '.join(_against(m, m.baseline) for m, _ in compared)}. There are too few to "
            "tell more or less from chance."
        )
        return
    like = "Compared with those of the same meters and lengths, the batch has"
    yield from _sorted(
        compared,
        _direction_by_interval,
        lambda m, d: f"{_against(m, m.baseline)} ({_difference(m, d)})",
        more=f"{like} more of this",
        less=f"{like} less of this",
    )
    same = [m.label for m, d in compared if not _direction_by_interval(d)]
    if same:
        yield (
            "It has no more than people's tunes do, and no less, as far as chance lets one tell, "
            f"of this: {'; '.join(same)}."
        )


def beside_other(summary: BatchSummary, other: BatchSummary) -> Iterable[str]:
    """Sentences on how the batch compares with the one that it was compared with."""
    compared = [(m, m.to_other) for m in summary.measures if m.to_other is not None]
    name = plain(other.name)
    if not compared:
        yield f"No transcription of {name} could be read, so that there is nothing to compare."
        return
    means = {measure.name: measure.batch.mean for measure in other.measures}
    tests = listed(sorted({difference.test for _, difference in compared if difference.test}))
    yield (
        f"Compared with {name} ({counted(other.transcriptions, 'transcription')}) by the {tests}; "
        f"p is corrected after Holm for {counted(len(compared), 'measure')}, and what is below "
        f"{SIGNIFICANT} counts as a difference."
    )
    yield from _sorted(
        compared,
        _direction_by_test,
        lambda m, d: f"{_against(m, means[m.name])} ({_tested(m, d)})",
        more=f"{plain(summary.name)} has more of this",
        less=f"{plain(summary.name)} has less of this",
    )
    same = [measure.label for measure, found in compared if not _direction_by_test(found)]
    if len(same) == len(compared):
        yield "No difference was shown in any measure."
    elif same:
        yield f"No difference was shown in: {'; '.join(same)}."


def _sorted(
    compared: Compared,
    direction: Callable[[Difference], int],
    said: Callable[[MeasureSummary, Difference], str],
    *,
    more: str,
    less: str,
) -> Iterable[str]:
    """A sentence on the measures of which there is more, and one on those with less."""
    for wanted, opening in ((1, more), (-1, less)):
        items = [said(m, d) for m, d in compared if direction(d) == wanted]
        if items:
            yield f"{opening}: {'; '.join(items)}."


def _direction_by_interval(difference: Difference) -> int:
    """1 where the interval says more, -1 where less, 0 where it has zero in it."""
    if difference.low is None or difference.high is None:
        return 0
    return (difference.low > 0) - (difference.high < 0)


def _direction_by_test(difference: Difference) -> int:
    """The same by the test, which is of ranks, so that the means may even say otherwise."""
    if difference.p is None or difference.superiority is None or difference.p >= SIGNIFICANT:
        return 0
    return (difference.superiority > 0.5) - (difference.superiority < 0.5)


def _against(measure: MeasureSummary, other: float | None) -> str:
    """A measure's mean against that of another: `longest span, in notes, 9.1 against 8.4`."""
    shown = share_in_words if measure.is_share else amount
    means = [shown(mean) for mean in (measure.batch.mean, other) if mean is not None]
    return f"{measure.label}, {' against '.join(means)}"


def _difference(measure: MeasureSummary, found: Difference) -> str:
    """The difference of means with its interval; that of shares in percentage points."""
    scale, unit = (100, " points") if measure.is_share else (1, "")
    said = f"difference {signed(found.mean * scale)}{unit}"
    if found.low is None or found.high is None:
        return said
    low, high = signed(found.low * scale), signed(found.high * scale)
    return f"{said}, 95% interval {low} to {high}"


def _tested(measure: MeasureSummary, found: Difference) -> str:
    p = found.p or 0.0
    shown = "p < 0.001" if p < 0.001 else f"p = {p:.3g}"
    return f"{_difference(measure, found)}; {shown}"
