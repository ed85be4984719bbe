"""`tunetrace index remove`: corpora out of an index."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    index_option,
    json_option,
    progress_display,
    show,
)


@click.command()
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...")
@index_option
@json_option
def remove(corpora: tuple[str, ...], index_path: str | None, as_json: bool) -> None:
    """Remove corpora from an index, by the names that index info shows.

    \b
        tunetrace index remove my_tunes
    """
    from tunetrace import remove_from_index

    with progress_display() as progress:
        report = remove_from_index(corpora, index_path, progress=progress)
    from tunetrace.terminal.index import print_change

    show(report, print_change, as_json)
