"""`tunetrace index build`: an index of files, folders and named corpora."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.completion import complete_sources
from tunetrace.commands.index.counts import print_read, print_totals
from tunetrace.commands.options import (
    PrintAs,
    cluster_options,
    index_option,
    json_option,
    name_option,
    print_json,
    reading_options,
)
from tunetrace.commands.progress import progress_display


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", shell_complete=complete_sources)
@click.option("--force", is_flag=True, help="Replace an index that is already there.")
@name_option
@reading_options
@cluster_options
@index_option
@json_option
def build(
    sources: tuple[str, ...], index_path: str | None, print_as: PrintAs, **options: Any
) -> None:
    """Build an index of files, folders and named corpora.

    A SOURCE is a file, a folder, - for standard input, or a named corpus. Without a SOURCE the
    index holds O'Neill's Music of Ireland (oneills), Aird's Airs (airds) and Ryan's Mammoth
    Collection (ryans).

    \b
        tunetrace index build
        tunetrace index build oneills my_tunes.abc --index mine.db
        tunetrace index build collection/ --index mine.db --workers 8
    """
    from tunetrace import build_index
    from tunetrace.records import to_plain

    with progress_display() as progress:
        report = build_index(sources, index_path, progress=progress, **options)
    if print_as == "json":
        print_json({**to_plain(report.info), "set_aside": report.set_aside})
    else:
        print_totals(report.info)
        print_read(report.info.corpora, report.set_aside)
