"""`tunetrace index remove`: corpora out of an index."""

from __future__ import annotations

import click

from tunetrace.commands.completion import complete_corpora
from tunetrace.commands.index.counts import print_change
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.commands.progress import progress_display


@click.command()
@click.argument(
    "corpora", nargs=-1, required=True, metavar="CORPUS...", shell_complete=complete_corpora
)
@index_option
@json_option
def remove(corpora: tuple[str, ...], index_path: str | None, print_as: PrintAs) -> None:
    """Remove corpora from an index.

    'tunetrace index info' shows their names.

    \b
        tunetrace index remove my_tunes
    """
    from tunetrace import remove_from_index

    with progress_display() as progress:
        report = remove_from_index(corpora, index_path, progress=progress)
    show(report, print_change, print_as)
