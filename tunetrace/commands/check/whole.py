"""The whole answer of `tunetrace check` on one tune: the verdict, and then the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tunetrace.checker.measures import LONGEST, SIMILARITY, run_lengths
from tunetrace.checker.similar.words import naming
from tunetrace.checker.verdict import differences
from tunetrace.commands.console import (
    bar_number,
    console,
    facts_table,
    linked,
    make_table,
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
from tunetrace.indexer.search.views import VIEWS
from tunetrace.text import by_chance, counted, part_in_words, share, times, tunes_and_families

if TYPE_CHECKING:
    from tunetrace import CheckedTune, Percentiles, SameTune, SimilarTune
    from tunetrace.arguments import ViewName
    from tunetrace.tokenizer.layout.music import Music

_SHOWN_BARS: Final = 4
_SHOWN_SAME: Final = 3
_SHOWN_SOURCES: Final = 5
_NOVELTY_LENGTHS: Final = (4, 6, 8, 12, 16)
"""The lengths, in tokens, of the figures whose novelty is printed."""


def print_tune(tune: CheckedTune) -> None:
    """All that a check found of one tune."""
    out = console()
    out.rule(title_of(tune), characters="─")
    out.print(tune.verdict.text, style="bold")
    facts = [tune.meter or "no meter", tune.original_key or "no key", counted(tune.notes, "note")]
    if tune.music is not None:
        facts.append(counted(len(tune.music.parts), "part"))
    where = f"{tune.transcription.place}" + (f", place {tune.place}" if tune.place > 1 else "")
    out.print(f"{', '.join(facts)} ({where})")
    if tune.original_key != tune.key:
        out.print(f"shown in {tune.original_key}; compared on C, like all tunes")
    if tune.view != "tokens":
        forgives = VIEWS[tune.view].forgives
        out.print(f"compared in the view {tune.view}, which forgives {forgives}")
    for remark in tune.remarks:
        out.print(f"note: {remark}")
    out.print()
    _print_copying(out, tune)
    _print_lengths(out, tune)
    _print_bars(out, tune)
    _print_sources(out, tune)
    if tune.music is not None:
        _print_music(out, tune.music, tune.original_key)
    out.print()


def title_of(tune: CheckedTune) -> str:
    """The title of a tune, or that it has none."""
    return tune.title or "(untitled)"


def _print_copying(out: Console, tune: CheckedTune) -> None:
    """The same tunes, the longest run, and how much is copied, beside real tunes."""
    table = facts_table()
    if tune.identical_to:
        table.add_row("The same as", _same_tunes(tune.identical_to))
    if tune.same_parts:
        table.add_row("Same parts", _same_tunes(tune.same_parts))
    if tune.near_copies is not None:  # as they are in a verbatim check
        table.add_row("Near copies", "\n".join(_near_copies(tune, tune.near_copies)))
    label = "Longest run"
    for line in _longest_run(tune):
        table.add_row(label, line)
        label = ""
    short, long = run_lengths(tune.view)
    table.add_row(
        "Copied",
        f"in runs of {short} notes or more: {_copied(tune, short)}; of {long} or more: "
        f"{_copied(tune, long)}",
    )
    if tune.most_from is not None:
        tunes = counted(tune.copied_from, "corpus tune")
        most = ":" if tune.copied_from == 1 else "; the most from"
        notes = f"{share(tune.most_share)} of its notes"
        table.add_row("", f"from {tunes}{most} {tune.most_from.label}, {notes}")
    table.add_row("Real tunes", _peers(tune.standing, tune.view))
    out.print(table)


def _near_copies(tune: CheckedTune, near_copies: Sequence[SimilarTune]) -> Iterator[str]:
    """The near copies, each with how sure it is; or that there is none."""
    for near in near_copies:
        yield f"{share(near.probability)}: {naming(near)}"
    if not near_copies and tune.similarity is not None:
        most = tune.most_similar
        nearest = f"; the most similar is {most.label}, at {share(tune.similarity)}" if most else ""
        yield f"none{nearest}"
    if tune.standing is not None and SIMILARITY.name in tune.standing.below:
        yield _beside_real_tunes("more similar", tune.standing.below[SIMILARITY.name])


def _same_tunes(tunes: Sequence[SameTune]) -> str:
    """The first few corpus tunes that are the same music, in what part, and how they differ."""
    names = []
    for tune in tunes[:_SHOWN_SAME]:
        own = f"its {part_in_words(tune.own_part)}: " if tune.own_part else ""
        part = f", {part_in_words(tune.part)}" if tune.part else ""
        names.append(f"{own}{tune.label}{part}{differences(tune)}")
    more = len(tunes) - _SHOWN_SAME
    return "; ".join(names) + (f"; {counted(more, 'more tune')}" if more > 0 else "")


def _longest_run(tune: CheckedTune) -> Iterator[str | Text]:
    """The longest run: where it is, its notes, how unusual it is, and the tunes that have it."""
    span = tune.longest_span
    if span is None:
        yield "none: no note of this tune is found in the corpus"
        return
    yield (
        f"{counted(span.notes, 'note')} ({counted(span.tokens, 'token')} in "
        f"{counted(span.bars, 'bar')}) from part {span.part}, bar {span.bar} on; "
        f"found in {tunes_and_families(span.tunes, span.families)}, {times(span.hits)}"
    )
    yield Text(own(span.text, tune.original_key), style="bold")
    yield by_chance(span.expected, span.log10_expected)
    if tune.standing is not None:
        yield _beside_real_tunes("longer", tune.standing.below[LONGEST.name])
    for hit in span.places or ():
        ending = f", ending {hit.ending}" if hit.ending else ""
        place = f", part {hit.part}, bar {hit.bar}{ending}"
        yield linked(f"{hit.title} ({hit.reference})", hit.link) + place


def _copied(tune: CheckedTune, notes: int) -> str:
    """The share of notes in runs of a length: `31% (more than in 72% of real tunes like it)`."""
    copied = tune.copied_share[notes]
    if not copied or tune.standing is None:
        return share(copied)
    return f"{share(copied)} ({_beside_real_tunes('more', tune.standing.below[f'copied_{notes}'])})"


def _beside_real_tunes(more: str, below: float) -> str:
    """What it means that a share of the real tunes has less: `more than in 72% of real tunes`."""
    if below == 0:
        return f"no {more} than in any real tune like it"
    return f"{more} than in {'all' if below == 1 else f'{share(below)} of'} real tunes like it"


def _peers(standing: Percentiles | None, view: ViewName) -> str:
    if standing is None and view != "tokens":
        return f"not compared: the baseline of an index is of tokens, not of {view}"
    if standing is None:
        return "not compared: the index has no baseline; 'tunetrace baseline' measures one"
    meter = f" in {standing.meter}" if standing.meter else ""
    notes = ""
    if standing.least_notes is not None:
        notes = f" with {standing.least_notes} to {standing.most_notes} notes"
    return f"compared with {counted(standing.peers, 'tune')} of the index{meter}{notes}"


def _print_lengths(out: Console, tune: CheckedTune) -> None:
    out.print("\nCopied runs and new figures, by length", style="bold")
    table = Table.grid(padding=(0, 2))
    table.add_column()
    for _ in range(max(len(tune.copied_share), len(_NOVELTY_LENGTHS))):
        table.add_column(justify="right", no_wrap=True)
    table.add_row("runs of this many notes or more", *map(str, tune.copied_share))
    table.add_row("  share of notes in such runs", *map(share, tune.copied_share.values()))
    lengths = [n for n in _NOVELTY_LENGTHS if n <= len(tune.novelty)]
    if lengths:
        symbols = "tokens" if tune.view == "tokens" else "symbols"
        table.add_row(f"figures of this many {symbols}", *map(str, lengths))
        table.add_row(
            "  share not found in the corpus", *(share(tune.novelty[n - 1]) for n in lengths)
        )
    out.print(table)


def _print_bars(out: Console, tune: CheckedTune) -> None:
    if not tune.bars:
        return
    out.print(
        "\nBars: how many tunes have each bar, and how many have it as the same bar of the same "
        "part",
        style="bold",
    )
    has_families = any(bar.families is not None for bar in tune.bars)
    families = [">families"] if has_families else []
    columns = (">part", ">bar", "text", ">tunes", *families, ">same position", "rarest figure",
               ">in tunes")  # fmt: skip
    rows = [
        (bar.part, bar_number(bar.bar, bar.ending), own(bar.text, tune.original_key), bar.tunes,
         *([bar.families] if has_families else []), bar.same_position,
         own(rarest.text, tune.original_key) if rarest else "", rarest.tunes if rarest else "")
        for bar in tune.bars
        for rarest in [bar.rarest_figure]
    ]  # fmt: skip
    out.print(make_table(columns, rows))
    found = [bar for bar in tune.bars if bar.tunes and bar.bar]
    for bar in sorted(found, key=lambda bar: bar.same_position == 0)[:_SHOWN_BARS]:
        names = ", ".join(example.label for example in bar.examples[: bar.same_position or None])
        place = " at the same position" if bar.same_position else ""
        out.print(
            f"Part {bar.part}, bar {bar_number(bar.bar, bar.ending)} is found{place} in {names}"
        )
    if len(found) > _SHOWN_BARS:
        out.print(f"… and {counted(len(found) - _SHOWN_BARS, 'more bar')} of the table")


def _print_sources(out: Console, tune: CheckedTune) -> None:
    sources = [source for source in tune.sources if source.notes_shared or source.bars_shared]
    if not sources:
        return
    out.print("\nNearest tunes: what they share with this tune", style="bold")
    rows = [
        (source.reference, linked(source.title, source.link), f"{source.bits:.1f}",
         source.notes_shared, source.longest_span_notes, source.bars_shared)
        for source in sources[:_SHOWN_SOURCES]
    ]  # fmt: skip
    table = make_table(("tune", "title", ">bits", ">notes", ">longest run", ">bars"), rows)
    table.columns[1].max_width = 34
    out.print(table)
    families = {source.family for source in sources[:_SHOWN_SOURCES]}
    if len(rows) > 1 and None not in families:
        out.print(f"these are {tunes_and_families(len(rows), len(families))}")
    out.print("bits: how unlikely the shared runs are by chance; rarer runs have more bits")


def _print_music(out: Console, music: Music, key: str | None) -> None:
    lines = ["every bar adds up"] if music.adds_up else []
    lines += [describe_bad_bar(bad, key) for bad in music.bars_not_adding_up]
    lines += [describe_part(part, key) for part in music.parts]
    lines += [*describe_range(music, key), *describe_accidentals(music, key)]
    lines += [*describe_returns(music, key), *describe_variations(music)]
    out.print("\nAs music", style="bold")
    for line in lines:
        out.print(f"• {line}")
