"""Recipes: how a network is trained.

There are two. ORIGINAL is that of folk-rnn (Sturm et al. 2016, configuration config5 of its code);
MODERN is the default, and comes to a lower loss in fewer epochs.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal

from tunetrace.errors import QueryError


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that shapes a training but the transcriptions, the sizes and the seed.

    epochs: how often each transcription is shown. batch: how many are shown at once. dropout: the
    share of each layer's output that is hidden. validation: the share of tunes held out, together
    with their settings. patience: after so many epochs without a lower validation loss it ends.

    AdamW (Loshchilov and Hutter 2019): the rate rises over the first `warm_up` steps and falls
    along a cosine to 0; weight_decay is that of matrices; a gradient longer than `clip` is
    shortened to it (Pascanu et al. 2013). The loss is the mean over tokens.

    RMSprop (Tieleman and Hinton 2012): from epoch `decay_after` on each epoch's rate is `decay` of
    the one before; `clip` bounds each derivative by a gate at every step, as Lasagne's LSTM layer
    does. The loss is the mean over transcriptions of their tokens' mean.
    """

    name: str
    optimizer: Literal["adamw", "rmsprop"]
    epochs: int
    rate: float
    batch: int
    dropout: float
    clip: float
    validation: float = 0.05
    patience: int = 10
    warm_up: int = 0
    weight_decay: float = 0.0
    decay: float = 1.0
    decay_after: int = 0

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

    def to_json(self) -> dict[str, Any]:
        """Its fields, as a model's provenance keeps them."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Recipe:
        """The recipe that to_json gave; ValueError where it is none."""
        if values.keys() != {field.name for field in fields(cls)}:
            raise ValueError("these are not the fields of a recipe")
        for name, like in MODERN.to_json().items():
            kinds = (int, float) if isinstance(like, float) else (type(like),)
            if type(values[name]) not in kinds:
                raise ValueError(f"{name} is of another kind")
        if values["optimizer"] not in ("adamw", "rmsprop"):
            raise ValueError("there is no such optimizer")
        return cls(**values)

    def check(self) -> None:
        """Raise QueryError for a number that no training can go by."""
        for name, least, most in _BOUNDS:
            value = getattr(self, name)
            if not least <= value <= most:
                raise QueryError(
                    f"{name.replace('_', ' ')} is {value:g}; give a number from {least:g} to "
                    f"{most:g}"
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
