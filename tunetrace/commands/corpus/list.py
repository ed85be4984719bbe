"""`tunetrace corpus list`: the named corpora."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tunetrace.commands.console import console, make_table
from tunetrace.commands.options import PrintAs, json_options, show

if TYPE_CHECKING:
    from tunetrace import CorpusEntry


@click.command("list")
@json_options
def list_corpora(print_as: PrintAs) -> None:
    """List the named corpora, and which of them are here.

    \b
        tunetrace corpus list
    """
    from tunetrace import corpora

    show(corpora(), _print_list, print_as, corpora())


def _print_list(corpora: Sequence[CorpusEntry]) -> None:
    rows = [
        (corpus.name, corpus.title, corpus.version or "",
         "wrong" if corpus.problem else "yes" if corpus.is_here else "no")
        for corpus in corpora
    ]  # fmt: skip
    console().print(make_table(("name", "title", "version", "here"), rows))
