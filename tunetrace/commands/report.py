"""`tunetrace report`: the verdict on a whole batch of transcriptions."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import (
    batch_progress,
    copy_share_option,
    format_option,
    index_option,
    json_option,
    show,
    workers_for,
)


@click.command()
@click.argument("generated", nargs=-1, required=True)
@click.option("-o", "--output", "folder", required=True, metavar="DIR",
              help="Write the report into this folder.")  # fmt: skip
@click.option("--versus", multiple=True, metavar="BATCH",
              help="Compare with this other batch, a file or folder; may be given again for "
              "more of it.")  # fmt: skip
@copy_share_option
@format_option
@index_option
@json_option
def report(
    generated: tuple[str, ...],
    folder: str,
    versus: tuple[str, ...],
    copy_share: float,
    format: Any,
    index_path: str | None,
    as_json: bool,
) -> None:
    """Check a batch of GENERATED transcriptions and write a report on it.

    GENERATED are files or folders, in ABC or folk-rnn's text; - is standard input. The report is a
    folder: report.html for reading, tunes.csv and tunes.parquet with a row for each transcription,
    spans.parquet, summary.json, and set-aside.csv with what could not be read.

    \b
        tunetrace report generated.txt -o report
        tunetrace report warm.txt -o report --versus cold.txt
    """
    from tunetrace import open_index
    from tunetrace import report as write_report

    inputs = [*generated, *versus]
    with open_index(index_path) as opened, batch_progress(inputs) as progress:
        written = write_report(
            generated,
            folder,
            opened,
            versus=versus,
            copy_share=copy_share,
            format=format,
            progress=progress,
            workers=workers_for(inputs),
        )
    from tunetrace.terminal.report import print_report

    show(written, print_report, as_json)
