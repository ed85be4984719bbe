"""A network made by hand, which writes bars of C, D and E in 3/8 for ever."""

from __future__ import annotations

import torch

from tests.model.tiny import make_model
from tunetrace.model.network import CELL, FORGET, INPUT, OUTPUT
from tunetrace.model.records import Model

TOKENS = ("<s>", "</s>", "M:3/8", "K:Cmaj", "C", "D", "E", "|")
ABC = "X:{0}\nT:Bars {0}\nM:3/8\nL:1/8\nK:C\nCDE|CDE|CDE|CDE|\n"

BEFORE_BAR_LINE = 11
"""The unit, from 1, that is on where E was read."""

LIKE_IT = (7, 8, 9, 10, 12, 13, 14, 15)
"""Units that do the same, and that nothing reads."""


def counting_model() -> Model:
    """A network of 15 units. Those from 1 to 6 are on where the start, M:3/8, K:Cmaj, C, D or | was
    read, and make sure of the token that follows.

    The others are on where E was read. Unit 11 makes sure of the bar line, and the rest of them
    have no effect. If a unit is off, all tokens are equally probable.
    """
    model = make_model(TOKENS, units=15, layers=1)
    network = model.network
    (layer,) = network.layers
    pairs = {"<s>": "M:3/8", "M:3/8": "K:Cmaj", "K:Cmaj": "C", "C": "D", "D": "E", "|": "C"}
    with torch.no_grad():
        for weights in (*network.parameters(), *network.buffers()):
            weights.zero_()
        gates = layer.bias.view(4, 15)
        gates[INPUT] = gates[OUTPUT] = 20.0
        gates[FORGET] = -20.0
        proposed = layer.from_input.view(len(TOKENS), 4, 15)[:, CELL]
        for unit, (token, following) in enumerate(pairs.items()):
            proposed[TOKENS.index(token), unit] = 0.3  # the unit goes to 0.28, those of E to 0.76
            network.to_tokens[unit, TOKENS.index(following)] = 200.0
        proposed[TOKENS.index("E"), 6:] = 20.0
        network.to_tokens[BEFORE_BAR_LINE - 1, TOKENS.index("|")] = 200.0
    return model
