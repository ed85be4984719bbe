"""Small networks with random weights, and what they say worked out step by step."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tunetrace.model.network import Network, Sizes
from tunetrace.model.records import Model, Tokens


def make_model(tokens: Tokens, *, units: int = 6, layers: int = 2, seed: int = 1) -> Model:
    """A model with random weights, its initial states among them, large enough to prefer tokens."""
    network = Network(Sizes(len(tokens), units, layers))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in network.state_dict().values():
            value.copy_(torch.randn(value.shape, generator=generator) * 0.9)
    return Model(network.eval(), tokens, {"name": "random", "source": "a test"})


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
