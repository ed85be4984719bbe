"""`tunetrace model show`: all that is known of a model."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    json_option,
    show,
)


@click.command("show")
@click.argument("model", required=False)
@json_option
def show_model(model: str | None, as_json: bool) -> None:
    """All that is known of a MODEL: its network, its tokens, where it is from.

    MODEL is a name that `model list` has, a file, or the folder of a training; without one it is
    the model that ships.

    \b
        tunetrace model show
        tunetrace model show folkrnn-v2
    """
    from tunetrace import model_info
    from tunetrace.terminal.models import print_model

    show(model_info(model), print_model, as_json)
