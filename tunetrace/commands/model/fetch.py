"""`tunetrace model fetch`: published models on this machine."""

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
@click.option("--refresh", is_flag=True, help="Fetch a model anew that is there already.")
@json_options
def fetch_models(names: tuple[str, ...], refresh: bool, as_json: bool, as_jsonl: bool) -> None:
    """Fetch published models, and say where they are.

    Each is a pickle of folk-rnn's, which is verified and read as `model import` reads it.

    \b
        tunetrace model fetch folkrnn-v2
    """
    from tunetrace import fetch_model
    from tunetrace.model.published import find_published

    for name in names:
        find_published(name)  # before anything is fetched
    with progress_display() as progress:
        fetched = [
            fetch_model(name, refresh=refresh, progress=lambda what: progress(what, 0))
            for name in names
        ]
    if as_jsonl:
        print_jsonl(fetched)
    else:
        from tunetrace.terminal.models import print_places

        show(fetched, print_places, as_json)
