"""`tunetrace model evaluate`: how well a model predicts tunes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from tunetrace.commands.completion import complete_sources
from tunetrace.commands.console import console, make_table, print_set_aside
from tunetrace.commands.options import PrintAs, index_option, json_option, reading_options, show
from tunetrace.commands.progress import progress_display
from tunetrace.text import counted, listed

if TYPE_CHECKING:
    from tunetrace import Evaluation, Score, ScoreDifference

_LARGE_PERPLEXITY: Final = 1e7
"""From here on a perplexity is printed as a power of ten."""


@click.command()
@click.argument("model", required=False)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", shell_complete=complete_sources)
@click.option("--held-out", is_flag=True,
              help="Evaluate on the tunes that were held out from training.")  # fmt: skip
@reading_options
@index_option
@json_option
def evaluate(
    model: str | None,
    sources: tuple[str, ...],
    index_path: str | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """Measure how well a model predicts tunes.

    The tunes are those of SOURCES, or with --held-out those held out from training. Bits and
    perplexity per token and per bar are printed, beside those of a back-off n-gram model that is
    counted on the other tunes of the index. Default MODEL: the one that ships with tunetrace.
    SOURCES are files, folders, corpora by name, or - for standard input.

    \b
        tunetrace model evaluate --held-out
        tunetrace model evaluate tunetrace-small my_tunes.abc
    """
    from tunetrace import evaluate_model

    with progress_display() as progress:
        found = evaluate_model(model, sources, index_path, progress=progress, **options)
    show(found, print_evaluation, print_as)


def print_evaluation(found: Evaluation) -> None:
    """A row for the network and for each order of the back-off model, and which is better."""
    out = console()
    where = listed(found.sources) if found.sources else "its held-out tunes"
    out.print(f"{found.model} on {where}", style="bold", soft_wrap=True)
    out.print(f"{counted(found.tunes, 'tune')}, {counted(found.bars, 'bar')}")
    out.print(
        f"{counted(found.network.tokens, 'token')} of music, "
        f"{found.everything.tokens:,} with headers and ends\n"
    )
    rows = [(f"back-off, {counted(score.order, 'token')}", *_row(score)) for score in found.backoff]
    table = make_table(("", ">bits/token", ">perplexity", ">bits/bar", ">perplexity/bar"), rows)
    table.add_row("network", *_row(found.network), style="bold")
    table.add_row("network, with headers", *_row(found.everything))
    out.print(table)
    out.print()
    if found.difference is None:
        out.print("The index has no other tunes to build a back-off model from.")
    else:
        out.print(f"{_verdict(found.difference)}.")
        out.print(_counted_on(found))
    if found.in_index:
        are_in = counted(found.in_index, "of these tunes is", "of these tunes are")
        out.print(f"{are_in} in these corpora, and the network may have been trained on them.")
    print_set_aside(found.set_aside, "--json lists them all")


def _row(score: Score) -> tuple[str, str, str, str]:
    return (
        f"{score.bits_per_token:.3f}",
        _perplexity(score.perplexity),
        f"{score.bits_per_bar:.2f}",
        _perplexity(score.perplexity_per_bar),
    )


def _perplexity(value: float) -> str:
    if value >= _LARGE_PERPLEXITY:
        return f"{value:.1e}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _verdict(difference: ScoreDifference) -> str:
    """Which of the two predicts better, with the confidence interval."""
    backoff = f"the best back-off model ({counted(difference.order, 'token')})"
    if difference.low is None or difference.high is None:
        bits = f"{abs(difference.bits_per_token):.3f}"
        side = "fewer" if difference.bits_per_token < 0 else "more"
        return f"On this one tune the network needs {bits} {side} bits per token than {backoff}"
    interval = (
        f"{difference.bits_per_token:+.3f} bits per token, 95% interval {difference.low:+.3f} to "
        f"{difference.high:+.3f}"
    )
    if difference.is_better is None:
        return f"These tunes do not show whether the network or {backoff} is better ({interval})"
    is_better = "better" if difference.is_better else "worse"
    return f"The network predicts {is_better} than {backoff} ({interval})"


def _counted_on(found: Evaluation) -> str:
    corpora = listed(found.corpora) if found.corpora else "no corpus"
    left_out = ""
    if found.left_out:
        left_out = (
            f"; {found.left_out:,} more were left out because they are evaluated, held out, or "
            "settings of such tunes"
        )
        if found.settings_by != "titles":
            left_out += f", by {found.settings_by}"
    tunes = counted(found.counted_on, "tune")
    return f"The back-off model is built from {tunes} of {corpora}{left_out}."
