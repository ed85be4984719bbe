"""`tunetrace ngrams`: what a corpus or a batch is made of, and what it has that another lacks."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import format_option, index_option, json_options, print_jsonl, show


@click.command()
@click.option("--n", type=click.IntRange(1, 64), default=8, show_default=True,
              help="Count n-grams of so many tokens.")  # fmt: skip
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True,
              help="Show so many.")  # fmt: skip
@click.option("--only-in", multiple=True, metavar="NAME",
              help="Count in this corpus, file or folder, and not in the index.")  # fmt: skip
@click.option("--not-in", multiple=True, metavar="NAME",
              help="Leave out what stands in this corpus, file or folder.")  # fmt: skip
@format_option
@index_option
@json_options
def ngrams(
    n: int,
    top: int,
    only_in: tuple[str, ...],
    not_in: tuple[str, ...],
    format: Any,
    index_path: str | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """The commonest n-grams, of all of the index or of what --only-in names.

    An n-gram is a figure of n tokens, whatever follows it. --only-in and --not-in name corpora of
    the index, or files and folders of transcriptions, and may be given more than once.

    \b
        tunetrace ngrams --n 12
        tunetrace ngrams --only-in ryans --not-in oneills --top 50
        tunetrace ngrams --only-in generated.txt --not-in folkrnn-v2
    """
    from tunetrace import ngrams, open_index

    with open_index(index_path) as opened:
        found = ngrams(n, opened, top=top, only_in=only_in, not_in=not_in, format=format)
    if as_jsonl:
        print_jsonl(found.ngrams)
    else:
        from tunetrace.terminal.ngrams import print_ngrams

        show(found, print_ngrams, as_json)
