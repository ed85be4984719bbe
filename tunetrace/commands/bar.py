"""`tunetrace bar`: where a whole bar is found in the corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tunetrace.commands.matches import FigureCommand, filter_options, print_matches
from tunetrace.commands.options import (
    PrintAs,
    in_option,
    index_option,
    json_options,
    show,
    view_option,
)

if TYPE_CHECKING:
    from tunetrace import Filters


@click.command(cls=FigureCommand)
@click.argument("bar_text", metavar="BAR")
@in_option
@view_option
@filter_options
@index_option
@json_options
def bar(
    bar_text: str, filters: Filters, index_path: str | None, print_as: PrintAs, **options: Any
) -> None:
    """Find a whole bar: how many tunes have it, and where.

    BAR is all that is between two bar lines, written as for figure: in ABC in any key, or as
    tokens on C. A bar of a tune that 'tunetrace check' or 'tunetrace tune' shows can be copied as
    it is, with the key of that tune.

    \b
        tunetrace bar "G2BG dGBG" --in G
        tunetrace bar "G, C C 2 G, C E C"
        tunetrace bar "C 3 C 3" --meter 6/8
        tunetrace bar "3 3" --view rhythm
    """
    from tunetrace import bar

    found = bar(bar_text, filters, index_path, **options)
    show(found, print_matches, print_as, found.results)
