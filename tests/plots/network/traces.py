"""Traces written by hand: the tokens, and what the network is said to have computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunetrace.model.trace import CUT_OFF, Memory, Trace

NAMES = (
    "<s>", "</s>", "M:4/4", "K:Cmaj", "C", "D", "E", "^F", "_B", "|", ":|", "|:", "2", "/2", "(3",
    ">", "<",
)  # fmt: skip

TUNE = ["M:4/4", "K:Cmaj", "|:", "C", "D", "|", "C", "D", ":|", "|:", "E", "2", "|", "C", ">"]
"""Its bar lines are written at steps 3, 6, 9, 10 and 13, its parts begin at steps 4 and 11."""


def make_trace(
    tokens: Sequence[str] = TUNE,
    *,
    names: Sequence[str] = NAMES,
    hidden: NDArray[Any] | None = None,
    probabilities: NDArray[Any] | None = None,
    gates: NDArray[Any] | None = None,
    memory: Memory | None = None,
    has_ended: bool = True,
    **facts: Any,
) -> Trace:
    """A trace of one tune. By default its 2 layers of 4 units and its probabilities are random."""
    numbers = [names.index(token) for token in tokens]
    steps = len(tokens) + 1
    random = np.random.default_rng(1)
    if hidden is None:
        hidden = random.uniform(-1, 1, (2, steps, 4))
    if probabilities is None:
        probabilities = random.dirichlet(np.full(len(names), 0.2), steps)
    return Trace(
        read=np.array([names.index("<s>"), *numbers], dtype=np.int32),
        written=np.array([*numbers, names.index("</s>") if has_ended else CUT_OFF], np.int32),
        probabilities=probabilities.astype(np.float32),
        hidden=hidden.astype(np.float32),
        cell=(3 * hidden).astype(np.float32),
        offsets=np.array([0, steps]),
        header={"tokens": list(names), "model": "by hand", "tunes": [facts]},
        gates=None if gates is None else gates.astype(np.float32),
        memory=memory,
    )
