"""`tunetrace model list`: every model that goes by a name."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    json_options,
    print_jsonl,
    show,
)


@click.command("list")
@json_options
def list_models(as_json: bool, as_jsonl: bool) -> None:
    """Every model that goes by a name: the one that ships, the published ones, your own.

    \b
        tunetrace model list
    """
    from tunetrace import models

    if as_jsonl:
        print_jsonl(models())
    else:
        from tunetrace.terminal.models import print_list

        show(models(), print_list, as_json)
