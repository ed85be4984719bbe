"""`tunetrace index`: building an index, and what is in it."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.cli.options import (
    format_option,
    index_option,
    json_option,
    progress_display,
    show,
)


@click.group()
def index() -> None:
    """Build an index, or see what is in it."""


@index.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--force", is_flag=True, help="Replace the index that is there.")
@format_option
@index_option
@json_option
def build(
    sources: tuple[str, ...], force: bool, format: Any, index_path: str | None, as_json: bool
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
        report = build_index(sources, index_path, force=force, format=format, progress=progress)
    if as_json:
        from tunetrace.indexer.records import to_json

        record = {**to_json(report.info), "set_aside": to_json(report.set_aside)}
        show(record, "", as_json=True)
    else:
        show(report, "index.print_build", as_json=False)


@index.command()
@index_option
@json_option
def info(index_path: str | None, as_json: bool) -> None:
    """What is in an index: its corpora, tunes, tokens and bars.

    \b
        tunetrace index info
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        show(opened.info(), "index.print_info", as_json)
