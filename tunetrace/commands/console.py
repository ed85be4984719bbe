"""What all printing shares: a console of plain text, tables, what was set aside, names.

In a terminal what is too wide is folded, and titles are cut; elsewhere, in a pipe or a file, every
row is one line, as long as it needs to be.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text, TextType

from tunetrace.corpus.records import Rejected
from tunetrace.indexer.records import Reject
from tunetrace.text import counted

if TYPE_CHECKING:
    from tunetrace.progress import Progress as BuildProgress

SHOWN_REJECTS: Final = 10
"""So many of the tunes that were set aside are listed."""

_UNBOUNDED, _ROWS = 1_000_000, 25
"""The columns and the rows of what is no terminal."""

_RULE: Final = 80
"""The columns of a rule there."""


def is_terminal() -> bool:
    """Whether standard output has a width that lines must fit, be it in colours or not."""
    return sys.stdout is not None and sys.stdout.isatty()


class _Console(Console):
    """rich's console, with text printed as it stands and a closed pipe left to the caller."""

    def __init__(self) -> None:
        width, height = (None, None) if is_terminal() else (_UNBOUNDED, _ROWS)
        super().__init__(highlight=False, emoji=False, markup=False, width=width, height=height)

    def rule(self, title: TextType = "", **options: Any) -> None:
        """A title in a line across the terminal; elsewhere across 80 columns, or more for it."""
        width = self.width
        if width == _UNBOUNDED:
            width = max(_RULE, cell_len(str(title)) + 4)
        self.print(Rule(title, **options), width=width)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; where there is no terminal, without the spaces that fill up lines."""
        if self.width != _UNBOUNDED:
            super().print(*objects, **options)
            return
        with self.capture() as captured:
            super().print(*objects, **options)
        self.file.write("\n".join(line.rstrip() for line in captured.get().split("\n")))

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Standard output, as the commands print to it."""
    return _Console()


def make_table(
    *columns: str, right: Sequence[str] = (), widest: Mapping[str, int] | None = None
) -> Table:
    """A table of plain text, in which nothing is cut: what does not fit a terminal is folded.

    right: the columns that are set to the right and stay whole. widest: how wide columns may be
    in a terminal.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=column in right,
            overflow="fold",
            max_width=(widest or {}).get(column) if is_terminal() else None,
        )
    return table


def print_set_aside(
    rejected: Sequence[Rejected | Reject], where_all_are: str, count: int | None = None
) -> None:
    """The first few of the tunes that were set aside, and where to find all of them.

    count: how many there are, where these are not all.
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


def expected(count: float, log10: float | None = None) -> str:
    """How many are expected by chance: `1,540`, `1.3`, `0.0003`, `one in 30,000`, `one in 10^35`.

    log10: the logarithm of a count that may have underflowed to 0; else it follows from the count.
    """
    if count == 0 and log10 is None:
        return "none"
    if count < 1e-9:
        return f"one in 10^{-(math.log10(count) if log10 is None else log10):.0f}"
    if count < 1e-4:
        return f"one in {float(f'{1 / count:.1e}'):,.0f}"
    if count < 0.995:
        return f"{count:.2g}"
    return f"{count:.1f}" if count < 9.95 else f"{count:,.0f}"


@contextmanager
def build_progress() -> Iterator[BuildProgress]:
    """A line on standard error that says what a build is doing."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=None)

        def show(what: str, tunes: int) -> None:
            counts = f" {counted(tunes, 'tune')}" if tunes else ""
            progress.update(task, description=escape(what) + counts)

        yield show


@contextmanager
def batch_progress(tunes: int | None) -> Iterator[BuildProgress]:
    """A bar on standard error that fills as a batch is checked. tunes: how many it should hold."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=tunes, counts="")

        def show(what: str, done: int) -> None:
            total = None if tunes is None else max(tunes, done)
            counts = counted(done, "tune") + (f" of about {total:,}" if total else "")
            progress.update(task, description=what, completed=done, total=total, counts=counts)

        yield show


def linked(text: str, link: str | None) -> Text:
    """A tune's name which, in a terminal that can, leads to its page on the web."""
    return Text(text, style=f"link {link}" if link else "")


def bar_number(bar: int, ending: int | None) -> str:
    """`8`, or `8/2` in a second ending."""
    return str(bar) if ending is None else f"{bar}/{ending}"


def cut(title: str, width: int) -> Text:
    """A title cut to so many columns in a terminal, and whole elsewhere."""
    text = Text(title)
    if is_terminal():
        text.truncate(width, overflow="ellipsis")
    return text
