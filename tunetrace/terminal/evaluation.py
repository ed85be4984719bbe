"""What `tunetrace model evaluate` prints."""

from __future__ import annotations

from rich.text import Text

from tunetrace.commands.console import console, make_table, print_set_aside
from tunetrace.model.training.evaluation import Evaluation, Score, ScoreDifference
from tunetrace.text import counted, listed

_MANY = 1e7
"""A perplexity from here on is written as a power of ten."""


def print_evaluation(found: Evaluation) -> None:
    """A row for the network and for each order of the back-off model, and which is better."""
    out = console()
    where = listed(found.sources) if found.sources else "its held-out tunes"
    out.print(Text(f"{found.model} on {where}", style="bold"), soft_wrap=True)
    out.print(f"{counted(found.tunes, 'tune')}, {counted(found.bars, 'bar')}")
    out.print(
        f"{counted(found.network.tokens, 'token')} of music, "
        f"{found.everything.tokens:,} with headers and ends\n"
    )
    columns = ("bits a token", "perplexity", "bits a bar", "perplexity a bar")
    table = make_table("", *columns, right=columns)
    for score in found.backoff:
        table.add_row(f"back-off, {_tokens(score.order)}", *_row(score))
    table.add_row("network", *_row(found.network), style="bold")
    table.add_row("network, all it predicts", *_row(found.everything))
    out.print(table)
    out.print()
    if found.difference is None:
        out.print("The index has no other tune to count a back-off model on.")
    else:
        out.print(f"{_verdict(found.difference)}.")
        out.print(_counted_on(found))
    if found.in_index:
        out.print(
            f"{counted(found.in_index, 'of these tunes stands', 'of these tunes stand')} in these "
            "corpora, so that the network may have been trained on them."
        )
    print_set_aside(found.set_aside, "--json lists them all")


def _tokens(order: int) -> str:
    """`1 token`, `5 tokens`: how many a back-off model of an order looks at together."""
    return counted(order, "token")


def _row(score: Score) -> tuple[str, str, str, str]:
    return (
        f"{score.bits_per_token:.3f}",
        _perplexity(score.perplexity),
        f"{score.bits_per_bar:.2f}",
        _perplexity(score.perplexity_per_bar),
    )


def _perplexity(value: float) -> str:
    return f"{value:.1e}" if value >= _MANY else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _verdict(difference: ScoreDifference) -> str:
    against = f"the back-off model of {_tokens(difference.order)}, which is the best of them"
    if difference.low is None or difference.high is None:
        bits = f"{abs(difference.bits_per_token):.3f}"
        side = "fewer" if difference.bits_per_token < 0 else "more"
        return f"On this one tune the network needs {bits} bits a token {side} than {against}"
    interval = f"{difference.bits_per_token:+.3f} bits a token, 95% interval {difference.low:+.3f} "
    interval += f"to {difference.high:+.3f}"
    better = difference.is_better
    if better is None:
        return f"These tunes do not tell the network from {against} ({interval})"
    return f"The network {'beats' if better else 'does not reach'} {against} ({interval})"


def _counted_on(found: Evaluation) -> str:
    corpora = listed(found.corpora) if found.corpora else "no corpus"
    without = ""
    if found.left_out:
        without = f", without {found.left_out:,} that are evaluated, held out or settings of such"
    tunes = counted(found.counted_on, "tune")
    return f"The back-off model is counted on {tunes} of {corpora}{without}."
