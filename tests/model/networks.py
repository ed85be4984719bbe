"""Tiny networks over folk-rnn's tokens, which are done in milliseconds."""

from __future__ import annotations

from typing import Any

import torch

from tunetrace.model.network import Network, Sizes
from tunetrace.model.records import Model, Tokens
from tunetrace.tokenizer.vocabulary import V2_TOKENS


def tiny_model(seed: int | None = 1, tokens: tuple[str, ...] = V2_TOKENS, **training: Any) -> Model:
    """A model of random weights, or of zeros without a seed, which finds all equally probable.

    training: what its provenance says of its training.
    """
    network = Network(Sizes(len(tokens), 6, 2))
    if seed is None:
        with torch.no_grad():
            for weights in network.parameters():
                weights.zero_()
    else:
        generator = torch.Generator().manual_seed(seed)
        network.initialize(generator)
        with torch.no_grad():
            for weights in (*network.parameters(), *network.buffers()):
                weights += 0.3 * torch.randn(weights.shape, generator=generator)
    network.eval()
    provenance: dict[str, Any] = {"name": "tiny", "source": "a test"}
    if training:
        provenance["training"] = training
    return Model(network, Tokens(tokens), provenance)
