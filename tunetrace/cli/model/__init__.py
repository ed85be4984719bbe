"""`tunetrace model`: the models that tunes are sampled from."""

from __future__ import annotations

import click


@click.group()
def model() -> None:
    """The models that tunes are sampled from."""
