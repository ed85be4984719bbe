"""`tunetrace model import`: a model from a pickle of folk-rnn."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    json_option,
    show,
)


@click.command("import")
@click.argument("file")
@click.option("--name", metavar="NAME", help="Call the model so; else it has its file's name.")
@click.option("-o", "--output", metavar="FILE",
              help="Write the model to this file; else it is put among your models.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the model that is there.")
@json_option
def import_pickle(
    file: str, name: str | None, output: str | None, force: bool, as_json: bool
) -> None:
    """Make a model of FILE, a pickle of folk-rnn's training.

    Neither Theano nor Lasagne is needed, and nothing that the pickle names is run: it is read for
    NumPy's arrays and plain containers, and refused where it asks for more.

    \b
        tunetrace model import folkrnn_v2.pkl
        tunetrace model import folkrnn_v2.pkl --name v2 -o v2.safetensors
    """
    from tunetrace import import_model

    imported = import_model(file, name=name, output=output, force=force)
    from tunetrace.terminal.models import print_import

    show(imported, print_import, as_json)
