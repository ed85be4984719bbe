"""Recipes: how a network is trained.

There are two. ORIGINAL is that of folk-rnn (Sturm et al. 2016, configuration config5 of its code);
MODERN is the default, and comes to a lower loss in fewer epochs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from tunetrace.errors import QueryError
from tunetrace.records import Record


@dataclass(frozen=True, slots=True, repr=False)
class Recipe(Record):
    """All that shapes a training but the transcriptions, the sizes and the seed.

    AdamW is that of Loshchilov and Hutter 2019; its loss is the mean over tokens. RMSprop is that
    of Tieleman and Hinton 2012; its loss is the mean over transcriptions of their tokens' mean.
    """

    name: str
    """`modern`, `original`, or your own."""
    optimizer: Literal["adamw", "rmsprop"]
    """How a gradient changes the weights."""
    epochs: int
    """How often each transcription is shown."""
    rate: float
    """The learning rate at its highest."""
    batch: int
    """How many transcriptions are shown at once."""
    dropout: float
    """The share of each layer's output that is hidden."""
    clip: float
    """AdamW: a gradient longer than this is shortened to it (Pascanu et al. 2013). RMSprop: each
    derivative by a gate is bounded by it at every step, as in Lasagne's LSTM layer."""
    validation: float = 0.05
    """The share of tunes held out, together with their settings."""
    patience: int = 10
    """After so many epochs without a lower validation loss the training ends."""
    warm_up: int = 0
    """AdamW: the rate rises over so many steps, then falls along a cosine to 0."""
    weight_decay: float = 0.0
    """AdamW: of matrices."""
    decay: float = 1.0
    """RMSprop: each epoch's rate is this share of the one before."""
    decay_after: int = 0
    """RMSprop: the rate stays as it is up to this epoch."""

    def rate_at(self, step: int, steps_in_epoch: int) -> float:
        """The learning rate of a step, counted from 0 over all epochs."""
        if self.optimizer == "rmsprop":
            # folk-rnn lowers the rate at the end of every epoch after decay_after, from 0.
            return self.rate * self.decay ** max(0, step // steps_in_epoch - self.decay_after - 1)
        all_steps = self.epochs * steps_in_epoch
        warm_up = min(self.warm_up, all_steps // 10)
        if step < warm_up:
            return self.rate * (step + 1) / warm_up
        gone = (step - warm_up) / max(1, all_steps - warm_up)
        return self.rate * (1 + math.cos(math.pi * gone)) / 2

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """The recipe that to_dict gave; ValueError where it is none."""
        if values.keys() != {field.name for field in fields(cls)}:
            raise ValueError("the record does not have the fields of a recipe")
        for name, like in MODERN.to_dict().items():
            kinds = (int, float) if isinstance(like, float) else (type(like),)
            if type(values[name]) not in kinds:
                raise ValueError(f"{name} has the wrong type")
        if values["optimizer"] not in ("adamw", "rmsprop"):
            raise ValueError("the optimizer is neither adamw nor rmsprop")
        return cls(**values)

    def check(self) -> None:
        """Raise QueryError for a number that no training can go by."""
        for name, least, most in _BOUNDS:
            value = getattr(self, name)
            if not least <= value <= most:
                raise QueryError(
                    f"{name.replace('_', ' ')} cannot be {value:g}; give a number from {least:g} "
                    f"to {most:g}"
                )


_BOUNDS: Final = (
    ("epochs", 1, 100_000),
    ("rate", 1e-9, 10.0),
    ("batch", 1, 65_536),
    ("dropout", 0.0, 0.95),
    ("validation", 0.0, 0.5),
    ("patience", 1, 100_000),
)

MODERN: Final = Recipe(
    name="modern",
    optimizer="adamw",
    epochs=30,
    rate=0.003,
    batch=32,
    dropout=0.3,
    clip=1.0,
    warm_up=200,
    weight_decay=0.01,
)

ORIGINAL: Final = Recipe(
    name="original",
    optimizer="rmsprop",
    epochs=100,
    rate=0.003,
    batch=64,
    dropout=0.5,
    clip=5.0,
    patience=100,
    decay=0.97,
    decay_after=20,
)

RECIPES: Final = {recipe.name: recipe for recipe in (MODERN, ORIGINAL)}
