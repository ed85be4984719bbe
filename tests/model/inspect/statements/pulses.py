"""Traces and a network whose every number is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from tests.model.tiny import make_model
from tunetrace.model.network import CELL, FORGET, INPUT, OUTPUT
from tunetrace.model.records import Model
from tunetrace.model.trace import CUT_OFF, FORMAT, Trace

NAMES = (
    "<s>", "</s>", "M:4/4", "K:Cmaj", "C", "D", "E", "F", "G", "A", "^C", "^D", "=F", "c",
    "|", ":|", "|:", "2", ">", "<", "(3",
)  # fmt: skip

BAR = ("C", "D", "E", "F", "G", "F", "E", "A", "|")
"""Nine tokens; A comes before the bar line and nowhere else."""


HEAD = ("M:4/4", "K:Cmaj")


def hand_trace(
    tokens: Sequence[str],
    units: NDArray[np.floating],
    probabilities: Mapping[str, NDArray[np.floating] | float] | None = None,
    *,
    has_ended: bool = True,
    model: str = "by hand",
) -> Trace:
    """The trace of tokens, with the units of its one layer: (tokens + 1, units).

    probabilities: of some tokens at each step; all others have 0.
    """
    numbers = [NAMES.index(token) for token in tokens]
    steps = len(tokens) + 1
    mass = np.zeros((steps, len(NAMES)), dtype=np.float32)
    for token, values in (probabilities or {}).items():
        mass[:, NAMES.index(token)] = values
    end = NAMES.index("</s>") if has_ended else CUT_OFF
    hidden = np.asarray(units, dtype=np.float32)[None]
    return Trace(
        read=np.array([0, *numbers], dtype=np.int32),
        written=np.array([*numbers, end], dtype=np.int32),
        probabilities=mass,
        hidden=hidden,
        cell=hidden / 2,
        offsets=np.array([0, steps], dtype=np.int64),
        header={
            "format": FORMAT,
            "model": model,
            "sizes": {"tokens": len(NAMES), "units": hidden.shape[2], "layers": 1},
            "tokens": list(NAMES),
            "tunes": [{}],
        },
    )


def pulses(steps: int, *places: int, height: float = 0.9) -> NDArray[np.float64]:
    """(steps,) a unit that is 0 but at these steps."""
    values = np.zeros(steps)
    values[list(places)] = height
    return values


def pulsing_model() -> Model:
    """A network of one layer with four units, each with a job.

    A unit's hidden state is tanh(tanh(20)), 0.76, after a token that it answers to, and 0 after all
    others. Unit 1 answers to A, which comes before each bar line of BAR; unit 2 to nothing; unit 3
    to c; unit 4 to C and E.
    """
    model = make_model(NAMES, units=4, layers=1)
    layer = model.network.layers[0]
    with torch.no_grad():
        for weights in (*model.network.parameters(), *model.network.buffers()):
            weights.zero_()
        gates = layer.bias.view(4, 4)
        gates[INPUT] = gates[OUTPUT] = 20.0
        gates[FORGET] = -20.0
        answers = layer.from_input.view(len(NAMES), 4, 4)[:, CELL]
        for unit, tokens in enumerate(("A", "", "c", "CE")):
            for token in tokens:
                answers[NAMES.index(token), unit] = 20.0
    return model


def planted(tunes: int) -> Trace:
    """Tunes of nine-step bars, with a unit before bar lines, one of noise, and one that is off."""
    random = np.random.default_rng(1)
    traces = []
    for k in range(tunes):
        tokens = (*HEAD, *BAR * (4 + k % 3))
        steps = len(tokens) + 1
        lines = [step for step, token in enumerate(tokens) if token == "|"]
        noise = random.uniform(-0.2, 0.2, steps)
        units = np.stack([pulses(steps, *lines), noise, np.zeros(steps)], axis=1)
        traces.append(hand_trace(tokens, units, {"|": pulses(steps, *lines), "(3": 0.01}))
    return Trace.join(traces)
