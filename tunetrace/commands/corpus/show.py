"""`tunetrace corpus show`: all that is known of a corpus."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    json_option,
    show,
)


@click.command("show")
@click.argument("name")
@json_option
def show_corpus(name: str, as_json: bool) -> None:
    """All that is known of a corpus: source, licence, citation, place, checksum.

    \b
        tunetrace corpus show folkrnn-v2
    """
    from tunetrace import find_corpus
    from tunetrace.terminal.corpora import print_corpus

    show(find_corpus(name), print_corpus, as_json)
