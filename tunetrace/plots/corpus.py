"""One picture of a corpus: its keys, its meters, how long its tunes are, its commonest figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tunetrace.arguments import public
from tunetrace.indexer.statistics.commonest import CountedText
from tunetrace.indexer.statistics.stats import CorpusStats, Spread, TuneGroup
from tunetrace.plots.picture import BLUE, GREY, VERMILION, save_picture
from tunetrace.text import counted, share, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN: Final = 8
_FEWEST: Final = 6
"""There is room for this many bars at least, so that a single bar is not a block."""
_MOST_SINGLE: Final = 64
_BINS: Final = 40
_LONGEST_NAME: Final = 60
_LONGEST_TEXT: Final = 50


@public
def plot_corpus(stats: CorpusStats, path: str | Path, *, force: bool = False) -> None:
    """Draw a corpus as one picture. The ending of path gives the format: PNG, SVG or PDF.

    force: replace an older picture that tunetrace drew. Raises OutputError if the ending is another
    one, path is taken or cannot be written, or matplotlib is not installed.
    """
    save_picture(lambda: _draw(stats), path, force=force)


def _draw(stats: CorpusStats) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=(10, 11), layout=ConstrainedLayoutEngine(h_pad=0.15, w_pad=0.2))
    name = stats.corpus or ", ".join(stats.corpora)
    figure.suptitle(
        f"{shortened(name, _LONGEST_NAME)}: {counted(stats.tunes, 'tune')}, "
        f"{counted(stats.bars, 'bar')}",
        x=0.02, ha="left", fontsize=13, weight="bold",
    )  # fmt: skip
    axes = figure.subplots(3, 2, height_ratios=(1, 1, 1.2))
    _draw_groups(axes[0, 0], *_keys(stats), stats.tunes)
    _draw_groups(axes[0, 1], "Meters", stats.meters, stats.tunes)
    _draw_spread(axes[1, 0], stats.bars_a_tune, "bars")
    _draw_spread(axes[1, 1], stats.notes_a_tune, "notes")
    _draw_counted(axes[2, 0], "Commonest whole bars", stats.common_bars)
    notes = counted(stats.figure_notes, "note")
    _draw_counted(axes[2, 1], f"Commonest figures of {notes}", stats.common_figures)
    return figure


def _keys(stats: CorpusStats) -> tuple[str, Sequence[TuneGroup]]:
    """The keys as written if they say more than the modes."""
    if any(group.name and group.name[:-3] not in ("", "C") for group in stats.original_keys):
        return "Keys", stats.original_keys
    return "Modes", stats.modes


def _draw_groups(axes: Axes, title: str, groups: Sequence[TuneGroup], of: int) -> None:
    """A bar for each group of tunes: its name on the left, its size and share at the end."""
    names = [group.name or "none" for group in groups[:_SHOWN]]
    counts = [group.tunes for group in groups[:_SHOWN]]
    rest = groups[_SHOWN:]
    if rest:
        names.append(f"{len(rest)} more")
        counts.append(sum(group.tunes for group in rest))
    labels = [f"{count:,}  {share(count / of)}" for count in counts]
    axes.set_title(f"{title}, by tunes")
    _draw_bars(axes, counts, labels, height=0.7)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), _FEWEST) - 0.5, -0.5)
    axes.tick_params(left=False, labelcolor="black")


def _draw_counted(axes: Axes, title: str, found: Sequence[CountedText]) -> None:
    """A bar for each text. The text is above the bar, because it may be long."""
    axes.set_title(f"{title} (on C), by tunes")
    shown = found[:_SHOWN]
    counts = [text.tunes for text in shown]
    _draw_bars(axes, counts, [f"{count:,}" for count in counts], height=0.32)
    for place, text in enumerate(shown):
        axes.annotate(
            shortened(text.text, _LONGEST_TEXT), (0, place - 0.22), va="bottom",
            family=["DejaVu Sans Mono", "monospace"], fontsize=9, in_layout=False,
        )  # fmt: skip
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.8)
    axes.set_yticks([])


def _draw_bars(axes: Axes, counts: Sequence[int], labels: Sequence[str], height: float) -> None:
    """Bars from top to bottom. Each has a label at its end, so no scale is needed."""
    bars = axes.barh(range(len(counts)), counts, color=BLUE, height=height)
    axes.bar_label(bars, labels=labels, padding=4, color=GREY)
    axes.set_xlim(0, max(counts, default=1) * 1.3)
    axes.set_xticks([])
    axes.spines[["left", "bottom"]].set_visible(False)


def _draw_spread(axes: Axes, spread: Spread | None, unit: str) -> None:
    """A histogram up to a length that 99 in 100 tunes do not exceed."""
    from matplotlib.ticker import MultipleLocator, StrMethodFormatter

    axes.set_xlabel(f"length in {unit}")
    axes.set_ylabel("tunes")
    if spread is None:
        return
    low, high = spread.lower_quartile, spread.upper_quartile
    middle = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    axes.set_title(f"Length: the middle half has {middle} {unit}")
    stop, longer = _reach(spread)
    width = 1 if stop <= _MOST_SINGLE else -(-stop // _BINS)
    edges = [edge - 0.5 for edge in range(0, stop + width + 1, width)]
    axes.hist(
        list(spread.counts), bins=edges, weights=list(spread.counts.values()), color=BLUE,
        rwidth=0.85,
    )  # fmt: skip
    axes.set_xlim(edges[0], edges[-1])
    if width == 1:
        axes.xaxis.set_major_locator(MultipleLocator(8))  # tunes are made of eights
    top = axes.get_ylim()[1] * 1.1
    axes.set_ylim(0, top)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.vlines(spread.median, 0, top, color=VERMILION, linewidth=1.2)
    is_right = spread.median > edges[-1] * 0.7
    axes.annotate(
        f"median {spread.median:,}", (spread.median, top), xytext=(-5 if is_right else 5, 0),
        textcoords="offset points", ha="right" if is_right else "left", va="top",
        color=VERMILION, in_layout=False,
    )  # fmt: skip
    if longer:
        axes.annotate(
            f"{longer:,} longer,\nup to {spread.most:,}", (1, 0.35), xycoords="axes fraction",
            ha="right", va="center", color=GREY, fontsize=9, in_layout=False,
        )  # fmt: skip


def _reach(spread: Spread) -> tuple[int, int]:
    """The end of a histogram that a few long tunes shall not squeeze; and how many are longer."""
    tunes = sum(spread.counts.values())
    below = 0
    for value, count in spread.counts.items():
        below += count
        if below >= 0.99 * tunes and value < spread.most * 0.7:
            return value, tunes - below
    return spread.most, 0
