"""What `tunetrace index` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunetrace.indexer.records import IndexInfo
from tunetrace.terminal.console import console, counted, make_table, print_rejects

if TYPE_CHECKING:
    from tunetrace.api import BuildReport


def print_info(info: IndexInfo) -> None:
    out = console()
    out.print(f"{info.path}", soft_wrap=True)
    out.print(
        f"{counted(info.tunes, 'tune')}, {counted(info.tokens, 'token')}, "
        f"{counted(info.bars, 'bar')} ({info.distinct_bars:,} distinct), "
        f"{counted(info.segments, 'segment')}\n"
    )
    right = ("tunes", "tokens", "bars", "set aside")
    table = make_table("corpus", *right, "added", right=right)
    table.columns[0].overflow = "fold"
    for corpus in info.corpora:
        table.add_row(
            corpus.name,
            f"{corpus.tunes:,}",
            f"{corpus.tokens:,}",
            f"{corpus.bars:,}",
            f"{corpus.set_aside:,}",
            corpus.added[:10],
        )
    out.print(table)


def print_build(report: BuildReport) -> None:
    print_info(report.info)
    print_rejects(report.set_aside)
