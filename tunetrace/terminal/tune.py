"""What `tunetrace tune` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tunetrace.commands.console import bar_number, console, cut, is_terminal, make_table
from tunetrace.commands.music import (
    describe_accidentals,
    describe_part,
    describe_range,
    describe_variations,
    own,
)
from tunetrace.indexer.tune import TuneBar, TuneDetail
from tunetrace.text import counted, plain_lines
from tunetrace.tokenizer.vocabulary import BAR_LINE, MEANINGS

_WIDEST_BAR: Final = 52
_SHOWN_SETTINGS: Final = 10
_WIDEST_TITLE: Final = 20
_SETTING_COLUMNS: Final = ("tune", "title", "meter", "key", "begins (on C)")


def print_tune(tune: TuneDetail) -> None:
    """One tune whole."""
    out = console()
    out.rule(tune.title or "(untitled)", characters="─")
    _print_names(out, tune)
    out.print("\nAs found", style="bold")
    for line in plain_lines(tune.text):
        out.print(line, soft_wrap=True)
    _print_bars(out, tune)
    _print_music(out, tune)
    _print_tokens(out, tune)
    _print_settings(out, tune)


def _print_names(out: Console, tune: TuneDetail) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    if tune.titles[1:]:
        table.add_row("Also called", "; ".join(tune.titles[1:]))
    table.add_row("Tune", f"{tune.reference} (id {tune.tune} in this index)")
    if tune.named > 1:
        table.add_row("", f"the first of {tune.named:,} so called; the others are at the end")
    table.add_row("Meter", tune.meter or "none is stated")
    is_moved = tune.key != tune.original_key
    indexed = f", which is indexed as {tune.key}" if is_moved and tune.key else ""
    table.add_row("Key", (tune.original_key or "none is stated") + indexed)
    if tune.link:
        table.add_row("Page", tune.link)
    for remark in tune.remarks:
        table.add_row("Remark", remark)
    out.print(table)


def _print_bars(out: Console, tune: TuneDetail) -> None:
    """Each part under a line that sums it up, with a bar to a row."""
    key = tune.original_key
    texts = {bar.token: _signed(bar, key) for bar in tune.bars}
    width = max(map(cell_len, texts.values()), default=0)
    if is_terminal():
        width = min(width, _WIDEST_BAR)
    remarks = _remarks(tune.bars)
    described = {part.part: part for part in tune.music.parts}
    for part, bars in groupby(tune.bars, key=lambda bar: bar.part):
        said = describe_part(described[part], key)
        out.print(Text(f"\n{said[:1].upper()}{said[1:]}", style="bold"))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", min_width=4, no_wrap=True)
        table.add_column(width=width)
        table.add_column()
        for bar in bars:
            number = bar_number(bar.bar, bar.ending)
            table.add_row(number, Text(texts[bar.token]), next(remarks))
        out.print(table)


def _signed(bar: TuneBar, key: str | None) -> str:
    """A bar with the signs of repeats and endings around it; plain bar lines go without saying."""
    right = [line for line in bar.right if line != "|"]
    return " ".join([*bar.left, own(bar.text, key), *right])


def _remarks(bars: Sequence[TuneBar]) -> Iterator[str]:
    """What is to be said of each bar: its length where it is not the meter's, its return."""
    lengths: dict[tuple[int, int], list[Fraction]] = {}
    for bar in bars:
        lengths.setdefault((bar.part, bar.bar), []).append(bar.eighths)
    first: dict[str, TuneBar] = {}
    for bar in bars:
        if bar.bar == 0:
            yield _length(bar, ())
        else:
            earlier = first.setdefault(bar.text, bar)
            said = (_length(bar, lengths[bar.part, bar.bar]), _return(bar, earlier))
            yield "; ".join(filter(None, said))


def _length(bar: TuneBar, same_number: Sequence[Fraction]) -> str:
    """How long a bar is, in words; nothing where it lasts as long as the meter says.

    same_number: the lengths of the bars of its number, among which its other half may be.
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
    return f"{lasts}, with its other half" if is_half else f"{lasts}, with a pickup"


def _return(bar: TuneBar, earlier: TuneBar) -> str:
    """Where a bar stood before, if it did: `as bar 3`."""
    if earlier is bar:
        return ""
    place = f"bar {bar_number(earlier.bar, earlier.ending)}"
    return f"as {place}" if earlier.part == bar.part else f"as part {earlier.part}, {place}"


def _print_music(out: Console, tune: TuneDetail) -> None:
    music, key = tune.music, tune.original_key
    bad = len(music.bars_not_adding_up)
    if music.adds_up is None:
        lines = ["without a meter no bar can be said to add up"]
    elif music.adds_up:
        lines = ["every bar adds up"]
    else:
        lines = [f"{counted(bad, 'bar does', 'bars do')} not add up"]
    lines += [
        f"{said}; {counted(music.range_semitones or 0, 'semitone')} apart"
        for said in describe_range(music, key)
    ]
    lines += [*describe_accidentals(music, key), *describe_variations(music)]
    out.print("\nAs music", style="bold")
    for line in lines:
        out.print(Text(f"• {line}"))


def _print_tokens(out: Console, tune: TuneDetail) -> None:
    where = "Tokens" if tune.key == tune.original_key else "Tokens on C"
    out.print(f"\n{where}, for figure and bar to search", style="bold")
    for line in _lines_of_bars(tune.tokens, out.width):
        out.print(line)


def _lines_of_bars(tokens: Sequence[str], width: int) -> Iterator[str]:
    """Tokens in lines of whole bars, as many as fit, so that a bar can be copied from one."""
    line: list[str] = []
    length = whole = 0  # in columns; in tokens that make whole bars
    for token in tokens:
        if token not in ("|", ":|") and MEANINGS[token].kind == BAR_LINE:
            whole = len(line)  # the sign of an ending goes with what follows it
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
    table = make_table(*_SETTING_COLUMNS)
    names = zip(*[row[:-1] for row in rows], _SETTING_COLUMNS[:-1], strict=True)
    left = out.width - 1 - sum(max(map(cell_len, column)) + 2 for column in names)
    for *row, begins in rows:
        table.add_row(*row, cut(begins, max(left, len(_SETTING_COLUMNS[-1]))))
    out.print(table)
    if len(tune.settings) > _SHOWN_SETTINGS:
        rest = len(tune.settings) - _SHOWN_SETTINGS
        out.print(f"… and {counted(rest, 'more', 'more')}; --json lists them all")
