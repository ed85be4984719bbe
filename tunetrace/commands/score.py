"""`tunetrace score`: tunes as staff notation, as sound, and as files of other programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, get_args

import click

from tunetrace.arguments import Paper
from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import console, print_set_aside
from tunetrace.commands.options import (
    PrintAs,
    index_option,
    json_option,
    reading_options,
    show,
)
from tunetrace.commands.progress import progress_display
from tunetrace.errors import QueryError
from tunetrace.text import counted, plain

if TYPE_CHECKING:
    from tunetrace import SavedScores

_MOST_WORKERS: Final = 3
"""So many draw pages as fast as one process engraves them."""


@click.command()
@click.argument("tunes", nargs=-1, required=True, metavar="TUNE...", shell_complete=complete_files)
@click.option("-o", "--output", metavar="FILE", shell_complete=complete_files,
              help="The file to write; it ends in .svg, .png, .pdf, .mid, .musicxml, .mei or .abc."
              )  # fmt: skip
@click.option("--transpose", "tonic", metavar="TONIC",
              help="Write the tunes in the key of this tonic, as G or Bb (default: each in its own "
              "key). The mode stays as it is.")  # fmt: skip
@click.option("--swing", is_flag=True,
              help="With .mid: swing the notes of each beat, as in jigs and hornpipes."
              )  # fmt: skip
@click.option("--paper", type=click.Choice(get_args(Paper)),
              help="With .pdf: the size of a page.  [default: a4]")  # fmt: skip
@click.option("--only", multiple=True, metavar="PLACES",
              help="Write only the tunes at these places of the input, as 13201 or 5-9."
              )  # fmt: skip
@click.option("--force", is_flag=True, help="Replace scores that are there.")
@reading_options
@index_option
@json_option
def score(
    tunes: tuple[str, ...],
    output: str | None,
    index_path: str | None,
    print_as: PrintAs,
    **options: Any,
) -> None:
    """Write tunes as staff notation, sound or other files.

    TUNE is a file, a folder, - for standard input, or a tune of the index, as corpus:number, its
    id or its title. What is written depends on the name of the file:

    .svg and .png are one picture with all tunes. .pdf is a tune-book: tunes on pages, bookmarks,
    and, if there are several tunes, an index of titles with the first bars of each. .abc is a
    tunebook in ABC. .mid (sound), .musicxml and .mei have one tune in a file, so several tunes
    make tunes-1.mid, tunes-2.mid and so on.

    Tunes that cannot be read are listed, and the others are written.

    \b
        tunetrace score tune.abc -o tune.svg
        tunetrace score oneills:2 -o tune.mid --swing
        tunetrace score "The Kesh" -o kesh.png --transpose A
        tunetrace score tunes.abc -o tunes.pdf --paper letter
        tunetrace score generated.txt --only 5-9 -o five.musicxml
    """
    from tunetrace import save_scores
    from tunetrace.corpus.readers import estimate_tunes, is_of_index
    from tunetrace.files import exists
    from tunetrace.score.book.formats import ENDINGS

    if output is None:
        raise QueryError(f"no file is named; add one that ends in {ENDINGS}, such as -o tune.pdf")
    files = [name for name in tunes if not is_of_index(name) and (name == "-" or exists(name))]
    with progress_display(estimate_tunes(files)) as progress:
        saved = save_scores(
            tunes, output, index_path, workers=_workers(), progress=progress, **options
        )
    show(saved, _print_scores, print_as)


def _workers() -> int:
    """Extra processes that draw a large book: none if there is no second core."""
    cores = os.cpu_count() or 1
    return min(cores, _MOST_WORKERS) if cores > 1 else 0


def _print_scores(saved: SavedScores) -> None:
    out = console()
    if len(saved.files) == 1:
        (name,), count = saved.files, len(saved.tunes)
        what = counted(count, "tune")
        if count == 1:
            (tune,) = saved.tunes
            what = f"{tune.title or '(untitled)'} ({tune.place})"
        pages = f" on {counted(saved.pages, 'page')}" if saved.pages else ""
        out.print(f"{plain(name)}: {what}{pages}", soft_wrap=True)
    else:
        for tune in saved.tunes:
            out.print(
                f"{plain(tune.file)}: {tune.title or '(untitled)'} ({tune.place})", soft_wrap=True
            )
    print_set_aside(saved.set_aside, "--json lists them all")
