"""How a training goes, as it goes, and what it came to."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from tunetrace.commands.console import console
from tunetrace.model.training.history import EpochRecord
from tunetrace.text import counted, share

if TYPE_CHECKING:
    from tunetrace.model.training.trainer import TrainingStep
    from tunetrace.model.training.training import TrainingReport


class _Lines:
    """Prints a line for each epoch, and fills a bar as its batches go by where there is one."""

    def __init__(self, is_quiet: bool, progress: Progress | None) -> None:
        self._is_quiet = is_quiet
        self._progress = progress
        self._task = None if progress is None else progress.add_task("", total=None)
        self._left = math.nan

    def step(self, progress: TrainingStep) -> None:
        self._left = progress.seconds_left
        if self._progress is not None and self._task is not None:
            what = (
                f"epoch {progress.epoch} of {progress.epochs}  {bits(progress.loss):.3f} bits  "
                f"{progress.tokens_a_second:,.0f} tokens/s  {duration(progress.seconds_left)} left"
            )
            self._progress.update(
                self._task, description=what, completed=progress.step, total=progress.steps
            )

    def epoch(self, record: EpochRecord, is_best: bool) -> None:
        if self._is_quiet:
            return
        pieces = [f"epoch {record.epoch:>3}", f"training {bits(record.training_loss):.3f}"]
        if record.validation_loss is not None:
            pieces.append(f"held out {bits(record.validation_loss):.3f} bits a token")
        pieces.append(f"{record.tokens / record.seconds:,.0f} tokens/s")
        pieces.append(f"{duration(self._left)} left" + ("" if not is_best else ", best"))
        if self._progress is not None:
            self._progress.stop()  # or the line would be written behind the bar
        out = console()
        out.print("  ".join(pieces), soft_wrap=True)
        if record.originality is not None:
            found = record.originality
            said = (
                f"           of {counted(found.transcriptions, 'sample')} "
                f"{share(found.copying.copied_8)} of the notes are copied (8 or more together)"
            )
            if found.people is not None:
                said += f", {share(found.people.copied_8)} in people's tunes"
            out.print(said, soft_wrap=True)
        if self._progress is not None:
            self._progress.start()


@contextmanager
def watching(is_quiet: bool) -> Iterator[_Lines]:
    """Tells how a training goes: a line an epoch, and a bar where standard error is a terminal.

    is_quiet: without the lines, where JSON is to be printed.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield _Lines(is_quiet, None)
        return
    columns = (BarColumn(bar_width=20), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Lines(is_quiet, progress)


def print_training(report: TrainingReport) -> None:
    """Which epoch's model was kept, and where."""
    best = report.best
    loss = best.training_loss if best.validation_loss is None else best.validation_loss
    of_what = "the training tunes" if best.validation_loss is None else "the held-out tunes"
    console().print(
        f"kept epoch {best.epoch} of {len(report.epochs)}: {bits(loss):.3f} bits a token and a "
        f"perplexity of {math.exp(loss):.2f} on {of_what}\n{report.model}",
        soft_wrap=True,
    )


def bits(nats: float) -> float:
    """A cross-entropy in bits, from nats."""
    return nats / math.log(2)


def duration(seconds: float) -> str:
    """A time to wait: `40 s`, `12 min`, `3 h 20 min`."""
    if not math.isfinite(seconds):
        return "some time"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
