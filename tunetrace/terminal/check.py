"""What `tunetrace check` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tunetrace.checker.records import CheckedTune, CheckReport, Source, Span, TuneName
from tunetrace.indexer.records import Hit
from tunetrace.phrases import counted, share, times
from tunetrace.terminal.baseline import describe_standing
from tunetrace.terminal.console import (
    bar_number,
    console,
    cut,
    expected,
    linked,
    make_table,
    print_set_aside,
    reference,
)
from tunetrace.terminal.music import (
    describe_accidentals,
    describe_bad_bar,
    describe_part,
    describe_range,
    describe_returns,
    describe_variations,
    own,
)
from tunetrace.tokenizer.music import Music

_SHOWN_BARS = 4
_NOVELTY_SHOWN = (4, 6, 8, 12, 16)


def print_check(report: CheckReport, brief: bool) -> None:
    """Every checked tune, or a line for each; then those that could not be read."""
    if brief:
        _print_brief(report)
    else:
        for tune in report.tunes:
            _print_tune(tune)
    print_set_aside(report.set_aside, "--json lists them all")


def _print_brief(report: CheckReport) -> None:
    right = ("no", "notes", "longest", "8+", "12+", "16+")
    table = make_table("no", "title", "notes", "longest", "8+", "12+", "16+", "nearest tune",
                   right=right)  # fmt: skip
    for column in table.columns:
        column.no_wrap = True
    for tune in report.tunes:
        sharing = [source for source in tune.sources if source.notes_shared]
        nearest: Sequence[TuneName | Source] = tune.identical_to[:1] or sharing[:1]
        is_same = "= " if tune.identical_to else ""
        table.add_row(
            str(tune.place),
            cut(tune.title or "(untitled)", 16),
            str(tune.notes),
            str(tune.longest_span.notes if tune.longest_span else 0),
            *(share(tune.copied_share[n]) for n in (8, 12, 16)),
            cut(is_same + nearest[0].title if nearest else "", 18),
        )
    console().print(table)


def _print_tune(tune: CheckedTune) -> None:
    out = console()
    out.rule(tune.title or "(untitled)", characters="─")
    facts = [tune.meter or "no meter", tune.original_key or "no key", counted(tune.notes, "note")]
    if tune.music is not None:
        facts.append(counted(len(tune.music.parts), "part"))
    out.print(", ".join(facts))
    if tune.original_key != tune.key:
        out.print(f"shown in {tune.original_key}; compared on C, where figure and bar search")
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
        names = ", ".join(f"{n.title} ({n.corpus}:{n.number})" for n in tune.identical_to)
        table.add_row("Identical to", names)
    span = tune.longest_span
    if span is None:
        table.add_row("Longest copy", "none: no note of it stands in the corpus")
    else:
        table.add_row("Longest copy", _describe_span(span))
        table.add_row("", Text(own(span.text, tune.original_key), style="bold"))
        table.add_row("", f"expected by chance: {expected(span.expected)}")
        for hit in span.places or ():
            name = linked(f"{hit.title} ({hit.corpus}:{hit.number})", hit.link)
            table.add_row("", name + f", {_place(hit)}")
    (least, most), *longer = tune.copied_share.items()
    rest = ", ".join(f"{share(value)} of {n}" for n, value in longer)
    table.add_row("Copied", f"{share(most)} of its notes in spans of {least} or more, {rest}")
    new = [(n, tune.novelty[n - 1]) for n in _NOVELTY_SHOWN if n <= len(tune.novelty)]
    if new:
        rest = "".join(f", {share(absent)} of {n}" for n, absent in new[1:])
        table.add_row("New", f"{share(new[0][1])} of its figures of {new[0][0]} tokens are "
                      f"nowhere in the corpus{rest}")  # fmt: skip
    table.add_row("Among people", _among_people(tune))
    out.print(table)


def _among_people(tune: CheckedTune) -> str:
    if tune.standing is None:
        return "unknown: the index has no baseline; 'tunetrace baseline' measures one"
    return describe_standing(tune.standing)


def _describe_span(span: Span) -> str:
    return (
        f"{counted(span.notes, 'note')} ({counted(span.tokens, 'token')} in "
        f"{counted(span.bars, 'bar')}) from part {span.part}, bar {span.bar} on; "
        f"in {counted(span.tunes, 'tune')}, {times(span.hits)}"
    )


def _place(hit: Hit) -> str:
    ending = f", ending {hit.ending}" if hit.ending else ""
    return f"part {hit.part}, bar {hit.bar}{ending}"


def _print_bars(out: Console, tune: CheckedTune) -> None:
    if not tune.bars:
        return
    out.print("\nBars: in how many tunes each stands, and at the same place", style="bold")
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
        names = ", ".join(f"{name.title} ({name.corpus}:{name.number})" for name in shown)
        place = ", at the same place," if bar.same_position else ""
        out.print(f"Part {bar.part}, bar {bar.bar} is{place} in {names}")
    if len(found) > _SHOWN_BARS:
        out.print(f"… and {counted(len(found) - _SHOWN_BARS, 'more bar')} of the table")


def _print_sources(out: Console, tune: CheckedTune) -> None:
    sources = [source for source in tune.sources if source.notes_shared or source.bars_shared]
    if not sources:
        return
    out.print("\nNearest tunes: what of this tune stands in them too", style="bold")
    table = make_table("tune", "title", "bits", "notes", "longest", "bars",
                   right=("bits", "notes", "longest", "bars"))  # fmt: skip
    table.columns[1].max_width = 34
    for source in sources[:5]:
        table.add_row(
            reference(source),
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
