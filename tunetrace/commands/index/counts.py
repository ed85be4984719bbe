"""What several commands print of an index: its counts, and what became of its corpora."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tunetrace.commands.console import console, make_table, print_set_aside
from tunetrace.text import counted

if TYPE_CHECKING:
    from tunetrace import ChangeReport, IndexInfo, Reject
    from tunetrace.indexer.records import CorpusInfo

_CHANGES: Final = {
    "added": "added",
    "replaced": "replaced",
    "unchanged": "already there with the same content; nothing changed",
    "removed": "removed",
}


def print_totals(info: IndexInfo) -> None:
    """Where an index is, what it holds, and whether it has a baseline and families."""
    out = console()
    out.print(f"{info.path}", soft_wrap=True)
    out.print(
        f"{counted(info.tunes, 'tune')}, {counted(info.tokens, 'token')}, "
        f"{counted(info.bars, 'bar')} ({info.distinct_bars:,} distinct), "
        f"{counted(info.segments, 'segment')}"
    )
    out.print(
        "baseline (how much its tunes share): measured"
        if info.has_baseline
        else "baseline (how much its tunes share): none; 'tunetrace baseline' measures it"
    )
    out.print(
        "families (settings of one melody): found\n"
        if info.has_families
        else "families (settings of one melody): none; 'tunetrace families' finds them\n"
    )


def print_read(corpora: Sequence[CorpusInfo], set_aside: Sequence[Reject]) -> None:
    """What became of every tune of some corpora, and the first that were set aside."""
    columns = ("corpus", ">tunes read", ">indexed", ">set aside", "reasons")
    rows = [
        (corpus.name, corpus.tunes + corpus.set_aside, corpus.tunes, corpus.set_aside,
         ", ".join(f"{kind} {count:,}" for kind, count in corpus.set_aside_by.items()))
        for corpus in corpora
    ]  # fmt: skip
    console().print(make_table(columns, rows))
    print_set_aside(set_aside, "'tunetrace index rejects' lists them all")


def print_change(report: ChangeReport) -> None:
    """What became of each corpus, what the index holds now, and what was read."""
    for change in report.changes:
        console().print(f"{change.name}: {_CHANGES[change.change]}", soft_wrap=True)
    print_totals(report.info)
    new = {change.name for change in report.changes if change.change in ("added", "replaced")}
    if new:
        print_read([corpus for corpus in report.info.corpora if corpus.name in new],
                   report.set_aside)  # fmt: skip
