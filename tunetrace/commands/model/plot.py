"""`tunetrace model plot`: pictures of what goes on in a network."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, Final

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.options import goes_only_with
from tunetrace.errors import QueryError
from tunetrace.model.hooks import PLACES
from tunetrace.plots.network.kinds import KINDS

WEIGHTS: Final = "weights"
"""The kind that shows a model and no trace."""


def _unit_numbers(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> list[int] | None:
    """Numbers of units, such as 60,97."""
    try:
        return None if value is None else [int(number) for number in value.split(",")]
    except ValueError:
        raise click.BadParameter(
            f"'{value}' is not a list of units; give numbers such as 60,97", ctx, param
        ) from None


@click.command()
@click.argument("kind", type=click.Choice([*KINDS, WEIGHTS]), metavar="KIND")
@click.argument("source", metavar="FILE", shell_complete=complete_files)
@click.option("-o", "--output", required=True, metavar="FILE", shell_complete=complete_files,
              help="The picture: a .png, .svg or .pdf file.")  # fmt: skip
@click.option("--tune", type=int, default=1, show_default=True, metavar="N",
              help="Which tune of the trace, from 1.")  # fmt: skip
@click.option("--layer", type=int, metavar="N", help="Which layer, from 1.  [default: the last]")
@click.option("--part", type=click.Choice(list(PLACES)), metavar="PART",
              help=f"Part of the layer: {', '.join(PLACES)}.  [default: hidden]")  # fmt: skip
@click.option("--units", "unit_numbers", callback=_unit_numbers, metavar="N,N,...",
              help="Units to show, from 1.  [default: those with the largest variance]"
              )  # fmt: skip
@click.option("--tokens", metavar="TOKENS",
              help="Tokens to show, with spaces between them.  [default: those that the post "
              "follows]")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a picture that is already there.")
def plot(
    kind: str,
    source: str,
    output: str,
    tune: int,
    tokens: str | None,
    force: bool,
    **options: Any,
) -> None:
    """Draw what goes on in a network while it writes or reads a tune.

    FILE is a trace, which model trace and sample --trace write. KIND is one of:

    \b
        {kinds}

    Bar lines, parts and tokens are marked at the steps. --layer and --part go with layer,
    histogram, sorted, extremes, spectrum and units; --units with units; --tokens with tokens.

    \b
        tunetrace model plot softmax tune.npz -o softmax.png
        tunetrace model plot layer tune.npz -o layer2.png --layer 2 --part cell
        tunetrace model plot units tune.npz -o units.svg --units 60,97,156
        tunetrace model plot tokens tune.npz -o tokens.pdf --tokens "| (3 /2"
        tunetrace model plot weights folkrnn-v2 -o weights.png
    """
    if kind == WEIGHTS:
        goes_only_with(WEIGHTS, "kind", "source", "output", "force")
        from tunetrace import plot_weights

        plot_weights(source, output, force=force)
        return
    from tunetrace import load_trace, plot_trace

    if tokens is not None and not tokens.split():
        raise QueryError('--tokens names no token; give some, such as --tokens "| (3 /2"')
    plot_trace(kind, load_trace(source), output, tune=tune,
               tokens=None if tokens is None else tokens.split(), force=force,
               **options)  # fmt: skip


_WIDTH: Final = max(map(len, [*KINDS, WEIGHTS]))
_SHOWN: Final = {kind: one.shows for kind, one in KINDS.items()} | {
    WEIGHTS: "what a model has learnt; FILE is a model or its name"
}
plot.help = cleandoc(plot.help or "").replace(
    "{kinds}", "\n    ".join(f"{kind:<{_WIDTH}}  {shows}" for kind, shows in _SHOWN.items())
)
