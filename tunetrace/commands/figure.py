"""`tunetrace figure`: where a figure is found in the corpus."""

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
@click.argument("figure")
@in_option
@view_option
@filter_options
@click.option("--open-end", is_flag=True, help="Also count hits whose last note is longer.")
@index_option
@json_options
def figure(
    figure: str, filters: Filters, index_path: str | None, print_as: PrintAs, **options: Any
) -> None:
    """Find a figure: how many tunes have it, and where.

    Write a FIGURE in ABC as you play it, and say in which key: with --in G, or K:G before it.
    Every tune is indexed on C, where the figure is searched and shown: from A and B it is moved up,
    from all other keys down. Ornaments and chord symbols are left out.

    You can also write tokens on C with spaces between them. Then * is any one token, {c C} is
    either of two, c? is the note c of any length.

    A figure is rare if chance would give it less than once in a corpus of this size.

    In the view melody a figure is semitones from the tonic (0 2 4), in intervals semitones up and
    down (+2 -1 0), in rhythm eighths with rests and bar lines (| 3 z1 /2), in contour U, D and R
    for up, down and repeat, or a Parsons code (*UDDR).

    \b
        tunetrace figure "G3 GAB" --in G
        tunetrace figure "K:Edor E2BE dEBE"
        tunetrace figure "DGG2" --in G --original-key G
        tunetrace figure "G, C C 2"
        tunetrace figure "-5 0 0" --view melody
        tunetrace figure "*UDDRUUD" --view contour
        tunetrace figure "G, C C 2" --bar 1 --onset 0
        tunetrace figure "{c C} 2 B? c" --meter 4/4 --key maj
        tunetrace figure "G, C C 2" --limit 1000 --jsonl
    """
    from tunetrace import figure as find

    found = find(figure, filters, index_path, **options)
    show(found, print_matches, print_as, found.results)
