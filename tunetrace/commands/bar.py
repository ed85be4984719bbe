"""`tunetrace bar`: where a whole bar is found in the corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tunetrace.commands.matches import filter_options, print_matches
from tunetrace.commands.options import index_option, json_options, print_jsonl, show

if TYPE_CHECKING:
    from tunetrace import Filters


@click.command()
@click.argument("bar_text", metavar="BAR")
@filter_options
@index_option
@json_options
def bar(
    bar_text: str,
    filters: Filters,
    limit: int,
    index_path: str | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Find a whole bar: how many tunes have it, and where.

    BAR is all that is between two bar lines. Wildcards are those of figure.

    \b
        tunetrace bar "G, C C 2 G, C E C"
        tunetrace bar "C 3 C 3" --meter 6/8
    """
    from tunetrace import bar

    found = bar(bar_text, filters, index_path, limit=limit)
    if as_jsonl:
        print_jsonl(found.results)
    else:
        show(found, print_matches, as_json)
