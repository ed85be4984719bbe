"""`tunetrace sample`: new tunes from a model."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import PrintAs, index_option, json_options
from tunetrace.commands.writing import TunePrinter, output_options, tune_options


@click.command()
@tune_options
@click.option("--top-p", type=float, default=1.0, show_default=True,
              help="Draw only from the likeliest tokens that together have this probability."
              )  # fmt: skip
@click.option("--seed", type=int,
              help="Seed of the random numbers; the same seed writes the same tunes (default: "
              "random).")  # fmt: skip
@click.option("--batch-size", type=int,
              help="Tunes written in parallel; does not change the output (default: 128 per "
              "thread).")  # fmt: skip
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]),
              default="float32", show_default=True,
              help="Precision of matrix products; bfloat16 is faster on some processors."
              )  # fmt: skip
@output_options
@index_option
@json_options
def sample(
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
    """Write new tunes with a model.

    Each is printed as it is written. check and report read what is printed. At the end, a line on
    standard error says how many tunes ended by themselves, and which seed writes the same tunes
    again.

    \b
        tunetrace sample
        tunetrace sample -n 1000 --seed 7 > generated.txt
        tunetrace sample --meter 4/4 --key Cmaj --start "G, C C 2" --format abc
        tunetrace sample -n 100 --max-copy 12
        tunetrace sample -n 100 --jsonl
        tunetrace sample --seed 7 --trace tune7.npz
    """
    from tunetrace import sample
    from tunetrace.model.sampling.sampling import random_seed

    if options["seed"] is None:
        options["seed"] = random_seed()
    origin = f"seed {options['seed']}"
    printer = TunePrinter(model_name, n, origin, print_as=print_as, format=format,
                          trace_file=trace_file, gates=gates, index_path=index_path,
                          force=force)  # fmt: skip
    printer.print_all(sample(n, model_name, index=index_path, **options), options)
    printer.print_summary(options["max_tokens"], max_copy=options["max_copy"], shows_speed=True)
