"""How far a command is, shown on standard error if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tunetrace.progress import Progress, silent
from tunetrace.text import counted


@contextmanager
def progress_display(tunes: int | None = None, *, prints_lines: bool = False) -> Iterator[Progress]:
    """What is being done, and to how many tunes.

    tunes: about how many there are; if that is unknown, the bar moves without filling.
    prints_lines: the command prints as it goes; nothing is shown if it prints to a terminal.
    """
    if not _is_terminal(sys.stderr) or (prints_lines and _is_terminal(sys.stdout)):
        yield silent
        return
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


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
