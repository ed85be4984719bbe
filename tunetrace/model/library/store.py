"""The file of a model: safetensors, with the tokens, the sizes and the provenance as JSON in it.

safetensors has arrays and text and nothing that could be run. The weights are float32 or float16,
and they are used as float32 either way.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tunetrace.errors import ModelFileError
from tunetrace.files import write_whole
from tunetrace.model.library.header import FORMAT, damaged, read_header
from tunetrace.model.network import MAX_LAYERS, MAX_TOKENS, MAX_UNITS, Network, Sizes
from tunetrace.model.records import END, START, Model, Tokens


def save_model(model: Model, path: Path, *, half: bool = False) -> None:
    """Write a model's file, whole or not at all. half: as float16.

    Raises OutputError where it cannot be written, ModelFileError where a weight is not finite in
    this precision, since load_model would refuse the file.
    """
    dtype = torch.float16 if half else torch.float32
    arrays = {
        name: value.detach().cpu().to(dtype).contiguous().numpy()
        for name, value in model.network.state_dict().items()
    }
    wrong = next((name for name, value in arrays.items() if not np.isfinite(value).all()), None)
    if wrong is not None:
        precision = "float16" if half else "float32"
        raise ModelFileError(
            f"{path}: the model '{model.name}' has weights in '{wrong}' that are not finite in "
            f"{precision}; {'store it in float32' if half else 'give a model with finite weights'}"
        )
    header = {
        "format": FORMAT,
        "sizes": asdict(model.sizes),
        "tokens": list(model.tokens.names),
        "provenance": model.provenance,
    }
    write_whole(path, save(arrays, {"tunetrace": json.dumps(header)}), "the model")


def load_model(path: Path) -> Model:
    """Read a model's file; ModelFileError where it is absent, cut off, foreign or misshapen."""
    header = read_header(path)
    sizes, tokens = Sizes(**header.sizes), header.tokens
    check_sizes(str(path), sizes, tokens)
    with torch.device("meta"):  # which has shapes and takes no memory
        state = Network(sizes).state_dict()
    expected = {name: tuple(value.shape) for name, value in state.items()}
    found = header.shapes
    if found != expected:
        wrong = next(n for n in [*expected, *found] if found.get(n) != expected.get(n))
        has, needs = found.get(wrong, "absent"), expected.get(wrong, "none")
        raise damaged(path, f"'{wrong}' has the shape {has}, but should have {needs}")
    try:
        arrays = load(path.read_bytes())
    except (SafetensorError, ValueError, KeyError, OSError):
        raise damaged(path, "its arrays cannot be read") from None
    network = Network(sizes)
    network.load_state_dict({n: torch.from_numpy(a).float() for n, a in arrays.items()})
    network.eval()
    if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
        raise damaged(path, "some of its weights are not numbers")
    return Model(network, tokens, header.provenance)


def check_sizes(source: str, sizes: Sizes, tokens: Tokens) -> None:
    """Raise ModelFileError unless tokens and sizes go together and are within bounds."""
    if not (
        1 <= sizes.units <= MAX_UNITS
        and 1 <= sizes.layers <= MAX_LAYERS
        and 2 <= sizes.tokens <= MAX_TOKENS
    ):
        raise ModelFileError(
            f"{source}: the model has {sizes.layers} layers, {sizes.units} units and "
            f"{sizes.tokens} tokens; give one with at most {MAX_LAYERS}, {MAX_UNITS} and "
            f"{MAX_TOKENS}"
        )
    if len(tokens.numbers) != sizes.tokens or len(tokens) != sizes.tokens:
        raise ModelFileError(
            f"{source}: the model has {len(tokens.numbers)} different tokens, but {sizes.tokens} "
            "outputs; give another model"
        )
    for frame in (START, END):
        if frame not in tokens.numbers:
            raise ModelFileError(
                f"{source}: the model has no token '{frame}', which begins or ends each tune; give "
                "another model"
            )
