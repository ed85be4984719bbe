"""The process in which a model writes tunes. It is begun when a model is first asked."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from tunetrace.indexer.index import Index
from tunetrace.model.library.models import open_header
from tunetrace.model.records import Sampled, titled_abc
from tunetrace.model.sampling.sampling import random_seed, sample
from tunetrace.records import Record
from tunetrace.text import plain
from tunetrace.web.settings import Settings
from tunetrace.web.work.pool import Pool

_WAITING: Final = 4
"""Requests for tunes that are worked on or wait."""
_LOWER_PRIORITY: Final = 10


def has_models() -> bool:
    """Whether a model can be asked for tunes. It loads nothing."""
    return all(importlib.util.find_spec(name) for name in ("torch", "safetensors"))


def model_pool(settings: Settings) -> Pool:
    """The process for models, with few requests that may wait for it."""
    limits = replace(settings.limits, waiting=_WAITING)
    return Pool(replace(settings, workers=1, limits=limits), starts_at_once=False)


@dataclass(frozen=True, slots=True, repr=False)
class ModelTune(Sampled):
    """A tune that a model wrote."""

    abc: str = ""
    """It as ABC."""


@dataclass(frozen=True, slots=True, repr=False)
class ModelTunes(Record):
    """Tunes that a model wrote."""

    model: str
    """The name of the model."""
    seed: int
    """The same seed writes the same tunes again."""
    tunes: tuple[ModelTune, ...]
    """The tunes, in the order of their numbers."""


def written_tunes(index: Index, n: int, seed: int | None, **options: Any) -> ModelTunes:
    """Tunes of the model that ships."""
    _give_way()
    seed = random_seed() if seed is None else seed
    name = plain(open_header(None).name)
    tunes = [
        ModelTune(
            tune.number, tune.tokens, tune.has_ended, tune.steered,
            titled_abc(tune, name, f"seed {seed}"),
        )
        for tune in sample(n, seed=seed, index=index, **options)
    ]  # fmt: skip
    return ModelTunes(name, seed, tuple(tunes))


@cache
def _give_way() -> None:
    """Let this process take no time that a check needs."""
    if hasattr(os, "nice"):
        os.nice(_LOWER_PRIORITY)
    if has_models():
        import torch

        torch.set_num_threads(1)
