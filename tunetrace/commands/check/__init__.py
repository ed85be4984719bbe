"""`tunetrace check`: what of a transcription is in the corpus."""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING, Any

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.options import (
    PrintAs,
    Share,
    copy_share_option,
    exclude_family_option,
    goes_only_with,
    html_options,
    index_option,
    json_options,
    reading_options,
    show,
    verbatim_option,
    view_option,
    workers_for,
)
from tunetrace.commands.pages import check_html, save_html
from tunetrace.commands.progress import progress_display
from tunetrace.errors import QueryError

if TYPE_CHECKING:
    from tunetrace import CheckedTune, Rejected


@click.command()
@click.argument("files", nargs=-1, metavar="[TUNE]...", shell_complete=complete_files)
@click.option("--exclude-tune", "exclude_tunes", multiple=True, metavar="TUNE",
              help="Leave out a tune of the index: an id, corpus:number or title.")  # fmt: skip
@click.option("--exclude-title", "exclude_titles", multiple=True, metavar="TITLE",
              help="Leave out all tunes with this title.")  # fmt: skip
@exclude_family_option
@click.option("--only", multiple=True, metavar="PLACES",
              help="Check only the tunes at these places of the input, as 13201 or 5-9."
              )  # fmt: skip
@copy_share_option
@verbatim_option
@view_option
@click.option("--fail-over", type=Share(0, 1), metavar="SHARE",
              help="Exit 1 if more than this share of a tune's notes, as 0.25, is in runs of 12 "
              "notes or more, from one corpus tune or from several.")  # fmt: skip
@click.option("--brief", is_flag=True, help="Print one line for each tune.")
@click.option("--bars", is_flag=True, help="With --jsonl: add what is known of each bar.")
@click.option("--post", is_flag=True,
              help="Print what the blog post on the folk-rnn v2 model found in its corpus, beside "
              "what this index has.")  # fmt: skip
@html_options
@reading_options
@index_option
@json_options
def check(
    files: tuple[str, ...],
    only: tuple[str, ...],
    fail_over: float | None,
    brief: bool,
    bars: bool,
    post: bool,
    page: str | None,
    force: bool,
    index_path: str | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """Show what of a tune is in the corpus, and where.

    TUNE is a file, an ABC tunebook or folk-rnn's text; - or nothing is standard input. A tune of
    the index, as corpus:number or its id, is compared with the others. The first line on each
    tune is the verdict: it is a corpus tune, a part of one, mostly in one, a near copy of one
    (the same melody in another key, rhythm or version), in pieces in the corpus, or shares no more
    with it than real tunes do. Tunes that cannot be read are listed, and the others are checked.

    A run is a row of consecutive notes that is in some corpus tune, note for note. With --view only
    their pitches, intervals, lengths or directions are compared.

    --brief and --jsonl print each tune as soon as it is checked: tens of thousands take some
    seconds. --brief shows the notes of a tune, its longest run, the shares of its notes in runs of
    8+ and of 12+ notes (longer ones with --view), and the nearest corpus tune. --jsonl has the
    fields of a report's tunes.csv; a tune that cannot be read is a line with a reason.

    \b
        tunetrace check tune.abc
        tunetrace check oneills:2
        tunetrace check generated.txt --brief --fail-over 0.25
        tunetrace check generated.txt --only 13201
        tunetrace check generated.txt --jsonl > checked.jsonl
        tunetrace check tune.abc --exclude-title "The Kesh"
        tunetrace check tune.abc --view intervals
        tunetrace check tune.abc --html checked.html
        tunetrace check --post --index v2.db
    """
    from tunetrace import CheckReport, check_batch, open_index, post_search
    from tunetrace.checker.check import Places
    from tunetrace.commands.check.answers import AnswerPrinter
    from tunetrace.corpus.readers import estimate_tunes

    if post:
        from tunetrace.commands.check.post import print_post

        goes_only_with("--post", "index_path", "as_json")
        show(post_search(index_path), print_post, print_as)
        return
    if not files and sys.stdin is not None and sys.stdin.isatty():
        raise QueryError("no tune is given to check; give a file, or a tune on standard input")
    if bars and print_as != "jsonl":
        raise QueryError("--bars works only with --jsonl; add --jsonl or remove --bars")
    if fail_over is not None and options["view"] != "tokens":
        raise QueryError("--fail-over counts runs of tokens; remove --view or --fail-over")
    if brief and print_as != "text":
        raise QueryError("--brief cannot be combined with --json or --jsonl; remove --brief")
    check_html(page, force=force)
    inputs = files or ("-",)
    tunes = estimate_tunes(inputs)
    details = bars or page is not None or not (brief or print_as == "jsonl")
    shown: list[CheckedTune | Rejected] = []  # for a page only
    printer = AnswerPrinter("brief" if brief else print_as, fail_over)
    with open_index(index_path) as opened, progress_display(tunes, prints_lines=True) as progress:
        workers = 0 if details or only else workers_for(tunes, near_copies=not options["verbatim"])
        answers = check_batch(
            inputs, opened, only=only, details=details, workers=workers, **options
        )
        places = Places.read(only) or count(1)
        for done, (place, answer) in enumerate(zip(places, answers, strict=False), 1):
            printer.add(place, answer)
            if page is not None:
                shown.append(answer)
            progress("checking", done)
        printer.end()
        save_html(CheckReport.gather(shown), page, opened, print_as, force=force)
    if printer.has_failed:
        sys.exit(1)
