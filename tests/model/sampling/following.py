"""What a network says, worked out step by step."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tunetrace.model.records import Model


def log2_following(
    model: Model, numbers: list[int], temperature: float = 1.0
) -> NDArray[np.float64]:
    """log2 of the probabilities of what follows tokens, START not among them: (tokens,)."""
    state = model.network.initial_state(1)
    with torch.no_grad():
        for number in [model.tokens.start, *numbers]:
            logits, state = model.network.step(torch.tensor([number]), state)
    powers = logits[0].double().numpy() / temperature
    return np.asarray((powers - np.log(np.exp(powers).sum())) / np.log(2))
