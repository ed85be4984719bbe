"""`tunetrace index verify`: whether an index is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tunetrace.commands.console import console
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.commands.progress import progress_display
from tunetrace.errors import IndexFileError
from tunetrace.text import counted, listed

if TYPE_CHECKING:
    from tunetrace import VerifyReport


@click.command()
@click.option("--full", is_flag=True, help="Check every suffix and every tune, not a sample.")
@index_option
@json_option
def verify(full: bool, index_path: str | None, print_as: PrintAs) -> None:
    """Check that an index is whole.

    The file, its tables and its arrays are checked, and that they agree; cached arrays are
    compared with the index, and removed if they differ. If anything is wrong, the exit code is 2.

    \b
        tunetrace index verify
        tunetrace index verify --full
    """
    from tunetrace import verify_index

    with progress_display() as progress:
        report = verify_index(index_path, full=full, progress=progress)
    if print_as == "json" or not (report.faults or report.altered_files):
        show(report, _print_verification, print_as)
    if report.altered_files and not report.faults:
        raise IndexFileError(
            f"{report.path}: the index is whole, but its arrays were altered in the cache, in "
            f"{listed(report.altered_files)}; they are removed from there now, and answers that "
            "were given before may be wrong, so ask again"
        )
    if report.faults:
        raise IndexFileError(
            f"{report.path}: {'; '.join(report.faults)}; build the index again with "
            "'tunetrace index build --force'"
        )


def _print_verification(report: VerifyReport) -> None:
    out = console()
    out.print(report.path, soft_wrap=True)
    suffixes = counted(report.suffixes, "suffix", "suffixes")
    how_many = "all" if report.is_full else "a sample; --full checks all"
    out.print("file, tables and checksums: no fault found")
    out.print(f"{suffixes} and {counted(report.tunes, 'tune')} ({how_many}): no fault found")
