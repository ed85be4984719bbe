"""`tunetrace index add`: more corpora in an index."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import (
    format_option,
    index_option,
    json_option,
    name_option,
    progress_display,
    show,
)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--replace", is_flag=True, help="Replace a corpus that is there with other content.")
@name_option
@format_option
@index_option
@json_option
def add(
    sources: tuple[str, ...],
    replace: bool,
    name: str | None,
    format: Any,
    index_path: str | None,
    as_json: bool,
) -> None:
    """Add SOURCES to an index: files, folders, - for standard input, corpora by name.

    All of them or none: an addition that fails or is cut off leaves the index as it was. What is
    there already with the same content stays as it is.

    \b
        tunetrace index add my_tunes.abc
        tunetrace index add essen --index mine.db
        tunetrace index add my_tunes.abc --replace
    """
    from tunetrace import add_to_index

    with progress_display() as progress:
        report = add_to_index(
            sources, index_path, replace=replace, name=name, format=format, progress=progress
        )
    from tunetrace.terminal.index import print_change

    show(report, print_change, as_json)
