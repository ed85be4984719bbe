"""What `tunetrace baseline` prints, and how a check says where a tune lies in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunetrace.checker.baseline.percentiles import Percentiles
from tunetrace.checker.measures import MEASURES, Measure
from tunetrace.commands.console import console, make_table
from tunetrace.text import counted, share

if TYPE_CHECKING:
    from tunetrace.checker.baseline.measure import BaselineReport

_TOLD: Final = ("longest_notes", "copied_8", "copied_12")


def print_baseline(report: BaselineReport) -> None:
    """How much people's tunes share: the median of each measure, and what is usual."""
    out = console()
    settings = ""
    if report.groups < report.tunes:
        settings = f", settings of {counted(report.groups, 'tune')}"
    out.print(f"{report.path}", soft_wrap=True)
    out.print(f"{counted(report.tunes, 'transcription')}{settings}, each measured against all "
              "others that are no settings of it\n")  # fmt: skip
    table = make_table("measure", "10% have up to", "half up to", "90% up to",
                       right=("10% have up to", "half up to", "90% up to"))  # fmt: skip
    for measure in MEASURES:
        lower, median, upper = report.quantiles[measure.name]
        table.add_row(measure.label, *(_value(measure, v) for v in (lower, median, upper)))
    out.print(table)


def _value(measure: Measure, value: float) -> str:
    return share(value) if measure.is_share else f"{value:,.0f}"


def describe_standing(standing: Percentiles) -> str:
    """Beside people's tunes of its kind, how much a tune shares with others."""
    longest, *copied = (_part(standing.below[name]) for name in _TOLD)
    return (
        f"its longest span is longer than that of {longest} of {_peers(standing)}; it has more in "
        f"spans of 8 notes than {copied[0]} of them, of 12 than {copied[1]}"
    )


def _part(below: float) -> str:
    return "none" if below == 0 else "all" if below == 1 else share(below)


def _peers(standing: Percentiles) -> str:
    """Whom a tune is compared with: `the 412 tunes of the index in 6/8 of 72 to 128 notes`."""
    meter = f" in {standing.meter}" if standing.meter else ""
    notes = ""
    if standing.least_notes is not None:
        notes = f" of {standing.least_notes} to {standing.most_notes} notes"
    return f"the {counted(standing.peers, 'tune')} of the index{meter}{notes}"
