"""`tunetrace index rejects`: the tunes that could not be indexed."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    index_option,
    json_options,
    print_jsonl,
    show,
)


@click.command()
@click.argument("corpus", required=False)
@index_option
@json_options
def rejects(corpus: str | None, index_path: str | None, as_json: bool, as_jsonl: bool) -> None:
    """The tunes that were set aside when the index was made, with file, line and reason.

    \b
        tunetrace index rejects
        tunetrace index rejects ryans --jsonl
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.rejects(corpus)
    if as_jsonl:
        print_jsonl(found)
    else:
        from tunetrace.terminal.index import print_rejects

        show(found, print_rejects, as_json)
