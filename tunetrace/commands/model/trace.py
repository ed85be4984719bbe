"""`tunetrace model trace`: what a model computes while it reads tunes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import console, print_set_aside
from tunetrace.commands.options import PrintAs, index_option, json_option, reading_options, show
from tunetrace.commands.progress import progress_display
from tunetrace.text import counted

if TYPE_CHECKING:
    from tunetrace import TracedTunes


@click.command()
@click.argument("tunes", nargs=-1, required=True, metavar="TUNE...", shell_complete=complete_files)
@click.option("-o", "--output", "path", required=True, metavar="FILE",
              shell_complete=complete_files, help="The .npz file to write.")  # fmt: skip
@click.option("--model", "model", metavar="NAME|FILE", shell_complete=complete_files,
              help="Name or file of the model (default: the one that ships).")  # fmt: skip
@click.option("--gates", is_flag=True, help="Keep the four gates of every unit too.")
@click.option("--no-memory", "memory", is_flag=True, flag_value=False, default=True,
              help="Do not look the tunes up in an index.")  # fmt: skip
@click.option("--exclude-tune", "exclude_tunes", multiple=True, metavar="TUNE",
              help="Leave this tune out of the index: an id, corpus:number or title.")  # fmt: skip
@click.option("--exclude-title", "exclude_titles", multiple=True, metavar="TITLE",
              help="Leave all tunes of this title out of the index.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a trace that is there.")
@reading_options
@index_option
@json_option
def trace(
    tunes: tuple[str, ...],
    path: str,
    model: str | None,
    index_path: str | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """Keep what a model computes while it reads tunes, step by step.

    TUNE is corpus:number or a number for a tune of the index, - for standard input, or a file. For
    each step the file has the token that was read and the one that came, the probability of every
    token, the hidden and cell states of every layer, and how surprising the token was. From the
    index it has the longest match that ends there, in how many tunes it is found, and how often
    each token follows it: what memory alone predicts. A tune of the index is compared with the
    others.

    \b
        tunetrace model trace examples/post.txt -o post.npz
        tunetrace model trace oneills:2 ryans:7 tune.abc -o three.npz --gates
        tunetrace sample | tunetrace model trace - -o new.npz --no-memory
    """
    from tunetrace import trace_tunes

    with progress_display() as progress:
        found = trace_tunes(tunes, path, model, index_path, progress=progress, **options)
    show(found, _print_traced, print_as)


def _print_traced(found: TracedTunes) -> None:
    out = console()
    out.print(
        f"{found.path}: {counted(found.tunes, 'tune')}, {counted(found.steps, 'step')} of "
        f"{found.model}, {found.bits_per_token:.2f} bits per token",
        soft_wrap=True,
    )
    if found.longest_match is not None:
        out.print(f"Longest match in the index: {counted(found.longest_match, 'token')} in a row")
    print_set_aside(found.set_aside, "--json lists them all")
