"""Models small enough for tests: random weights, few units, the tokens that a test wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from tunetrace.model.network import Network, Sizes
from tunetrace.model.records import Model, Tokens

SCALE = (
    "<s>",
    "</s>",
    "M:4/4",
    "M:6/8",
    "K:Cmaj",
    "K:Cdor",
    "C",
    "D",
    "E",
    "F",
    "G",
    "A",
    "|",
    "2",
)
"""What a tune on a scale needs."""


def make_model(
    tokens: Sequence[str] = SCALE,
    *,
    units: int = 12,
    layers: int = 2,
    seed: int = 1,
    sharpness: float = 3.0,
    bias: Mapping[str, float] | None = None,
) -> Model:
    """A network with random weights and random initial states.

    sharpness: what the logits are multiplied by. bias: what is added to the logit of some tokens.
    """
    generator = torch.Generator().manual_seed(seed)
    network = Network(Sizes(len(tokens), units, layers))
    network.initialize(generator)
    with torch.no_grad():
        for layer in network.layers:
            layer.initial_hidden.uniform_(-0.9, 0.9, generator=generator)
            layer.initial_cell.normal_(generator=generator)
        network.to_tokens *= sharpness
        for token, added in (bias or {}).items():
            network.token_bias[tokens.index(token)] += added
    return Model(network.eval(), Tokens(tuple(tokens)), {"name": "tiny", "source": "a test"})


def permuted(model: Model, order: Sequence[int]) -> Model:
    """The same model with the units of each layer, and all their weights, in another order."""
    sizes, units = model.sizes, list(order)
    columns = [unit + gate * sizes.units for gate in range(4) for unit in units]
    network = Network(sizes).eval()
    network.load_state_dict(model.network.state_dict())
    with torch.no_grad():
        for number, layer in enumerate(network.layers):
            rows = slice(None) if number == 0 else units
            layer.from_input.copy_(layer.from_input[rows][:, columns])
            layer.from_hidden.copy_(layer.from_hidden[units][:, columns])
            layer.bias.copy_(layer.bias[columns])
            layer.initial_hidden.copy_(layer.initial_hidden[units])
            layer.initial_cell.copy_(layer.initial_cell[units])
        network.to_tokens.copy_(network.to_tokens[units])
    return Model(network, model.tokens, model.provenance)
