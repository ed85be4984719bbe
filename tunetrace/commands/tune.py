"""`tunetrace tune`: one tune of an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.cells import cell_len
from rich.table import Table

from tunetrace.commands.console import (
    bar_number,
    console,
    cut,
    facts_table,
    is_terminal,
    make_table,
)
from tunetrace.commands.music import (
    describe_accidentals,
    describe_part,
    describe_range,
    describe_variations,
    own,
)
from tunetrace.commands.options import PrintAs, html_options, index_option, json_option, show
from tunetrace.commands.pages import check_html, save_html
from tunetrace.errors import QueryError
from tunetrace.files import exists
from tunetrace.text import counted, plain_lines, printable

if TYPE_CHECKING:
    from fractions import Fraction

    from rich.console import Console

    from tunetrace import TuneBar, TuneDetail

_WIDEST_BAR: Final = 52
_SHOWN_SETTINGS: Final = 10
_WIDEST_TITLE: Final = 20
_SETTING_COLUMNS: Final = ("tune", "title", "meter", "key", "begins (on C)")


@click.command()
@click.argument("reference", metavar="TUNE")
@html_options
@index_option
@json_option
def tune(
    reference: str, index_path: str | None, page: str | None, force: bool, print_as: PrintAs
) -> None:
    """Show one tune of the index: its bars and its settings.

    TUNE is corpus:number, an id, a title or a part of a title. If several tunes have the title,
    the first is shown whole and the others are listed.

    \b
        tunetrace tune oneills:2
        tunetrace tune "The Kesh"
        tunetrace tune oneills:2 --html tune.html
    """
    from tunetrace import tune
    from tunetrace.corpus.readers import is_of_index

    if not is_of_index(reference) and exists(reference) and Path(reference).is_file():
        raise QueryError(
            f"{printable(reference)} is a file, but this command shows tunes of the index; see the "
            "file with 'tunetrace check' or 'tunetrace tokenize'"
        )
    check_html(page, force=force)
    found = tune(reference, index_path)
    show(found, _print_tune, print_as)
    save_html(found, page, index_path, print_as, force=force)


def _print_tune(tune: TuneDetail) -> None:
    out = console()
    out.rule(tune.title or "(untitled)", characters="─")
    _print_names(out, tune)
    out.print("\nText as in the source", style="bold")
    for line in plain_lines(tune.text):
        out.print(line, soft_wrap=True)
    _print_bars(out, tune)
    _print_music(out, tune)
    _print_tokens(out, tune)
    _print_settings(out, tune)


def _print_names(out: Console, tune: TuneDetail) -> None:
    table = facts_table()
    if tune.titles[1:]:
        table.add_row("Also called", "; ".join(tune.titles[1:]))
    table.add_row("Tune", f"{tune.reference} (id {tune.tune} in this index)")
    if tune.named > 1:
        table.add_row(
            "", f"the first of {tune.named:,} tunes with this title; the others are below"
        )
    table.add_row("Meter", tune.meter or "not given")
    is_moved = tune.key != tune.original_key
    indexed = f", indexed as {tune.key}" if is_moved and tune.key else ""
    table.add_row("Key", (tune.original_key or "not given") + indexed)
    if tune.link:
        table.add_row("Page", tune.link)
    for remark in tune.remarks:
        table.add_row("Remark", remark)
    out.print(table)


def _print_bars(out: Console, tune: TuneDetail) -> None:
    """Each part: a line that sums it up, and a row for each bar."""
    key = tune.original_key
    texts = {bar.token: _signed(bar, key) for bar in tune.bars}
    width = max(map(cell_len, texts.values()), default=0)
    if is_terminal():
        width = min(width, _WIDEST_BAR)
    remarks = _remarks(tune.bars)
    described = {part.part: part for part in tune.music.parts}
    for part, bars in groupby(tune.bars, key=lambda bar: bar.part):
        said = describe_part(described[part], key)
        out.print(f"\n{said[:1].upper()}{said[1:]}", style="bold")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", min_width=4, no_wrap=True)
        table.add_column(width=width)
        table.add_column()
        for bar in bars:
            table.add_row(bar_number(bar.bar, bar.ending), texts[bar.token], next(remarks))
        out.print(table)


def _signed(bar: TuneBar, key: str | None) -> str:
    """A bar with the signs of repeats and endings around it, without plain bar lines."""
    right = [line for line in bar.right if line != "|"]
    return " ".join([*bar.left, own(bar.text, key), *right])


def _remarks(bars: Sequence[TuneBar]) -> Iterator[str]:
    """A remark on each bar: its length if it differs from the meter's, and which bar it repeats."""
    lengths: dict[tuple[int, int], list[Fraction]] = {}
    for bar in bars:
        lengths.setdefault((bar.part, bar.bar), []).append(bar.eighths)
    first: dict[str, TuneBar] = {}
    for bar in bars:
        if bar.bar == 0:
            yield _length(bar, ())
        else:
            earlier = first.setdefault(bar.text, bar)
            remarks = (_length(bar, lengths[bar.part, bar.bar]), _return(bar, earlier))
            yield "; ".join(filter(None, remarks))


def _length(bar: TuneBar, same_number: Sequence[Fraction]) -> str:
    """How long a bar is, in words; empty if it is as long as the meter says.

    same_number: the lengths of all bars with its number; its other half may be one of them.
    """
    if bar.expected is None or bar.eighths == bar.expected:
        return ""
    lasts = f"{bar.eighths} of {bar.expected} eighths"
    if not bar.adds_up:
        return f"{lasts}: does not add up"
    if bar.bar == 0:
        return f"pickup, {lasts}"
    rest = bar.expected - bar.eighths
    is_half = same_number.count(rest) > (rest == bar.eighths)
    return f"{lasts}, completed by {f'another bar {bar.bar}' if is_half else 'a pickup'}"


def _return(bar: TuneBar, earlier: TuneBar) -> str:
    """Which earlier bar it is the same as, if any: `same as bar 3`."""
    if earlier is bar:
        return ""
    place = f"bar {bar_number(earlier.bar, earlier.ending)}"
    return (
        f"same as {place}" if earlier.part == bar.part else f"same as part {earlier.part}, {place}"
    )


def _print_music(out: Console, tune: TuneDetail) -> None:
    music, key = tune.music, tune.original_key
    bad = len(music.bars_not_adding_up)
    if music.adds_up is None:
        lines = ["the tune has no meter, so the length of its bars cannot be checked"]
    elif music.adds_up:
        lines = ["every bar adds up"]
    else:
        lines = [f"{counted(bad, 'bar does', 'bars do')} not add up"]
    lines += [
        f"{sentence}; {counted(music.range_semitones or 0, 'semitone')} apart"
        for sentence in describe_range(music, key)
    ]
    lines += [*describe_accidentals(music, key), *describe_variations(music)]
    out.print("\nMusic", style="bold")
    for line in lines:
        out.print(f"• {line}")


def _print_tokens(out: Console, tune: TuneDetail) -> None:
    where = "Tokens" if tune.key == tune.original_key else "Tokens on C"
    out.print(f"\n{where}, as the commands figure and bar search them", style="bold")
    for line in _lines_of_bars(tune.tokens, out.width):
        out.print(line)


def _lines_of_bars(tokens: Sequence[str], width: int) -> Iterator[str]:
    """Tokens in lines of whole bars, so that a bar can be copied from one line."""
    from tunetrace.tokenizer.vocabulary import BAR_LINE, MEANINGS

    line: list[str] = []
    length = 0  # of the line, in columns
    whole = 0  # the tokens of the line that make whole bars
    for token in tokens:
        if token not in ("|", ":|") and MEANINGS[token].kind == BAR_LINE:
            whole = len(line)  # the sign of an ending belongs to the bar after it
        if length + len(token) > width and whole:
            yield " ".join(line[:whole])
            line, whole = line[whole:], 0
            length = sum(len(word) + 1 for word in line)
        line.append(token)
        length += len(token) + 1
        if token in ("|", ":|"):
            whole = len(line)
    yield " ".join(line)


def _print_settings(out: Console, tune: TuneDetail) -> None:
    if not tune.settings:
        return
    out.print("\nOther settings: tunes of the same work or title", style="bold")
    rows = [
        (setting.reference, cut(setting.title, _WIDEST_TITLE).plain, setting.meter or "",
         setting.original_key or "", setting.begins)
        for setting in tune.settings[:_SHOWN_SETTINGS]
    ]  # fmt: skip
    names = zip(*[row[:-1] for row in rows], _SETTING_COLUMNS[:-1], strict=True)
    left = out.width - 1 - sum(max(map(cell_len, column)) + 2 for column in names)
    width = max(left, len(_SETTING_COLUMNS[-1]))
    out.print(make_table(_SETTING_COLUMNS, [(*row, cut(begins, width)) for *row, begins in rows]))
    if len(tune.settings) > _SHOWN_SETTINGS:
        rest = len(tune.settings) - _SHOWN_SETTINGS
        out.print(f"… and {rest:,} more; --json lists them all")
