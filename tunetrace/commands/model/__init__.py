"""`tunetrace model`: models that write tunes."""

from __future__ import annotations

import click

from tunetrace.commands.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    commands={
        "list": "tunetrace.commands.model.list.list_models",
        "show": "tunetrace.commands.model.show.show_model",
        "fetch": "tunetrace.commands.model.fetch.fetch_models",
        "import": "tunetrace.commands.model.import_.import_pickle",
        "train": "tunetrace.commands.model.train.train",
        "evaluate": "tunetrace.commands.model.evaluate.evaluate",
        "tunes": "tunetrace.commands.model.tunes.tunes",
    },
)
def model() -> None:
    """List, fetch, train and evaluate models."""
