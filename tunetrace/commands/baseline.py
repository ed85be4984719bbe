"""`tunetrace baseline`: how much people borrow from one another."""

from __future__ import annotations

import click

from tunetrace.commands.options import index_option, json_option, progress_display, show


@click.command()
@index_option
@json_option
def baseline(index_path: str | None, as_json: bool) -> None:
    """Measure how much the tunes of the index share with one another.

    Every tune is checked against all others, settings of the same tune left out, and what comes
    out is stored in the index. From then on a check and a report say where a transcription lies
    among people's tunes of its meter and length.

    \b
        tunetrace baseline
        tunetrace baseline --index mine.db
    """
    from tunetrace import measure_baseline

    with progress_display() as progress:
        report = measure_baseline(index_path, progress=progress)
    from tunetrace.terminal.baseline import print_baseline

    show(report, print_baseline, as_json)
