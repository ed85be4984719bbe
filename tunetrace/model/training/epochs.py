"""The epochs of a training: what is kept of them, and when the training ends.

A training has a folder. In it are `model.safetensors`, the model of the epoch with the least
validation loss; `history.jsonl`, an epoch a line; and the checkpoint, from which it goes on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from tunetrace.errors import ModelFileError, QueryError
from tunetrace.files import write_whole
from tunetrace.indexer.index import Index
from tunetrace.model.library.models import TRAINED
from tunetrace.model.library.store import save_model
from tunetrace.model.records import Model
from tunetrace.model.sampling.blocks import Plan, sample_many
from tunetrace.model.training.checkpoint import Configuration, save_checkpoint
from tunetrace.model.training.history import (
    EpochOriginality,
    EpochRecord,
    best_epoch,
    guess_loss,
    kept_epoch,
    to_line,
)
from tunetrace.model.training.originality import originality
from tunetrace.model.training.trainer import Trainer, TrainingStep
from tunetrace.plots.training import plot_training
from tunetrace.text import printable
from tunetrace.tokenizer.folkrnn import to_folkrnn

HISTORY: Final = "history.jsonl"
PICTURE: Final = "training.png"

SAVE_EVERY: Final = 60.0
"""Seconds between checkpoints inside an epoch: what a power cut can cost."""


class TrainingWatcher(Protocol):
    """Is told how a training goes."""

    def step(self, progress: TrainingStep) -> None:
        """After each batch."""

    def epoch(self, record: EpochRecord, is_best: bool) -> None:
        """After each epoch."""


@dataclass(frozen=True, slots=True)
class Training:
    """A training's folder, what it was begun with, and facts for the provenance of its models."""

    folder: Path
    configuration: Configuration
    provenance: dict[str, Any]
    index: Index
    """What samples are compared with."""

    def run(
        self,
        trainer: Trainer,
        history: Sequence[EpochRecord],
        watcher: TrainingWatcher | None = None,
    ) -> list[EpochRecord]:
        """Train until the last epoch, or until patience ends, and return the history.

        history: of the epochs that are over. Raises QueryError where the loss is no number any
        more, or is above that of a uniform guess at the end; OutputError where the folder cannot be
        written. An interrupt saves what was reached.
        """
        history = list(history)
        self._write_history(history)
        if not trainer.step:
            # So that --resume goes on whenever it is cut off.
            save_checkpoint(self.folder, self.configuration, trainer, history)
        try:
            while not self._is_over(history):
                self._train_epoch(trainer, history, watcher)
                history.append(self._finish_epoch(trainer, history))
                self._write_history(history)
                save_checkpoint(self.folder, self.configuration, trainer, history)
                if watcher is not None:
                    watcher.epoch(history[-1], best_epoch(history) is history[-1])
        except KeyboardInterrupt:
            if not trainer.is_amid_step:  # if it is, the last checkpoint is kept
                save_checkpoint(self.folder, self.configuration, trainer, history)
            raise
        last, worst = history[-1], guess_loss(self.configuration.sizes.tokens)
        if last.loss > worst:
            raise self._failed(
                f"after epoch {last.epoch} the loss is {_bits(last.loss)} bits per token, more "
                f"than the {_bits(worst)} bits of a random guess, so the training diverged or was "
                "too short",
                history,
                or_else=", or for longer",
            )
        return history

    def _train_epoch(
        self, trainer: Trainer, history: list[EpochRecord], watcher: TrainingWatcher | None
    ) -> None:
        """The steps of one epoch, with checkpoints in between."""
        saved = time.monotonic()
        if trainer.epoch > len(history):
            return  # it was cut off after the last step of an epoch, before its record
        for progress in trainer.train():
            if not math.isfinite(trainer.sums.loss):  # the rate is too high
                raise self._failed(_no_number(progress.epoch), history)
            if watcher is not None:
                watcher.step(progress)
            if time.monotonic() - saved > SAVE_EVERY:
                save_checkpoint(self.folder, self.configuration, trainer, history)
                saved = time.monotonic()

    def _finish_epoch(self, trainer: Trainer, history: list[EpochRecord]) -> EpochRecord:
        """Validate an epoch, keep its model if it is the best, and have it sampled."""
        epoch, sums = len(history) + 1, trainer.sums
        loss = trainer.validate()
        if not trainer.has_finite_weights() or not math.isfinite(loss or 0.0):
            raise self._failed(_no_number(epoch), history)
        record = EpochRecord(epoch, sums.loss / sums.tokens, loss, sums.seconds, sums.tokens)
        model = self._model(trainer, record)
        every = self.configuration.report_every
        if every and epoch % every == 0:
            try:
                record = replace(record, originality=self._measured(model))
            except ModelFileError:
                what = f"in epoch {epoch} the weights are too large to be added"
                raise self._failed(what, history) from None
            plot_training([*history, record], self.folder / PICTURE, force=True)
        if kept_epoch([*history, record], self.configuration.sizes.tokens) is record:
            save_model(model, self.folder / TRAINED, half=self.configuration.half)
        return record

    def _measured(self, model: Model) -> EpochOriginality:
        """How original samples are. They have the same numbers and random numbers each time."""
        plan = Plan(self.configuration.seed)
        sampled = list(sample_many(model, self.configuration.samples, plan))
        ended = sum(one.has_ended for one in sampled)
        return originality([to_folkrnn(one.tokens) for one in sampled], self.index, ended=ended)

    def _failed(self, what: str, history: Sequence[EpochRecord], or_else: str = "") -> QueryError:
        """The error for a training that failed, which names the model that is kept of it."""
        kept = kept_epoch(history, self.configuration.sizes.tokens)
        where = printable(str(self.folder / TRAINED))
        model = "" if kept is None else f"the model of epoch {kept.epoch} is kept at {where}; "
        return QueryError(
            f"{what}; {model}train into another folder with a rate below "
            f"{self.configuration.recipe.rate:g}{or_else}"
        )

    def _model(self, trainer: Trainer, record: EpochRecord) -> Model:
        trainer.network.eval()
        training = {
            **self.provenance["training"],
            "epochs": record.epoch,
            "training_loss": record.training_loss,
            "validation_loss": record.validation_loss,
        }
        return Model(trainer.network, trainer.tokens, {**self.provenance, "training": training})

    def _is_over(self, history: list[EpochRecord]) -> bool:
        best = best_epoch(history)
        if best is not None and len(history) - best.epoch >= self.configuration.recipe.patience:
            return True
        return len(history) >= self.configuration.recipe.epochs

    def _write_history(self, history: Sequence[EpochRecord]) -> None:
        lines = "".join(map(to_line, history))
        write_whole(self.folder / HISTORY, lines.encode(), "the history")


def _no_number(epoch: int) -> str:
    return f"in epoch {epoch} the loss is no longer a number"


def _bits(nats: float) -> str:
    return f"{nats / math.log(2):.4g}"
