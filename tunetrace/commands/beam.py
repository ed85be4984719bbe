"""`tunetrace beam`: the most probable tunes of a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from tunetrace.commands.options import index_option, json_options
from tunetrace.commands.writing import TunePrinter, output_for, output_options, tune_options
from tunetrace.errors import QueryError
from tunetrace.text import counted

if TYPE_CHECKING:
    from tunetrace import Hypothesis


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
    force: bool,
    index_path: str | None,
    as_json: bool,
    as_jsonl: bool,
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
    from tunetrace import beam_search, open_model
    from tunetrace.model.models import open_header
    from tunetrace.model.sampling.trace import check_traces, with_traces

    if not 1 <= n <= max(width, 1):
        raise QueryError(
            f"-n cannot be {n} because the beam keeps {counted(width, 'tune')}; give a number "
            f"from 1 to {width} with -n, or a larger --width"
        )
    if trace_file is not None:
        check_traces(trace_file, n, force=force)
    known = open_header(model_name)
    output = output_for(known, format, as_json, as_jsonl)
    tunes: Iterable[Hypothesis] = beam_search(width, model_name, index=index_path, **options)[:n]
    if trace_file is not None:
        model = open_model(model_name)
        tunes = with_traces(tunes, model, trace_file, n, facts=options, force=force)
    printer = TunePrinter(known, output, origin=f"beam {width}")
    printer.print_all(tunes, n)
    printer.print_summary(options["max_tokens"])
