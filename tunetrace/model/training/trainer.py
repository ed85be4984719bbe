"""Training: a network shown transcriptions, epoch after epoch, in an order that a seed gives.

Everything random in it follows from the seed and the number of the step, so that a training that
was cut off arrives at the same weights, bit for bit, as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from tunetrace.model.network import Network, Sizes
from tunetrace.model.records import Tokens
from tunetrace.model.training.batches import Packed, by_length, pack
from tunetrace.model.training.recipe import Recipe

_LIKE_LENGTH: Final = 16
"""Transcriptions of so many batches are sorted by length, and then cut into batches."""

_MAX_TOKENS: Final = 20_000
"""Tokens that are validated at once."""

_MIN_UNITS_TRIED: Final = 64

_INITIAL_WEIGHTS, _ORDER, _DROPOUT = range(3)
"""What random numbers are for: each has streams of its own."""


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """How far a training is after a batch."""

    epoch: int
    """From 1."""
    epochs: int
    step: int
    """How many batches were shown, over all epochs."""
    steps: int
    """How many batches all epochs have."""
    loss: float
    """Nats a token in this epoch so far."""
    tokens_a_second: float
    seconds_left: float
    """Until the last epoch, unless the training stops early."""


@dataclass(slots=True)
class Sums:
    """What has been added up in the epoch under way."""

    loss: float = 0.0
    tokens: int = 0
    seconds: float = 0.0


class Trainer:
    """A network in training: its weights, its optimizer and how far they are.

    step: how many batches it has been shown. sums: of the epoch under way. tokens: the model's.
    training: the transcriptions that it is shown, by their numbers without START and END.
    validation: those that are held out. is_amid_step: a step has begun to change the weights and
    is not done; an interrupt may leave it so.
    """

    def __init__(
        self,
        sizes: Sizes,
        tokens: Tokens,
        training: Sequence[Sequence[int]],
        validation: Sequence[Sequence[int]],
        recipe: Recipe,
        seed: int,
        precision: torch.dtype | None = None,
    ) -> None:
        """Random weights before the first step. precision: of matrix products, None the faster."""
        self.tokens = tokens
        self.recipe = recipe
        self.seed = seed
        self.step = 0
        self.sums = Sums()
        self.is_amid_step = False
        self._training = training
        self._validation = validation
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = Network(sizes, recipe.dropout)
        self.network.initialize(torch.Generator().manual_seed(self._stream(_INITIAL_WEIGHTS, 0)))
        self.network.to(self._device)
        if recipe.optimizer == "rmsprop":
            self.network.gate_clip = recipe.clip
        self.precision = precision or faster_precision(sizes, recipe.batch, self._device)
        self.optimizer = self._make_optimizer()
        self.steps_in_epoch = math.ceil(len(training) / recipe.batch)

    @property
    def epoch(self) -> int:
        """How many epochs are over."""
        return self.step // self.steps_in_epoch

    def train(self) -> Iterator[TrainingStep]:
        """Go on to the end of this epoch, a step at a time."""
        order = self._order(self.epoch)
        shown = self.step % self.steps_in_epoch
        epoch, steps = self.epoch + 1, self.recipe.epochs * self.steps_in_epoch
        if not shown:
            self.sums = Sums()
        self.network.train()
        began = time.perf_counter() - self.sums.seconds
        for batch in order[shown:]:
            self._learn(pack([self._training[place] for place in batch], self.tokens))
            shown += 1
            self.sums.seconds = seconds = time.perf_counter() - began
            yield TrainingStep(
                epoch=epoch,
                epochs=self.recipe.epochs,
                step=self.step,
                steps=steps,
                loss=self.sums.loss / self.sums.tokens,
                tokens_a_second=self.sums.tokens / seconds,
                seconds_left=(steps - self.step) * seconds / shown,
            )

    def validate(self) -> float | None:
        """The cross-entropy of the held-out tunes, nats a token; None if there are none."""
        if not self._validation:
            return None
        self.network.eval()
        lengths = [len(sequence) + 1 for sequence in self._validation]
        loss, count = 0.0, 0
        with torch.inference_mode():
            for batch in by_length(lengths, _MAX_TOKENS):
                packed = pack([self._validation[place] for place in batch], self.tokens)
                loss += float(self._losses(packed).double().sum())
                count += len(packed.targets)
        return loss / count

    def has_finite_weights(self) -> bool:
        """Whether all weights are finite. The loss depends on those before the last step only."""
        return all(bool(one.isfinite().all()) for one in self.network.parameters())

    def _learn(self, packed: Packed) -> None:
        """One step: the loss of a batch, its gradient, and the weights after it."""
        rate = self.recipe.rate_at(self.step, self.steps_in_epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        is_on_gpu = self._device.type == "cuda"
        devices = [torch.cuda.current_device()] if is_on_gpu else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self._stream(_DROPOUT, self.step))
            losses = self._losses(packed)
            (losses * self._weights(packed)).sum().backward()  # type: ignore[no-untyped-call]
        if self.recipe.optimizer == "adamw":
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        loss = float(losses.detach().double().sum())
        self.is_amid_step = True
        self.optimizer.step()
        self.step += 1
        self.sums.loss += loss
        self.sums.tokens += len(packed.targets)
        self.is_amid_step = False
        self.optimizer.zero_grad(set_to_none=True)

    def _losses(self, packed: Packed) -> torch.Tensor:
        """The cross-entropy of each of N tokens in nats."""
        logits = self.network(packed.inputs.to(self._device), packed.rows, self.precision)
        targets = packed.targets.to(self._device)
        return nn.functional.cross_entropy(logits, targets, reduction="none")

    def _weights(self, packed: Packed) -> torch.Tensor:
        """How much each of N tokens counts in a batch's loss."""
        count = len(packed.targets)
        if self.recipe.optimizer == "adamw":
            return torch.full((count,), 1 / count, device=self._device)
        rows = torch.tensor(packed.rows)
        lengths = (rows[:, None] > torch.arange(packed.rows[0])).sum(0)
        each = 1 / (lengths * packed.rows[0])
        return torch.cat([each[:row] for row in packed.rows]).to(self._device)

    def _order(self, epoch: int) -> list[list[int]]:
        """The batches of an epoch, from 0: transcriptions of like length together, shuffled."""
        random = np.random.default_rng([self.seed, _ORDER, epoch])
        size = self.recipe.batch
        places = random.permutation(len(self._training)).tolist()
        batches = []
        for start in range(0, len(places), size * _LIKE_LENGTH):
            some = places[start : start + size * _LIKE_LENGTH]
            some.sort(key=lambda place: len(self._training[place]))
            batches += [some[k : k + size] for k in range(0, len(some), size)]
        return [batches[k] for k in random.permutation(len(batches))]

    def _stream(self, purpose: int, number: int) -> int:
        """The seed of one of the streams of random numbers."""
        words = np.random.SeedSequence([self.seed, purpose, number]).generate_state(2)
        return int(words[0]) | int(words[1] & 0x7FFFFFFF) << 32

    def _make_optimizer(self) -> torch.optim.Optimizer:
        matrices = [one for one in self.network.parameters() if one.ndim > 1]
        biases = [one for one in self.network.parameters() if one.ndim < 2]
        if self.recipe.optimizer == "rmsprop":
            return torch.optim.RMSprop([*matrices, *biases], alpha=0.9, eps=1e-6)
        decayed = {"params": matrices, "weight_decay": self.recipe.weight_decay}
        return torch.optim.AdamW(
            [decayed, {"params": biases, "weight_decay": 0.0}], betas=(0.9, 0.99)
        )


def faster_precision(sizes: Sizes, batch: int, device: torch.device) -> torch.dtype:
    """bfloat16 if a product of this network is faster in it, else float32. Both are tried.

    A small network is always trained in float32, to the same weights on every machine.
    """
    if sizes.units < _MIN_UNITS_TRIED:
        return torch.float32
    times: dict[Any, float] = {}
    for dtype in (torch.float32, torch.bfloat16):
        left = torch.ones(batch, sizes.units, dtype=dtype, device=device)
        right = torch.ones(sizes.units, 4 * sizes.units, dtype=dtype, device=device)
        spans = []
        for _ in range(5):
            began = time.perf_counter()
            # The result is read, or a GPU would not have computed it yet.
            float((left @ right)[0, 0])
            spans.append(time.perf_counter() - began)
        times[dtype] = min(spans)
    is_faster = times[torch.bfloat16] < 0.8 * times[torch.float32]
    return torch.bfloat16 if is_faster else torch.float32
