"""`tunetrace index copy`: an index at another place, in a file or a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import console
from tunetrace.commands.index.counts import print_totals
from tunetrace.commands.options import PrintAs, json_option, show
from tunetrace.commands.progress import progress_display

if TYPE_CHECKING:
    from tunetrace import CopyReport


@click.command()
@click.argument("source", metavar="FROM", shell_complete=complete_files)
@click.argument("target", metavar="TO", shell_complete=complete_files)
@click.option("--force", is_flag=True, help="Replace an index that is already there.")
@json_option
def copy(source: str, target: str, force: bool, print_as: PrintAs) -> None:
    """Copy an index to another place, and compare the copy.

    FROM and TO are index files or the URLs of PostgreSQL databases. The copy gives the same
    answers. It is only put in place if it is equal.

    \b
        tunetrace index copy mine.db copy.db
        tunetrace index copy mine.db postgresql+psycopg://me@server/tunes
    """
    from tunetrace import copy_index

    with progress_display() as progress:
        report = copy_index(source, target, force=force, progress=progress)
    show(report, _print_copy, print_as)


def _print_copy(report: CopyReport) -> None:
    console().print(
        f"copied from {report.source}: {report.rows:,} rows, with {report.bytes / 1e6:,.1f} MB of "
        "arrays, compared",
        soft_wrap=True,
    )
    print_totals(report.info)
