"""`tunetrace report`: the verdict on a whole batch of transcriptions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import console, print_set_aside
from tunetrace.commands.options import (
    PrintAs,
    cluster_options,
    copy_share_option,
    exclude_family_option,
    index_option,
    json_option,
    reading_options,
    shards_option,
    show,
    slices_options,
    verbatim_option,
    view_option,
    workers_for,
)
from tunetrace.commands.progress import progress_display

if TYPE_CHECKING:
    from tunetrace import Report


@click.command()
@click.argument("generated", nargs=-1, required=True, shell_complete=complete_files)
@click.option("-o", "--output", "folder", required=True, metavar="DIR",
              shell_complete=complete_files, help="Write the report into this folder.")  # fmt: skip
@click.option("--versus", multiple=True, metavar="BATCH", shell_complete=complete_files,
              help="Compare with this other batch, a file or folder; may be given again to add "
              "more to it.")  # fmt: skip
@view_option
@exclude_family_option
@copy_share_option
@verbatim_option
@click.option("--with-scores", is_flag=True,
              help="Show notation on the page, which can be played there.")  # fmt: skip
@cluster_options
@shards_option
@slices_options
@reading_options
@index_option
@json_option
def report(
    generated: tuple[str, ...],
    folder: str,
    index_path: str | None,
    cluster: str | int | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """Check a batch of tunes and write a report on it.

    GENERATED are files or folders, in ABC or folk-rnn's text; - is standard input. The report is a
    folder: report.html to read, tunes.csv and tunes.parquet with a row for each transcription,
    spans.parquet, summary.json, and set-aside.csv with the tunes that could not be read.

    \b
        tunetrace report generated.txt -o report
        tunetrace report warm.txt -o report --versus cold.txt
        tunetrace report generated.txt -o report --view melody
        tunetrace report generated.txt -o report --scheduler tcp://node1:8786
    """
    from tunetrace import report
    from tunetrace.corpus.readers import estimate_tunes

    tunes = estimate_tunes([*generated, *options["versus"]])
    with progress_display(tunes) as progress:
        written = report(
            generated,
            folder,
            index_path,
            progress=progress,
            cluster=cluster,
            workers=0
            if cluster is not None
            else workers_for(tunes, near_copies=not options["verbatim"]),
            **options,
        )
    show(written, _print_report, print_as)


def _print_report(report: Report) -> None:
    out = console()
    out.print("\n\n".join(report.words))
    aside = report.batch.set_aside + (report.versus.set_aside if report.versus else 0)
    print_set_aside(report.set_aside, "set-aside.csv lists them all", aside)
    if not report.index.has_baseline and report.batch.view == "tokens":
        out.print(
            "\nThe index has no baseline of how much real tunes share with one another. "
            "'tunetrace baseline' measures it; a report then compares the batch with real tunes."
        )
    page, *others = report.files
    out.print(f"\n{Path(report.path) / page}", soft_wrap=True, style="bold")
    out.print(f"with {', '.join(others)}")
