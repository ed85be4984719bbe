"""From a published pickle to a model: what it must hold, in which order, and of which shapes.

The pickles are those of folk-rnn's training in Theano and Lasagne (Sturm et al. 2016). A dict's
`token2idx` numbers the tokens, and its `param_values` is a list of arrays: the embedding, then for
each layer the weights of its gates and the states that it begins with, then the output's weights.
"""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import mode
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from tunetrace.corpus.fetch import git_blob
from tunetrace.errors import ModelFileError
from tunetrace.model.library.pickles import read_pickle, shown
from tunetrace.model.library.published import PUBLISHED_MODELS
from tunetrace.model.library.store import check_sizes
from tunetrace.model.network import Network, Sizes
from tunetrace.model.records import Model, Tokens
from tunetrace.tokenizer.vocabulary import V2_TOKENS

Arrays = list[NDArray[np.float32]]

_GATES: Final = ("the input gate's", "the forget gate's", "the cell's", "the output gate's")
_OF_A_GATE: Final = ("weights from the layer below", "weights from its own states", "bias")
_OF_A_LAYER: Final = (
    *(f"{gate} {what}" for gate in _GATES for what in _OF_A_GATE),
    "the initial cell state",
    "the initial hidden state",
)
_LONGEST_TOKEN: Final = 40
_MAX_FACTS: Final = 40
_LONGEST_FACT: Final = 300


def read_published(path: Path, name: str) -> Model:
    """The model of a pickle, called name.

    Its provenance has the plain facts that the pickle states, such as the number of epochs, and of
    a published pickle what is declared of it. Raises ModelFileError, which names the array or the
    tokens, where the pickle is refused or holds something else.
    """
    contents = read_pickle(path)
    if not isinstance(contents, dict) or not {"token2idx", "param_values"} <= contents.keys():
        raise ModelFileError(
            f"{path}: this file is not a folk-rnn model: it has no dictionary with 'token2idx' "
            "and 'param_values'; give another file"
        )
    tokens = _tokens(path, contents["token2idx"])
    arrays = _arrays(path, contents["param_values"])
    sizes = _check_shapes(path, arrays, tokens)
    network = _network(path, sizes, arrays)
    blob = git_blob(path)
    known = [model for model in PUBLISHED_MODELS.values() if model.origin.git_blob == blob]
    if any(model.has_v2_tokens for model in known) and tokens.names != V2_TOKENS:
        raise ModelFileError(
            f"{path}: the model does not have the tokens of folk-rnn v2; give another file"
        )
    provenance: dict[str, Any] = {
        "name": name,
        "source": f"{path.name}, a pickle of folk-rnn's",
        "git_blob": blob,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "imported": datetime.now(UTC).date().isoformat(),
        "pickle": _facts(contents),
    }
    for model in known:
        provenance |= model.declared()
    return Model(network, tokens, provenance)


def _tokens(path: Path, numbers: Any) -> Tokens:
    """The tokens in the order of their numbers."""
    if not isinstance(numbers, dict) or not numbers:
        raise ModelFileError(
            f"{path}: 'token2idx' is not a dictionary of tokens and numbers; give another file"
        )
    for token in numbers:
        if not token.isprintable() or " " in token or not 0 < len(token) <= _LONGEST_TOKEN:
            raise ModelFileError(
                f"{path}: 'token2idx' has '{shown(token)}', which cannot be a token; a token has "
                f"at most {_LONGEST_TOKEN} printable characters and no spaces"
            )
    names: dict[int, str] = {}
    for token, number in numbers.items():
        if type(number) is not int or not 0 <= number < len(numbers) or number in names:
            raise ModelFileError(
                f"{path}: 'token2idx' must number its {len(numbers)} tokens from 0 to "
                f"{len(numbers) - 1}, each once; the number of '{token}' is wrong"
            )
        names[number] = token
    return Tokens(tuple(names[number] for number in range(len(names))))


def _arrays(path: Path, values: Any) -> Arrays:
    """The arrays of param_values as float32."""
    count = len(values) if isinstance(values, list | tuple) else 0
    layers, rest = divmod(count - 3, len(_OF_A_LAYER))
    if layers < 1 or rest:
        raise ModelFileError(
            f"{path}: 'param_values' has {count} arrays, but should have one for the embedding, "
            f"{len(_OF_A_LAYER)} for each layer and two for the output (45 with three layers)"
        )
    arrays: Arrays = []
    for value, what in zip(values, _names(layers), strict=True):
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            raise ModelFileError(f"{path}: {what}: this is not an array of floating-point numbers")
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and refused
            arrays.append(value.astype(np.float32))
        if not np.isfinite(arrays[-1]).all():
            raise ModelFileError(f"{path}: {what}: some values are not finite numbers")
    return arrays


def _names(layers: int) -> list[str]:
    """What each of param_values is, in their order."""
    of_layers = [f"layer {k}, {what}" for k in range(1, layers + 1) for what in _OF_A_LAYER]
    return ["the embedding", *of_layers, "the output's weights", "the output's bias"]


def _check_shapes(path: Path, arrays: Arrays, tokens: Tokens) -> Sizes:
    """The sizes that the arrays have; ModelFileError names one that does not fit the others."""
    layers = (len(arrays) - 3) // len(_OF_A_LAYER)
    biases = [arrays[1 + 14 * layer + 3 * gate + 2] for layer in range(layers) for gate in range(4)]
    units = mode(bias.shape[0] if bias.ndim == 1 else 0 for bias in biases)
    sizes = Sizes(len(tokens), units, layers)
    check_sizes(str(path), sizes, tokens)
    embedding = arrays[0]
    width = embedding.shape[1] if embedding.ndim == 2 else len(tokens)
    expected: list[tuple[int, ...]] = [(len(tokens), width)]
    for layer in range(layers):
        below = units if layer else width
        expected += [(below, units), (units, units), (units,)] * 4 + [(1, units)] * 2
    expected += [(units, len(tokens)), (len(tokens),)]
    for array, shape, what in zip(arrays, expected, _names(layers), strict=True):
        if array.shape != shape:
            raise ModelFileError(
                f"{path}: the shape of {what} is {array.shape}, but should be {shape}"
            )
    return sizes


def _network(path: Path, sizes: Sizes, arrays: Arrays) -> Network:
    """The network of arrays whose shapes are right."""
    network = Network(sizes)
    weights = iter(arrays)
    embedding = next(weights)
    with torch.no_grad():
        for number, layer in enumerate(network.layers):
            gates = [[next(weights) for _ in _OF_A_GATE] for _ in _GATES]
            from_input, from_hidden, bias = (
                np.concatenate(parts, axis=-1) for parts in zip(*gates, strict=True)
            )
            if number == 0 and not np.array_equal(embedding, np.eye(sizes.tokens)):
                # A one-hot vector times the embedding is one of its rows: fold it in.
                with np.errstate(over="ignore"):
                    folded = embedding.astype(np.float64) @ from_input
                    from_input = folded.astype(np.float32)
                if not np.isfinite(from_input).all():
                    raise ModelFileError(
                        f"{path}: the weights of the embedding and of layer 1 are too large for "
                        "float32; give a model with smaller weights"
                    )
            layer.from_input.copy_(torch.from_numpy(from_input))
            layer.from_hidden.copy_(torch.from_numpy(from_hidden))
            layer.bias.copy_(torch.from_numpy(bias))
            layer.initial_cell.copy_(torch.from_numpy(next(weights)[0]))
            layer.initial_hidden.copy_(torch.from_numpy(next(weights)[0]))
        network.to_tokens.copy_(torch.from_numpy(next(weights)))
        network.token_bias.copy_(torch.from_numpy(next(weights)))
    return network.eval()


def _facts(contents: dict[str, Any]) -> dict[str, Any]:
    """What else a pickle has of plain text and numbers."""
    facts: dict[str, Any] = {}
    for key, value in contents.items():
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value.item()
        if isinstance(value, str) and len(value) <= _LONGEST_FACT:
            facts[shown(key)] = shown(value)
        elif isinstance(value, int | float) and math.isfinite(value):
            facts[shown(key)] = value
    return dict(islice(facts.items(), _MAX_FACTS))
