"""Pickles in the format of the published models: protocol 2, as Python 2 and its NumPy wrote them.

Strings are Python 2's (SHORT_BINSTRING, BINSTRING), and arrays are rebuilt by
numpy.core.multiarray._reconstruct from raw data in such strings. What is written is remembered and
named again by number, as cPickle does.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import torch

from benchmarks.numpy_loop import param_values
from tunetrace.model.network import Network, Sizes
from tunetrace.tokenizer.vocabulary import V2_TOKENS


def python2_pickle(value: Any) -> bytes:
    """A pickle of plain containers, text, numbers and NumPy's arrays."""
    return _Writer().pickle(value)


class _Writer:
    def __init__(self) -> None:
        self.parts: list[bytes] = [b"\x80\x02"]
        self.numbers: dict[bytes, int] = {}
        self.count = 0

    def pickle(self, value: Any) -> bytes:
        self.write(value)
        return b"".join([*self.parts, b"."])

    def write(self, value: Any) -> None:
        if value is None or isinstance(value, bool):
            self.parts.append({None: b"N", True: b"\x88", False: b"\x89"}[value])
        elif isinstance(value, str):
            self.string(value.encode("latin-1"))
        elif isinstance(value, int):
            self.parts.append(b"J" + struct.pack("<i", value))
        elif isinstance(value, float):
            self.parts.append(b"G" + struct.pack(">d", value))
        elif isinstance(value, dict):
            items = [part for item in value.items() for part in item]
            self.several(b"}", items, b"u")
        elif isinstance(value, list):
            self.several(b"]", value, b"e")
        elif isinstance(value, tuple):
            self.parts.append(b"(")
            self.all(value)
            self.remembered(b"t")
        elif isinstance(value, np.ndarray):
            self.array(value)
        else:
            self.scalar(value)

    def all(self, values: Any) -> None:
        for value in values:
            self.write(value)

    def several(self, empty: bytes, values: Any, end: bytes) -> None:
        self.remembered(empty)
        self.parts.append(b"(")
        self.all(values)
        self.parts.append(end)

    def remembered(self, part: bytes) -> None:
        put = b"q" + bytes([self.count]) if self.count < 256 else b"r" + self.number(self.count)
        self.parts += [part, put]
        self.count += 1

    def once(self, part: bytes) -> bool:
        """Writes what was written before by its number; whether it was."""
        if part in self.numbers:
            self.parts.append(b"j" + self.number(self.numbers[part]))
            return True
        self.numbers[part] = self.count
        return False

    @staticmethod
    def number(value: int) -> bytes:
        return struct.pack("<I", value)

    def string(self, data: bytes) -> None:
        short = len(data) < 256
        size = bytes([len(data)]) if short else struct.pack("<i", len(data))
        self.remembered((b"U" if short else b"T") + size + data)

    def name(self, module: str, name: str) -> None:
        part = f"c{module}\n{name}\n".encode()
        if not self.once(part):
            self.remembered(part)

    def dtype(self, kind: np.dtype[Any]) -> None:
        if not self.once(f"dtype {kind.str}".encode()):
            self.numbers.pop(f"dtype {kind.str}".encode())
            self.name("numpy", "dtype")
            self.write((kind.str[1:], 0, 1))
            self.numbers[f"dtype {kind.str}".encode()] = self.count
            self.remembered(b"R")
            self.write((3, kind.str[0], None, None, None, -1, -1, 0))
            self.parts.append(b"b")

    def array(self, value: np.ndarray[Any, Any]) -> None:
        self.name("numpy.core.multiarray", "_reconstruct")
        self.parts.append(b"(")
        self.name("numpy", "ndarray")
        self.all([(0,), "b"])
        self.remembered(b"t")
        self.remembered(b"R")
        is_fortran = value.flags.fnc
        self.parts.append(b"(")
        self.all([1, value.shape])
        self.dtype(value.dtype)
        self.write(is_fortran)
        self.string(value.tobytes("F" if is_fortran else "C"))
        self.remembered(b"t")
        self.parts.append(b"b")

    def scalar(self, value: np.generic) -> None:
        self.name("numpy.core.multiarray", "scalar")
        self.parts.append(b"(")
        self.dtype(value.dtype)
        self.string(value.tobytes())
        self.remembered(b"t")
        self.remembered(b"R")


def random_network(sizes: Sizes, seed: int = 5) -> Network:
    """A network of random weights, whose states to begin with are not zero."""
    generator = torch.Generator().manual_seed(seed)
    network = Network(sizes)
    with torch.no_grad():
        for weights in network.parameters():
            width = 2 / weights.shape[0] ** 0.5 if weights.ndim > 1 else 1.0
            weights.uniform_(-width, width, generator=generator)
        for layer in network.layers:
            layer.initial_hidden.uniform_(-0.9, 0.9, generator=generator)
            layer.initial_cell.uniform_(-2, 2, generator=generator)
    return network.eval()


def small_vocabulary(tokens: int) -> list[str]:
    """So many of v2's tokens, with those that begin and end a tune."""
    names = [name for name in V2_TOKENS if name not in ("<s>", "</s>")]
    return ["</s>", *names[: tokens - 2], "<s>"]


def contents_of(network: Network, names: list[str] | None = None) -> dict[str, Any]:
    """What folk-rnn's training writes of a network."""
    names = names or small_vocabulary(network.sizes.tokens)
    return {
        "configuration": "config5",
        "experiment_id": "config5-wrepeats-20160112-222521",
        "epoch_since_start": 99,
        "losses_train": [np.array(loss, np.float32) for loss in (4.9, 2.5, 1.25)],
        "losses_eval_valid": [np.float64(1.5)],
        "learning_rate": np.array(0.003, np.float32),
        "token2idx": {name: number for number, name in sorted(enumerate(names), reverse=True)},
        "param_values": param_values(network),
    }
