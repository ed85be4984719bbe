"""`tunetrace model fetch`: published models on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tunetrace.commands.console import console
from tunetrace.commands.options import PrintAs, json_options, show
from tunetrace.commands.progress import progress_display
from tunetrace.text import plain

if TYPE_CHECKING:
    from tunetrace import ModelInfo


@click.command("fetch")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--refresh", is_flag=True, help="Fetch a model again that is already here.")
@json_options
def fetch_models(names: tuple[str, ...], refresh: bool, print_as: PrintAs) -> None:
    """Fetch published models, and print where they are.

    Each model is a pickle of folk-rnn. Its checksum is verified, and it is read in the same safe
    way as by `model import`.

    \b
        tunetrace model fetch folkrnn-v2
    """
    from tunetrace import fetch_model
    from tunetrace.model.library.published import find_published

    for name in names:
        find_published(name)  # refuses a wrong name before anything is fetched
    with progress_display() as progress:
        fetched = [
            fetch_model(name, refresh=refresh, progress=lambda what: progress(what, 0))
            for name in names
        ]
    show(fetched, print_places, print_as, fetched)


def print_places(models: Sequence[ModelInfo]) -> None:
    """Where the files of these models are."""
    for model in models:
        console().print(plain(f"{model.name} is at {model.path}"), soft_wrap=True)
