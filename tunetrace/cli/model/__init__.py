"""`tunetrace model`: the models that tunes are sampled from."""

from __future__ import annotations

import click

from tunetrace.cli.model.evaluate import evaluate
from tunetrace.cli.model.published import fetch_models, import_pickle, list_models, show_model
from tunetrace.cli.model.train import train
from tunetrace.cli.model.tunes import tunes


@click.group()
def model() -> None:
    """The models that tunes are sampled from."""


for command in (
    list_models, show_model, fetch_models, import_pickle, train, evaluate, tunes,
):  # fmt: skip
    model.add_command(command)
