"""What all printing shares: a console of plain text, tables, tunes set aside, numbers and names.

In a terminal, lines that are too wide are folded and titles are cut. In a pipe or a file every row
is one line, as long as it needs to be.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text, TextType

from tunetrace.text import counted, plain, safe

if TYPE_CHECKING:
    from tunetrace import Reject, Rejected

SHOWN_REJECTS: Final = 10
"""The number of tunes set aside that are listed."""

_UNBOUNDED, _ROWS = 1_000_000, 25
"""The columns and the rows of an output that is no terminal."""

_RULE: Final = 80
"""The columns of a rule there."""

_PAGE: Final = 79
"""The columns of a wrapped text."""


def is_terminal() -> bool:
    """Whether standard output is a terminal, whose width lines must fit."""
    return sys.stdout is not None and sys.stdout.isatty()


class _Console(Console):
    """rich's console, which prints text as it is and raises an error if its reader has gone."""

    def rule(self, title: TextType = "", **options: Any) -> None:
        """Print a title in a line as wide as the terminal, or elsewhere 80 columns or the title."""
        width = self.width
        if width == _UNBOUNDED:
            width = max(_RULE, cell_len(str(title)) + 4)
        self.print(Rule(title, **options), width=width)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; in a pipe or a file, without spaces at line ends."""
        if self.width != _UNBOUNDED:
            super().print(*objects, **options)
            return
        with self.capture() as captured:
            super().print(*objects, **options)
        self.file.write("\n".join(line.rstrip() for line in captured.get().split("\n")))

    def render_str(self, text: str, **options: Any) -> Text:
        """Text as rich prints it. A file that is shown must not steer the terminal."""
        return super().render_str(safe(text), **options)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Standard output, for the commands to print to."""
    width, height = (None, None) if is_terminal() else (_UNBOUNDED, _ROWS)
    return _Console(highlight=False, emoji=False, markup=False, width=width, height=height)


def make_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    widest: Mapping[str, int] | None = None,
) -> Table:
    """A table of plain text. Nothing is cut: cells too wide for a terminal are folded.

    columns: their names. A name after `>` is set to the right, and its cells are never folded.
    rows: the cells. Whole numbers are printed as `1,024`.
    widest: the greatest width of columns in a terminal.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        name = column.removeprefix(">")
        table.add_column(
            name,
            justify="right" if name != column else "left",
            no_wrap=name != column,
            overflow="fold",
            max_width=(widest or {}).get(name) if is_terminal() else None,
        )
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(value: object) -> str | Text:
    if isinstance(value, int):
        return f"{value:,}"
    return value if isinstance(value, Text) else str(value)


def facts_table() -> Table:
    """Two columns without lines: labels in bold, and facts."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def print_facts(facts: Iterable[tuple[str, str]], label_width: int) -> None:
    """A line for each fact, after its label.

    Long facts are wrapped, but paths and addresses stay whole, so that they can be copied.
    """
    out = console()
    for label, fact in facts:
        lines = [fact]
        if label not in ("path", "address", "url"):
            lines = textwrap.wrap(
                fact, _PAGE - label_width, break_on_hyphens=False, break_long_words=False
            )
        for k, line in enumerate(lines):
            out.print(f"{'' if k else label:{label_width}}{plain(line)}", soft_wrap=True)


def print_set_aside(
    rejected: Sequence[Rejected | Reject], where_all_are: str, count: int | None = None
) -> None:
    """The first few tunes set aside, and where to find all of them.

    count: how many there are, if these are not all.
    """
    if not rejected:
        return
    out = console()
    count = len(rejected) if count is None else count
    out.print(f"\n{counted(count, 'tune')} set aside:")
    for reject in rejected[:SHOWN_REJECTS]:
        out.print(f"  {reject.place}: {reject.reason}", soft_wrap=True)
    if count > SHOWN_REJECTS:
        out.print(f"  … and {count - SHOWN_REJECTS:,} more; {where_all_are}")


def linked(text: str, link: str | None) -> Text:
    """A tune's name as a link to its web page, in terminals that show links."""
    return Text(plain(text), style=f"link {link}" if link else "")


def bar_number(bar: int, ending: int | None) -> str:
    """`8`, or `8/2` in a second ending."""
    return str(bar) if ending is None else f"{bar}/{ending}"


def cut(title: str, width: int) -> Text:
    """A title cut to a width in columns in a terminal, and whole elsewhere."""
    text = Text(plain(title))
    if is_terminal():
        text.truncate(width, overflow="ellipsis")
    return text
