"""`tunetrace figure`, `bar` and `check`: the questions that are put to an index."""

from __future__ import annotations

import sys
from typing import Any

import click

from tunetrace.cli.options import (
    Share,
    filter_options,
    format_option,
    goes_only_with,
    index_option,
    json_option,
    json_options,
    print_jsonl,
    show,
)
from tunetrace.errors import InputError, QueryError


@click.command()
@click.argument("figure")
@filter_options
@click.option("--open-end", is_flag=True, help="Count it inside a longer last note too.")
@index_option
@json_options
def figure(
    figure: str,
    filters: Any,
    limit: int,
    open_end: bool,
    index_path: str | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Where a figure stands: in how many tunes, how often, and the places.

    A FIGURE is tokens set apart by spaces; * is any one token, {c C} either of them, c? the note
    c of any length.

    \b
        tunetrace figure "G, C C 2"
        tunetrace figure "G, C C 2" --bar 1 --onset 0
        tunetrace figure "{c C} 2 B? c" --meter 4/4 --key maj
        tunetrace figure "G, C C 2" --limit 1000 --jsonl
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.figure(figure, filters, open_end=open_end, limit=limit)
    if as_jsonl:
        print_jsonl(found.results)
    else:
        show(found, "matches.print_matches", as_json)


@click.command()
@click.argument("bar_text", metavar="BAR")
@filter_options
@index_option
@json_options
def bar(
    bar_text: str,
    filters: Any,
    limit: int,
    index_path: str | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Where a whole bar stands, from one bar line to the next.

    Wildcards are as for figure.

    \b
        tunetrace bar "G, C C 2 G, C E C"
        tunetrace bar "C 3 C 3" --meter 6/8
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.bar(bar_text, filters, limit=limit)
    if as_jsonl:
        print_jsonl(found.results)
    else:
        show(found, "matches.print_matches", as_json)


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--exclude-tune", multiple=True, metavar="TUNE",
              help="Leave out a tune: an id, corpus:number or title.")  # fmt: skip
@click.option("--exclude-title", multiple=True, metavar="TITLE",
              help="Leave out all tunes of this title.")  # fmt: skip
@click.option("--fail-over", type=Share(0, 1), metavar="SHARE",
              help="Exit 1 if more than this share of a tune's notes, as 0.25, lies in spans of "
              "12 notes or more.")  # fmt: skip
@click.option("--brief", is_flag=True, help="Print one line for each tune.")
@click.option("--post", is_flag=True,
              help="Print what the blog post on the folk-rnn v2 model found in its corpus, beside "
              "what this index has.")  # fmt: skip
@format_option
@index_option
@json_option
def check(
    files: tuple[str, ...],
    exclude_tune: tuple[str, ...],
    exclude_title: tuple[str, ...],
    fail_over: float | None,
    brief: bool,
    post: bool,
    format: Any,
    index_path: str | None,
    as_json: bool,
) -> None:
    """What of the transcriptions in FILES stands in the corpus, and where.

    FILES are ABC tunebooks or folk-rnn's text; - or nothing is standard input. Tunes that cannot
    be read are listed and the others checked.

    \b
        tunetrace check tune.abc
        tunetrace check generated.txt --brief --fail-over 0.25
        tunetrace check tune.abc --exclude-title "The Kesh"
        tunetrace check --post --index v2.db
    """
    from tunetrace import check_files, open_index, post_search
    from tunetrace.checker.inputs import exceeds

    if post:
        goes_only_with("--post", "index_path", "as_json")
        with open_index(index_path) as opened:
            show(post_search(opened), "post.print_post", as_json)
        return
    if not files and sys.stdin is not None and sys.stdin.isatty():
        raise QueryError("there is nothing to check; give a file, or a tune on standard input")
    with open_index(index_path) as opened:
        report = check_files(
            files or ["-"],
            opened,
            exclude_tunes=exclude_tune,
            exclude_titles=exclude_title,
            format=format,
        )
    if report.tunes or as_json:
        show(report, "check.print_check", as_json, brief=brief)
    if not report.tunes:
        first = report.set_aside[0]
        raise InputError(f"no tune can be checked; {first.place}: {first.reason}")
    if fail_over is not None and exceeds(report, fail_over):
        sys.exit(1)
