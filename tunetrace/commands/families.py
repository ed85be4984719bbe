"""`tunetrace families`: settings of one melody, whatever their titles."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

import click

from tunetrace.commands.completion import complete_corpora, complete_files
from tunetrace.commands.console import console, linked, make_table
from tunetrace.commands.options import (
    PrintAs,
    cluster_options,
    index_option,
    json_option,
    shards_option,
    show,
    slices_options,
    workers_for,
)
from tunetrace.commands.progress import progress_display
from tunetrace.errors import QueryError
from tunetrace.text import counted, listed, plain, share

if TYPE_CHECKING:
    from tunetrace import Family, FamilyReport

_SHOWN_TUNES: Final = 3
"""How many tunes of a family are named."""

_LARGE: Final = 6
"""Families of this many tunes or more are counted together."""


@click.command()
@click.argument("corpus", required=False, shell_complete=complete_corpora)
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True, metavar="N",
              help="Number of families to print.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", shell_complete=complete_files,
              help="Write a row for each tune of a family: a .csv or .parquet file.")  # fmt: skip
@click.option("--of", "of", metavar="TUNE",
              help="Only the family of this tune: an id, corpus:number or title.")  # fmt: skip
@click.option("--picture", metavar="FILE", shell_complete=complete_files,
              help="Draw the family of --of: a .png, .svg or .pdf file.")  # fmt: skip
@click.option("--again", is_flag=True, help="Compare all tunes anew.")
@click.option("--force", is_flag=True, help="Replace a table or a picture that is there.")
@cluster_options
@shards_option
@slices_options
@index_option
@json_option
def families(
    corpus: str | None,
    top: int,
    output: str | None,
    picture: str | None,
    of: str | None,
    again: bool,
    force: bool,
    index_path: str | None,
    cluster: str | int | None,
    shards: int | None,
    resume: bool,
    data_set: str | None,
    print_as: PrintAs,
) -> None:
    """Group tunes by melody, whatever their titles.

    A family has the settings of one tune.
    The first time, every tune of the index is compared with all others; what is found is stored in
    the index. Tunes that are added later are compared when they are added. With a CORPUS, only its
    tunes are counted.

    \b
        tunetrace families
        tunetrace families oneills --top 20
        tunetrace families --of "The Banshee"
        tunetrace families -o families.csv
        tunetrace families --again --workers 4
        tunetrace families --picture banshee.png --of "The Banshee"
    """
    from tunetrace import find_families, open_index, plot_family
    from tunetrace.plots.picture import check_picture
    from tunetrace.reports.families import FAMILY_COLUMNS, family_rows
    from tunetrace.reports.table_file import check_table, write_table

    if picture is not None and of is None:
        raise QueryError("--picture draws the family of one tune; name the tune with --of")
    # before the comparing, which takes a while
    if picture is not None:
        check_picture(picture, force=force)
    if output is not None:
        check_table(output, FAMILY_COLUMNS, force=force)
    with open_index(index_path) as index:
        tunes = index.tunes
        named = [] if of is None else index.resolve(of, partly=True)
    with progress_display(tunes) as progress:
        found = find_families(
            index_path,
            corpus=corpus,
            again=again,
            workers=0 if cluster is not None else workers_for(tunes, near_copies=True),
            cluster=cluster,
            shards=shards,
            resume=resume,
            data_set=data_set,
            progress=progress,
        )
    if picture is not None and of is not None:
        plot_family(of, picture, index_path, force=force)
    if of is not None:
        found = replace(found, families=tuple(_with(found.families, named)))
    if output is not None:
        write_table(family_rows(found.families), FAMILY_COLUMNS, output, force=force)
    if of is None:
        show(found, lambda report: _print_families(report, top, output), print_as)
    else:
        show(found, lambda report: _print_family(report.families, of, picture), print_as)


def _with(families: Iterable[Family], tunes: Container[int]) -> Iterator[Family]:
    """The families that have one of these tunes, given by their ids."""
    return (one for one in families if any(tune.tune in tunes for tune in one.tunes))


def _print_family(families: Sequence[Family], of: str, picture: str | None) -> None:
    """Every tune of the families that a tune's name stands for; most names stand for one."""
    out = console()
    if not families:
        out.print(f"{plain(of)}: no other tune is of its family", soft_wrap=True)
    for family in families:
        titles = counted(family.titles, "title")
        out.print(
            f"{plain(family.name) or '(untitled)'}: {counted(len(family.tunes), 'tune')} with "
            f"{titles}",
            style="bold",
        )
        references = {tune.tune: tune.reference for tune in family.tunes}
        rows = [
            (tune.reference, linked(plain(tune.title) or "(untitled)", tune.link),
             "" if tune.nearest is None else references[tune.nearest],
             "" if tune.probability is None else share(tune.probability))
            for tune in family.tunes
        ]  # fmt: skip
        columns = ("tune", "title", "nearest", ">probability")
        out.print(make_table(columns, rows, widest={"title": 36}))
    if picture is not None:
        out.print(f"drawn in {picture}", soft_wrap=True)


def _print_families(report: FamilyReport, top: int, output: str | None) -> None:
    out = console()
    out.print(report.path, soft_wrap=True)
    if report.compared:
        out.print(
            f"compared {counted(report.compared, 'tune')} with one another: "
            f"{counted(report.pairs, 'pair')} may be one melody"
        )
    where = f" of {report.corpus}" if report.corpus else ""
    inside = report.tunes - report.alone
    out.print(
        f"{counted(report.tunes, 'tune')}{where}: {inside:,} in "
        f"{counted(len(report.families), 'family', 'families')} of two or more, "
        f"{report.alone:,} alone"
    )
    if not report.families:
        return
    out.print(_sizes(report.sizes), soft_wrap=True)
    if report.families[:top]:
        out.print()
        rows = [
            (str(family.family), plain(family.name) or "(untitled)", len(family.tunes),
             family.titles, _named(family))
            for family in report.families[:top]
        ]  # fmt: skip
        columns = (">family", "commonest title", ">tunes", ">titles", "first tunes")
        out.print(make_table(columns, rows, widest={"commonest title": 24}))
    rest = len(report.families) - top
    if rest > 0:
        all_are = f"{output} has them all" if output else "-o FILE.csv writes them all"
        out.print(f"… and {rest:,} more; {all_are}", soft_wrap=True)


def _sizes(sizes: dict[int, int]) -> str:
    """`families by tunes: 349 of 2, 120 of 3 and 3 of 6 to 10`."""
    small = [(size, count) for size, count in sizes.items() if size < _LARGE]
    large = sum(count for size, count in sizes.items() if size >= _LARGE)
    parts = [f"{count:,} of {size}" for size, count in small]
    if large:
        largest = max(sizes)
        parts.append(f"{large:,} of {_LARGE}" + (f" to {largest}" if largest > _LARGE else ""))
    return f"families by tunes: {listed(parts)}"


def _named(family: Family) -> str:
    """The first tunes by their numbers: `oneills: 30, 336; ryans: 407; 2 more`."""
    shown = family.tunes[:_SHOWN_TUNES]
    named = [
        f"{plain(corpus)}: {', '.join(str(tune.number) for tune in some)}"
        for corpus, some in groupby(shown, key=lambda tune: tune.corpus)
    ]
    rest = len(family.tunes) - len(shown)
    return "; ".join([*named, f"{rest:,} more"] if rest else named)
