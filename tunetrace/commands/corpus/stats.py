"""`tunetrace corpus stats`: what a corpus holds, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click
from rich.table import Table

from tunetrace.commands.completion import complete_corpora, complete_files
from tunetrace.commands.console import console, facts_table, make_table
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.text import counted, share

if TYPE_CHECKING:
    from rich.console import Console

    from tunetrace import CorpusStats, CountedText, TuneGroup


@click.command()
@click.argument("corpus", required=False, shell_complete=complete_corpora)
@click.option("--notes", type=click.IntRange(1, 32), default=4, show_default=True, metavar="N",
              help="Number of notes of the figures that are counted.")  # fmt: skip
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True, metavar="N",
              help="Number of keys, meters, bars and figures to show.")  # fmt: skip
@click.option("--plot", metavar="FILE", shell_complete=complete_files,
              help="Draw a picture too: a .png, .svg or .pdf file.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a picture that is already there.")
@index_option
@json_option
def stats(
    corpus: str | None,
    notes: int,
    top: int,
    plot: str | None,
    force: bool,
    index_path: str | None,
    print_as: PrintAs,
) -> None:
    """Count what a CORPUS holds: keys, meters, bars, figures.

    Also the lengths of its tunes, and how many bars add up. Without a CORPUS the whole index is
    counted.

    \b
        tunetrace corpus stats
        tunetrace corpus stats oneills --notes 6
        tunetrace corpus stats ryans --plot ryans.png
    """
    from tunetrace import corpus_stats, plot_corpus

    if plot is not None:
        from tunetrace.plots.picture import check_picture

        check_picture(plot, force=force)  # before the counting, which takes a while
    found = corpus_stats(corpus, index_path, notes=notes, top=top)
    if plot is not None:
        plot_corpus(found, plot, force=force)
    show(found, partial(_print_stats, top=top), print_as)


def _print_stats(stats: CorpusStats, top: int) -> None:
    """All counts of a corpus. top: how many keys and meters to show."""
    out = console()
    name = stats.corpus or f"the whole index ({', '.join(stats.corpora)})"
    out.print(name, style="bold", soft_wrap=True)
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
    table = facts_table()
    if stats.metered_bars:
        table.add_row("bars that add up", _of(stats.bars_adding_up, stats.metered_bars))
        table.add_row(
            "tunes whose bars all add up", _of(stats.tunes_adding_up, stats.metered_tunes)
        )
    table.add_row("tunes with a pickup", _of(stats.tunes_with_pickup, stats.tunes))
    table.add_row("tunes with a repeat", _of(stats.tunes_with_repeat, stats.tunes))
    table.add_row("tunes with endings", _of(stats.tunes_with_endings, stats.tunes))
    out.print(table)


def _print_spreads(out: Console, stats: CorpusStats) -> None:
    columns = ("", ">fewest", ">lower quartile", ">median", ">upper quartile", ">most")
    spreads = {
        "bars per tune": stats.bars_a_tune,
        "notes per tune": stats.notes_a_tune,
        "parts per tune": stats.parts_a_tune,
    }
    rows = [
        (name, spread.least, spread.lower_quartile, spread.median, spread.upper_quartile,
         spread.most)
        for name, spread in spreads.items()
        if spread is not None
    ]  # fmt: skip
    out.print()
    out.print(make_table(columns, rows))


def _print_groups(out: Console, stats: CorpusStats, top: int) -> None:
    """Modes, original keys and meters side by side; no original keys if all are on C."""
    row = [_group_table("mode", stats.modes, top, stats.tunes)]
    if any(group.name and group.name[:-3] not in ("", "C") for group in stats.original_keys):
        row.append(_group_table("original key", stats.original_keys, top, stats.tunes))
    row.append(_group_table("meter", stats.meters, top, stats.tunes))
    side_by_side = Table.grid(padding=(0, 4, 0, 0))
    side_by_side.add_row(*row)
    out.print()
    out.print(side_by_side)


def _group_table(name: str, groups: Sequence[TuneGroup], top: int, of: int) -> Table:
    sizes = [(group.name or "none", group.tunes) for group in groups[:top]]
    rest = groups[top:]
    if rest:
        sizes.append((f"{len(rest)} more", sum(group.tunes for group in rest)))
    rows = [(name, tunes, share(tunes / of)) for name, tunes in sizes]
    return make_table((name, ">tunes", ">"), rows)


def _print_counted(out: Console, heading: str, name: str, counts: Sequence[CountedText]) -> None:
    if not counts:
        return
    out.print(f"\n{heading}, on C", style="bold")
    rows = [(found.text, found.tunes, found.hits) for found in counts]
    out.print(make_table((name, ">tunes", ">hits"), rows))
