"""`tunetrace similar`: the tunes of the index that are like a tune."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import click

from tunetrace.arguments import Reading
from tunetrace.commands.completion import complete_files
from tunetrace.commands.console import (
    console,
    is_terminal,
    linked,
    make_table,
    print_set_aside,
)
from tunetrace.commands.music import own
from tunetrace.commands.options import (
    PrintAs,
    Share,
    cluster_options,
    exclude_family_option,
    goes_only_with,
    html_option,
    index_option,
    json_options,
    print_json,
    print_jsonl,
    reading_options,
    slices_options,
)
from tunetrace.commands.pages import check_html, save_html
from tunetrace.commands.progress import progress_display
from tunetrace.errors import QueryError
from tunetrace.text import counted, part_in_words, share, shortened

if TYPE_CHECKING:
    from rich.console import Console

    from tunetrace import Alignment, Index, Rejected, SimilarTune, SimilarTunes

_PAGE: Final = 80
"""The columns of an alignment that is not printed in a terminal."""

_PLACE: Final = 6
_MARGIN: Final = _PLACE + 2
"""The columns of the part and the bar before each row."""

_WIDEST_TITLE: Final = 24
_COLUMNS: Final = (">probability", "title", "tune", "aspect", "scope", "change")


@click.command()
@click.argument("tunes", nargs=-1, metavar="[TUNE]...", shell_complete=complete_files)
@click.option("--align", type=click.IntRange(min=0), metavar="N",
              help="Show the first N tunes bar under bar (default: the first one, if it is a near "
              "copy; on a page, all near copies).")  # fmt: skip
@click.option("--parts", is_flag=True, help="Also answer part by part.")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, metavar="N",
              help="Number of tunes to show.")  # fmt: skip
@click.option("--min-probability", "least", type=Share(0, 1), default=0.01, show_default=True,
              metavar="P", help="Show only tunes of at least this probability.")  # fmt: skip
@click.option("--exclude-tune", "exclude_tunes", multiple=True, metavar="TUNE",
              help="Leave out a tune of the index: an id, corpus:number or title.")  # fmt: skip
@click.option("--exclude-title", "exclude_titles", multiple=True, metavar="TITLE",
              help="Leave out all tunes with this title.")  # fmt: skip
@exclude_family_option
@click.option("--all", "every", is_flag=True,
              help="Write all pairs of tunes of the index into the file --output.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", shell_complete=complete_files,
              help="With --all: the table to write, a .csv or .parquet file.")  # fmt: skip
@html_option
@click.option("--force", is_flag=True,
              help="With --all or --html: replace the table or the page that is there."
              )  # fmt: skip
@cluster_options
@slices_options
@reading_options
@index_option
@json_options
def similar(
    tunes: tuple[str, ...],
    align: int | None,
    every: bool,
    output: str | None,
    page: str | None,
    force: bool,
    cluster: str | int | None,
    resume: bool,
    data_set: str | None,
    index_path: str | None,
    print_as: PrintAs,
    format: Any,
    voice: str | None,
    column: str | None,
    **options: Any,
) -> None:
    """Show the tunes that are like a tune.

    They may be in another key, octave, rhythm or version.

    TUNE is a file, - for standard input, or a tune of the index, as corpus:number or its id. A
    tune of the index is not among its own answers.

    The first line says what the tune is, if one is surely alike, and what was changed. Then come
    the tunes that are most alike, with the probability that they are settings of one melody, or
    share a part. The aspect is what agrees (exact, melody, transposed, contour or rhythm), the
    scope is how much (whole, a part, or bars), and the change is what differs. Below, both tunes
    are shown bar under bar, the other one raised or lowered to the degree of this one. ^ marks what
    differs, and the lines below name it.

    --all writes the pairs of all tunes of the index, which 'tunetrace families' has compared. With
    --scheduler or --workers a cluster compares them first, if that was not done.

    \b
        tunetrace similar tune.abc
        tunetrace similar oneills:2 --align 3
        tunetrace similar tune.abc --parts --exclude-title "The Kesh"
        tunetrace similar tune.abc --html similar.html
        tunetrace similar tunes.abc --jsonl --align 0 > similar.jsonl
        tunetrace similar --all --min-probability 0.5 -o pairs.parquet
        tunetrace similar --all --workers 4 -o pairs.parquet
    """
    from tunetrace import open_index
    from tunetrace.checker.similar.records import SimilarReport
    from tunetrace.corpus.records import Rejected
    from tunetrace.errors import InputError

    if every:
        goes_only_with(
            "--all", "least", "output", "force", "index_path", "scheduler", "workers", "resume",
            "data_set",
        )  # fmt: skip
        on_cluster = {"cluster": cluster, "resume": resume, "data_set": data_set}
        _write_pairs(output, index_path, options["least"], on_cluster, force=force)
        return
    if cluster is not None or resume or data_set is not None:
        raise QueryError(
            "--scheduler, --workers, --resume and --data-set work only with --all; add --all, or "
            "remove the option"
        )
    if output is not None:
        raise QueryError("--output works only with --all; add --all or remove it")
    if not tunes:
        raise QueryError("no tune is given; give a file, corpus:number or -, or --all")
    if force and page is None:
        raise QueryError("--force works only with --all or --html; add one of them or remove it")
    check_html(page, force=force)
    reading = Reading(format, voice, column)
    rejected: list[Rejected] = []
    records: list[SimilarTunes] = []  # for JSON only
    shown: list[SimilarTunes] = []  # for a page only
    answered = 0
    with open_index(index_path) as index:
        for answer in _answers(tunes, index, reading, alignment=align != 0, **options):
            if isinstance(answer, Rejected):
                rejected.append(answer)
                if print_as == "jsonl":
                    print_jsonl([answer])
                continue
            answered += 1
            if page is not None:
                shown.append(answer.aligned(answer.named if align is None else align))
            answer = answer.aligned(align)
            if print_as == "json":
                records.append(answer)
            if print_as == "jsonl":
                print_jsonl([answer])
            elif print_as == "text":
                _print(answer, options["least"])
    if not answered:
        raise InputError(f"no tune can be compared; {rejected[0].place}: {rejected[0].reason}")
    if print_as == "json":
        print_json(SimilarReport(tuple(records), tuple(rejected)))
    if print_as == "text":
        print_set_aside(rejected, "--json lists them all")
    save_html(shown, page, index_path, print_as, force=force)


def _write_pairs(
    output: str | None,
    index_path: str | None,
    least: float,
    on_cluster: Mapping[str, Any],
    *,
    force: bool,
) -> None:
    """Write all pairs of an index into a table.

    on_cluster: the arguments of find_families for a cluster that compares its tunes first.
    """
    from tunetrace import find_families, open_index, similar_pairs
    from tunetrace.reports.pairs import PAIR_COLUMNS
    from tunetrace.reports.table_file import check_table, write_table

    if output is None:
        raise QueryError("--all writes a table; give the file to write with -o, as pairs.parquet")
    check_table(output, PAIR_COLUMNS, force=force)
    if any(on_cluster.values()):
        with open_index(index_path) as index:
            tunes = index.tunes
        with progress_display(tunes) as progress:
            find_families(index_path, progress=progress, **on_cluster)
    pairs = similar_pairs(index_path, least=least)
    write_table(pairs, PAIR_COLUMNS, output, force=force)
    console().print(f"{output}: {counted(len(pairs), 'pair')} of tunes", soft_wrap=True)


def _answers(
    names: Sequence[str], index: Index, reading: Reading, **options: Any
) -> Iterator[SimilarTunes | Rejected]:
    """The answer on each tune, in their order; tunes that cannot be compared are passed on."""
    from tunetrace import similar
    from tunetrace.checker.similar.similar import similar_to_each
    from tunetrace.corpus.readers import is_of_index, read_sources, refuse_absent

    refuse_absent(name for name in names if not is_of_index(name))
    for of_index, some in groupby(names, key=is_of_index):
        if of_index:
            for name in some:
                yield similar(name, index, **options)
            continue
        read = read_sources(list(some), reading, is_only=len(names) == 1)
        yield from similar_to_each(read, index, **options)


# Printing


def _print(answer: SimilarTunes, least: float) -> None:
    """What is like a tune, for people. least: the probability from which on tunes are shown."""
    out = console()
    tune = answer.transcription
    out.rule(answer.title or "(untitled)", characters="─")
    out.print(answer.text, style="bold")
    facts = [tune.meter or "no meter", tune.original_key or "no key"]
    out.print(f"{', '.join(facts)} ({tune.place})")
    out.print(
        f"compared with {counted(answer.of, 'tune')}; a near copy is named from "
        f"{share(answer.threshold)} on"
    )
    if not answer.has_graph:
        out.print("after 'tunetrace families', tunes that are like a tune below are found too")
    _print_table(out, answer.tunes, least)
    for part in answer.parts or ():
        first = f"\n{part_in_words(part.part).capitalize()}: "
        out.print(f"{first}{shortened(own(part.text, answer.original_key), 60)}", style="bold")
        _print_table(out, part.tunes, least)
    for found in answer.tunes:
        if found.alignment is not None:
            _print_alignment(out, answer, found, found.alignment)
    out.print()


def _print_table(out: Console, tunes: Sequence[SimilarTune], least: float) -> None:
    if not tunes:
        out.print(f"no tune has a probability of {share(least)} or more")
        return
    from tunetrace.checker.similar.words import scope_in_words

    rows = [
        (share(tune.probability), linked(tune.title or "(untitled)", tune.link), tune.reference,
         tune.aspect, scope_in_words(tune), _changed(tune))
        for tune in tunes
    ]  # fmt: skip
    out.print()
    out.print(make_table(_COLUMNS, rows, widest={"title": _WIDEST_TITLE, "tune": 16, "change": 26}))


def _changed(tune: SimilarTune) -> str:
    """What is changed, and by way of which tune it was found."""
    way = f"by way of {tune.by_way_of.reference}" if tune.by_way_of else ""
    return "; ".join(filter(None, (tune.change, way)))


def _print_alignment(
    out: Console, answer: SimilarTunes, found: SimilarTune, alignment: Alignment
) -> None:
    """Two tunes bar under bar, and what differs."""
    from tunetrace.checker.similar.alignment.rows import bars_in_words, differences_of, rows_of
    from tunetrace.checker.similar.words import interval_in_words, label

    key = answer.original_key
    width = out.width if is_terminal() else _PAGE
    out.print(f"\nBar under bar with {label(found)}", style="bold")
    moved = interval_in_words(alignment.steps, "raised by {}", "lowered by {}")
    how = f"{moved} to the degree of this one" if moved else "on the same degree"
    out.print(
        f"Above: this tune, in {key or 'no key'}. Below: the other one, {how}, with its own "
        f"lengths. ^ marks what differs. 1.3 is part 1, bar 3."
    )
    rows = list(rows_of(alignment, key, width - _MARGIN))
    for row in rows:
        out.print()
        out.print(f"{row.place:>{_PLACE}}  {row.text}", soft_wrap=True)
        if row.other:
            out.print(f"{row.other_place:>{_PLACE}}  {row.other}", soft_wrap=True)
        if row.marks:
            out.print(f"{'':>{_PLACE}}  {row.marks}", style="bold", soft_wrap=True)
    out.print()
    for line in differences_of(alignment, key):
        out.print(f"• {line}")
    if alignment.unmatched:
        out.print(f"• not in this tune: {bars_in_words(alignment.unmatched)} of the other one")
