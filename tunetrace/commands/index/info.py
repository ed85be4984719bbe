"""`tunetrace index info`: what is in an index."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    index_option,
    json_option,
    show,
)


@click.command()
@index_option
@json_option
def info(index_path: str | None, as_json: bool) -> None:
    """What is in an index: its corpora, tunes, tokens and bars.

    \b
        tunetrace index info
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        from tunetrace.terminal.index import print_info

        show(opened.info(), print_info, as_json)
