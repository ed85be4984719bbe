"""`tunetrace corpus list`: the corpora that go by a name."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    json_options,
    print_jsonl,
    show,
)


@click.command("list")
@json_options
def list_corpora(as_json: bool, as_jsonl: bool) -> None:
    """Every named corpus: what it is, its version, and whether it is here.

    \b
        tunetrace corpus list
    """
    from tunetrace import corpora

    if as_jsonl:
        print_jsonl(corpora())
    else:
        from tunetrace.terminal.corpora import print_list

        show(corpora(), print_list, as_json)
