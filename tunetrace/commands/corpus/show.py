"""`tunetrace corpus show`: all that is known of a corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tunetrace.commands.completion import complete_corpora
from tunetrace.commands.console import console, print_facts
from tunetrace.commands.options import PrintAs, json_option, show

if TYPE_CHECKING:
    from tunetrace import CorpusEntry


@click.command("show")
@click.argument("name", shell_complete=complete_corpora)
@json_option
def show_corpus(name: str, print_as: PrintAs) -> None:
    """Show the source, licence and citation of a corpus.

    Also its version and checksum, its place on this machine, and whether it is there.

    \b
        tunetrace corpus show folkrnn-v2
    """
    from tunetrace import find_corpus

    show(find_corpus(name), _print_corpus, print_as)


def _print_corpus(corpus: CorpusEntry) -> None:
    console().print(f"{corpus.name}: {corpus.title}\n", soft_wrap=True)
    facts = {
        "source": corpus.source,
        "address": corpus.url,
        "version": corpus.version,
        "checksum": corpus.checksum,
        "licence": corpus.licence,
        "citation": corpus.citation,
        "format": corpus.format,
        "path": corpus.path,
        "here": _whether_here(corpus),
    }
    print_facts([(label, fact) for label, fact in facts.items() if fact is not None], 10)


def _whether_here(corpus: CorpusEntry) -> str:
    if corpus.problem:
        return f"no; the file at this path is not the published one: {corpus.problem}"
    if corpus.is_here:
        return "yes"
    if corpus.url is None:
        return "no; install it with: pip install 'tunetrace[corpora]'"
    return f"no; fetch it with: tunetrace corpus fetch {corpus.name}"
