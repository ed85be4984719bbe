"""`tunetrace tune`: one tune of an index."""

from __future__ import annotations

import click

from tunetrace.commands.options import index_option, json_option, show


@click.command()
@click.argument("reference", metavar="REF")
@index_option
@json_option
def tune(reference: str, index_path: str | None, as_json: bool) -> None:
    """One tune of the index: its text, its bars and its settings.

    REF is its corpus:number, its id or a title, or a part of one. Of several tunes of a title the
    first is shown whole and the others are listed.

    \b
        tunetrace tune oneills:2
        tunetrace tune "The Kesh"
    """
    from tunetrace import open_index
    from tunetrace import tune as tune_of

    with open_index(index_path) as opened:
        found = tune_of(reference, opened)
    from tunetrace.terminal.tune import print_tune

    show(found, print_tune, as_json)
