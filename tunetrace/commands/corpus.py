"""`tunetrace corpus`: the corpora that go by a name, and what is in those of an index."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    json_option,
    json_options,
    print_jsonl,
    progress_display,
    show,
)
from tunetrace.commands.stats import stats


@click.group()
def corpus() -> None:
    """The corpora that go by a name: what and where they are; and what is in an index's."""


@corpus.command("list")
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
        show(corpora(), "corpora.print_list", as_json)


@corpus.command("show")
@click.argument("name")
@json_option
def show_corpus(name: str, as_json: bool) -> None:
    """All that is known of a corpus: source, licence, citation, place, checksum.

    \b
        tunetrace corpus show folkrnn-v2
    """
    from tunetrace import find_corpus

    show(find_corpus(name), "corpora.print_corpus", as_json)


@corpus.command("fetch")
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
        show(fetched, "corpora.print_places", as_json)


corpus.add_command(stats)
