"""What `tunetrace figure` and `tunetrace bar` print."""

from __future__ import annotations

from rich.text import Text

from tunetrace.commands.console import bar_number, console, expected, linked, make_table
from tunetrace.indexer.records import Hit, Matches
from tunetrace.indexer.search.query import written_apart
from tunetrace.text import counted, times


def print_matches(matches: Matches) -> None:
    """In how many tunes a figure or a bar stands, and the first places."""
    out = console()
    out.print(Text(matches.query, style="bold"), soft_wrap=True)
    if not matches.of:
        out.print("no tune of the index has all that the filters ask for")
        return
    if not matches.hits:
        out.print(f"found in none of {counted(matches.of, 'tune')}")
        apart = written_apart(matches.query.split())
        if apart:
            out.print(f"in tunes read from ABC '{' '.join(apart)}' is one token, {''.join(apart)}")
    else:
        out.print(
            f"found in {matches.tunes:,} of {counted(matches.of, 'tune')}, {times(matches.hits)}"
        )
    if matches.expected is not None:
        out.print(f"expected by chance: {expected(matches.expected, matches.log10_expected)}")
    if not matches.results:
        return
    out.print()
    table = make_table("tune", "title", "part", "bar", "onset", "context",
                   right=("part", "bar", "onset"), widest={"title": 20})  # fmt: skip
    for hit in matches.results:
        table.add_row(
            hit.reference,
            linked(hit.title, hit.link),
            str(hit.part),
            bar_number(hit.bar, hit.ending),
            str(hit.onset),
            _marked(hit),
        )
    out.print(table)
    if matches.hits > len(matches.results):
        rest = matches.hits - len(matches.results)
        out.print(f"… and {rest:,} more; show more with --limit")


def _marked(hit: Hit) -> Text:
    """The context of a hit with what was searched for in bold."""
    text = Text(hit.context)
    text.stylize("bold", *hit.found)
    return text
