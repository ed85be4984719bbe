"""`tunetrace index compact`: one segment, and a smaller file."""

from __future__ import annotations

import click

from tunetrace.commands.index.counts import print_change
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.commands.progress import progress_display


@click.command()
@index_option
@json_option
def compact(index_path: str | None, print_as: PrintAs) -> None:
    """Merge an index's segments and shrink its file.

    Every addition makes a segment, and every search goes through all segments. So this is worth
    its time after many additions or removals.

    \b
        tunetrace index compact
    """
    from tunetrace import compact_index

    with progress_display() as progress:
        report = compact_index(index_path, progress=progress)
    show(report, print_change, print_as)
