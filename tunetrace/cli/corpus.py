"""`tunetrace corpus`: the corpora."""

from __future__ import annotations

import click

from tunetrace.cli.stats import stats


@click.group()
def corpus() -> None:
    """The corpora: what is in them."""


corpus.add_command(stats)
