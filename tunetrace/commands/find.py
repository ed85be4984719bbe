"""`tunetrace find`: tunes that have several figures, each at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from tunetrace.commands.console import bar_number, console, is_terminal, linked, make_table
from tunetrace.commands.matches import found_in, marked, print_question, tune_filter_options
from tunetrace.commands.options import (
    PrintAs,
    in_option,
    index_option,
    json_options,
    show,
    view_option,
)
from tunetrace.text import counted, times

if TYPE_CHECKING:
    from tunetrace import Filters, Found


@click.command()
@click.argument("query")
@in_option
@view_option
@tune_filter_options
@click.option("--limit", type=click.IntRange(min=0), default=10, show_default=True,
              metavar="N", help="Number of tunes to show, each with all its hits.")  # fmt: skip
@index_option
@json_options
def find(
    query: str, filters: Filters, index_path: str | None, print_as: PrintAs, **options: Any
) -> None:
    """Find tunes that have several figures, each at its place.

    In QUERY write each figure in quotes, in ABC or in tokens as for 'tunetrace figure'. Join
    figures with and, or, not and parentheses. Write the place of a figure before it. Each tune
    found is shown with all hits of the figures that make the query true for it.

    \b
    opening     it begins on the first beat of bar 1 of part 1, after a pickup
    cadence     its last note is the last of a part or of an ending
    part 2      its first note is in this part
    bar 4       ... in this bar of its part; 0 is the pickup
    onset 3/2   ... this many eighths into its bar
    anywhere    as without a place

    "A" same part as "B" is true if both are found in one part. A query needs a figure that must be
    there: not alone is refused.

    \b
        tunetrace find 'opening "G, C C 2" and cadence "D E F D C 3"'
        tunetrace find 'opening "G3 GAB" and not cadence "G3"' --in G
        tunetrace find 'part 2 bar 1 "c 2" and not bar 1 "C"' --meter 6/8
        tunetrace find 'onset 0 "^F G" or bar 0 "G, B,"'
        tunetrace find '"c 2 B c" same part as "E D C 2"'
        tunetrace find 'opening "0 4 7" and anywhere "7 6 7"' --view melody
    """
    from tunetrace import find

    found = find(query, filters, index_path, **options)
    show(found, _print_found, print_as, found.results)


def _print_found(found: Found) -> None:
    out = console()
    print_question(found, found.figures)
    if not found.of:
        return
    if not found.tunes:
        out.print(f"found in none of {counted(found.of, 'tune')}")
        return
    out.print(found_in(found, f"with {counted(found.hits, 'hit')}"))
    if len(found.figures) > 1:
        out.print()
        figures = [
            (number, one.figure, one.place or "anywhere", times(one.hits) if one.hits else "none")
            for number, one in enumerate(found.figures, 1)
        ]
        out.print(make_table((">", "figure", "place", "hits"), figures))
    if not found.results:
        return
    out.print()
    columns = ("tune", "title", ">fig.", ">part", ">bar", ">onset\n(eighths)", "context (on C)")
    rows = []
    for tune in found.results:
        name: tuple[str | Text, ...] = (tune.reference, linked(tune.title, tune.link))
        for hit in tune.hits:
            bar = bar_number(hit.bar, hit.ending)
            rows.append((*name, hit.figure, hit.part, bar, hit.onset, marked(hit)))
            if is_terminal():
                name = ("", "")  # elsewhere every row is a whole line
    out.print(make_table(columns, rows, widest={"title": 18}))
    rest = found.tunes - len(found.results)
    if rest:
        out.print(f"… and {counted(rest, 'more tune')}; show more with --limit")
