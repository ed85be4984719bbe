"""How far a command is, shown on standard error if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from tunetrace.progress import Progress, silent
from tunetrace.text import counted


def progress_display() -> AbstractContextManager[Progress]:
    """What is being done, and to how many tunes."""
    return tunes_progress(None) if _is_shown() else nullcontext(silent)


def batch_progress(paths: Sequence[str]) -> AbstractContextManager[Progress]:
    """A bar that fills as the tunes of these inputs are done."""
    if not _is_shown():
        return nullcontext(silent)
    from tunetrace.corpus.readers import estimate_tunes

    return tunes_progress(estimate_tunes(paths))


def lines_progress(paths: Sequence[str]) -> AbstractContextManager[Progress]:
    """As batch_progress, for a command that prints: nothing if it prints to a terminal."""
    if sys.stdout is not None and sys.stdout.isatty():
        return nullcontext(silent)
    return batch_progress(paths)


def _is_shown() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def tunes_progress(tunes: int | None) -> Iterator[Progress]:
    """A bar on standard error that fills as tunes are done.

    tunes: about how many there are; if that is unknown, the bar moves without filling.
    """
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Display

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
    )
    with Display(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task("reading", total=tunes, counts="")

        def show(what: str, done: int) -> None:
            total = None if tunes is None else max(tunes, done)
            counts = counted(done, "tune") if done else ""
            if total:
                counts = f"{done:,} of about {counted(total, 'tune')}"
            display.update(task, description=what, completed=done, total=total, counts=counts)

        yield show
