"""The published sampler's equations, one token at a time, in NumPy and float64.

It is written apart from the package's own network, so that the two can be held against each other:
as the reference in tests and as the peer whose tokens per second are the unit in the benchmark.
Every gate has its own products and a token comes in as a one-hot vector, as folk-rnn's
`sample_rnn.py` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GATES: Final = ("input", "forget", "cell", "output")
_LAYER_ARRAYS: Final = 14
"""Three for each of the four gates, then the initial cell state and the initial hidden state."""


class LoopState(NamedTuple):
    """What each layer remembers of one transcription: hidden and cell states, (1, units) each."""

    hidden: tuple[Array, ...]
    cell: tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class _Gate:
    """from_input (inputs, units), from_hidden (units, units), bias (units,)."""

    from_input: Array
    from_hidden: Array
    bias: Array

    def __call__(self, below: Array, hidden: Array) -> Array:
        sums: Array = np.dot(below, self.from_input) + np.dot(hidden, self.from_hidden) + self.bias
        return sums


class NumpyNetwork:
    """A network from the arrays of a published pickle's `param_values`, in their order there."""

    def __init__(self, param_values: Sequence[Any]) -> None:
        arrays = [np.asarray(value, dtype=np.float64) for value in param_values]
        count, rest = divmod(len(arrays) - 3, _LAYER_ARRAYS)
        if count < 1 or rest:
            raise ValueError(f"{len(arrays)} arrays are no embedding, layers, output and bias")
        self.embedding = arrays[0]
        self._is_one_hot = np.array_equal(self.embedding, np.eye(len(self.embedding)))
        self.layers: list[tuple[_Gate, ...]] = []
        hidden, cell = [], []
        for layer in range(count):
            first = 1 + layer * _LAYER_ARRAYS
            gates = arrays[first : first + 3 * len(GATES)]
            self.layers.append(tuple(_Gate(*gates[g : g + 3]) for g in range(0, len(gates), 3)))
            cell.append(arrays[first + len(gates)])
            hidden.append(arrays[first + len(gates) + 1])
        self.to_tokens, self.token_bias = arrays[-2:]
        self._start = LoopState(tuple(hidden), tuple(cell))

    def start(self) -> LoopState:
        """The state before the first token, which is part of the model."""
        return self._start

    def step(self, number: int, state: LoopState) -> tuple[Array, LoopState]:
        """The probabilities (tokens,) of what follows one more token, and the state after it."""
        one_hot = np.zeros(self.embedding.shape[0])
        one_hot[number] = 1.0
        # The published sampler leaves an embedding that is the identity out, and so is timed.
        below = one_hot if self._is_one_hot else np.dot(one_hot, self.embedding)
        return self._through_layers(below, state)

    def _through_layers(self, below: Array, state: LoopState) -> tuple[Array, LoopState]:
        hidden, cell = [], []
        for gates, old_hidden, old_cell in zip(self.layers, state.hidden, state.cell, strict=True):
            into, forget, propose, out = gates
            opened = _sigmoid(into(below, old_hidden))
            kept = _sigmoid(forget(below, old_hidden)) * old_cell
            new_cell = kept + opened * np.tanh(propose(below, old_hidden))
            below = _sigmoid(out(below, old_hidden)) * np.tanh(new_cell)
            hidden.append(below)
            cell.append(new_cell)
        logits = np.dot(below, self.to_tokens) + self.token_bias
        return _softmax(logits).reshape(-1), LoopState(tuple(hidden), tuple(cell))


def param_values(network: Any) -> list[NDArray[np.float32]]:
    """A tunetrace network laid out as the published pickles are: float32, an identity first."""
    sizes = network.sizes
    arrays = [np.eye(sizes.tokens, dtype=np.float32)]
    for layer in network.layers:
        from_input, from_hidden, bias = map(
            _numpy, (layer.from_input, layer.from_hidden, layer.bias)
        )
        for gate in range(len(GATES)):
            part = slice(gate * sizes.units, (gate + 1) * sizes.units)
            arrays += [from_input[:, part], from_hidden[:, part], bias[part]]
        arrays += [_numpy(layer.initial_cell)[None], _numpy(layer.initial_hidden)[None]]
    arrays += [_numpy(network.to_tokens), _numpy(network.token_bias)]
    return [np.ascontiguousarray(array) for array in arrays]


def _numpy(tensor: Any) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().cpu().float().numpy()
    return array


def _sigmoid(x: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-x))
    return result


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits)
    result: Array = powers / np.sum(powers)
    return result
