"""`tunetrace model list`: every model that has a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tunetrace.commands.console import console, make_table
from tunetrace.commands.model.show import network_size
from tunetrace.commands.options import PrintAs, json_options, show
from tunetrace.text import plain

if TYPE_CHECKING:
    from tunetrace import ModelInfo


@click.command("list")
@json_options
def list_models(print_as: PrintAs) -> None:
    """List the named models, and which of them are here.

    They are the one that ships with tunetrace, the published ones, and your own.

    \b
        tunetrace model list
    """
    from tunetrace import models

    show(models(), _print_models, print_as, models())


def _print_models(models: Sequence[ModelInfo]) -> None:
    rows = [
        (plain(model.name), plain(model.title), network_size(model), len(model.tokens) or "",
         "wrong" if model.problem else "yes" if model.is_here else "no")
        for model in models
    ]  # fmt: skip
    console().print(make_table(("name", "what", "network", ">tokens", "here"), rows))
