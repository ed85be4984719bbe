"""The pictures of the page, each with a caption that says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunetrace.checker.compare.records import BatchSummary, MeasureSummary
from tunetrace.checker.measures import CREATIVITY_LENGTHS
from tunetrace.plots.batch import curve, histogram, percentiles
from tunetrace.text import share


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as SVG, its title, and its caption."""

    title: str
    svg: str
    caption: str


def measure_of(summary: BatchSummary, name: str) -> MeasureSummary | None:
    """A measure of a batch by its name."""
    return next((measure for measure in summary.measures if measure.name == name), None)


def pictures_of(
    summary: BatchSummary, other: BatchSummary | None, deciles: Sequence[int]
) -> list[Picture]:
    """The pictures of a batch, beside another if there is one.

    deciles: (10,) how many of its transcriptions fall in each tenth of people's tunes by their
    Creativity Index, all 0 where the index has no baseline.
    """
    made = [
        _histogram(summary, other, "longest_notes", "The longest span"),
        _histogram(summary, other, "copied_12", "How much stands in spans of 12 notes or more"),
        _uniqueness(summary, other),
        _novelty(summary, other),
    ]
    if any(deciles):
        made.append(_percentiles(deciles))
    return [picture for picture in made if picture is not None]


def _histogram(
    summary: BatchSummary, other: BatchSummary | None, name: str, title: str
) -> Picture | None:
    measure = measure_of(summary, name)
    if measure is None or not measure.batch.count:
        return None
    beside = measure_of(other, name) if other else None
    spread = measure.batch
    svg = histogram(spread, beside.batch if beside else None, measure.baseline,
                    label=measure.label, is_share=measure.is_share)  # fmt: skip
    said = ["How many transcriptions have how much.", _spread(measure)]
    if spread.most > spread.high:
        said.append("The last bar has all that are longer, too.")
    if beside is not None and beside.batch.count:
        median = beside.batch.median
        half = f"{_value(beside, median)} or more" if median else "none"
        said.append(f"In the other batch half have {half}.")
    if measure.baseline is not None:
        said.append(f"The mean of people's tunes is {_value(measure, measure.baseline)}.")
    return Picture(title, svg, " ".join(said))


def _uniqueness(summary: BatchSummary, other: BatchSummary | None) -> Picture | None:
    if not summary.uniqueness:
        return None
    measure = measure_of(summary, "creativity")
    lengths = CREATIVITY_LENGTHS
    svg = curve(summary.uniqueness, other.uniqueness if other else None, label="L, in notes",
                title="notes outside spans of L or more, in percent", shaded=lengths)  # fmt: skip
    said = "For each length L, the mean share of notes that lie in no span of L notes or more."
    if measure is not None and measure.batch.count:
        said += (
            f" Its mean for L from {lengths.start} to {lengths.stop - 1}, shaded, is the "
            f"Creativity Index: {share(measure.batch.mean)}"
        )
        beside = measure_of(other, "creativity") if other else None
        said += f", in the other batch {share(beside.batch.mean)}." if beside else "."
    return Picture("Uniqueness", svg, said)


def _novelty(summary: BatchSummary, other: BatchSummary | None) -> Picture | None:
    curves = summary.novelty
    if not curves:
        return None
    svg = curve(curves, other.novelty if other else None, label="n, in tokens",
                title="n-grams not in the corpus, in percent")  # fmt: skip
    said = (
        "For each n, the mean share of the n-grams of a transcription, its sequences of n tokens, "
        "that stand nowhere in the corpus."
    )
    half = next((n for n, absent in enumerate(curves, 1) if absent >= 0.5), None)
    if half is not None:
        said += f" From n = {half} on, at least half of them are new."
    return Picture("Novelty", svg, said)


def _percentiles(deciles: Sequence[int]) -> Picture:
    total = sum(deciles)
    svg = percentiles(deciles, label="people's tunes with a lower Creativity Index, in percent")
    return Picture(
        "Among people's tunes",
        svg,
        "For each transcription, how many of people's tunes of the same meter and of like length "
        "have a lower Creativity Index, that is, have more of themselves in other tunes. A batch "
        f"that borrows as people do has a tenth in each bar. Here {share(deciles[0] / total)} fall "
        f"in the tenth that borrows most, {share(deciles[-1] / total)} in the tenth that borrows "
        "least.",
    )


def _spread(measure: MeasureSummary) -> str:
    """The median, the highest decile and the most of a measure, in one sentence."""
    spread = measure.batch
    most = f"the most is {_value(measure, spread.most)}."
    if not spread.most:
        return "None has any."
    if not spread.deciles[8]:
        return f"At least nine in ten have none; {most}"
    half = f"have {_value(measure, spread.median)} or more" if spread.median else "have none"
    return f"Half of them {half}, a tenth {_value(measure, spread.deciles[8])} or more; {most}"


def _value(measure: MeasureSummary, value: float) -> str:
    return share(value) if measure.is_share else f"{value:,.3g}"
