"""The process in which a model writes tunes. It is begun when a model is first asked."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from functools import cache
from typing import Any, Final

from tunetrace.indexer.index import Index
from tunetrace.model.library.models import open_header
from tunetrace.model.records import titled_abc
from tunetrace.model.sampling.sampling import random_seed, sample
from tunetrace.records import to_plain
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


def written_tunes(index: Index, n: int, seed: int | None, **options: Any) -> dict[str, Any]:
    """Tunes of the model that ships: their records, each with its ABC as `abc`."""
    _give_way()
    seed = random_seed() if seed is None else seed
    tunes = list(sample(n, seed=seed, index=index, **options))
    name = plain(open_header(None).name)
    return {
        "model": name,
        "seed": seed,
        "tunes": [
            {**to_plain(tune), "abc": titled_abc(tune, name, f"seed {seed}")} for tune in tunes
        ],
    }


@cache
def _give_way() -> None:
    """Let this process take no time that a check needs."""
    if hasattr(os, "nice"):
        os.nice(_LOWER_PRIORITY)
    if has_models():
        import torch

        torch.set_num_threads(1)
