"""What all printing shares: a console of plain text, tables, what was set aside, names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tunetrace.checker.records import Source
from tunetrace.corpus.readers import Rejected
from tunetrace.indexer.records import Hit, Reject
from tunetrace.phrases import counted

if TYPE_CHECKING:
    from tunetrace.indexer.tune import Setting
    from tunetrace.indexer.writer import Progress as BuildProgress

_SHOWN_REJECTS = 10
_LONGEST_REFERENCE = 16


class _Console(Console):
    """rich's console, with text printed as it stands and a closed pipe left to the caller."""

    def __init__(self) -> None:
        super().__init__(highlight=False, emoji=False, markup=False)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Standard output, as the commands print to it."""
    return _Console()


def make_table(*columns: str, right: Sequence[str] = ()) -> Table:
    """A table of plain text; right: the columns that are set to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left")
    return table


def print_set_aside(rejected: Sequence[Rejected | Reject], where_all_are: str) -> None:
    """The first few of the tunes that were set aside, and where to find all of them."""
    if not rejected:
        return
    out = console()
    out.print(f"\n{counted(len(rejected), 'tune')} set aside:")
    for reject in rejected[:_SHOWN_REJECTS]:
        out.print(f"  {reject.place}: {reject.reason}", soft_wrap=True)
    if len(rejected) > _SHOWN_REJECTS:
        out.print(f"  … and {len(rejected) - _SHOWN_REJECTS:,} more; {where_all_are}")


def expected(count: float) -> str:
    """How many are expected by chance: `1,540`, `1.3`, `0.0003`, `one in 3,300,000`."""
    if count == 0:
        return "none"
    if count < 1e-9:
        return "fewer than one in a billion"
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


def reference(tune: Hit | Source | Setting) -> str:
    """What to name a tune by in a table: `corpus:number`, or its id where that is too long."""
    reference = f"{tune.corpus}:{tune.number}"
    return reference if len(reference) <= _LONGEST_REFERENCE else str(tune.tune)


def linked(text: str, link: str | None) -> Text:
    """A tune's name which, in a terminal that can, leads to its page on the web."""
    return Text(text, style=f"link {link}" if link else "")


def bar_number(bar: int, ending: int | None) -> str:
    """`8`, or `8/2` in a second ending."""
    return str(bar) if ending is None else f"{bar}/{ending}"


def cut(title: str, width: int) -> Text:
    """A title cut to so many columns."""
    text = Text(title)
    text.truncate(width, overflow="ellipsis")
    return text
