"""`tunetrace bar`: where a whole bar is in the corpus."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import (
    filter_options,
    index_option,
    json_options,
    print_jsonl,
    show,
)


@click.command()
@click.argument("bar_text", metavar="BAR")
@filter_options
@index_option
@json_options
def bar(
    bar_text: str,
    filters: Any,
    limit: int,
    index_path: str | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Where a whole bar stands, from one bar line to the next.

    Wildcards are as for figure.

    \b
        tunetrace bar "G, C C 2 G, C E C"
        tunetrace bar "C 3 C 3" --meter 6/8
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.bar(bar_text, filters, limit=limit)
    if as_jsonl:
        print_jsonl(found.results)
    else:
        from tunetrace.terminal.matches import print_matches

        show(found, print_matches, as_json)
