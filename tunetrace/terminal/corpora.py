"""What `tunetrace corpus` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tunetrace.commands.console import console, make_table
from tunetrace.corpus.records import CorpusEntry

_LABEL = 10
_WIDTH = 79


def print_list(corpora: Sequence[CorpusEntry]) -> None:
    """A line for each named corpus."""
    out = console()
    table = make_table("name", "what", "version", "here")
    for corpus in corpora:
        here = "wrong" if corpus.problem else "yes" if corpus.is_here else "no"
        table.add_row(corpus.name, corpus.title, corpus.version or "", here)
    out.print(table)


def print_corpus(corpus: CorpusEntry) -> None:
    """All that is known of one corpus."""
    out = console()
    out.print(f"{corpus.name}: {corpus.title}\n", soft_wrap=True)
    facts = (
        ("source", corpus.source),
        ("address", corpus.url),
        ("version", corpus.version),
        ("checksum", corpus.checksum),
        ("licence", corpus.licence),
        ("citation", corpus.citation),
        ("read as", corpus.format),
        ("place", corpus.path),
        ("here", _whether_here(corpus)),
    )
    for label, fact in facts:
        if fact is None:
            continue
        # Places and addresses stay whole, so that they can be copied.
        lines = [fact]
        if label not in ("address", "place"):
            lines = textwrap.wrap(fact, _WIDTH - _LABEL, break_on_hyphens=False)
        for k, line in enumerate(lines):
            out.print(f"{'' if k else label:{_LABEL}}{line}", soft_wrap=True)


def print_places(corpora: Sequence[CorpusEntry]) -> None:
    """Where corpora that were fetched lie."""
    out = console()
    for corpus in corpora:
        version = f" ({corpus.version})" if corpus.version else ""
        out.print(f"{corpus.name}{version} is at {corpus.path}", soft_wrap=True)


def _whether_here(corpus: CorpusEntry) -> str:
    if corpus.problem:
        return f"no, what lies there is not it: {corpus.problem}"
    if corpus.is_here:
        return "yes"
    if corpus.url is None:
        return "no; install it with: pip install 'tunetrace[corpora]'"
    return f"no; fetch it with: tunetrace corpus fetch {corpus.name}"
