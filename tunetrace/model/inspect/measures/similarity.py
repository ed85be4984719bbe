"""How similar the steps of a tune are to each other: Gramians of what the network computes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tunetrace.model.trace import Trace


def cosines(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """The Gramian of vectors of length 1: the cosine of the angle of each pair.

    vectors: (S, n), one a step. Returns: (S, S) float32, from -1 to 1, symmetric. A vector of zeros
    has no direction; its similarity is 0, also to itself.
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros(vectors.shape), where=lengths > 0)
    return np.asarray((unit @ unit.T).clip(-1, 1), dtype=np.float32)


def gramians(traced: Trace) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The similarity of all pairs of the S steps of a tune: (name, (S, S) float32).

    Of the inputs (1 where the same token is read, else 0), of the softmax, and of the hidden states
    of each layer. A repeat of a passage is a diagonal: of the inputs where its tokens are the same,
    of a layer where the network is in a similar state. From "Making sense of the folk-rnn v2
    model", parts 9 and 10 (Sturm 2019).
    """
    yield "inputs", (traced.read[:, None] == traced.read).astype(np.float32)
    yield "softmax", cosines(traced.probabilities)
    for layer, states in enumerate(traced.hidden, 1):
        yield f"layer {layer}", cosines(states)
