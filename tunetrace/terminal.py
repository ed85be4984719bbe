"""What the commands print for people: tables and paragraphs that fit a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tunetrace.checker.music import PartMusic
from tunetrace.checker.records import CheckedTune, CheckReport, Source, Span, TuneName
from tunetrace.corpus.readers import Rejected
from tunetrace.indexer.records import Hit, IndexInfo, Matches
from tunetrace.tokenizer.transpose import in_own_key

if TYPE_CHECKING:
    from tunetrace.api import BuildReport
    from tunetrace.indexer.build import Progress as BuildProgress

_SHOWN_REJECTS = 10
_SHOWN_BARS = 4
_LONGEST_REFERENCE = 16
_NOVELTY_SHOWN = (4, 6, 8, 12, 16)


class _Console(Console):
    """rich's console, with text printed as it stands and a closed pipe left to the caller."""

    def __init__(self) -> None:
        super().__init__(highlight=False, emoji=False, markup=False)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console() -> Console:
    return _Console()


def _table(*columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left")
    return table


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun: `1 tune`, `1,024 tunes`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def times(count: int) -> str:
    """How often: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def share(value: float) -> str:
    """A share in percent, never rounded to nothing or to all."""
    if 0 < value < 0.005:
        return "<1%"
    if 0.995 <= value < 1:
        return ">99%"
    return f"{value:.0%}"


# The index


def print_info(info: IndexInfo) -> None:
    console = _console()
    console.print(f"{info.path}", soft_wrap=True)
    console.print(
        f"{counted(info.tunes, 'tune')}, {counted(info.tokens, 'token')}, "
        f"{counted(info.bars, 'bar')} ({info.distinct_bars:,} distinct), "
        f"{counted(info.segments, 'segment')}\n"
    )
    right = ("tunes", "tokens", "bars", "set aside")
    table = _table("corpus", *right, "added", right=right)
    table.columns[0].overflow = "fold"
    for corpus in info.corpora:
        table.add_row(
            corpus.name,
            f"{corpus.tunes:,}",
            f"{corpus.tokens:,}",
            f"{corpus.bars:,}",
            f"{corpus.set_aside:,}",
            corpus.added[:10],
        )
    console.print(table)


def print_build(report: BuildReport) -> None:
    print_info(report.info)
    _print_rejects(report.set_aside)


def _print_rejects(rejected: Sequence[Rejected]) -> None:
    if not rejected:
        return
    console = _console()
    console.print(f"\n{counted(len(rejected), 'tune')} set aside:")
    for reject in rejected[:_SHOWN_REJECTS]:
        parts = (reject.input, reject.line, reject.column)
        place = ":".join(str(part) for part in parts if part is not None)
        console.print(f"  {place}: {reject.reason}", soft_wrap=True)
    if len(rejected) > _SHOWN_REJECTS:
        console.print(f"  … and {len(rejected) - _SHOWN_REJECTS:,} more; --json lists them all")


@contextmanager
def build_progress() -> Iterator[BuildProgress]:
    """A line on standard error that says what a build is doing."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,} tunes"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=None)

        def show(what: str, tunes: int) -> None:
            progress.update(task, description=what, completed=tunes)

        yield show


# Figures and bars


def print_matches(matches: Matches) -> None:
    console = _console()
    console.print(Text(matches.query, style="bold"), soft_wrap=True)
    if not matches.hits:
        console.print(f"stands in none of {counted(matches.of, 'tune')}")
        return
    console.print(
        f"stands in {matches.tunes:,} of {counted(matches.of, 'tune')}, {times(matches.hits)}"
    )
    if not matches.results:
        return
    console.print()
    table = _table("tune", "title", "part", "bar", "onset", "context",
                   right=("part", "bar", "onset"))  # fmt: skip
    table.columns[5].overflow = "fold"
    table.columns[1].max_width = 20
    for hit in matches.results:
        table.add_row(
            _reference(hit),
            hit.title,
            str(hit.part),
            _bar_number(hit.bar, hit.ending),
            str(hit.onset),
            _marked(hit),
        )
    console.print(table)
    if matches.hits > len(matches.results):
        rest = matches.hits - len(matches.results)
        console.print(f"… and {rest:,} more; show more with --limit")


def _reference(tune: Hit | Source) -> str:
    """What to name a tune by in a table: `corpus:number`, or its id where that is too long."""
    reference = f"{tune.corpus}:{tune.number}"
    return reference if len(reference) <= _LONGEST_REFERENCE else str(tune.tune)


def _marked(hit: Hit) -> Text:
    """The context of a hit with what was searched for in bold."""
    text = Text(hit.context)
    text.stylize("bold", *hit.found)
    return text


def _bar_number(bar: int, ending: int | None) -> str:
    """`8`, or `8/2` in a second ending."""
    return str(bar) if ending is None else f"{bar}/{ending}"


# The check


def print_check(report: CheckReport, brief: bool) -> None:
    if brief:
        _print_brief(report)
    else:
        for tune in report.tunes:
            _print_tune(tune)
    _print_rejects(report.set_aside)


def _print_brief(report: CheckReport) -> None:
    right = ("no", "notes", "longest", "8+", "12+", "16+")
    table = _table("no", "title", "notes", "longest", "8+", "12+", "16+", "nearest tune",
                   right=right)  # fmt: skip
    for column in table.columns:
        column.no_wrap = True
    for tune in report.tunes:
        sharing = [source for source in tune.sources if source.notes_shared]
        nearest: Sequence[TuneName | Source] = tune.identical_to[:1] or sharing[:1]
        is_same = "= " if tune.identical_to else ""
        table.add_row(
            str(tune.number),
            _cut(tune.title or "(untitled)", 16),
            str(tune.notes),
            str(tune.longest_span.notes if tune.longest_span else 0),
            *(share(tune.copied_share[n]) for n in (8, 12, 16)),
            _cut(is_same + nearest[0].title if nearest else "", 18),
        )
    _console().print(table)


def _cut(title: str, width: int) -> Text:
    """A title cut to so many columns."""
    text = Text(title)
    text.truncate(width, overflow="ellipsis")
    return text


def _print_tune(tune: CheckedTune) -> None:
    console = _console()
    console.rule(tune.title or "(untitled)", characters="─")
    facts = [tune.meter or "no meter", tune.original_key or "no key", counted(tune.notes, "note")]
    facts.append(counted(len(tune.music.parts), "part"))
    console.print(", ".join(facts))
    if tune.original_key != tune.key:
        console.print(f"shown in {tune.original_key}; compared on C, where figure and bar search")
    console.print()
    _print_whole(console, tune)
    _print_bars(console, tune)
    _print_sources(console, tune)
    _print_music(console, tune)
    console.print()


def _own(text: str, tune: CheckedTune) -> str:
    """Tokens on C as they read in the tune's own key."""
    return " ".join(in_own_key(text.split(), tune.original_key))


def _print_whole(console: Console, tune: CheckedTune) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    if tune.identical_to:
        names = ", ".join(f"{n.title} ({n.corpus}:{n.number})" for n in tune.identical_to)
        table.add_row("Identical to", names)
    span = tune.longest_span
    if span is None:
        table.add_row("Longest copy", "none: no note of it stands in the corpus")
    else:
        table.add_row("Longest copy", _describe_span(span))
        table.add_row("", Text(_own(span.text, tune), style="bold"))
        for hit in span.examples:
            table.add_row("", f"{hit.title} ({hit.corpus}:{hit.number}), " + _place(hit))
    (least, most), *longer = tune.copied_share.items()
    rest = ", ".join(f"{share(value)} of {n}" for n, value in longer)
    table.add_row("Copied", f"{share(most)} of its notes in spans of {least} or more, {rest}")
    new = [p for p in tune.novelty if p.n in _NOVELTY_SHOWN]
    if new:
        rest = "".join(f", {share(point.absent)} of {point.n}" for point in new[1:])
        table.add_row("New", f"{share(new[0].absent)} of its figures of {new[0].n} tokens are "
                      f"nowhere in the corpus{rest}")  # fmt: skip
    console.print(table)


def _describe_span(span: Span) -> str:
    return (
        f"{counted(span.notes, 'note')} ({counted(span.tokens, 'token')} in "
        f"{counted(span.bars, 'bar')}) from part {span.part}, bar {span.bar} on; "
        f"in {counted(span.tunes, 'tune')}, {times(span.hits)}"
    )


def _place(hit: Hit) -> str:
    ending = f", ending {hit.ending}" if hit.ending else ""
    return f"part {hit.part}, bar {hit.bar}{ending}"


def _print_bars(console: Console, tune: CheckedTune) -> None:
    if not tune.bars:
        return
    console.print("\nBars: in how many tunes each stands, and at the same place", style="bold")
    table = _table("part", "bar", "text", "tunes", "same", "rarest figure", "in",
                   right=("part", "bar", "tunes", "same", "in"))  # fmt: skip
    for bar in tune.bars:
        rarest = bar.rarest_figure
        table.add_row(
            str(bar.part),
            _bar_number(bar.bar, bar.ending),
            Text(_own(bar.text, tune)),
            f"{bar.tunes:,}",
            f"{bar.same_position:,}",
            Text(_own(rarest.text, tune) if rarest else ""),
            f"{rarest.tunes:,}" if rarest else "",
        )
    console.print(table)
    found = [bar for bar in tune.bars if bar.tunes and bar.bar]
    for bar in sorted(found, key=lambda bar: bar.same_position == 0)[:_SHOWN_BARS]:
        shown = bar.examples[: bar.same_position or None]
        names = ", ".join(f"{name.title} ({name.corpus}:{name.number})" for name in shown)
        place = ", at the same place," if bar.same_position else ""
        console.print(f"Part {bar.part}, bar {bar.bar} is{place} in {names}")
    if len(found) > _SHOWN_BARS:
        console.print(f"… and {counted(len(found) - _SHOWN_BARS, 'more bar')} of the table")


def _print_sources(console: Console, tune: CheckedTune) -> None:
    sources = [source for source in tune.sources if source.notes_shared or source.bars_shared]
    if not sources:
        return
    console.print("\nNearest tunes: what of this tune stands in them too", style="bold")
    table = _table("tune", "title", "notes", "longest", "bars",
                   right=("notes", "longest", "bars"))  # fmt: skip
    table.columns[1].max_width = 34
    for source in sources[:5]:
        table.add_row(
            _reference(source),
            source.title,
            str(source.notes_shared),
            str(source.longest_span_notes),
            str(source.bars_shared),
        )
    console.print(table)


def _print_music(console: Console, tune: CheckedTune) -> None:
    music = tune.music
    lines = []
    if music.adds_up:
        lines.append("every bar adds up")
    for bad in music.bars_not_adding_up:
        number = _bar_number(bad.bar, bad.ending)
        lines.append(
            f"part {bad.part}, bar {number} has {bad.eighths} of {bad.expected} eighths: "
            f"{_own(bad.text, tune)}"
        )
    for part in music.parts:
        lines.append(_describe_part(part, tune))
    if music.highest and music.lowest:
        lines.append(
            f"highest note {_own(music.highest.note, tune)} in part {music.highest.part}, bar "
            f"{music.highest.bar}; lowest {_own(music.lowest.note, tune)} in part "
            f"{music.lowest.part}, bar {music.lowest.bar}"
        )
    for accidental in music.accidentals:
        lines.append(
            f"{_own(accidental.note, tune)} {times(accidental.hits)}, first in part "
            f"{accidental.part}, bar {accidental.bar}"
        )
    for again in music.repeated:
        lines.append(f"{_bar_list(again.places)} are the same: {_own(again.text, tune)}")
    for varied in music.varied:
        lines.append(
            f"bar {varied.bar} of part {varied.parts[0]} comes varied in part {varied.parts[1]} "
            f"({share(varied.shared)} alike)"
        )
    console.print("\nAs music", style="bold")
    for line in lines:
        console.print(Text(f"• {line}"))


def _bar_list(places: Sequence[tuple[int, int]]) -> str:
    """`part 1, bars 2 and 6; part 2, bar 6`."""
    said = []
    for part, group in groupby(places, key=lambda place: place[0]):
        bars = [str(bar) for _, bar in group]
        if len(bars) == 1:
            said.append(f"part {part}, bar {bars[0]}")
        else:
            said.append(f"part {part}, bars {', '.join(bars[:-1])} and {bars[-1]}")
    return " and ".join(said)


def _describe_part(part: PartMusic, tune: CheckedTune) -> str:
    said = [f"part {part.part}: {counted(part.bars, 'bar')}"]
    if part.pickup is not None:
        said.append(f"pickup {_own(part.pickup, tune)}")
    if part.endings:
        said.append(counted(part.endings, "ending"))
    said.append("repeated" if part.is_repeated else "not repeated")
    if part.misses_repeat_sign:
        said.append("the |: at its beginning is missing")
    if part.final is not None:
        tonic = {True: " (the tonic)", False: "", None: ""}[part.ends_on_tonic]
        said.append(f"ends on {_own(part.final, tune)}{tonic}")
    return ", ".join(said)
