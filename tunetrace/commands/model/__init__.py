"""`tunetrace model`: the models that tunes are sampled from."""

from __future__ import annotations

import click

from tunetrace.commands.model.evaluate import evaluate
from tunetrace.commands.model.published import fetch_models, import_pickle, list_models, show_model
from tunetrace.commands.model.train import train
from tunetrace.commands.model.tunes import tunes


@click.group()
def model() -> None:
    """The models that tunes are sampled from."""


for command in (
    list_models, show_model, fetch_models, import_pickle, train, evaluate, tunes,
):  # fmt: skip
    model.add_command(command)
