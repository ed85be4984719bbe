"""`tunetrace model`: the models that tunes are sampled from."""

from __future__ import annotations

import click

from tunetrace.cli.model.evaluate import evaluate
from tunetrace.cli.model.tunes import tunes


@click.group()
def model() -> None:
    """The models that tunes are sampled from."""


for command in (evaluate, tunes):
    model.add_command(command)
