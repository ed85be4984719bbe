"""`tunetrace corpus stats`: what is in a corpus."""

from __future__ import annotations

from functools import partial

import click

from tunetrace.commands.options import index_option, json_option, show


@click.command()
@click.argument("corpus", required=False)
@click.option("--notes", type=click.IntRange(1, 32), default=4, show_default=True,
              help="Count figures of so many notes.")  # fmt: skip
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True,
              help="Show so many keys, meters, bars and figures.")  # fmt: skip
@click.option("--plot", metavar="FILE", help="Draw it too: a .png, .svg or .pdf file.")
@click.option("--force", is_flag=True, help="Replace the picture that is there.")
@index_option
@json_option
def stats(
    corpus: str | None,
    notes: int,
    top: int,
    plot: str | None,
    force: bool,
    index_path: str | None,
    as_json: bool,
) -> None:
    """What is in a CORPUS of the index, or in all of it.

    Its keys and meters, how long its tunes are, how many of its bars add up, and its commonest
    bars and figures.

    \b
        tunetrace corpus stats
        tunetrace corpus stats oneills --notes 6
        tunetrace corpus stats ryans --plot ryans.png
    """
    from tunetrace import corpus_stats, open_index

    if plot is not None:
        from tunetrace.plots.picture import check_picture

        check_picture(plot, force=force)  # before the counting, which takes a while
    with open_index(index_path) as opened:
        found = corpus_stats(corpus, opened, notes=notes, top=top)
    if plot is not None:
        from tunetrace import plot_corpus

        plot_corpus(found, plot, force=force)
    from tunetrace.terminal.stats import print_stats

    show(found, partial(print_stats, top=top), as_json)
