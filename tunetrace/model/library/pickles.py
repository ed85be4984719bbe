"""folk-rnn's pickles, read without trust: containers, text, numbers and NumPy's arrays.

A pickle is a program that names functions and says what to call them with. Python's unpickler runs
it here in a process of its own, and finds six names alone, those of the functions below. The type,
shape and size of an array are checked before NumPy sees it. The process is ended after some time,
and on Linux when it takes too much memory; macOS and Windows set no such limit.

This file is also the program of that process, so that it first imports only Python's own modules.
"""

from __future__ import annotations

import io
import json
import math
import pickle
import struct
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final

MAX_BYTES: Final = 2**28
"""No larger file is read, 268 MB; the published ones have 23 MB."""

SECONDS: Final = 30
"""How long the process may take."""

_MEMORY: Final = 2**28
"""Bytes that the process may take beside eight times the file's size."""

_MAX_COPIES: Final = 2
"""All texts and arrays together have at most this many times the bytes of the file. A pickle can
name one text again and again."""

_MAX_VALUES: Final = 1_000_000
"""How many values may be handed back; the published models hold fewer."""

_MAX_DIMENSIONS: Final = 4
_MAX_SIZE: Final = 2**31
_MAX_NUMBER: Final = 2**63
_MAX_DEPTH: Final = 100
"""How deep containers may be nested; those of the published models are three deep."""

_TOO_DEEP: Final = "its containers are nested too deep"

_BEGINNINGS: Final = (b"\x80", b"(", b"}", b"]")
"""How a pickle begins that holds a dict or a list."""

_FORMATS: Final = {
    "b1": "?", "f2": "e", "f4": "f", "f8": "d", "i1": "b", "i2": "h", "i4": "i", "i8": "q",
    "u1": "B", "u2": "H", "u4": "I", "u8": "Q",
}  # fmt: skip
"""The types that arrays may have, as NumPy and as struct write them. Objects are none of them."""


class PickleRefusedError(Exception):
    """Why a pickle is not read, in words that do not name the file."""


def read_pickle(path: Path) -> Any:
    """What a pickle's file holds, its arrays as NumPy's; ModelFileError where it is refused."""
    from tunetrace.errors import ModelFileError

    try:
        if not path.is_file():
            reason = "this is not a file" if path.exists() else "there is no such file"
            raise ModelFileError(f"{path}: the pickle cannot be read ({reason}); give a .pkl file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "unreadable").lower()
        raise ModelFileError(
            f"{path}: the pickle cannot be read ({reason}); give a .pkl file"
        ) from None
    if len(data) > MAX_BYTES:
        raise ModelFileError(
            f"{path}: the file has more than {MAX_BYTES / 1e6:.0f} MB, but a folk-rnn model has "
            "about 23 MB; give another file"
        )
    try:
        return unpickle(data)
    except PickleRefusedError as error:
        raise ModelFileError(
            f"{path}: this file cannot be read as a folk-rnn model ({error}); get the file again "
            "from its source"
        ) from None


def unpickle(data: bytes) -> Any:
    """What a pickle holds, read in another process; PickleRefusedError where it is refused."""
    if not data:
        raise PickleRefusedError("the file is empty")
    if not data.startswith(_BEGINNINGS):
        raise PickleRefusedError("it is not a pickle")
    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-S", __file__, str(SECONDS)],
            input=data, capture_output=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PickleRefusedError(f"it takes more than {SECONDS} seconds to read") from None
    except OSError as error:
        raise PickleRefusedError(f"no process can be started to read it: {error}") from None
    if ended.returncode:
        raise PickleRefusedError(
            f"reading it takes more than {SECONDS} seconds, or more memory than is allowed"
        )
    return from_answer(ended.stdout)


def from_answer(answer: bytes) -> Any:
    """What the process hands back, with NumPy's arrays; PickleRefusedError where it refuses."""
    import numpy as np

    def rebuilt(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: rebuilt(value) for key, value in part.items()}
        if not isinstance(part, list):
            return part
        kind, *parts = part
        if kind == "array":
            code, shape, order, data = parts
            return np.frombuffer(b64decode(data), code).reshape(shape, order=order)
        return list(map(rebuilt, parts)) if kind == "list" else tuple(map(rebuilt, parts))

    described = json.loads(answer)
    if "refused" in described:
        raise PickleRefusedError(described["refused"])
    return rebuilt(described["value"])


def shown(text: str) -> str:
    """Text from a pickle, short and fit for a sentence."""
    short = text if len(text) <= 60 else f"{text[:60]}…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in short)


# What runs in the other process


def main() -> None:
    """Read the pickle on standard input and write the answer, within limits."""
    data = sys.stdin.buffer.read()
    seconds = int(sys.argv[1])
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        memory = _MEMORY + 8 * len(data)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    except (ImportError, OSError, ValueError):
        pass  # Windows has no such limits, macOS none on memory
    sys.stdout.buffer.write(answer_to(data))


def answer_to(data: bytes) -> bytes:
    """JSON with what a pickle holds, or with why it is refused."""
    try:
        value = _Unpickler(io.BytesIO(data), encoding="latin-1").load()
        return json.dumps({"value": _Description(len(data)).of(value)}).encode()
    except PickleRefusedError as error:
        reason = str(error)
    except MemoryError:
        reason = "reading it takes more memory than is allowed"
    except RecursionError:
        reason = _TOO_DEEP
    except EOFError:
        reason = f"it is cut off after {len(data):,} bytes"
    except Exception as error:  # what a damaged pickle raises is not foreseen
        is_cut_off = isinstance(error, pickle.UnpicklingError) and "truncated" in str(error)
        reason = f"it is cut off after {len(data):,} bytes" if is_cut_off else "it is damaged"
    return json.dumps({"refused": reason}).encode()


class _Unpickler(pickle.Unpickler):
    """Python's unpickler, which finds the names of a few methods alone.

    A bound method takes no state and no attributes, so that a pickle cannot change it.
    """

    def find_class(self, module: str, name: str) -> Any:
        found = {
            "numpy.core.multiarray._reconstruct": self.reconstruct,
            "numpy.core.multiarray.scalar": self.scalar,
            "numpy.ndarray": self.ndarray,
            "numpy.dtype": self.dtype,
            "_codecs.encode": self.encode,
            "__builtin__.bytes": self.no_bytes,
        }.get(f"{module.replace('numpy._core', 'numpy.core', 1)}.{name}")
        if found is None:
            raise PickleRefusedError(
                f"it uses '{shown(f'{module}.{name}')}', but only NumPy arrays and plain "
                "containers are allowed"
            )
        return found

    def reconstruct(self, subtype: Any, *_: Any) -> _Array:
        """numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), 'b')"""
        if subtype != self.ndarray:
            raise PickleRefusedError("it has an array whose class is not 'numpy.ndarray'")
        return _Array()

    def ndarray(self, *_: Any) -> None:
        """Only named, for _reconstruct."""
        raise PickleRefusedError("it asks to call 'numpy.ndarray'")

    def dtype(self, code: Any, *_: Any) -> _Type:
        """numpy.dtype('f4', 0, 1)"""
        if not isinstance(code, str) or code not in _FORMATS:
            what = shown(code) if isinstance(code, str) else "no name"
            raise PickleRefusedError(
                f"it has an array of the NumPy type '{what}', which has no numbers"
            )
        return _Type(code)

    def scalar(self, kind: Any, raw: Any) -> Any:
        """numpy.core.multiarray.scalar(numpy.dtype('f4', 0, 1), '\\x00\\x00\\x80?')"""
        if not isinstance(kind, _Type):
            raise PickleRefusedError("it has a number without a type")
        return struct.unpack(kind.order + _FORMATS[kind.code], _bytes(raw))[0]

    def encode(self, text: Any, encoding: Any) -> Any:
        """_codecs.encode('…', 'latin1'), as Python 3 writes bytes for Python 2; they stay text."""
        if encoding != "latin1":
            raise PickleRefusedError(
                "it asks to call '_codecs.encode' without the encoding 'latin1'"
            )
        return text

    def no_bytes(self) -> str:
        """bytes(), as Python 3 writes those of an empty array for Python 2."""
        return ""


class _Type:
    """A type of numbers: `f4`, and its byte order, which comes with the state."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        """Take what NumPy writes of a type: the version, then the order, then nothing."""
        order = state[1]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
            raise PickleRefusedError("it has an array whose type has several fields")
        self.order = "=" if order == "|" else order


class _Array:
    """An array, which is named first and gets its contents as a state."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _bytes(raw: Any) -> bytes:
    """The bytes of an array; a string of Python 2 was read as Latin-1."""
    if not isinstance(raw, bytes | str):
        raise PickleRefusedError("it has an array of Python objects")
    return raw if isinstance(raw, bytes) else raw.encode("latin-1")


class _Description:
    """What a pickle of some size holds in terms of JSON, where a list begins with its kind."""

    def __init__(self, size: int) -> None:
        self._values_left = _MAX_VALUES
        self._bytes_left = _MAX_COPIES * size

    def of(self, value: Any, depth: int = 0) -> Any:
        """One value and all that it holds. depth: how many containers it is in."""
        self._values_left -= 1
        if self._values_left < 0:
            raise PickleRefusedError(f"it has more than {_MAX_VALUES:,} values")
        if depth > _MAX_DEPTH:
            raise PickleRefusedError(_TOO_DEEP)
        kind = type(value)
        is_small = kind is int and -_MAX_NUMBER <= value < 2 * _MAX_NUMBER
        if value is None or kind in (bool, float) or is_small:
            return value
        if kind in (str, bytes):
            self._take(len(value))
            return value if kind is str else value.decode("latin-1")
        if kind in (list, tuple):
            return [kind.__name__, *(self.of(part, depth + 1) for part in value)]
        if kind is dict:
            if not all(type(key) is str for key in value):
                raise PickleRefusedError("it has a dictionary with a key that is not text")
            return {self.of(key): self.of(part, depth + 1) for key, part in value.items()}
        if kind is _Array and value.state is not None:
            return self._array(*value.state[-4:])
        what = "a whole number beyond 64 bits" if kind is int else f"'{kind.__name__.strip('_')}'"
        raise PickleRefusedError(f"it has {what}, which does not belong in a model")

    def _array(self, shape: Any, kind: Any, is_fortran: Any, raw: Any) -> list[Any]:
        """An array by what NumPy writes of it, after a version."""
        is_shape = isinstance(shape, tuple) and len(shape) <= _MAX_DIMENSIONS
        if not is_shape or not all(type(n) is int and 0 <= n < _MAX_SIZE for n in shape):
            raise PickleRefusedError("it has an array with an impossible shape")
        if not isinstance(kind, _Type):
            raise PickleRefusedError("it has an array without a type")
        data = _bytes(raw)
        if len(data) != math.prod(shape) * struct.calcsize(kind.order + _FORMATS[kind.code]):
            raise PickleRefusedError(
                f"it has an array of {len(data):,} bytes, which do not fit its shape {shape} and "
                f"its type '{kind.code}'"
            )
        self._take(len(data))
        order = "F" if is_fortran else "C"
        return ["array", kind.order + kind.code, shape, order, b64encode(data).decode()]

    def _take(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise PickleRefusedError("it repeats the same text or array too often")


if __name__ == "__main__":
    main()
