"""`tunetrace corpus`: the named corpora, and what the corpora of an index hold."""

from __future__ import annotations

import click

from tunetrace.commands.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    commands={
        "list": "tunetrace.commands.corpus.list.list_corpora",
        "show": "tunetrace.commands.corpus.show.show_corpus",
        "fetch": "tunetrace.commands.corpus.fetch.fetch_corpora",
        "stats": "tunetrace.commands.corpus.stats.stats",
    },
)
def corpus() -> None:
    """List, fetch and describe corpora."""
