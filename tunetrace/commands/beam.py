"""`tunetrace beam`: the most probable tunes of a model."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import PrintAs, index_option, json_options
from tunetrace.commands.writing import TunePrinter, output_options, tune_options
from tunetrace.errors import QueryError
from tunetrace.text import counted


@click.command()
@tune_options
@click.option("--width", type=int, default=16, show_default=True, metavar="WIDTH",
              help="Tunes kept side by side; a wider beam misses fewer tunes.")  # fmt: skip
@output_options
@index_option
@json_options
def beam(
    width: int,
    n: int,
    model_name: str | None,
    format: Any,
    trace_file: str | None,
    gates: bool,
    force: bool,
    index_path: str | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """Write the most probable tunes of a model.

    The best is printed first. A beam search draws nothing at random. It writes WIDTH tunes side by
    side, and after each token it keeps the most probable ones. `-n` is at most WIDTH.

    \b
        tunetrace beam
        tunetrace beam --width 28 --meter 6/8 --key Cdor
        tunetrace beam -n 5 --start "G, C C 2" --format abc
        tunetrace beam --max-copy 12
        tunetrace beam -n 5 --jsonl
        tunetrace beam --trace tune.npz
    """
    from tunetrace import beam_search

    if not 1 <= n <= max(width, 1):
        raise QueryError(
            f"-n cannot be {n} because the beam keeps {counted(width, 'tune')}; give a number "
            f"from 1 to {width} with -n, or a larger --width"
        )
    printer = TunePrinter(model_name, n, f"beam {width}", print_as=print_as, format=format,
                          trace_file=trace_file, gates=gates, index_path=index_path,
                          force=force)  # fmt: skip
    printer.print_all(beam_search(width, model_name, index=index_path, **options)[:n], options)
    printer.print_summary(options["max_tokens"])
