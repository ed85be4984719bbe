"""`tunetrace index compact`: one segment, and a smaller file."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    index_option,
    json_option,
    progress_display,
    show,
)


@click.command()
@index_option
@json_option
def compact(index_path: str | None, as_json: bool) -> None:
    """Merge an index's segments and shrink its file, after many additions or removals.

    \b
        tunetrace index compact
    """
    from tunetrace import compact_index

    with progress_display() as progress:
        report = compact_index(index_path, progress=progress)
    from tunetrace.terminal.index import print_change

    show(report, print_change, as_json)
