"""`tunetrace next`: what comes after a figure in the corpus, or before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from rich.text import Text

from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import console, linked, make_table
from tunetrace.commands.matches import (
    FigureCommand,
    filter_options,
    found_in,
    marked,
    print_question,
)
from tunetrace.commands.options import (
    PrintAs,
    in_option,
    index_option,
    json_options,
    show,
    view_option,
)
from tunetrace.text import counted, share, times

if TYPE_CHECKING:
    from tunetrace import Continuation, Continuations, Filters

_WIDEST: Final = 24
"""The columns of a continuation in a terminal; a longer one is folded."""


@click.command("next", cls=FigureCommand)
@click.argument("figure")
@click.option("--notes", type=click.IntRange(1, 1000), metavar="N",
              help="Show the next N notes, chords and rests, with their lengths.")  # fmt: skip
@click.option("--bars", type=click.IntRange(1, 1000), metavar="N",
              help="Show all up to the end of the next N bars.")  # fmt: skip
@click.option("--before", "backward", is_flag=True, help="Show what comes before the figure.")
@click.option("--model", "model_name", metavar="NAME|FILE", shell_complete=complete_files,
              help="Show how probable this model finds each continuation, too.")  # fmt: skip
@in_option
@view_option
@filter_options
@index_option
@json_options
def next_(
    figure: str,
    filters: Filters,
    model_name: str | None,
    index_path: str | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """List what comes after a figure, or before it, with counts.

    Write a FIGURE as for figure. Without --notes and --bars, it is the next token that is counted,
    which may be a length of the figure's last note. With them the figure ends where its last note
    ends. A bar that the figure begins counts as one of the N bars.

    If the figure is found nowhere, its longest end that is found is taken instead; with --before
    its longest beginning. All hits are counted.

    \b
        tunetrace next "DGG2" --in G
        tunetrace next "G, C C 2" --notes 1 --meter 4/4
        tunetrace next "G, C C 2" --bars 2
        tunetrace next "G, C C 2" --before --bars 1
        tunetrace next "+2 +2 +1" --view intervals
        tunetrace next "G, C C 2" --model tunetrace-small
        tunetrace next "G, C C 2" --limit 1000 --jsonl
    """
    from tunetrace import continuations

    model = None
    if model_name is not None:
        from tunetrace import open_model

        model = open_model(model_name)
    found = continuations(figure, filters, index_path, model=model, **options)
    show(found, _print_continuations, print_as, found.results)


def _print_continuations(found: Continuations) -> None:
    out = console()
    print_question(found, [found])
    if not found.of:
        return
    of = counted(found.of, "tune")
    if found.context_length < found.length:
        out.print(f"found in none of {of}")
        side = "beginning" if found.backward else "end"
        if not found.context:
            so = ", so all places of the music are counted:" if found.hits else ""
            out.print(f"no {side} of it is found either{so}")
        else:
            part = f"{found.context_length} of {found.length} {_symbols(found)}"
            out.print(Text.assemble(f"its longest {side} that is found, {part}: ",
                                    (found.context, "bold")), soft_wrap=True)  # fmt: skip
    if found.hits and not found.context:
        out.print(f"{found.hits:,} places in {counted(found.tunes, 'tune')}")
    elif found.hits:
        out.print(found_in(found, times(found.hits)))
    if found.model is not None and found.results:
        read = " ".join((*found.model_headers, found.query))
        out.print(f"the model {found.model} reads: {read}", soft_wrap=True)
    if not found.results:
        return
    out.print()
    has_model = found.model is not None
    columns = [_name(found), ">hits", ">tunes", ">share", *[">model"] * has_model,
               "example", "context (on C)"]  # fmt: skip
    rows = [
        (_shown(one, found), one.hits, one.tunes, share(one.probability),
         *[share(one.model_probability or 0.0)] * has_model,
         linked(one.example.reference, one.example.link), marked(one.example))
        for one in found.results
    ]  # fmt: skip
    out.print(make_table(columns, rows, widest={columns[0]: _WIDEST}))
    rest = found.different - len(found.results)
    if rest:
        out.print(f"… and {rest:,} more; show more with --limit")


def _symbols(found: Continuations) -> str:
    return "tokens" if found.view == "tokens" else "symbols"


def _name(found: Continuations) -> str:
    """What a continuation is: `next note`, `next 2 bars`, `2 bars before`."""
    count = found.notes or found.bars or 1
    unit = "note" if found.notes else "bar" if found.bars else _symbols(found)[:-1]
    several = unit if count == 1 else f"{count} {unit}s"
    return f"{several} before" if found.backward else f"next {several}"


def _shown(one: Continuation, found: Continuations) -> str:
    if not one.is_end:
        return one.text
    words = ("(start of tune)", one.text) if found.backward else (one.text, "(end of tune)")
    return " ".join(filter(None, words))
