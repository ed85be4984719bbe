"""What `tunetrace ngrams` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tunetrace.indexer.ngrams import NgramReport
from tunetrace.phrases import counted
from tunetrace.terminal.console import console, make_table, print_set_aside


def print_ngrams(report: NgramReport) -> None:
    """The commonest n-grams by rank, and in how many tunes and how often each stands."""
    out = console()
    heading = f"n-grams of {counted(report.n, 'token')} in {_listed(report.only_in, 'and')}"
    different = counted(report.different, "different n-gram")
    if report.not_in:
        names = _listed(report.not_in, "or")
        heading += f", not in {names}"
        different += f", {report.left_out:,} of them also in {names}"
    out.print(Text(heading, style="bold"), soft_wrap=True)
    out.print(f"{counted(report.of, 'tune')}, {different}")
    if report.ngrams:
        out.print()
        table = make_table("rank", "figure", "tunes", "hits", right=("rank", "tunes", "hits"))
        table.columns[1].overflow = "fold"
        for rank, found in enumerate(report.ngrams, 1):
            table.add_row(str(rank), Text(found.text), f"{found.tunes:,}", f"{found.hits:,}")
        out.print(table)
    print_set_aside(report.set_aside, "--json lists them all")


def _listed(names: Sequence[str], word: str) -> str:
    """`a, b and c`; all of the index where nothing is named."""
    if not names:
        return "all of the index"
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
