"""The file of a model: safetensors, with the tokens, the sizes and the provenance as JSON in it.

safetensors (of Hugging Face, Apache-2.0) has arrays and text and nothing that could be run. The
weights are float32, or float16 where half the size matters more than the last digits; they are
used as float32 either way.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tunetrace.errors import ModelFileError
from tunetrace.model.network import MAX_LAYERS, MAX_TOKENS, MAX_UNITS, Network, Sizes
from tunetrace.model.records import END, START, Model, Tokens
from tunetrace.unfinished import write_whole

FORMAT: Final = 1
SUFFIX: Final = ".safetensors"


def save_model(model: Model, path: Path, *, half: bool = False) -> None:
    """Write a model's file, whole or not at all. half: as float16. OutputError where it cannot."""
    dtype = torch.float16 if half else torch.float32
    arrays = {
        name: value.detach().cpu().to(dtype).contiguous().numpy()
        for name, value in model.network.state_dict().items()
    }
    header = {
        "format": FORMAT,
        "sizes": asdict(model.sizes),
        "tokens": list(model.tokens.names),
        "provenance": model.provenance,
    }
    write_whole(path, save(arrays, {"tunetrace": json.dumps(header)}), "the model")


def load_model(path: Path) -> Model:
    """Read a model's file; ModelFileError where it is absent, cut off, foreign or misshapen."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ModelFileError(f"{path}: the model cannot be read ({reason})") from None
    header = _header(path, data)
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError):
        raise _damaged(path, "it is cut off or no safetensors file") from None
    try:
        sizes = Sizes(**{name: int(value) for name, value in header["sizes"].items()})
        tokens = Tokens(tuple(map(str, header["tokens"])))
        provenance = dict(header["provenance"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged(path, "its header lacks tokens, sizes or provenance") from None
    check_sizes(str(path), sizes, tokens)
    network = Network(sizes)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: array.shape for name, array in arrays.items()}
    if found != expected:
        wrong = next(n for n in [*expected, *found] if found.get(n) != expected.get(n))
        has, needs = found.get(wrong, "absent"), expected.get(wrong, "none")
        raise _damaged(path, f"'{wrong}' has the shape {has} and should have {needs}")
    network.load_state_dict({n: torch.from_numpy(a).float() for n, a in arrays.items()})
    network.eval()
    if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
        raise _damaged(path, "it has weights that are no numbers")
    return Model(network, tokens, provenance)


def check_sizes(source: str, sizes: Sizes, tokens: Tokens) -> None:
    """See that tokens and sizes go together and are such as networks have; else ModelFileError."""
    if not (
        1 <= sizes.units <= MAX_UNITS
        and 1 <= sizes.layers <= MAX_LAYERS
        and 2 <= sizes.tokens <= MAX_TOKENS
    ):
        raise ModelFileError(
            f"{source}: it says {sizes.layers} layers of {sizes.units} units over {sizes.tokens} "
            f"tokens; at most {MAX_LAYERS}, {MAX_UNITS} and {MAX_TOKENS} are read"
        )
    if len(tokens.numbers) != sizes.tokens or len(tokens) != sizes.tokens:
        raise ModelFileError(
            f"{source}: it names {len(tokens.numbers)} different tokens for {sizes.tokens} outputs"
        )
    for frame in (START, END):
        if frame not in tokens.numbers:
            raise ModelFileError(f"{source}: its tokens lack '{frame}', without which no tune ends")


def _header(path: Path, data: bytes) -> dict[str, Any]:
    """The JSON that a model's file has, without reading its arrays."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8 or data[8:9] != b"{":
        raise _damaged(path, "it is cut off or no safetensors file")
    try:
        header = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["tunetrace"])
        known = header["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(path, "it is another program's safetensors file") from None
    if known != FORMAT:
        raise _damaged(path, f"its format is {known} and this version reads {FORMAT}")
    return dict(header)


def _damaged(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(
        f"{path}: this is no model of tunetrace's: {reason}; a .pkl of folk-rnn's is read with "
        "'tunetrace model import'"
    )
