"""`tunetrace index`: building an index, and what is in it."""

from __future__ import annotations

from typing import Any

import click

from tunetrace.commands.options import (
    format_option,
    index_option,
    json_option,
    json_options,
    name_option,
    print_jsonl,
    progress_display,
    show,
)
from tunetrace.errors import IndexFileError


@click.group()
def index() -> None:
    """Build an index, change it, and see what is in it."""


@index.command()
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


@index.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--replace", is_flag=True, help="Replace a corpus that is there with other content.")
@name_option
@format_option
@index_option
@json_option
def add(
    sources: tuple[str, ...],
    replace: bool,
    name: str | None,
    format: Any,
    index_path: str | None,
    as_json: bool,
) -> None:
    """Add SOURCES to an index: files, folders, - for standard input, corpora by name.

    All of them or none: an addition that fails or is cut off leaves the index as it was. What is
    there already with the same content stays as it is.

    \b
        tunetrace index add my_tunes.abc
        tunetrace index add essen --index mine.db
        tunetrace index add my_tunes.abc --replace
    """
    from tunetrace import add_to_index

    with progress_display() as progress:
        report = add_to_index(
            sources, index_path, replace=replace, name=name, format=format, progress=progress
        )
    show(report, "index.print_change", as_json)


@index.command()
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...")
@index_option
@json_option
def remove(corpora: tuple[str, ...], index_path: str | None, as_json: bool) -> None:
    """Remove corpora from an index, by the names that index info shows.

    \b
        tunetrace index remove my_tunes
    """
    from tunetrace import remove_from_index

    with progress_display() as progress:
        report = remove_from_index(corpora, index_path, progress=progress)
    show(report, "index.print_change", as_json)


@index.command()
@index_option
@json_option
def compact(index_path: str | None, as_json: bool) -> None:
    """Merge an index's segments and shrink its file, after many additions or removals.

    \b
        tunetrace index compact
    """
    from tunetrace import compact_index

    with progress_display() as progress:
        report = compact_index(index_path, progress=progress)
    show(report, "index.print_change", as_json)


@index.command()
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
        show(report, "index.print_verification", as_json)
    if report.faults:
        raise IndexFileError(
            f"{report.path}: {'; '.join(report.faults)}; build the index again with "
            "'tunetrace index build --force'"
        )


@index.command()
@click.argument("corpus", required=False)
@index_option
@json_options
def rejects(corpus: str | None, index_path: str | None, as_json: bool, as_jsonl: bool) -> None:
    """The tunes that were set aside when the index was made, with file, line and reason.

    \b
        tunetrace index rejects
        tunetrace index rejects ryans --jsonl
    """
    from tunetrace import open_index

    with open_index(index_path) as opened:
        found = opened.rejects(corpus)
    if as_jsonl:
        print_jsonl(found)
    else:
        show(found, "index.print_rejects", as_json)
