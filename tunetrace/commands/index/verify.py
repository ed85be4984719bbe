"""`tunetrace index verify`: whether an index is whole."""

from __future__ import annotations

import click

from tunetrace.commands.options import (
    index_option,
    json_option,
    progress_display,
    show,
)
from tunetrace.errors import IndexFileError


@click.command()
@click.option("--full", is_flag=True, help="Look at every suffix and every tune, not at a sample.")
@index_option
@json_option
def verify(full: bool, index_path: str | None, as_json: bool) -> None:
    """Check that an index is whole: the file, its tables, its arrays, and that they agree.

    The exit code is 2 where it is not.

    \b
        tunetrace index verify
        tunetrace index verify --full
    """
    from tunetrace import verify_index

    with progress_display() as progress:
        report = verify_index(index_path, full=full, progress=progress)
    if as_json or not report.faults:
        from tunetrace.terminal.index import print_verification

        show(report, print_verification, as_json)
    if report.faults:
        raise IndexFileError(
            f"{report.path}: {'; '.join(report.faults)}; build the index again with "
            "'tunetrace index build --force'"
        )
