"""`tunetrace index add`: more corpora in an index."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.completion import complete_sources
from tunetrace.commands.index.counts import print_change
from tunetrace.commands.options import (
    PrintAs,
    index_option,
    json_option,
    name_option,
    reading_options,
    show,
)
from tunetrace.commands.progress import progress_display


@click.command()
@click.argument(
    "sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=complete_sources
)
@click.option("--replace", is_flag=True, help="Replace a corpus whose content has changed.")
@name_option
@reading_options
@index_option
@json_option
def add(
    sources: tuple[str, ...], index_path: str | None, print_as: PrintAs, **options: Any
) -> None:
    """Add corpora to an index.

    A SOURCE is a file, a folder, - for standard input, or a named corpus. All are added or none:
    if an addition fails or is interrupted, the index stays as it was. A corpus that is already
    there with the same content is left alone.

    \b
        tunetrace index add my_tunes.abc
        tunetrace index add essen --index mine.db
        tunetrace index add my_tunes.abc --replace
    """
    from tunetrace import add_to_index

    with progress_display() as progress:
        report = add_to_index(sources, index_path, progress=progress, **options)
    show(report, print_change, print_as)
