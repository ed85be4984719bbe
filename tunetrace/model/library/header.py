"""The header of a model's file, read without its weights and without PyTorch.

A safetensors file begins with the size of a JSON text, which gives the type, the shape and the
place of every array. tunetrace's own facts (tokens, sizes, provenance) are in it as JSON too.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tunetrace.errors import ModelFileError
from tunetrace.files import Kind, begins_with
from tunetrace.model.records import Tokens, name_in

FORMAT: Final = 1
"""The version of tunetrace's facts that is written and read."""

_ITEM_SIZES: Final = {"F32": 4, "F16": 2}
MAX_BYTES: Final = 2**31
"""No larger file is read; folk-rnn's model has 23 MB."""

_SIZE_OF_LENGTH: Final = 8
_MAX_HEADER: Final = 2**24
_MAX_DEPTH: Final = 20
"""How deep containers in the provenance may be nested."""


@dataclass(frozen=True, slots=True)
class Header:
    """The facts of a model's file."""

    shapes: dict[str, tuple[int, ...]]
    """Of each array, by its name."""
    precision: str
    """Of the weights: `float32` or `float16`."""
    sizes: dict[str, int]
    """`tokens`, `units` and `layers`, as stated. They may contradict the arrays."""
    tokens: Tokens
    provenance: dict[str, Any]

    @property
    def name(self) -> str:
        """What the model is called."""
        return name_in(self.provenance)

    @property
    def parameters(self) -> int:
        """How many numbers were trained. The initial states were not."""
        trained = (s for name, s in self.shapes.items() if ".initial_" not in name)
        return sum(map(math.prod, trained))


def read_header(path: Path) -> Header:
    """Read a model's header, and check that the file has the length that it states.

    Raises ModelFileError where the file is absent, cut off, too large, or another program's.
    """
    try:
        if not path.is_file():
            reason = "this is not a file" if path.exists() else "there is no such file"
            raise ModelFileError(f"{path}: the model cannot be read ({reason}); give a model file")
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_SIZE_OF_LENGTH), "little")
            if size > MAX_BYTES:
                raise damaged(path, f"it has more than {MAX_BYTES / 1e9:.1f} GB")
            text = file.read(min(length, _MAX_HEADER))
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "unreadable").lower()
        raise ModelFileError(
            f"{path}: the model cannot be read ({reason}); give a model file"
        ) from None
    if len(text) < length or not text.startswith(b"{"):
        raise damaged(path, "it is cut off or is not a safetensors file")
    try:
        entries = json.loads(text)
        ours = json.loads(entries.pop("__metadata__")["tunetrace"])
        if ours["format"] != FORMAT:
            raise damaged(path, f"its format is not {FORMAT}, the one that this version reads")
        arrays = {name: _array(entry) for name, entry in entries.items()}
        if _SIZE_OF_LENGTH + length + sum(bytes for _, _, bytes in arrays.values()) != size:
            raise damaged(path, "it is cut off, or longer than its header states")
        is_half = any(kind == "F16" for _, kind, _ in arrays.values())
        sizes = ours["sizes"]
        if not _is_within(ours["provenance"], _MAX_DEPTH):
            raise ValueError
        return Header(
            shapes={name: shape for name, (shape, _, _) in arrays.items()},
            precision="float16" if is_half else "float32",
            sizes={name: int(sizes[name]) for name in ("tokens", "units", "layers")},
            tokens=Tokens(tuple(map(str, ours["tokens"]))),
            provenance=dict(ours["provenance"]),
        )
    except (OverflowError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise damaged(path, "it is another program's safetensors file") from None


MODEL_FILE: Final = Kind(
    "model", lambda path: begins_with(path, b'{"__metadata__":{"tunetrace":', _SIZE_OF_LENGTH)
)
"""A model's file, told by how its header begins."""


def damaged(path: Path, reason: str) -> ModelFileError:
    """The error for a file that is no model, or a damaged one."""
    return ModelFileError(
        f"{path}: this file is not a tunetrace model: {reason}; a .pkl file of folk-rnn is read "
        "with 'tunetrace model import'"
    )


def _array(entry: Any) -> tuple[tuple[int, ...], str, int]:
    """An array's shape, type and size in bytes."""
    kind, shape = entry["dtype"], tuple(entry["shape"])
    if not all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape) or len(shape) > 4:
        raise ValueError
    return shape, kind, math.prod(shape) * _ITEM_SIZES[kind]


def _is_within(value: Any, depth: int) -> bool:
    """Whether containers are nested at most so deep."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth >= 0 and all(_is_within(part, depth - 1) for part in parts)
