"""What `figure`, `bar`, `next` and `find` share: filters, and how they print what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.text import Text

from tunetrace.commands.completion import complete_corpora
from tunetrace.commands.console import bar_number, console, linked, make_table
from tunetrace.commands.options import exclude_family_option
from tunetrace.errors import QueryError
from tunetrace.text import by_chance, counted, found_among, times

if TYPE_CHECKING:
    from fractions import Fraction

    from tunetrace import Continuations, Filters, Found, FoundHit, Hit, Matches, SoughtFigure

Command = TypeVar("Command", bound=Callable[..., Any])


class FigureCommand(click.Command):
    """A command whose figure may begin with a minus, as `-1 +2` does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put a space before such a figure, so that it is not taken for an option."""
        return super().parse_args(ctx, [re.sub(r"^(?=-\d)", " ", arg) for arg in args])


def eighths(text: str) -> Fraction:
    """A number of eighths: 3, 3/2 or 1.5."""
    from tunetrace.indexer.filters import onset_of

    try:
        return onset_of(text)
    except QueryError as error:
        raise click.BadParameter(str(error)) from None


def filter_options(command: Command) -> Command:
    """The filters and `--limit`; the command gets the filters as one Filters."""

    @click.option("--part", type=click.IntRange(min=1), metavar="N",
                  help="Only hits in this part; parts count from 1.")  # fmt: skip
    @click.option("--bar", type=click.IntRange(min=0), metavar="N",
                  help="Only hits in this bar of its part; 0 is the pickup.")  # fmt: skip
    @click.option("--onset", type=eighths,
                  help="Only hits this far into their bar, such as 3/2.")  # fmt: skip
    @tune_filter_options
    @click.option("--limit", type=click.IntRange(min=0), default=10, show_default=True,
                  metavar="N", help="Number of rows to show.")  # fmt: skip
    @wraps(command)
    def with_places(part: int | None, bar: int | None, onset: Fraction | None, filters: Filters,
                    **given: Any) -> Any:  # fmt: skip
        return command(filters=replace(filters, part=part, bar=bar, onset=onset), **given)

    return with_places  # type: ignore[return-value]


def tune_filter_options(command: Command) -> Command:
    """The filters that choose tunes; the command gets them as one Filters."""

    @click.option("--meter", metavar="METER", help="Only tunes in this meter: 6/8, 4/4, C|.")
    @click.option("--key", metavar="KEY",
                  help="Only tunes in this mode: dor, dorian, minor.")  # fmt: skip
    @click.option("--original-key", metavar="KEY",
                  help="Only tunes that their source has in this key: G, Em, Ador.")  # fmt: skip
    @click.option("--corpus", metavar="NAME", shell_complete=complete_corpora,
                  help="Only tunes of this corpus.")  # fmt: skip
    @click.option("--title", metavar="TITLE", help="Only tunes with this title.")
    @exclude_family_option
    @wraps(command)
    def with_filters(**given: Any) -> Any:
        from tunetrace import Filters

        names = ("meter", "key", "original_key", "corpus", "title", "exclude_families")
        return command(filters=Filters(**{name: given.pop(name) for name in names}), **given)

    return with_filters  # type: ignore[return-value]


def print_matches(matches: Matches) -> None:
    """In how many tunes a figure or a bar is found, and the first places."""
    out = console()
    print_question(matches, [matches])
    if not matches.of:
        return
    if matches.hits:
        out.print(found_in(matches, times(matches.hits)))
    else:
        out.print(f"found in none of {counted(matches.of, 'tune')}")
    if matches.expected is not None:
        out.print(by_chance(matches.expected, matches.log10_expected))
    if not matches.results:
        return
    out.print()
    columns = ("tune", "title", ">part", ">bar", ">onset\n(eighths)", "context (on C)")
    rows = [
        (hit.reference, linked(hit.title, hit.link), hit.part, bar_number(hit.bar, hit.ending),
         hit.onset, marked(hit))
        for hit in matches.results
    ]  # fmt: skip
    out.print(make_table(columns, rows, widest={"title": 20}))
    rest = matches.hits - len(matches.results)
    if rest:
        out.print(f"… and {rest:,} more; show more with --limit")


def print_question(
    found: Matches | Continuations | Found, read: Sequence[Matches | Continuations | SoughtFigure]
) -> None:
    """What was searched and how it was read, and whether the filters admit no tune.

    read: the figures that were searched.
    """
    out = console()
    view = "" if found.view == "tokens" else f" in the view {found.view}"
    out.print(Text.assemble((found.query, "bold"), view), soft_wrap=True)
    for number, figure in enumerate(read, 1):
        _print_reading(figure, f"figure {number}: " if len(read) > 1 else "")
    if not found.of:
        out.print("no tune of the index passes all filters")


def _print_reading(read: Matches | Continuations | SoughtFigure, name: str) -> None:
    """How the user's text was read, where that is not plain: its key, and what was left out.

    name: of several, which it is, as `figure 1: `.
    """
    out = console()
    asked = " ".join(read.asked.split())
    if read.in_key:
        out.print(f"{name}on C; asked as {asked} in {read.in_key}", soft_wrap=True)
    elif read.read_as == "ABC":
        out.print(f"{name}read as ABC on C: {asked}; give another key with --in", soft_wrap=True)
    if read.remarks:
        out.print(f"{name}{'; '.join(read.remarks)}", soft_wrap=True)


def found_in(found: Matches | Continuations | Found, hits: str) -> str:
    """How often something is found, as found_among says it."""
    return found_among(found.tunes, found.of, found.families, hits)


def marked(hit: Hit | FoundHit) -> Text:
    """The context of a hit with what it shows in bold."""
    text = Text(hit.context)
    text.stylize("bold", *hit.found)
    return text
