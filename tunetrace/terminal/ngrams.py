"""What `tunetrace ngrams` prints."""

from __future__ import annotations

from rich.text import Text

from tunetrace.commands.console import console, make_table, print_set_aside
from tunetrace.indexer.statistics.ngrams import NgramReport
from tunetrace.text import counted, listed


def print_ngrams(report: NgramReport) -> None:
    """The commonest n-grams by rank, and in how many tunes and how often each stands."""
    out = console()
    where = listed(report.only_in) if report.only_in else "all of the index"
    heading = f"n-grams of {counted(report.n, 'token')} in {where}"
    different = counted(report.different, "different n-gram")
    if report.not_in:
        heading += f", not in {' or '.join(report.not_in)}"
        different += f", {report.left_out:,} of them left out"
    out.print(Text(heading, style="bold"), soft_wrap=True)
    out.print(f"{counted(report.of, 'tune')}, {different}")
    if report.ngrams:
        out.print()
        table = make_table("rank", "figure", "tunes", "hits", right=("rank", "tunes", "hits"))
        for rank, found in enumerate(report.ngrams, 1):
            table.add_row(str(rank), Text(found.text), f"{found.tunes:,}", f"{found.hits:,}")
        out.print(table)
    print_set_aside(report.set_aside, "--json lists them all")
