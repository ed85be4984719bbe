"""`tunetrace index info`: what is in an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tunetrace.commands.console import console, make_table
from tunetrace.commands.index.counts import print_totals
from tunetrace.commands.options import PrintAs, index_option, json_option, show

if TYPE_CHECKING:
    from tunetrace import IndexInfo


@click.command()
@index_option
@json_option
def info(index_path: str | None, print_as: PrintAs) -> None:
    """Count the corpora, tunes, tokens and bars of an index.

    The fingerprint says what is in it: two indexes of the same corpora share it.

    \b
        tunetrace index info
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.info()
    show(found, _print_info, print_as)


def _print_info(info: IndexInfo) -> None:
    print_totals(info)
    columns = ("corpus", ">tunes", ">tokens", ">bars", ">set aside", "added on")
    rows = [(c.name, c.tunes, c.tokens, c.bars, c.set_aside, c.added[:10]) for c in info.corpora]
    console().print(make_table(columns, rows))
    console().print(f"\nfingerprint: {info.fingerprint}")
