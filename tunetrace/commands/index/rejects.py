"""`tunetrace index rejects`: the tunes that could not be indexed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tunetrace.commands.completion import complete_corpora
from tunetrace.commands.console import console
from tunetrace.commands.options import PrintAs, index_option, json_options, show

if TYPE_CHECKING:
    from tunetrace import Reject


@click.command()
@click.argument("corpus", required=False, shell_complete=complete_corpora)
@index_option
@json_options
def rejects(corpus: str | None, index_path: str | None, print_as: PrintAs) -> None:
    """List the tunes that could not be indexed, and why.

    Each has its file, line and reason. With a CORPUS only the tunes of that corpus are listed.

    \b
        tunetrace index rejects
        tunetrace index rejects ryans --jsonl
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.rejects(corpus)
    show(found, _print_rejects, print_as, found)


def _print_rejects(rejects: Sequence[Reject]) -> None:
    out = console()
    if not rejects:
        out.print("no tune was set aside")
    for reject in rejects:
        number = "" if reject.number is None else f"X:{reject.number} "
        name = f"{number}{reject.title}".strip()
        named = f" ({name})" if name else ""
        out.print(f"{reject.place}: {reject.reason}{named}", soft_wrap=True)
