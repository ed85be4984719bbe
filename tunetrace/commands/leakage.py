"""`tunetrace leakage`: settings of training tunes in a test set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tunetrace.commands.completion import complete_files, complete_sources
from tunetrace.commands.console import console, make_table, print_set_aside
from tunetrace.commands.options import (
    PrintAs,
    Share,
    index_option,
    json_option,
    reading_options,
    show,
)
from tunetrace.commands.progress import progress_display
from tunetrace.text import counted, listed, plain, share

if TYPE_CHECKING:
    from tunetrace import LeakageReport


@click.command()
@click.argument("train", shell_complete=complete_sources)
@click.argument("test", shell_complete=complete_sources)
@click.option("--threshold", type=Share(0, 1), metavar="P",
              help="A tune is leaked from this probability on (default: 0.9, and more among more "
              "than 25,000 training tunes).")  # fmt: skip
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True, metavar="N",
              help="Number of leaked tunes to print.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", shell_complete=complete_files,
              help="Write a row for each tune of TEST: a .csv or .parquet file.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a table that is there.")
@reading_options
@index_option
@json_option
def leakage(
    train: str,
    test: str,
    threshold: float | None,
    top: int,
    output: str | None,
    force: bool,
    index_path: str | None,
    print_as: PrintAs,
    **reading: Any,
) -> None:
    """List settings of training tunes in a test set.

    TRAIN and TEST are files, folders, - for standard input, or corpora of the index. Settings are
    found by melody, whatever their titles. A model that is tested on them is tested on its memory.

    \b
        tunetrace leakage training.txt test.txt
        tunetrace leakage ryans oneills -o leakage.csv
    """
    from tunetrace import leakage
    from tunetrace.corpus.readers import estimate_tunes
    from tunetrace.reports.leakage import LEAKAGE_COLUMNS
    from tunetrace.reports.table_file import check_table, write_table

    if output is not None:
        check_table(output, LEAKAGE_COLUMNS, force=force)  # before the comparing
    with progress_display(estimate_tunes([test])) as progress:
        found = leakage(train, test, index_path, threshold=threshold, progress=progress, **reading)
    if output is not None:
        write_table(found.tunes, LEAKAGE_COLUMNS, output, force=force)
    show(found, lambda report: _print_leakage(report, top, output), print_as)


def _print_leakage(report: LeakageReport, top: int, output: str | None) -> None:
    out = console()
    out.print(
        f"{counted(report.test_tunes, 'tune')} of {_named(report.test)}, compared with "
        f"{counted(report.train_tunes, 'training tune')} of {_named(report.train)}",
        soft_wrap=True,
    )
    are = "is a setting" if report.leaked == 1 else "are settings"
    out.print(
        f"{report.leaked:,} ({share(report.leaked_share)}) {are} of training tunes, with a "
        f"probability of at least {share(report.threshold)}",
        style="bold",
    )
    if report.leaked:
        out.print(f"{report.leaked_with_title:,} of these share a title with the training tune")
    shown = [tune for tune in report.tunes[:top] if tune.is_leaked]
    if shown:
        out.print()
        rows = [
            (share(tune.probability), tune.tune, plain(tune.title) or "(untitled)",
             tune.nearest or "", plain(tune.nearest_title) or "(untitled)")
            for tune in shown
        ]  # fmt: skip
        columns = (">probability", "tune", "title", "training tune", "its title")
        out.print(make_table(columns, rows, widest={"title": 22, "its title": 22}))
    if report.leaked > len(shown):
        all_are = f"{output} has them all" if output else "-o FILE.csv writes them all"
        out.print(f"… and {report.leaked - len(shown):,} more; {all_are}", soft_wrap=True)
    print_set_aside(report.set_aside, "--json lists them all")


def _named(names: tuple[str, ...]) -> str:
    return listed([plain(name) for name in names])
