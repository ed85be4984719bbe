"""What `tunetrace corpus stats` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tunetrace.commands.console import console, make_table
from tunetrace.indexer.statistics.commonest import CountedText
from tunetrace.indexer.statistics.stats import CorpusStats, TuneGroup
from tunetrace.text import counted, share


def print_stats(stats: CorpusStats, top: int) -> None:
    """top: how many keys and meters to show."""
    out = console()
    name = stats.corpus or f"all of the index ({', '.join(stats.corpora)})"
    out.print(Text(name, style="bold"), soft_wrap=True)
    out.print(
        f"{counted(stats.tunes, 'tune')}, {counted(stats.bars, 'bar')}, "
        f"{counted(stats.notes, 'note')}, {counted(stats.tokens, 'token')}\n"
    )
    if not stats.tunes:
        return
    _print_shares(out, stats)
    _print_spreads(out, stats)
    if top:
        _print_groups(out, stats, top)
    _print_counted(out, "Commonest whole bars", "bar", stats.common_bars)
    notes = counted(stats.figure_notes, "note")
    _print_counted(out, f"Commonest figures of {notes}", "figure", stats.common_figures)


def _of(count: int, of: int) -> str:
    return f"{count:,} of {of:,} ({share(count / of if of else 0)})"


def _print_shares(out: Console, stats: CorpusStats) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    if stats.metered_bars:
        table.add_row("bars that add up", _of(stats.bars_adding_up, stats.metered_bars))
        every = _of(stats.tunes_adding_up, stats.metered_tunes)
        table.add_row("tunes in which all do", every)
    table.add_row("tunes with a pickup", _of(stats.tunes_with_pickup, stats.tunes))
    table.add_row("tunes with a repeat", _of(stats.tunes_with_repeat, stats.tunes))
    table.add_row("tunes with endings", _of(stats.tunes_with_endings, stats.tunes))
    out.print(table)


def _print_spreads(out: Console, stats: CorpusStats) -> None:
    right = ("least", "lower quartile", "median", "upper quartile", "most")
    table = make_table("", *right, right=right)
    spreads = {
        "bars a tune": stats.bars_a_tune,
        "notes a tune": stats.notes_a_tune,
        "parts a tune": stats.parts_a_tune,
    }
    for name, spread in spreads.items():
        if spread is not None:
            marks = (spread.least, spread.lower_quartile, spread.median, spread.upper_quartile,
                     spread.most)  # fmt: skip
            table.add_row(name, *(f"{mark:,}" for mark in marks))
    out.print()
    out.print(table)


def _print_groups(out: Console, stats: CorpusStats, top: int) -> None:
    """Modes, keys as written and meters, side by side; the keys only where they say more."""
    row = [_group_table("mode", stats.modes, top, stats.tunes)]
    if any(group.name and group.name[:-3] not in ("", "C") for group in stats.original_keys):
        row.append(_group_table("original key", stats.original_keys, top, stats.tunes))
    row.append(_group_table("meter", stats.meters, top, stats.tunes))
    side_by_side = Table.grid(padding=(0, 4, 0, 0))
    side_by_side.add_row(*row)
    out.print()
    out.print(side_by_side)


def _group_table(name: str, groups: Sequence[TuneGroup], top: int, of: int) -> Table:
    table = make_table(name, "tunes", "", right=("tunes", ""))
    for group in groups[:top]:
        table.add_row(group.name or "none", f"{group.tunes:,}", share(group.tunes / of))
    rest = groups[top:]
    if rest:
        tunes = sum(group.tunes for group in rest)
        table.add_row(f"{len(rest)} more", f"{tunes:,}", share(tunes / of))
    return table


def _print_counted(out: Console, heading: str, name: str, counts: Sequence[CountedText]) -> None:
    if not counts:
        return
    out.print(f"\n{heading}, on C", style="bold")
    table = make_table(name, "tunes", "hits", right=("tunes", "hits"))
    for found in counts:
        table.add_row(Text(found.text), f"{found.tunes:,}", f"{found.hits:,}")
    out.print(table)
