"""One picture of an extraction: how far training tunes and held-out tunes are continued verbatim.

Both panels have the length of the prompt on the axis below, as Carlini et al. (2023) draw it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tunetrace.arguments import public
from tunetrace.model.inspect.extraction import Continued, Extraction
from tunetrace.plots.picture import BLUE, VERMILION, model_label, save_picture
from tunetrace.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ASIDE: Final = 0.06
"""How far the two groups are drawn from their place, so that their intervals do not overlap."""


@public
def plot_extraction(found: Extraction, path: str | Path, *, force: bool = False) -> None:
    """Draw an extraction as one picture. The ending of path gives the format: PNG, SVG or PDF.

    force: replace an older picture that tunetrace drew. Raises OutputError if the ending is another
    one, path is taken or cannot be written, or matplotlib is not installed.
    """
    save_picture(lambda: _draw(found), path, force=force)


def _draw(found: Extraction) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(8, 7.5), layout=ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.12))
    above, below = figure.subplots(2, 1, sharex=True)
    name = model_label(found.model)
    above.set_title(f"{name}: tunes continued verbatim for {counted(found.bars, 'bar')}")
    above.set_ylabel("share of tunes, 95% interval")
    above.yaxis.set_major_formatter(PercentFormatter(1))
    below.set_title("How far tunes are continued verbatim")
    below.set_ylabel("tokens after the prompt, on average")
    is_shares = (True, False)
    for axes, is_share in zip((above, below), is_shares, strict=True):
        _draw_group(axes, found.training, BLUE, "o", "training tunes", -_ASIDE, is_share)
        _draw_group(axes, found.held_out, VERMILION, "s", "held-out tunes", _ASIDE, is_share)
        axes.set_ylim(bottom=0)
    above.set_ylim(top=min(1.04, max(0.05, 1.1 * above.get_ylim()[1])))
    above.legend(frameon=False)
    lengths = [row.prompt_bars for row in found.training]
    below.set_xticks(range(len(lengths)), list(map(str, lengths)))
    below.set_xlim(-0.5, len(lengths) - 0.5)
    below.set_xlabel("bars of the prompt")
    return figure


def _draw_group(
    axes: Axes,
    rows: Sequence[Continued],
    color: str,
    marker: str,
    name: str,
    aside: float,
    is_share: bool,
) -> None:
    """A line through the values of a group, with the intervals of shares."""
    value: Callable[[Continued], float | None] = (
        (lambda row: row.share) if is_share else (lambda row: row.tokens)
    )
    points = [
        (place + aside, at, row) for place, row in enumerate(rows) if (at := value(row)) is not None
    ]
    if not points:
        return
    places, heights, shown = zip(*points, strict=True)
    axes.plot(places, heights, color=color, marker=marker, markersize=6, linewidth=1.8,
              clip_on=False, label=f"{name} ({_numbers(shown)})")  # fmt: skip
    if is_share:
        bounds = [
            [abs(row.share - end) for row, end in zip(shown, ends, strict=True)]
            for ends in ([row.low for row in shown], [row.high for row in shown])
        ]
        axes.errorbar(places, heights, yerr=bounds, fmt="none", ecolor=color, capsize=4,
                      linewidth=1.2)  # fmt: skip


def _numbers(rows: Sequence[Continued]) -> str:
    """How many tunes there are: `152`, or `482 to 500` if prompts differ."""
    counts = sorted(row.tunes for row in rows)
    return f"{counts[0]:,}" if counts[0] == counts[-1] else f"{counts[0]:,} to {counts[-1]:,}"
