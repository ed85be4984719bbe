"""`tunetrace sample`: new tunes from a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.options import PrintAs, Share, index_option, json_options
from tunetrace.commands.writing import TunePrinter, output_options, tune_options
from tunetrace.text import counted


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
@click.option("--max-similar", type=Share(0, 1), metavar="P",
              help="Leave out tunes that have a near copy in the index with this probability or "
              "more.")  # fmt: skip
@output_options
@click.option("--certificate", "certificate_file", metavar="FILE", shell_complete=complete_files,
              help="Write into this .json file what each tune has in common with the index."
              )  # fmt: skip
@index_option
@json_options
def sample(
    n: int,
    model_name: str | None,
    format: Any,
    trace_file: str | None,
    gates: bool,
    force: bool,
    certificate_file: str | None,
    index_path: str | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """Write new tunes with a model.

    Each is printed as it is written. check and report read what is printed. At the end, a line on
    standard error says how many tunes ended by themselves, and which seed writes the same tunes
    again.

    --max-similar stops after 100 draws for each tune. Then it prints what it has, and the exit code
    is 1.

    \b
        tunetrace sample
        tunetrace sample -n 1000 --seed 7 > generated.txt
        tunetrace sample --meter 4/4 --key Cmaj --start "G, C C 2" --format abc
        tunetrace sample -n 100 --max-copy 12
        tunetrace sample -n 100 --max-similar 0.5 --certificate new.json > new.txt
        tunetrace sample -n 100 --jsonl
        tunetrace sample --seed 7 --trace tune7.npz
    """
    from tunetrace import sample, save_certificate
    from tunetrace.documents import check_document_place
    from tunetrace.files import check_folder
    from tunetrace.model.sampling.certificate import CERTIFICATE_FILE
    from tunetrace.model.sampling.sampling import random_seed

    if certificate_file is not None:
        check_document_place(certificate_file, CERTIFICATE_FILE, force=force)
        check_folder(Path(certificate_file), "the certificate")
    if options["seed"] is None:
        options["seed"] = random_seed()
    origin = f"seed {options['seed']}"
    printer = TunePrinter(model_name, n, origin, print_as=print_as, format=format,
                          trace_file=trace_file, gates=gates, index_path=index_path,
                          force=force)  # fmt: skip
    certify = certificate_file is not None
    sampling = sample(n, model_name, index=index_path, certify=certify, **options)
    printer.print_all(sampling, options)
    if certificate_file is not None:
        save_certificate(sampling.certificate(), certificate_file, force=force)
    limit = options["max_similar"]
    printer.print_summary(options["max_tokens"], max_copy=options["max_copy"], max_similar=limit,
                          sampling=sampling)  # fmt: skip
    if sampling.given < n:
        click.echo(
            f"tunetrace: only {sampling.given:,} of {counted(n, 'tune')} could be written, because "
            f"{sampling.drawn:,} draws gave no more without a near copy of probability {limit:g} "
            "or more; give a higher --max-similar, another seed or another model",
            err=True,
        )
        sys.exit(1)
