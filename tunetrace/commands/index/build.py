"""`tunetrace index build`: an index of files, folders and named corpora."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import (
    format_option,
    index_option,
    json_option,
    name_option,
    print_json,
    progress_display,
    show,
)


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--force", is_flag=True, help="Replace the index that is there.")
@name_option
@format_option
@index_option
@json_option
def build(
    sources: tuple[str, ...],
    force: bool,
    name: str | None,
    format: Any,
    index_path: str | None,
    as_json: bool,
) -> None:
    """Build an index of SOURCES: files, folders, - for standard input, corpora by name.

    Without a SOURCE it holds O'Neill's Music of Ireland (oneills), Aird's Airs (airds) and Ryan's
    Mammoth Collection (ryans).

    \b
        tunetrace index build
        tunetrace index build oneills my_tunes.abc --index mine.db
    """
    from tunetrace import build_index

    with progress_display() as progress:
        report = build_index(
            sources, index_path, force=force, name=name, format=format, progress=progress
        )
    if as_json:
        from tunetrace.records import to_plain

        record = {**to_plain(report.info), "set_aside": to_plain(report.set_aside)}
        print_json(record)
    else:
        from tunetrace.terminal.index import print_build

        show(report, print_build, as_json=False)
