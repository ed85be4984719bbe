"""`tunetrace ngrams`: the commonest n-grams of a corpus or a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tunetrace.commands.completion import complete_sources
from tunetrace.commands.console import console, make_table, print_set_aside
from tunetrace.commands.options import (
    PrintAs,
    index_option,
    json_options,
    reading_options,
    show,
    view_option,
)
from tunetrace.text import counted, listed

if TYPE_CHECKING:
    from tunetrace import NgramReport


@click.command()
@click.option("--n", type=click.IntRange(1, 64), default=8, show_default=True, metavar="N",
              help="Number of tokens, or of symbols of the view, of an n-gram.")  # fmt: skip
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True, metavar="N",
              help="Number of n-grams to show.")  # fmt: skip
@click.option("--only-in", multiple=True, metavar="NAME", shell_complete=complete_sources,
              help="Count in this corpus, file or folder, not in the whole index.")  # fmt: skip
@click.option("--not-in", multiple=True, metavar="NAME", shell_complete=complete_sources,
              help="Leave out what is found in this corpus, file or folder.")  # fmt: skip
@view_option
@reading_options
@index_option
@json_options
def ngrams(n: int, index_path: str | None, print_as: PrintAs, **options: Any) -> None:
    """List the commonest n-grams of a corpus or a batch.

    An n-gram is any n tokens in a row. They are counted in the whole index, or in what --only-in
    names. --only-in and --not-in name corpora of the index, or files and folders of
    transcriptions. Both may be given more than once.

    \b
        tunetrace ngrams --n 12
        tunetrace ngrams --only-in ryans --not-in oneills --top 50
        tunetrace ngrams --only-in generated.txt --not-in folkrnn-v2
        tunetrace ngrams --view contour --n 12
    """
    from tunetrace import ngrams

    found = ngrams(n, index_path, **options)
    show(found, _print_ngrams, print_as, found.ngrams)


def _print_ngrams(report: NgramReport) -> None:
    out = console()
    where = listed(report.only_in) if report.only_in else "the whole index"
    symbols = counted(report.n, "token")
    if report.view != "tokens":
        symbols = f"{counted(report.n, 'symbol')} of the view {report.view}"
    heading = f"n-grams of {symbols} in {where}"
    different = counted(report.different, "different n-gram")
    if report.not_in:
        heading += f", not in {' or '.join(report.not_in)}"
        different += f", {report.left_out:,} of them left out"
    out.print(heading, style="bold", soft_wrap=True)
    out.print(f"{counted(report.of, 'tune')}, {different}")
    if report.ngrams:
        out.print()
        rows = [(rank, one.text, one.tunes, one.hits) for rank, one in enumerate(report.ngrams, 1)]
        out.print(make_table((">rank", "figure", ">tunes", ">hits"), rows))
    print_set_aside(report.set_aside, "--json lists them all")
