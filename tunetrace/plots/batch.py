"""The pictures of a batch in a report, each as SVG with a caption.

To add a picture, write a function that makes it and call it in `pictures_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunetrace.checker.compare.records import BatchSummary, Distribution, MeasureSummary
from tunetrace.checker.measures import COPIED, CREATIVITY, CREATIVITY_LENGTHS, LONGEST
from tunetrace.plots.picture import BLUE, GREEN, VERMILION
from tunetrace.plots.svg import svg_of
from tunetrace.text import amount, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture for a page."""

    title: str
    svg: str
    caption: str


def pictures_of(
    summary: BatchSummary, other: BatchSummary | None, deciles: Sequence[int]
) -> list[Picture]:
    """The pictures of a batch, beside another batch if there is one.

    deciles: (10,) how many of its transcriptions are in each tenth of real tunes by their
        Creativity Index; all 0 if the index has no baseline.
    """
    pictures = [
        _spread(summary, other, LONGEST.name, "The longest span"),
        _spread(summary, other, COPIED[12].name, "Notes in spans of 12 or more"),
        _uniqueness(summary, other),
        _novelty(summary, other),
        _ranks(deciles),
    ]
    return [picture for picture in pictures if picture is not None]


def measure_of(summary: BatchSummary | None, name: str) -> MeasureSummary | None:
    """The measure of a batch that has a name, if it has any value."""
    measures = summary.measures if summary else ()
    return next((one for one in measures if one.name == name and one.batch.count), None)


def _spread(
    summary: BatchSummary, other: BatchSummary | None, name: str, title: str
) -> Picture | None:
    """The histogram of a measure."""
    measure, beside = measure_of(summary, name), measure_of(other, name)
    if measure is None:
        return None
    svg = histogram(measure.batch, beside.batch if beside else None, measure.baseline,
                    label=measure.label, is_share=measure.is_share)  # fmt: skip
    caption = [_spread_in_words(measure)]
    if measure.batch.most > measure.batch.high:
        caption.append("The last bar also counts all higher values.")
    if beside is not None:
        median = beside.batch.median
        half = f"{_value(beside, median)} or more" if median else "none"
        caption.append(f"Half of the other batch have {half}.")
    if measure.baseline is not None:
        caption.append(f"Real tunes have {_value(measure, measure.baseline)} on average.")
    return Picture(title, svg, " ".join(caption))


def _spread_in_words(measure: MeasureSummary) -> str:
    """The median, the 90% quantile and the maximum of a measure, in one sentence."""
    batch = measure.batch
    if not batch.most:
        return "No transcription has any."
    most = f"the maximum is {_value(measure, batch.most)}."
    if not batch.deciles[8]:
        return f"At least nine in ten transcriptions have none; {most}"
    half = f"{_value(measure, batch.median)} or more" if batch.median else "none"
    high = _value(measure, batch.deciles[8])
    tenth = "nine in ten have less than 1%" if high == "<1%" else f"a tenth have {high} or more"
    return f"Half of the transcriptions have {half}, {tenth}; {most}"


def _value(measure: MeasureSummary, value: float) -> str:
    return share(value) if measure.is_share else amount(value)


def _uniqueness(summary: BatchSummary, other: BatchSummary | None) -> Picture | None:
    if not summary.uniqueness:
        return None
    measure, beside = (measure_of(some, CREATIVITY.name) for some in (summary, other))
    lengths = CREATIVITY_LENGTHS
    svg = curve(summary.uniqueness, other.uniqueness if other else None, label="L, in notes",
                title="notes outside spans of L or more, in percent", shaded=lengths)  # fmt: skip
    caption = "For each length L: the share of notes that lie in no span of L notes or more (mean)."
    if measure is not None:
        caption += (
            f" The Creativity Index is the average from L = {lengths.start} to "
            f"{lengths.stop - 1} (shaded): {share(measure.batch.mean)}"
        )
        caption += f", in the other batch {share(beside.batch.mean)}." if beside else "."
    return Picture("Uniqueness", svg, caption)


def _novelty(summary: BatchSummary, other: BatchSummary | None) -> Picture | None:
    curves = summary.novelty
    if not curves:
        return None
    svg = curve(curves, other.novelty if other else None, label="n, in tokens",
                title="n-grams not in the corpus, in percent")  # fmt: skip
    caption = (
        "For each n: the share of n-grams, which are n tokens in a row, that are not found in the "
        "corpus (mean)."
    )
    half = next((n for n, absent in enumerate(curves, 1) if absent >= 0.5), None)
    if half is not None:
        caption += f" From n = {half} on, at least half of them are new."
    return Picture("Novelty", svg, caption)


def _ranks(deciles: Sequence[int]) -> Picture | None:
    total = sum(deciles)
    if not total:
        return None
    return Picture(
        "Rank among real tunes",
        percentiles(deciles),
        "Each transcription is ranked by its Creativity Index among real tunes of its meter and "
        "similar length. On the left are those that share most with other tunes. If the batch were "
        "like real tunes, each bar would have a tenth of it (dashed line). Here "
        f"{share(deciles[0] / total)} are in the tenth that shares most, and "
        f"{share(deciles[-1] / total)} in the tenth that shares least.",
    )


def histogram(
    batch: Distribution,
    other: Distribution | None = None,
    real: float | None = None,
    *,
    label: str,
    is_share: bool,
) -> str:
    """The distribution of a measure over a batch, and over another batch.

    real: the mean of real tunes, drawn as a line.
    label: the name of the measure, for the axis.
    is_share: the measure is shown in percent.

    If the bins of the batches have different widths, the other's are scaled to those of the first.
    """

    def draw(axes: Axes) -> None:
        width = (batch.high - batch.low) / max(len(batch.histogram), 1)
        _draw_bins(axes, batch, width, color=BLUE, fill=True, alpha=0.75)
        if other is not None:
            _draw_bins(axes, other, width, color=VERMILION, fill=False, linewidth=2)
        if real is not None:
            axes.axvline(real, color=GREEN, linewidth=2, linestyle=(0, (5, 3)))
        axes.set_title("transcriptions, in percent")
        axes.set_xlabel(f"{label}, in percent" if is_share else label)
        axes.set_ylim(bottom=0)
        ends = [_edges(one)[-1] for one in (batch, other) if one is not None]
        axes.set_xlim(batch.low, batch.high if is_share else max(*ends, real or 0, width))
        _percent(axes.yaxis)
        if is_share:
            _percent(axes.xaxis)

    return svg_of(draw)


def curve(
    batch: Sequence[float],
    other: Sequence[float] | None = None,
    *,
    label: str,
    title: str,
    shaded: range | None = None,
) -> str:
    """A share for each length from 1 on: uniqueness or novelty.

    label: what the lengths count.
    title: what the shares are.
    shaded: the lengths where the area below the curve is filled.
    """

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MultipleLocator

        lengths = range(1, len(batch) + 1)
        if shaded is not None and len(batch) >= shaded.stop - 1:
            inside = batch[shaded.start - 1 : shaded.stop - 1]
            ends = (shaded.start, *shaded, shaded.stop - 1)
            axes.fill(ends, (0, *inside, 0), color=BLUE, alpha=0.25, linewidth=0)
        axes.plot(lengths, batch, color=BLUE, linewidth=2.2)
        if other is not None:
            axes.plot(
                range(1, len(other) + 1), other, color=VERMILION, linewidth=2.2, dashes=(5, 2)
            )
        axes.set_title(title)
        axes.set_xlabel(label)
        axes.set_ylim(0, 1.02)
        axes.set_xlim(1, max(len(batch), len(other or ()), 2))
        axes.xaxis.set_major_locator(MultipleLocator(4))
        _percent(axes.yaxis)

    return svg_of(draw)


def percentiles(deciles: Sequence[int]) -> str:
    """The ranks of a batch among real tunes: a bar for each tenth, and a line at one tenth.

    deciles: (10,) as for pictures_of.
    """

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MultipleLocator

        total = sum(deciles) or 1
        middles = [k / 10 + 0.05 for k in range(len(deciles))]
        heights = [count / total for count in deciles]
        axes.bar(middles, heights, width=0.09, color=BLUE, alpha=0.75)
        axes.axhline(0.1, color=GREEN, linewidth=2, linestyle=(0, (5, 3)))
        axes.set_title("transcriptions, in percent")
        axes.set_xlabel("real tunes with a lower Creativity Index, in percent")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, max(*heights, 0.1) * 1.15)
        axes.xaxis.set_major_locator(MultipleLocator(0.2))
        _percent(axes.xaxis)
        _percent(axes.yaxis)

    return svg_of(draw)


def _draw_bins(axes: Axes, distribution: Distribution, width: float, **style: Any) -> None:
    """The bins of a distribution as shares of its transcriptions, scaled to bins of a width."""
    edges = _edges(distribution)
    if edges[0] == edges[-1]:
        return
    scale = width / (edges[1] - edges[0]) / distribution.count
    axes.stairs([count * scale for count in distribution.histogram[: len(edges) - 1]],
                edges, **style)  # fmt: skip


def _edges(distribution: Distribution) -> list[float]:
    """The edges of the bins up to the last one that is not empty."""
    bins = distribution.histogram
    width = (distribution.high - distribution.low) / max(len(bins), 1)
    filled = [k for k, count in enumerate(bins, 1) if count]
    return [distribution.low + k * width for k in range(max(filled, default=0) + 1)]


def _percent(axis: Any) -> None:
    """Label the ticks of shares in percent."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.3g}"))
