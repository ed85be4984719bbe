"""`tunetrace corpus show`: all that is known of a corpus."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import click

from tunetrace.commands.completion import complete_corpora
from tunetrace.commands.console import console
from tunetrace.commands.options import json_option, show

if TYPE_CHECKING:
    from tunetrace import CorpusEntry

_LABEL: Final = 10
_WIDTH: Final = 79


@click.command("show")
@click.argument("name", shell_complete=complete_corpora)
@json_option
def show_corpus(name: str, as_json: bool) -> None:
    """Show the source, licence and citation of a corpus.

    Also its version and checksum, its place on this machine, and whether it is there.

    \b
        tunetrace corpus show folkrnn-v2
    """
    from tunetrace import find_corpus

    show(find_corpus(name), _print_corpus, as_json)


def _print_corpus(corpus: CorpusEntry) -> None:
    """All that is known of one corpus."""
    out = console()
    out.print(f"{corpus.name}: {corpus.title}\n", soft_wrap=True)
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
    for label, fact in facts.items():
        if fact is None:
            continue
        # Places and addresses stay whole, so that they can be copied.
        lines = [fact]
        if label not in ("address", "path"):
            lines = textwrap.wrap(fact, _WIDTH - _LABEL, break_on_hyphens=False)
        for k, line in enumerate(lines):
            out.print(f"{'' if k else label:{_LABEL}}{line}", soft_wrap=True)


def _whether_here(corpus: CorpusEntry) -> str:
    if corpus.problem:
        return f"no; the file at this path is not the published one: {corpus.problem}"
    if corpus.is_here:
        return "yes"
    if corpus.url is None:
        return "no; install it with: pip install 'tunetrace[corpora]'"
    return f"no; fetch it with: tunetrace corpus fetch {corpus.name}"
