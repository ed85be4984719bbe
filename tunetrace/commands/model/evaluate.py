"""`tunetrace model evaluate`: how well a model predicts tunes."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import (
    format_option,
    index_option,
    json_option,
    progress_display,
    show,
)


@click.command()
@click.argument("model", required=False)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--held-out", is_flag=True, help="Use the tunes that were held out from the model.")
@format_option
@index_option
@json_option
def evaluate(
    model: str | None,
    sources: tuple[str, ...],
    held_out: bool,
    format: Any,
    index_path: str | None,
    as_json: bool,
) -> None:
    """How well MODEL predicts the tunes of SOURCES, or those held out from it.

    Bits and perplexity per token and per bar, beside those of a back-off n-gram model that is
    counted on the other tunes of the index. Without a MODEL it is the one that ships. SOURCES are
    files, folders, - for standard input, corpora by name.

    \b
        tunetrace model evaluate --held-out
        tunetrace model evaluate tunetrace-small my_tunes.abc
    """
    from tunetrace import evaluate_model, open_index

    with open_index(index_path) as opened, progress_display() as progress:
        found = evaluate_model(
            model, sources, opened, held_out=held_out, format=format, progress=progress
        )
    from tunetrace.terminal.evaluation import print_evaluation

    show(found, print_evaluation, as_json)
