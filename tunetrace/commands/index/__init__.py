"""`tunetrace index`: building an index, changing it, and what is in it."""

from __future__ import annotations

import click

from tunetrace.commands.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    commands={
        "build": "tunetrace.commands.index.build.build",
        "info": "tunetrace.commands.index.info.info",
        "add": "tunetrace.commands.index.add.add",
        "remove": "tunetrace.commands.index.remove.remove",
        "compact": "tunetrace.commands.index.compact.compact",
        "verify": "tunetrace.commands.index.verify.verify",
        "rejects": "tunetrace.commands.index.rejects.rejects",
    },
)
def index() -> None:
    """Build an index, change it, and see what is in it."""
