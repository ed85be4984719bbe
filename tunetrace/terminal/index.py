"""What `tunetrace index` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tunetrace.commands.console import console, make_table, print_set_aside
from tunetrace.indexer.records import CorpusInfo, IndexInfo, Reject
from tunetrace.text import counted

if TYPE_CHECKING:
    from tunetrace.indexer.build.build import BuildReport
    from tunetrace.indexer.build.change import ChangeReport
    from tunetrace.indexer.build.verify import VerifyReport

_WHERE_ALL_ARE = "'tunetrace index rejects' lists them all"


def print_info(info: IndexInfo) -> None:
    """The corpora of an index and their counts."""
    _print_totals(info)
    right = ("tunes", "tokens", "bars", "set aside")
    table = make_table("corpus", *right, "added", right=right)
    for corpus in info.corpora:
        table.add_row(
            corpus.name,
            f"{corpus.tunes:,}",
            f"{corpus.tokens:,}",
            f"{corpus.bars:,}",
            f"{corpus.set_aside:,}",
            corpus.added[:10],
        )
    console().print(table)


def _print_totals(info: IndexInfo) -> None:
    out = console()
    out.print(f"{info.path}", soft_wrap=True)
    out.print(
        f"{counted(info.tunes, 'tune')}, {counted(info.tokens, 'token')}, "
        f"{counted(info.bars, 'bar')} ({info.distinct_bars:,} distinct), "
        f"{counted(info.segments, 'segment')}"
    )
    out.print(
        "with a baseline of how much its tunes share\n"
        if info.has_baseline
        else "without a baseline; 'tunetrace baseline' measures how much its tunes share\n"
    )


def print_build(report: BuildReport) -> None:
    """What was built, what became of every tune, and the first that were set aside."""
    _print_totals(report.info)
    _print_accounts(report.info.corpora)
    print_set_aside(report.set_aside, _WHERE_ALL_ARE)


def print_change(report: ChangeReport) -> None:
    """What became of each corpus, and as after a build of those that are new."""
    out = console()
    said = {
        "added": "added",
        "replaced": "replaced",
        "unchanged": "there already with the same content; nothing done",
        "removed": "removed",
    }
    for change in report.changes:
        out.print(f"{change.name}: {said[change.change]}", soft_wrap=True)
    _print_totals(report.info)
    new = {change.name for change in report.changes if change.change in ("added", "replaced")}
    if new:
        _print_accounts([corpus for corpus in report.info.corpora if corpus.name in new])
        print_set_aside(report.set_aside, _WHERE_ALL_ARE)


def _print_accounts(corpora: Sequence[CorpusInfo]) -> None:
    """What became of every tune of some corpora."""
    right = ("read", "indexed", "set aside")
    table = make_table("corpus", *right, "because of", right=right)
    for corpus in corpora:
        table.add_row(
            corpus.name,
            f"{corpus.tunes + corpus.set_aside:,}",
            f"{corpus.tunes:,}",
            f"{corpus.set_aside:,}",
            ", ".join(f"{kind} {count:,}" for kind, count in corpus.set_aside_by.items()),
        )
    console().print(table)


def print_rejects(rejects: Sequence[Reject]) -> None:
    """Every tune that was set aside, a line each."""
    out = console()
    if not rejects:
        out.print("no tune was set aside")
    for reject in rejects:
        number = "" if reject.number is None else f"X:{reject.number} "
        name = f"{number}{reject.title}".strip()
        named = f" ({name})" if name else ""
        out.print(f"{reject.place}: {reject.reason}{named}", soft_wrap=True)


def print_verification(report: VerifyReport) -> None:
    """That an index is sound, and how much of it was looked at."""
    out = console()
    out.print(report.path, soft_wrap=True)
    looked_at = "every one" if report.is_full else "a sample"
    out.print(
        f"sound: its file, tables and checksums; {looked_at} of its suffixes "
        f"({report.suffixes:,}) and of its tunes ({report.tunes:,}) as they should be"
    )
