"""How a batch compares, in words: with people's tunes, and with another batch.

More and less are said only where chance hardly explains them, as Difference.verdict has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tunetrace.checker.compare.records import (
    SIGNIFICANT,
    BatchSummary,
    Difference,
    Direction,
    MeasureSummary,
)
from tunetrace.text import amount, counted, listed, plain, share, share_in_words, signed

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
        lambda m, d: f"{_against(m, m.baseline)} ({_difference(m, d)})",
        more=f"{like} more of this",
        less=f"{like} less of this",
    )
    same = [m.label for m, d in compared if d.verdict == "none"]
    if same:
        yield f"No difference from people's tunes was shown in: {'; '.join(same)}."


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
        lambda m, d: f"{_against(m, means[m.name])} ({_tested(m, d)})",
        more=f"{plain(summary.name)} has more of this",
        less=f"{plain(summary.name)} has less of this",
    )
    same = [measure.label for measure, found in compared if found.verdict == "none"]
    if len(same) == len(compared):
        yield "No difference was shown in any measure."
    elif same:
        yield f"No difference was shown in: {'; '.join(same)}."


def _sorted(
    compared: Compared,
    said: Callable[[MeasureSummary, Difference], str],
    *,
    more: str,
    less: str,
) -> Iterable[str]:
    """A sentence on the measures of which there is more, and one on those with less."""
    openings: tuple[tuple[Direction, str], ...] = (("more", more), ("less", less))
    for verdict, opening in openings:
        items = [said(m, d) for m, d in compared if d.verdict == verdict]
        if items:
            yield f"{opening}: {'; '.join(items)}."


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
    """The difference with p, and with what the test says where the means say the opposite."""
    said = [_difference(measure, found)]
    if is_by_rank_alone(found) and found.superiority is not None:
        said.append(f"more in {share(found.superiority)} of pairs")
    return "; ".join([*said, p_in_words(found.p or 0.0)])


def is_by_rank_alone(found: Difference) -> bool:
    """Whether more or less is true of most pairs of transcriptions while the means do not say so:
    a few that have very much of a measure move its mean, and no rank."""
    return found.p is not None and (
        (found.verdict == "more" and found.mean <= 0)
        or (found.verdict == "less" and found.mean >= 0)
    )


def p_in_words(p: float) -> str:
    """`p = 0.0123`, with as many digits as show on which side of 0.05 it lies."""
    if p < 0.001:
        return "p < 0.001"
    texts = (f"{p:.{digits}g}" for digits in range(3, 18))
    return f"p = {next(t for t in texts if (float(t) < SIGNIFICANT) == (p < SIGNIFICANT))}"
