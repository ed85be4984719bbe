"""What `tunetrace check` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import click
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tunetrace.checker.columns import TUNE_COLUMNS, TuneRow
from tunetrace.checker.measures import FAIL_LENGTH
from tunetrace.checker.records import CheckedTune, CheckReport, SameTune, Span
from tunetrace.checker.verdict import differences, named, part_in_words
from tunetrace.commands.console import (
    SHOWN_REJECTS,
    bar_number,
    console,
    expected,
    is_terminal,
    linked,
    make_table,
    print_set_aside,
)
from tunetrace.commands.music import (
    describe_accidentals,
    describe_bad_bar,
    describe_part,
    describe_range,
    describe_returns,
    describe_variations,
    own,
)
from tunetrace.commands.options import print_json, print_jsonl
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.indexer.records import Hit
from tunetrace.records import to_plain
from tunetrace.terminal.baseline import describe_standing
from tunetrace.text import counted, share, times
from tunetrace.tokenizer.music import Music

_SHOWN_BARS = 4
_SHOWN_SAME = 3
_NOVELTY_SHOWN = (4, 6, 8, 12, 16)


class CheckPrinter:
    """Prints the answers of a check as they come, and counts them."""

    def __init__(
        self, kind: Literal["whole", "brief", "json", "jsonl"], fail_over: float | None = None
    ) -> None:
        """fail_over: the share of notes in spans of 12 or more that no tune may exceed."""
        self._kind = kind
        self._fail_over = fail_over
        self._tunes = 0
        self._set_aside = 0
        self._rejected: list[Rejected] = []  # the first few; all for JSON
        self._records: list[CheckedTune] = []  # for JSON
        self._failed = 0
        self._first_failed: list[str] = []

    def add(self, place: int, answer: CheckedTune | Rejected) -> None:
        """Take in the next answer, and print it where it can be printed by itself.

        place: that of the tune in the input.
        """
        if isinstance(answer, Rejected):
            self._set_aside += 1
            if self._kind == "json" or len(self._rejected) <= SHOWN_REJECTS:
                self._rejected.append(answer)
        else:
            self._tunes += 1
            self._judge(answer)
        if self._kind == "jsonl" and isinstance(answer, Rejected):
            print_jsonl([{"place": place, **to_plain(answer)}])
        elif isinstance(answer, Rejected):
            pass
        elif self._kind == "jsonl":
            print_jsonl([row(answer)])
        elif self._kind == "json":
            self._records.append(answer)
        elif self._kind == "brief":
            print_line(answer, is_first=self._tunes == 1)
        else:
            _print_tune(answer)

    def _judge(self, tune: CheckedTune) -> None:
        copied = tune.copied_share[FAIL_LENGTH]
        if self._fail_over is not None and copied > self._fail_over:
            self._failed += 1
            if len(self._first_failed) < SHOWN_REJECTS:
                where = tune.transcription.place
                self._first_failed.append(f"{where} {_title(tune)} ({share(copied)})")

    @property
    def exceeds(self) -> bool:
        """Whether some tune has more than the share that fails."""
        return self._failed > 0

    def end(self) -> None:
        """Say what was set aside and what failed; InputError where no tune could be checked."""
        if self._kind == "json":
            report = CheckReport(tuple(self._records), tuple(self._rejected))
            print_json(report)
        if not self._tunes:
            rejected = self._rejected[0]
            raise InputError(f"no tune can be checked; {rejected.place}: {rejected.reason}")
        if self._kind in ("whole", "brief"):
            print_set_aside(self._rejected, "--json lists them all", self._set_aside)
        if self._failed and self._fail_over is not None:
            more = self._failed - len(self._first_failed)
            first = "; ".join(self._first_failed) + (f"; {more:,} more" if more else "")
            have = "has" if self._failed == 1 else "have"
            click.echo(
                f"tunetrace: {counted(self._failed, 'tune')} {have} more than "
                f"{share(self._fail_over)} of the notes in spans of {FAIL_LENGTH} or more: {first}",
                err=True,
            )


def row(tune: CheckedTune) -> dict[str, Any]:
    """A checked tune as a flat object: the columns of a report's tables, and its bars if known."""
    found = TuneRow("", tune)
    fields = {c.name: c.value(found) for c in TUNE_COLUMNS if c.name != "batch"}
    return fields if tune.bars is None else {**fields, "each_bar": tune.bars}


def _title(tune: CheckedTune) -> str:
    return tune.title or "(untitled)"


@dataclass(frozen=True, slots=True)
class _Cell:
    """A column of the short lines: its head, how wide it is, and what it says of a tune.

    A number is set to the right. Other columns are cut in a terminal, a place at its beginning.
    """

    head: str
    width: int
    value: Callable[[CheckedTune], str]
    is_number: bool = False
    keeps_end: bool = False


def _nearest(tune: CheckedTune) -> str:
    """The corpus tune that comes nearest, after what it has of the checked one."""
    nearest = tune.nearest
    if nearest is None:
        return ""
    has = "=" if tune.identical_to else "part" if tune.same_parts else ""
    if not has and tune.notes:
        has = share(tune.sources[0].notes_shared / tune.notes)
    return f"{has} {nearest.reference} {nearest.title}"


_CELLS: Final = (
    _Cell("place", 5, lambda tune: str(tune.place), is_number=True),
    _Cell("notes", 5, lambda tune: str(tune.notes), is_number=True),
    _Cell("run", 3, lambda tune: str(tune.longest_notes), is_number=True),
    _Cell("8+", 4, lambda tune: share(tune.copied_share[8]), is_number=True),
    _Cell("12+", 4, lambda tune: share(tune.copied_share[12]), is_number=True),
    _Cell("input", 14, lambda tune: tune.transcription.place, keeps_end=True),
    _Cell("title", 13, _title),
    _Cell("nearest", 16, _nearest),
)


def print_line(tune: CheckedTune, *, is_first: bool) -> None:
    """A checked tune on one line, after a head where it is the first."""
    if is_first:
        print("  ".join(_fit(cell, cell.head) for cell in _CELLS).rstrip())
    print("  ".join(_fit(cell, cell.value(tune)) for cell in _CELLS).rstrip(), flush=True)


def _fit(cell: _Cell, text: str) -> str:
    """A text in its column; in a terminal cut to it, except that the last takes what is left."""
    if cell.is_number:
        return text.rjust(cell.width)
    width = cell.width
    if is_terminal():
        if cell is _CELLS[-1]:
            taken = sum(some.width + 2 for some in _CELLS[:-1])
            width = max(width, console().width - taken)
        if cell_len(text) > width:
            kept = set_cell_size(text[::-1] if cell.keeps_end else text, width - 1).rstrip()
            text = f"…{kept[::-1]}" if cell.keeps_end else f"{kept}…"
    return text + " " * (width - cell_len(text))


def _print_tune(tune: CheckedTune) -> None:
    out = console()
    out.rule(_title(tune), characters="─")
    out.print(tune.verdict.text, style="bold")
    facts = [tune.meter or "no meter", tune.original_key or "no key", counted(tune.notes, "note")]
    if tune.music is not None:
        facts.append(counted(len(tune.music.parts), "part"))
    where = f"{tune.transcription.place}" + (f", place {tune.place}" if tune.place > 1 else "")
    out.print(f"{', '.join(facts)} ({where})")
    if tune.original_key != tune.key:
        out.print(f"shown in {tune.original_key}; compared on C, where figure and bar search")
    for remark in tune.remarks:
        out.print(f"in reading: {remark}")
    out.print()
    _print_whole(out, tune)
    _print_bars(out, tune)
    _print_sources(out, tune)
    if tune.music is not None:
        _print_music(out, tune.music, tune.original_key)
    out.print()


def _print_whole(out: Console, tune: CheckedTune) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    if tune.identical_to:
        table.add_row("The same as", _listed(tune.identical_to))
    if tune.same_parts:
        table.add_row("Same parts", _listed(tune.same_parts))
    span = tune.longest_span
    if span is None:
        table.add_row("Longest run", "none: no note of it is in the corpus")
    else:
        table.add_row("Longest run", _describe_span(span))
        table.add_row("", Text(own(span.text, tune.original_key), style="bold"))
        table.add_row("", f"expected by chance: {expected(span.expected, span.log10_expected)}")
        for hit in span.places or ():
            name = linked(f"{hit.title} ({hit.reference})", hit.link)
            table.add_row("", name + f", {_place(hit)}")
    (least, most), *longer = tune.copied_share.items()
    rest = ", ".join(f"{share(value)} of {n}" for n, value in longer)
    table.add_row("Copied", f"{share(most)} of its notes in spans of {least} or more, {rest}")
    if tune.most_from is not None:
        tunes = counted(tune.copied_from, "corpus tune")
        table.add_row(
            "", f"from {tunes} together; {named(tune.most_from)} has {share(tune.most_share)}"
        )
    new = [(n, tune.novelty[n - 1]) for n in _NOVELTY_SHOWN if n <= len(tune.novelty)]
    if new:
        rest = "".join(f", {share(absent)} of {n}" for n, absent in new[1:])
        table.add_row("New", f"{share(new[0][1])} of its figures of {new[0][0]} tokens are "
                      f"nowhere in the corpus{rest}")  # fmt: skip
    table.add_row("Among people", _among_people(tune))
    out.print(table)


def _listed(tunes: Sequence[SameTune]) -> str:
    """The first few of the tunes that are the same music, in what part and how they differ."""
    said = []
    for tune in tunes[:_SHOWN_SAME]:
        own = f"its {part_in_words(tune.own_part)}: " if tune.own_part else ""
        part = f", {part_in_words(tune.part)}" if tune.part else ""
        said.append(f"{own}{named(tune)}{part}{differences(tune)}")
    more = len(tunes) - _SHOWN_SAME
    return "; ".join(said) + (f"; {counted(more, 'more tune')}" if more > 0 else "")


def _among_people(tune: CheckedTune) -> str:
    if tune.standing is None:
        return "unknown: the index has no baseline; 'tunetrace baseline' measures one"
    return describe_standing(tune.standing)


def _describe_span(span: Span) -> str:
    return (
        f"{counted(span.notes, 'note')} ({counted(span.tokens, 'token')} in "
        f"{counted(span.bars, 'bar')}) from part {span.part}, bar {span.bar} on; "
        f"found in {counted(span.tunes, 'tune')}, {times(span.hits)}"
    )


def _place(hit: Hit) -> str:
    ending = f", ending {hit.ending}" if hit.ending else ""
    return f"part {hit.part}, bar {hit.bar}{ending}"


def _print_bars(out: Console, tune: CheckedTune) -> None:
    if not tune.bars:
        return
    out.print("\nBars: in how many tunes each is found, and at the same place", style="bold")
    table = make_table("part", "bar", "text", "tunes", "same", "rarest figure", "in",
                   right=("part", "bar", "tunes", "same", "in"))  # fmt: skip
    for bar in tune.bars:
        rarest = bar.rarest_figure
        table.add_row(
            str(bar.part),
            bar_number(bar.bar, bar.ending),
            Text(own(bar.text, tune.original_key)),
            f"{bar.tunes:,}",
            f"{bar.same_position:,}",
            Text(own(rarest.text, tune.original_key) if rarest else ""),
            f"{rarest.tunes:,}" if rarest else "",
        )
    out.print(table)
    found = [bar for bar in tune.bars if bar.tunes and bar.bar]
    for bar in sorted(found, key=lambda bar: bar.same_position == 0)[:_SHOWN_BARS]:
        shown = bar.examples[: bar.same_position or None]
        names = ", ".join(map(named, shown))
        place = ", at the same place," if bar.same_position else ""
        out.print(f"Part {bar.part}, bar {bar.bar} is{place} in {names}")
    if len(found) > _SHOWN_BARS:
        out.print(f"… and {counted(len(found) - _SHOWN_BARS, 'more bar')} of the table")


def _print_sources(out: Console, tune: CheckedTune) -> None:
    sources = [source for source in tune.sources if source.notes_shared or source.bars_shared]
    if not sources:
        return
    out.print("\nNearest tunes: what they share with this tune", style="bold")
    table = make_table("tune", "title", "bits", "notes", "longest", "bars",
                   right=("bits", "notes", "longest", "bars"))  # fmt: skip
    table.columns[1].max_width = 34
    for source in sources[:5]:
        table.add_row(
            source.reference,
            linked(source.title, source.link),
            f"{source.bits:.1f}",
            str(source.notes_shared),
            str(source.longest_span_notes),
            str(source.bars_shared),
        )
    out.print(table)
    out.print("bits: what those notes say, more where fewer hits of them are to be expected")


def _print_music(out: Console, music: Music, key: str | None) -> None:
    lines = ["every bar adds up"] if music.adds_up else []
    lines += [describe_bad_bar(bad, key) for bad in music.bars_not_adding_up]
    lines += [describe_part(part, key) for part in music.parts]
    lines += [*describe_range(music, key), *describe_accidentals(music, key)]
    lines += [*describe_returns(music, key), *describe_variations(music)]
    out.print("\nAs music", style="bold")
    for line in lines:
        out.print(Text(f"• {line}"))
