"""`tunetrace corpus fetch`: published corpora on this machine."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    json_options,
    print_jsonl,
    progress_display,
    show,
)


@click.command("fetch")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--refresh", is_flag=True, help="Fetch a file anew that is there already.")
@json_options
def fetch_corpora(names: tuple[str, ...], refresh: bool, as_json: bool, as_jsonl: bool) -> None:
    """Fetch corpora, and say where they are.

    A corpus that is there and whole is not fetched again, unless you ask for it: The Session's
    collection changes weekly.

    \b
        tunetrace corpus fetch folkrnn-v2
        tunetrace corpus fetch thesession --refresh
    """
    from tunetrace import fetch_corpus, find_corpus

    for name in names:
        find_corpus(name)  # before anything is fetched
    with progress_display() as progress:
        fetched = [
            fetch_corpus(name, refresh=refresh, progress=lambda what: progress(what, 0))
            for name in names
        ]
    if as_jsonl:
        print_jsonl(fetched)
    else:
        from tunetrace.terminal.corpora import print_places

        show(fetched, print_places, as_json)
