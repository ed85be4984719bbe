"""`tunetrace model import`: a model from a pickle of folk-rnn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import console
from tunetrace.commands.model.fetch import print_places
from tunetrace.commands.model.show import network_size, token_count
from tunetrace.commands.options import PrintAs, json_option, show
from tunetrace.text import counted, plain

if TYPE_CHECKING:
    from tunetrace import ModelInfo


@click.command("import")
@click.argument("file", shell_complete=complete_files)
@click.option("--name", metavar="NAME", help="The model's name (default: the file's name).")
@click.option("-o", "--output", metavar="FILE", shell_complete=complete_files,
              help="Write the model to this file (default: among your models).")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a model that is there.")
@json_option
def import_pickle(
    file: str, name: str | None, output: str | None, force: bool, print_as: PrintAs
) -> None:
    """Import a model from a pickle of folk-rnn's training.

    FILE is what folk-rnn's training wrote. Theano and Lasagne are not needed. No code in the pickle
    runs: only NumPy arrays and plain containers are read, and a pickle that asks for more is
    refused.

    \b
        tunetrace model import folkrnn_v2.pkl
        tunetrace model import folkrnn_v2.pkl --name v2 -o v2.safetensors
    """
    from tunetrace import import_model

    show(import_model(file, name=name, output=output, force=force), _print_import, print_as)


def _print_import(model: ModelInfo) -> None:
    out = console()
    network = f"{network_size(model)}, {counted(model.parameters or 0, 'parameter')}"
    out.print(f"{plain(model.name)}: {network}", soft_wrap=True)
    out.print(f"tokens: {token_count(model)}", soft_wrap=True)
    print_places([model])
