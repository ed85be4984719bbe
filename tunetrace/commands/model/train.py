"""`tunetrace model train`: a model of your own, from the tunes of an index."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from tunetrace.commands.completion import complete_corpora, complete_files
from tunetrace.commands.console import console
from tunetrace.commands.options import Share, index_option, json_option, show
from tunetrace.text import counted, share

if TYPE_CHECKING:
    from tunetrace import EpochRecord, TrainingReport
    from tunetrace.model.training.trainer import TrainingStep


@click.command()
@click.option("-o", "--output", "folder", required=True, metavar="DIR",
              shell_complete=complete_files,
              help="Write the model, the history and the checkpoint into this folder.")  # fmt: skip
@click.option("--corpus", "corpora", multiple=True, metavar="NAME", shell_complete=complete_corpora,
              help="Train on this corpus of the index; may be given again (default: all)."
              )  # fmt: skip
@click.option("--recipe", type=click.Choice(["modern", "original"]), default="modern",
              show_default=True,
              help="The way to train; original is that of folk-rnn.")  # fmt: skip
@click.option("--layers", type=int, default=3, show_default=True, help="Number of LSTM layers.")
@click.option("--units", type=int, default=512, show_default=True,
              help="Number of units in each layer.")  # fmt: skip
@click.option("--epochs", type=int,
              help="Number of times that each tune is shown.  [default: the recipe's]")  # fmt: skip
@click.option("--rate", type=float, help="Learning rate.  [default: the recipe's]")
@click.option("--batch", type=int, help="Tunes in a batch.  [default: the recipe's]")
@click.option("--dropout", type=float,
              help="Share of each layer's output that is dropped.  [default: the recipe's]"
              )  # fmt: skip
@click.option("--validation", type=Share(0, 0.5),
              help="Share of the tunes that is held out.  [default: 0.05]")  # fmt: skip
@click.option("--patience", type=int,
              help="Stop after this many epochs without a lower validation loss.  [default: the "
              "recipe's]")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True,
              help="Seed of all random numbers.")  # fmt: skip
@click.option("--report-every", type=click.IntRange(min=1), metavar="K",
              help="After every K epochs, sample tunes and measure how much they copy."
              )  # fmt: skip
@click.option("--samples", type=int, default=200, show_default=True,
              help="Number of tunes that --report-every samples.")  # fmt: skip
@click.option("--half", is_flag=True, help="Store the model in half precision, at half the size.")
@click.option("--resume", is_flag=True,
              help="Continue the training in DIR, with the options it was started with."
              )  # fmt: skip
@index_option
@json_option
@click.pass_context
def train(
    context: click.Context,
    /,
    folder: str,
    corpora: tuple[str, ...],
    recipe: str,
    layers: int,
    units: int,
    seed: int,
    report_every: int | None,
    samples: int,
    half: bool,
    resume: bool,
    index_path: str | None,
    as_json: bool,
    **changes: float | None,
) -> None:
    """Train a model on the tunes of an index.

    DIR gets model.safetensors, the model of the epoch that predicts the held-out tunes best;
    history.jsonl, one epoch per line; training.png, a picture of them; and a checkpoint. From the
    checkpoint --resume continues, even after a power cut, and reaches exactly the same weights.

    \b
        tunetrace model train -o reels --corpus oneills --units 256 --epochs 20
        tunetrace model train -o reels --resume
    """
    from dataclasses import replace

    from tunetrace import open_index, resume_training, train_model
    from tunetrace.model.training.recipe import RECIPES

    if resume:
        _refuse_beside_resume(context)
    with open_index(index_path) as opened, _watching(is_quiet=as_json) as watcher:
        if resume:
            report = resume_training(folder, index=opened, watcher=watcher)
        else:
            given = {name: value for name, value in changes.items() if value is not None}
            report = train_model(
                folder,
                corpora=corpora,
                index=opened,
                recipe=replace(RECIPES[recipe], **given),  # type: ignore[arg-type]
                layers=layers,
                units=units,
                seed=seed,
                report_every=report_every,
                samples=samples,
                half=half,
                watcher=watcher,
            )
    show(report, _print_training, as_json)


def _refuse_beside_resume(context: click.Context) -> None:
    """UsageError if an option was given that would change a training that is resumed."""
    allowed = {"folder", "resume", "index_path", "as_json"}
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name not in allowed and source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[-1]} cannot be combined with --resume, which keeps the options "
                f"of the training; remove {parameter.opts[-1]}"
            )


class _EpochPrinter:
    """Prints a line for each epoch, and moves a progress bar if there is one."""

    def __init__(self, is_quiet: bool, bar: Progress | None) -> None:
        self._is_quiet = is_quiet
        self._bar = bar
        self._task = None if bar is None else bar.add_task("", total=None)
        self._seconds_left = math.nan

    def step(self, progress: TrainingStep) -> None:
        """Move the bar."""
        self._seconds_left = progress.seconds_left
        if self._bar is not None and self._task is not None:
            what = (
                f"epoch {progress.epoch} of {progress.epochs}  {_bits(progress.loss):.3f} bits  "
                f"{progress.tokens_a_second:,.0f} tokens/s  {_duration(progress.seconds_left)} left"
            )
            self._bar.update(
                self._task, description=what, completed=progress.step, total=progress.steps
            )

    def epoch(self, record: EpochRecord, is_best: bool) -> None:
        """Print the line of an epoch, and one about its samples if there are any."""
        if self._is_quiet:
            return
        parts = [f"epoch {record.epoch:>3}", f"training {_bits(record.training_loss):.3f}"]
        if record.validation_loss is not None:
            parts.append(f"held out {_bits(record.validation_loss):.3f} bits per token")
        parts.append(f"{record.tokens / record.seconds:,.0f} tokens/s")
        parts.append(f"{_duration(self._seconds_left)} left" + (", best" if is_best else ""))
        if self._bar is not None:
            self._bar.stop()  # or the line would be written behind the bar
        out = console()
        out.print("  ".join(parts), soft_wrap=True)
        if record.originality is not None:
            found = record.originality
            sentence = (
                f"           copied in runs of 8 notes or more: {share(found.copying.copied_8)} of "
                f"the notes of {counted(found.transcriptions, 'sample')}"
            )
            if found.people is not None:
                sentence += f"; {share(found.people.copied_8)} in real tunes"
            out.print(sentence, soft_wrap=True)
        if self._bar is not None:
            self._bar.start()


@contextmanager
def _watching(*, is_quiet: bool) -> Iterator[_EpochPrinter]:
    """A printer of epochs, with a bar if standard error is a terminal.

    is_quiet: no lines, because JSON is printed.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield _EpochPrinter(is_quiet, None)
        return
    columns = (BarColumn(bar_width=20), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _EpochPrinter(is_quiet, bar)


def _print_training(report: TrainingReport) -> None:
    """Which epoch's model was kept, and where it is."""
    best = report.best
    loss, tunes = best.validation_loss, "held-out"
    if loss is None:
        loss, tunes = best.training_loss, "training"
    console().print(
        f"kept epoch {best.epoch} of {len(report.epochs)}: {_bits(loss):.3f} bits per token, "
        f"perplexity {math.exp(loss):.2f}, on the {tunes} tunes\n{report.model}",
        soft_wrap=True,
    )


def _bits(nats: float) -> float:
    """A cross-entropy in bits, from nats."""
    return nats / math.log(2)


def _duration(seconds: float) -> str:
    """How long to wait: `40 s`, `12 min`, `3 h 20 min`."""
    if not math.isfinite(seconds):
        return "some time"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
