"""`tunetrace model extract`: how far a model continues tunes verbatim from their first bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from tunetrace.commands.completion import complete_corpora, complete_files
from tunetrace.commands.console import console, cut, make_table
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.commands.progress import progress_display
from tunetrace.text import counted, listed, share

if TYPE_CHECKING:
    from tunetrace import Continued, ContinuedDifference, ContinuedTune, Extraction

_SHOWN: Final = 20
"""Extracted tunes that are listed."""
_TITLE: Final = 34


class _PromptBars(click.ParamType[list[int]]):
    """Numbers of bars with commas between them."""

    name = "bars"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        if isinstance(value, list):
            return value
        try:
            return [int(number) for number in str(value).split(",")]
        except ValueError:
            self.fail(f"'{value}' has no numbers of bars; give them as 1,2,4,8", param, ctx)


@click.command()
@click.argument("model", required=False)
@click.option("--corpus", metavar="NAME", shell_complete=complete_corpora,
              help="Only tunes of this corpus (default: all that the model was trained on)."
              )  # fmt: skip
@click.option("-n", type=int, default=500, show_default=True,
              help="The most training tunes, and the most held-out tunes.")  # fmt: skip
@click.option("--prompts", type=_PromptBars(), default="1,2,4,8", show_default=True,
              metavar="K,K,...", help="Bars of the prompts.")  # fmt: skip
@click.option("--bars", type=int, default=8, show_default=True,
              help="Bars that must follow verbatim.")  # fmt: skip
@click.option("--draws", type=int, default=1000, show_default=True,
              help="Random continuations for the last column.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True,
              help="Seed of the choice of tunes.")  # fmt: skip
@click.option("--plot", metavar="FILE", shell_complete=complete_files,
              help="Draw a picture too: a .png, .svg or .pdf file.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a picture that is already there.")
@index_option
@json_option
def extract(
    model: str | None,
    plot: str | None,
    force: bool,
    index_path: str | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """Measure what a model continues verbatim from first bars.

    A prompt is the header, the pickup and the first bars of a tune. The model continues it with the
    most probable token at each step. A tune is extracted if the next 8 bars are those of the tune,
    token by token. Held-out tunes show how much is continued without having been learnt.

    \b
        tunetrace model extract
        tunetrace model extract --corpus oneills -n 200 --plot extraction.png
        tunetrace model extract my-model --prompts 1,4,16 --bars 4
    """
    from tunetrace import extract, plot_extraction

    if plot is not None:
        from tunetrace.plots.picture import check_picture

        check_picture(plot, force=force)  # before the reading, which takes a while
    with progress_display() as progress:
        found = extract(model, index_path, progress=progress, **options)
    if plot is not None:
        plot_extraction(found, plot, force=force)
    show(found, _print_extraction, print_as)


def _print_extraction(found: Extraction) -> None:
    """A row for each length of a prompt and each group of tunes, and the tunes that came out."""
    out = console()
    out.print(f"{found.model} on {listed(found.corpora)}", style="bold", soft_wrap=True)
    if not found.says_training:
        out.print(
            "The model does not say what it was trained on. All tunes are taken as training tunes.",
            soft_wrap=True,
        )
    out.print()
    columns = ("prompt", "tunes", ">number", ">extracted", ">95% interval", ">bars", ">tokens",
               f">in {found.draws:,} draws")  # fmt: skip
    rows = []
    for place, row in enumerate(found.training):
        rows.append(_cells(row, "training", counted(row.prompt_bars, "bar")))
        if found.held_out:
            rows.append(_cells(found.held_out[place], "held out", ""))
    out.print(make_table(columns, rows))
    out.print()
    if found.differences:
        out.print("Training tunes minus held-out tunes, with 95% intervals\n")
        of_differences = ("prompt", ">extracted, in points", ">bars", ">tokens")
        out.print(make_table(of_differences, map(_difference, found.differences)))
        out.print()
    _print_tunes(found)
    if found.left_out:
        out.print(
            f"\n{counted(found.left_out, 'tune')} left out, which the model cannot read",
            soft_wrap=True,
        )


def _cells(row: Continued, group: str, prompt: str) -> tuple[object, ...]:
    if row.share is None or row.low is None or row.high is None:
        return prompt, group, row.tunes, "", "", "", "", ""
    return (
        prompt,
        group,
        row.tunes,
        f"{row.extracted:,} ({share(row.share)})",
        f"{row.low:.1%} to {row.high:.1%}",
        f"{row.bars:.2f}",
        f"{row.tokens:.1f}",
        f"{row.by_draws:.1%}",
    )


def _difference(one: ContinuedDifference) -> tuple[str, ...]:
    return (
        counted(one.prompt_bars, "bar"),
        _interval(100 * one.share, 100 * one.low, 100 * one.high, 1),
        _interval(one.bars, one.bars_low, one.bars_high, 2),
        _interval(one.tokens, one.tokens_low, one.tokens_high, 1),
    )


def _interval(value: float, low: float, high: float, decimals: int) -> str:
    """A difference and its interval: `+0.5 (+0.1 to +0.8)`. Zero has no sign."""
    parts = (round(one, decimals) for one in (value, low, high))
    middle, *ends = (f"{one:+.{decimals}f}" if one else f"{0:.{decimals}f}" for one in parts)
    return f"{middle} ({' to '.join(ends)})"


def _print_tunes(found: Extraction) -> None:
    """The tunes that were extracted, or the one that was continued furthest."""
    out = console()
    if not found.extracted:
        out.print("No tune is extracted.")
        if found.longest is not None:
            one = found.longest
            kind = "held-out tune" if one.is_held_out else "training tune"
            out.print(
                f"The longest: {counted(one.bars, 'bar')} of the {kind} {one.title} "
                f"({one.reference}) after a prompt of {counted(one.prompt_bars, 'bar')}.",
                soft_wrap=True,
            )
        return
    out.print(f"{counted(len(found.extracted), 'tune')} extracted, each from its shortest prompt\n")
    columns = ("tune", "title", "", ">prompt", ">bars continued")
    out.print(make_table(columns, map(_tune, found.extracted[:_SHOWN])))
    if len(found.extracted) > _SHOWN:
        out.print(f"… and {len(found.extracted) - _SHOWN:,} more; --json lists them all")


def _tune(one: ContinuedTune) -> tuple[object, ...]:
    return (
        one.reference,
        cut(one.title, _TITLE),
        "held out" if one.is_held_out else "training",
        counted(one.prompt_bars, "bar"),
        f"{one.bars} of {one.following}",
    )
