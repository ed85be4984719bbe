"""`tunetrace figure`: where a figure is in the corpus."""

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
@click.argument("figure")
@filter_options
@click.option("--open-end", is_flag=True, help="Count it inside a longer last note too.")
@index_option
@json_options
def figure(
    figure: str,
    filters: Any,
    limit: int,
    open_end: bool,
    index_path: str | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Where a figure stands: in how many tunes, how often, and the places.

    A FIGURE is tokens set apart by spaces; * is any one token, {c C} either of them, c? the note
    c of any length.

    \b
        tunetrace figure "G, C C 2"
        tunetrace figure "G, C C 2" --bar 1 --onset 0
        tunetrace figure "{c C} 2 B? c" --meter 4/4 --key maj
        tunetrace figure "G, C C 2" --limit 1000 --jsonl
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.figure(figure, filters, open_end=open_end, limit=limit)
    if as_jsonl:
        print_jsonl(found.results)
    else:
        from tunetrace.terminal.matches import print_matches

        show(found, print_matches, as_json)
