"""Real tunes in other clothes, asked against a corpus that has them: which are found again."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.output import say, show_table
from benchmarks.similar.dressing import DRESSINGS, Dressing
from benchmarks.similar.ours import Answer, Ours
from tunetrace.plots.picture import BLUE, GREY, VERMILION, save_picture
from tunetrace.tokenizer.transcription import Transcription

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SURE: Final = 0.9
"""A tune that is so probably the same as the original may come first in its place."""

TARGET: Final = 0.99
_BEYOND_TARGET: Final = ("replaced", "40%")


@dataclass(slots=True)
class Recall:
    """What was found of the tunes in one dressing."""

    dressing: Dressing
    asked: int = 0
    found: int = 0
    """The first answer is the original, or one that is probably the same tune."""
    named: int = 0
    """How many of those found have the default threshold's probability or more."""
    probabilities: list[float] = field(default_factory=list)
    """Of the original among the answers; 0 where it is none."""
    missed: list[int] = field(default_factory=list)
    """The places of the tunes that were not found."""


def ask_dressed(ours: Ours, tunes: Sequence[tuple[int, Transcription]], seed: int) -> list[Recall]:
    """How each dressing of the tunes is found again. tunes: with their places in the corpus."""
    recalls = [Recall(dressing) for dressing in DRESSINGS]
    for place, tune in tunes:
        same = {one.place for one in ours.near(tune, [place]) if one.probability > SURE}
        for recall in recalls:
            dressed = recall.dressing.of(tune, seed + place)
            if dressed is not None:
                _count(recall, ours, ours.near(dressed), place, {place, *same})
    return recalls


def _count(recall: Recall, ours: Ours, answers: list[Answer], place: int, right: set[int]) -> None:
    recall.asked += 1
    probable = {one.place: one.probability for one in answers}
    recall.probabilities.append(probable.get(place, 0.0))
    if answers and answers[0].place in right:
        recall.found += 1
        recall.named += ours.is_named(answers)
    else:
        recall.missed.append(place)


def measure(
    ours: Ours, tunes: Sequence[tuple[int, Transcription]], seed: int, picture: Path | None
) -> None:
    """Print the table; draw the picture if a place for it is given."""
    recalls = [recall for recall in ask_dressed(ours, tunes, seed) if recall.asked]
    show_table(
        f"{len(tunes):,} real tunes in other clothes: which are found again",
        ("", "", "asked", "found", "named", "probability"),
        [
            (
                recall.dressing.kind,
                recall.dressing.strength,
                f"{recall.asked:,}",
                f"{recall.found / recall.asked:.1%}",
                f"{recall.named / recall.asked:.1%}",
                f"{statistics.median(recall.probabilities):.3f}",
            )
            for recall in recalls
        ],
    )
    short = [
        recall.dressing.name
        for recall in recalls
        if recall.found < TARGET * recall.asked
        and (recall.dressing.kind, recall.dressing.strength) != _BEYOND_TARGET
    ]
    say(
        f"Found: the first answer is the original, or a tune with a probability over {SURE} of "
        f"being the same as the original; the target is {TARGET:.0%} up to 30% replaced, "
        f"{'missed by: ' + '; '.join(short) if short else 'met by all'}. Named: it has the default "
        f"threshold, {ours.threshold:.3f}, or more. Probability: that of the original, the median."
    )
    if picture is not None:
        save_picture(lambda: _draw(recalls), picture, force=True)
        say(f"{picture} shows the same.")


def _draw(recalls: Sequence[Recall]) -> Figure:
    """A row for each dressing, with the share found and the share named."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    rows = list(recalls)[::-1]
    figure = Figure(figsize=(8, 0.26 * len(rows) + 1.2), layout="constrained")
    axes = figure.subplots()
    heights = range(len(rows))
    found = [recall.found / recall.asked for recall in rows]
    named = [recall.named / recall.asked for recall in rows]
    axes.hlines(heights, named, found, color=GREY, linewidth=1, zorder=1)
    axes.scatter(found, heights, color=BLUE, marker="o", s=28, zorder=2, label="found")
    axes.scatter(named, heights, color=VERMILION, marker="s", s=22, zorder=2, label="named")
    axes.axvline(TARGET, color=GREY, linewidth=1, linestyle=":", zorder=0)
    axes.set_yticks(list(heights), [recall.dressing.name for recall in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("tunes")
    axes.set_title("Real tunes in other clothes, asked of a corpus that has them")
    axes.legend(loc="upper left", frameon=False)
    return figure
