"""`tunetrace corpus`: the corpora that go by a name, and what is in those of an index."""

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
    """The corpora that go by a name: what and where they are; and what is in an index's."""
