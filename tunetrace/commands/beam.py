"""`tunetrace beam`: the most probable tunes of a model."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import index_option, json_options
from tunetrace.commands.writing import output_options, print_tunes, tune_options
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
    from tunetrace import beam_search

    if not 1 <= n <= max(width, 1):
        raise QueryError(
            f"a beam of {width} finds up to {counted(width, 'tune')}, so that {n} cannot be "
            "written; ask for 1 or more with -n, or for a wider beam with --width"
        )
    print_tunes(
        lambda: beam_search(width, model_name, index=index_path, **options)[:n],
        n, model_name, f"beam {width}", options, is_drawn=False, format=format,
        trace_file=trace_file, force=force, as_json=as_json, as_jsonl=as_jsonl,
    )  # fmt: skip
