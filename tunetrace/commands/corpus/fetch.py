"""`tunetrace corpus fetch`: published corpora on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tunetrace.commands.completion import complete_corpora
from tunetrace.commands.console import console
from tunetrace.commands.options import PrintAs, json_options, show
from tunetrace.commands.progress import progress_display

if TYPE_CHECKING:
    from tunetrace import CorpusEntry


@click.command("fetch")
@click.argument(
    "names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_corpora
)
@click.option("--refresh", is_flag=True, help="Fetch again what is already here.")
@json_options
def fetch_corpora(names: tuple[str, ...], refresh: bool, print_as: PrintAs) -> None:
    """Fetch published corpora and print where they are.

    A corpus that is already here and whole is not fetched again, unless you give --refresh. The
    Session's collection changes every week.

    \b
        tunetrace corpus fetch folkrnn-v2
        tunetrace corpus fetch thesession --refresh
    """
    from tunetrace import fetch_corpus, find_corpus

    for name in names:
        find_corpus(name)  # so that a wrong name is refused before anything is fetched
    with progress_display() as progress:
        fetched = [
            fetch_corpus(name, refresh=refresh, progress=lambda what: progress(what, 0))
            for name in names
        ]
    show(fetched, _print_places, print_as, fetched)


def _print_places(corpora: Sequence[CorpusEntry]) -> None:
    out = console()
    for corpus in corpora:
        version = f" ({corpus.version})" if corpus.version else ""
        out.print(f"{corpus.name}{version} is at {corpus.path}", soft_wrap=True)
