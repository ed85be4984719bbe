"""How far a command is, shown on standard error if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from tunetrace.progress import Progress, silent
from tunetrace.text import counted


def progress_display() -> AbstractContextManager[Progress]:
    """A line that says what is being done."""
    return _spinner() if _is_terminal_for_errors() else nullcontext(silent)


def batch_progress(paths: Sequence[str]) -> AbstractContextManager[Progress]:
    """A bar that fills as the tunes of these inputs are done."""
    if not _is_terminal_for_errors():
        return nullcontext(silent)
    from tunetrace.corpus.readers import estimate_tunes

    return tunes_progress(estimate_tunes(paths))


def lines_progress(paths: Sequence[str]) -> AbstractContextManager[Progress]:
    """As batch_progress, for a command that prints: nothing if it prints to a terminal."""
    if sys.stdout is not None and sys.stdout.isatty():
        return nullcontext(silent)
    return batch_progress(paths)


def _is_terminal_for_errors() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def _spinner() -> Iterator[Progress]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress as Display
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Display(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task("reading", total=None)

        def show(what: str, tunes: int) -> None:
            counts = f" {counted(tunes, 'tune')}" if tunes else ""
            display.update(task, description=escape(what) + counts)

        yield show


@contextmanager
def tunes_progress(tunes: int | None) -> Iterator[Progress]:
    """A bar on standard error that fills as tunes are done. tunes: about how many there are."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Display

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
    )
    with Display(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task("reading", total=tunes, counts="")

        def show(what: str, done: int) -> None:
            total = None if tunes is None else max(tunes, done)
            counts = counted(done, "tune") + (f" of about {total:,}" if total else "")
            display.update(task, description=what, completed=done, total=total, counts=counts)

        yield show
