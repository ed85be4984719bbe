"""`tunetrace check`: what of a transcription is in the corpus."""

from __future__ import annotations

import sys
from itertools import count
from typing import Any

import click

from tunetrace.commands.options import (
    Share,
    copy_share_option,
    format_option,
    goes_only_with,
    index_option,
    json_options,
    lines_progress,
    show,
    workers_for,
)
from tunetrace.errors import QueryError


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--exclude-tune", multiple=True, metavar="TUNE",
              help="Leave out a tune of the index: an id, corpus:number or title.")  # fmt: skip
@click.option("--exclude-title", multiple=True, metavar="TITLE",
              help="Leave out all tunes of this title.")  # fmt: skip
@click.option("--only", multiple=True, metavar="PLACES",
              help="Check only what is at these places of the input, as 13201 or 5-9.")  # fmt: skip
@copy_share_option
@click.option("--fail-over", type=Share(0, 1), metavar="SHARE",
              help="Exit 1 if a tune has more than this share of its notes, as 0.25, in spans of "
              "12 notes or more, be they from one corpus tune or from many.")  # fmt: skip
@click.option("--brief", is_flag=True, help="Print one line for each tune.")
@click.option("--bars", is_flag=True, help="With --jsonl: add what is known of each bar.")
@click.option("--post", is_flag=True,
              help="Print what the blog post on the folk-rnn v2 model found in its corpus, beside "
              "what this index has.")  # fmt: skip
@format_option
@index_option
@json_options
def check(
    files: tuple[str, ...],
    exclude_tune: tuple[str, ...],
    exclude_title: tuple[str, ...],
    only: tuple[str, ...],
    copy_share: float,
    fail_over: float | None,
    brief: bool,
    bars: bool,
    post: bool,
    format: Any,
    index_path: str | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """What of the transcriptions in FILES is in the corpus, and where.

    FILES are ABC tunebooks or folk-rnn's text; - or nothing is standard input. The first line on
    each tune is the verdict: a corpus tune as a whole, a part of one, most of it in one, pieces of
    it, or nothing beyond what real tunes share. Tunes that cannot be read are listed and the others
    checked.

    --brief and --jsonl print each tune as soon as it is checked, tens of thousands in some seconds.
    A line of --jsonl has the fields of a report's tunes.csv; a tune that cannot be read is a line
    with a reason.

    \b
        tunetrace check tune.abc
        tunetrace check generated.txt --brief --fail-over 0.25
        tunetrace check generated.txt --only 13201
        tunetrace check generated.txt --jsonl > checked.jsonl
        tunetrace check tune.abc --exclude-title "The Kesh"
        tunetrace check --post --index v2.db
    """
    from tunetrace import check_batch, open_index, post_search
    from tunetrace.checker.check import Places
    from tunetrace.terminal.check import CheckPrinter

    if post:
        goes_only_with("--post", "index_path", "as_json")
        with open_index(index_path) as opened:
            from tunetrace.terminal.post import print_post

            show(post_search(opened), print_post, as_json)
        return
    if not files and sys.stdin is not None and sys.stdin.isatty():
        raise QueryError("there is nothing to check; give a file, or a tune on standard input")
    if bars and not as_jsonl:
        raise QueryError("--bars adds to --jsonl; give both, or leave it out")
    if brief and (as_json or as_jsonl):
        raise QueryError("--brief prints lines for people; leave it out, or --json and --jsonl")
    inputs = files or ("-",)
    details = bars or not (brief or as_jsonl)
    printer = CheckPrinter(
        "json" if as_json else "jsonl" if as_jsonl else "brief" if brief else "whole", fail_over
    )
    with open_index(index_path) as opened, lines_progress(inputs) as progress:
        answers = check_batch(
            inputs,
            opened,
            exclude_tunes=exclude_tune,
            exclude_titles=exclude_title,
            only=only,
            details=details,
            copy_share=copy_share,
            format=format,
            workers=0 if details or only else workers_for(inputs),
        )
        places = Places.read(only) or count(1)
        for done, (place, answer) in enumerate(zip(places, answers, strict=False), 1):
            printer.add(place, answer)
            progress("checking", done)
    printer.end()
    if printer.exceeds:
        sys.exit(1)
