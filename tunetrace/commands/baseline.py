"""`tunetrace baseline`: how much real tunes share with one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tunetrace.commands.console import console, make_table
from tunetrace.commands.options import (
    PrintAs,
    cluster_options,
    index_option,
    json_option,
    show,
    slices_options,
)
from tunetrace.commands.progress import progress_display
from tunetrace.text import counted, share

if TYPE_CHECKING:
    from tunetrace import BaselineReport


@click.command()
@click.option("--similar", is_flag=True,
              help="Also measure how similar the most similar other tune is, which takes some "
              "milliseconds for each tune.")  # fmt: skip
@cluster_options
@slices_options
@index_option
@json_option
def baseline(index_path: str | None, print_as: PrintAs, **options: Any) -> None:
    """Measure how much real tunes share with one another.

    Every tune of the index is checked against all others, except settings of the same tune. The
    result is stored in the index. From then on, check and report compare a transcription with the
    real tunes of its meter and length.

    \b
        tunetrace baseline
        tunetrace baseline --similar --index mine.db
        tunetrace baseline --similar --scheduler tcp://node1:8786
    """
    from tunetrace import measure_baseline

    with progress_display() as progress:
        report = measure_baseline(index_path, progress=progress, **options)
    show(report, _print_baseline, print_as)


def _print_baseline(report: BaselineReport) -> None:
    """For each measure the tenth, the half and nine tenths of the tunes that have least."""
    from tunetrace.checker.measures import MEASURES, SIMILARITY

    out = console()
    settings = ""
    if report.groups < report.tunes:
        settings = f", settings of {counted(report.groups, 'tune')}"
    out.print(f"{report.path}", soft_wrap=True)
    out.print(
        f"{counted(report.tunes, 'transcription')}{settings}. Each was checked against all others, "
        "except settings of the same tune.\n"
    )
    rows = []
    for measure in (*MEASURES, SIMILARITY):
        if measure.name not in report.quantiles:
            continue
        values = report.quantiles[measure.name]
        shown = [share(value) if measure.is_share else f"{value:,.0f}" for value in values]
        rows.append((measure.label, *shown))
    out.print(make_table(("measure", ">10% have up to", ">half up to", ">90% up to"), rows))
