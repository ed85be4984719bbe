"""Drawing tokens from a model's logits, for many transcriptions at once.

Every transcription has a random stream of its own, so that it does not depend on those that are
sampled with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK: Final = 256
"""Uniform numbers that are drawn at a time; few tunes need more."""

_STEERING: Final = 1


def uniforms(seed: int, number: int) -> Iterator[Floats]:
    """Blocks (BLOCK,) of numbers in [0, 1), one for each token of transcription `number` of a seed.

    Method: Philox (Salmon et al. 2011), a generator whose state is a key and a counter.
    """
    return _stream(seed, number, 0)


def steering_uniforms(seed: int, number: int) -> Iterator[float]:
    """Numbers in [0, 1) for the tokens that are drawn again, apart from the others."""
    for block in _stream(seed, number, _STEERING):
        yield from block.tolist()


def _stream(seed: int, number: int, which: int) -> Iterator[Floats]:
    key = np.array([seed, number], dtype=np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, which]))
    while True:
        yield generator.random(BLOCK)


def weights_of(logits: Floats, temperature: float, top_p: float) -> Floats:
    """What each token's probability is proportional to: (rows, tokens), from its logits.

    A logit may be minus infinity, but not all of a row. top_p: only the likeliest tokens that
    together have this share of the probability keep theirs. The likeliest always does (nucleus
    sampling, Holtzman et al. 2020).
    """
    weights: Floats = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    if top_p >= 1:
        return weights
    order = np.argsort(-weights, axis=1, kind="stable")
    falling = np.take_along_axis(weights, order, axis=1)
    # What is likelier than a token, without what rounding leaves of the token itself.
    before = np.zeros_like(falling)
    np.cumsum(falling[:, :-1], axis=1, out=before[:, 1:])
    total = before[:, -1:] + falling[:, -1:]
    falling[before >= top_p * total] = 0.0
    np.put_along_axis(weights, order, falling, axis=1)
    return weights


def draw(weights: Floats, uniform: Floats) -> NDArray[np.int64]:
    """One token (rows,) by weights (rows, tokens), by inversion of the cumulative sums."""
    sums = np.cumsum(weights, axis=1)
    total = sums[:, -1]
    # A product that is rounded up to the total would lie beyond every token.
    wanted = np.minimum(uniform * total, np.nextafter(total, 0.0))
    first: NDArray[np.int64] = (sums > wanted[:, None]).argmax(axis=1)
    return first
