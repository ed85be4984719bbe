"""`tunetrace model list`: every model that has a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tunetrace.commands.console import console, make_table
from tunetrace.commands.model.show import network_size
from tunetrace.commands.options import json_options, print_jsonl, show
from tunetrace.text import plain

if TYPE_CHECKING:
    from tunetrace import ModelInfo


@click.command("list")
@json_options
def list_models(as_json: bool, as_jsonl: bool) -> None:
    """List the named models, and which of them are here.

    They are the one that ships with tunetrace, the published ones, and your own.

    \b
        tunetrace model list
    """
    from tunetrace import models

    if as_jsonl:
        print_jsonl(models())
    else:
        show(models(), _print_models, as_json)


def _print_models(models: Sequence[ModelInfo]) -> None:
    """A line for each model."""
    table = make_table("name", "what", "network", "tokens", "here", right=("tokens",))
    for model in models:
        here = "wrong" if model.problem else "yes" if model.is_here else "no"
        tokens = f"{len(model.tokens)}" if model.tokens else ""
        table.add_row(plain(model.name), plain(model.title), network_size(model), tokens, here)
    console().print(table)
