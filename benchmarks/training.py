"""Training speed: tunetrace's trainer beside torch.nn.LSTM as it is commonly used.

The peer takes one-hot vectors and batches drawn at random, padded to their longest tune; both have
folk-rnn's sizes, the same tunes, AdamW, dropout and batches of 64. What counts is the tokens of
tunes, not the padding. Both take turns, batch by batch, so that a slow spell hits both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median
from typing import Final

import numpy as np
import torch
from torch import nn

from benchmarks.output import say, show_table
from tunetrace import find_corpus, read
from tunetrace.model.network import Sizes
from tunetrace.model.records import Tokens
from tunetrace.model.training.recipe import MODERN
from tunetrace.model.training.trainer import Trainer
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import V2_TOKENS

BATCH: Final = 64
ROUNDS: Final = 7
"""Batches of each that are timed, after one that is not."""

Step = Callable[[], tuple[int, float]]
"""Trains on the next batch; gives its tokens, and the share of what it computed that is padding."""


def measure() -> None:
    """Print tokens a second of both, in float32 and in bfloat16."""
    tokens = Tokens(V2_TOKENS)
    tunes = _tunes(tokens)
    contestants: dict[str, Step] = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        contestants[f"tunetrace, {name}"] = _ours(tunes, tokens, dtype)
        contestants[f"torch.nn.LSTM, {name}"] = _peer(tunes, tokens, dtype)
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    padding: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(ROUNDS + 1):
        for name, step in contestants.items():
            began = time.perf_counter()
            count, padded = step()
            if turn:
                speeds[name].append(count / (time.perf_counter() - began))
                padding[name].append(padded)
    base = median(speeds["torch.nn.LSTM, float32"])
    show_table(
        f"Training 3 layers of 512 units, batches of {BATCH}",
        ("", "tokens/s", "from", "to", "padding", "times the peer"),
        [
            (name, f"{median(found):,.0f}", f"{min(found):,.0f}", f"{max(found):,.0f}",
             f"{np.mean(padding[name]):.0%}", f"{median(found) / base:.1f}")
            for name, found in speeds.items()
        ],
    )  # fmt: skip
    say(
        f"The tunes are the {len(tunes):,} of O'Neill's that v2's tokens can write; the medians of "
        f"{ROUNDS} batches each. The peer is torch.nn.LSTM with one-hot input in float32, its "
        "batches padded to the longest tune in them."
    )


def _tunes(tokens: Tokens) -> list[list[int]]:
    """O'Neill's tunes by their tokens' numbers."""
    folder = find_corpus("oneills").path
    if folder is None:
        raise SystemExit("the benchmark trains on O'Neill's; pip install 'tunetrace[corpora]'")
    known = tokens.numbers.keys()
    return [
        tokens.encode(tune.tokens)
        for tune in read(folder)
        if isinstance(tune, Transcription) and known >= set(tune.tokens)
    ]


def _ours(tunes: list[list[int]], tokens: Tokens, dtype: torch.dtype) -> Step:
    recipe = replace(MODERN, batch=BATCH, dropout=0.5)
    trainer = Trainer(Sizes(), tokens, tunes, [], recipe, seed=1, precision=dtype)
    steps = trainer.train()

    def step() -> tuple[int, float]:
        before = trainer.sums.tokens
        next(steps)
        return trainer.sums.tokens - before, 0.0

    return step


class _Peer(nn.Module):
    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(tokens, 512, 3, dropout=0.5)
        self.hidden = nn.Dropout(0.5)
        self.out = nn.Linear(512, tokens)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        states, _ = self.lstm(vectors)
        logits: torch.Tensor = self.out(self.hidden(states))
        return logits


def _peer(tunes: list[list[int]], tokens: Tokens, dtype: torch.dtype) -> Step:
    network = _Peer(len(tokens)).to(dtype)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.003)
    batches = _random_batches(tunes)

    def step() -> tuple[int, float]:
        batch = next(batches)
        steps = max(map(len, batch)) + 1
        inputs = torch.full((steps, len(batch)), tokens.end)
        targets = torch.full((steps, len(batch)), -100)
        for row, tune in enumerate(batch):
            inputs[: len(tune) + 1, row] = torch.tensor([tokens.start, *tune])
            targets[: len(tune) + 1, row] = torch.tensor([*tune, tokens.end])
        vectors = nn.functional.one_hot(inputs, len(tokens)).to(dtype)
        logits = network(vectors).float().flatten(0, 1)
        loss = nn.functional.cross_entropy(logits, targets.flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        count = sum(len(tune) + 1 for tune in batch)
        return count, 1 - count / inputs.numel()

    return step


def _random_batches(tunes: list[list[int]]) -> Iterator[list[list[int]]]:
    random = np.random.default_rng(1)
    while True:
        yield [tunes[place] for place in random.choice(len(tunes), BATCH, replace=False)]
