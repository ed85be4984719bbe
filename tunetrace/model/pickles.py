"""folk-rnn's pickles, read without trust: containers, text, numbers and NumPy's arrays.

A pickle is a program that names functions and says what to call them with. Python's unpickler runs
it here in a process of its own, and finds six names alone. The functions behind them are those
below. They check what they are given and keep an array as its type, shape and bytes, so that NumPy
never sees what a stranger wrote. The process is ended after some time, and on Linux when it takes
too much memory; macOS and Windows set no such limit on memory. It hands back JSON and the bytes of
the arrays, which are checked once more.

This file is also the program of that process, so that it imports nothing but Python's own modules
until the answer is there.
"""

from __future__ import annotations

import io
import json
import math
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

MAX_BYTES: Final = 2**28
"""No larger file is read, 268 MB; the published ones have 23 MB."""

SECONDS: Final = 30
"""How long the process may take."""

_MEMORY: Final = 2**28
"""Bytes that the process may take beside eight times the file's size."""

_MAX_COPIES: Final = 2
"""All arrays together have at most this many times the bytes of the file. A pickle can name one
text again and again, and each array that is made of it is a copy."""

_MAX_VALUES: Final = 1_000_000
"""How many values may be handed back; the published models hold fewer."""

_MAX_DIMENSIONS: Final = 4
_MAX_SIZE: Final = 2**31
_MAX_NUMBER: Final = 2**63

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
    """What a pickle's file holds, its arrays as NumPy's.

    Raises ModelFileError where it cannot be read, is too large, foreign, cut off, damaged, or asks
    for what is not admitted.
    """
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

    header, _, rest = answer.partition(b"\n")
    described = json.loads(header)
    if "refused" in described:
        raise PickleRefusedError(described["refused"])
    arrays, place = [], 0
    for code, shape, is_fortran in described["arrays"]:
        kind = np.dtype(code)
        flat = np.frombuffer(rest, kind, math.prod(shape), place)
        arrays.append(flat.reshape(shape, order="F" if is_fortran else "C"))
        place += flat.nbytes

    def rebuilt(part: Any) -> Any:
        if not isinstance(part, list):
            return part
        what, *parts = part
        if what == "array":
            return arrays[parts[0]]
        if what == "bytes":
            return parts[0].encode("latin-1")
        if what == "dict":
            return {key: rebuilt(value) for key, value in parts}
        return list(map(rebuilt, parts)) if what == "list" else tuple(map(rebuilt, parts))

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
    """A line of JSON with what a pickle holds or why it is refused, and the arrays' bytes."""
    try:
        unpickler = _Unpickler(data)
        described = _Description()
        header = {"value": described.of(unpickler.load()), "arrays": described.arrays}
        return b"".join([json.dumps(header).encode(), b"\n", *described.data])
    except PickleRefusedError as error:
        reason = str(error)
    except MemoryError:
        reason = "reading it takes more memory than is allowed"
    except RecursionError:
        reason = "its containers are nested too deep"
    except EOFError:
        reason = f"it is cut off after {len(data):,} bytes"
    except Exception as error:  # what a damaged pickle raises is not foreseen
        is_cut_off = isinstance(error, pickle.UnpicklingError) and "truncated" in str(error)
        reason = f"it is cut off after {len(data):,} bytes" if is_cut_off else "it is damaged"
    return json.dumps({"refused": reason}).encode()


class _Unpickler(pickle.Unpickler):
    """Python's unpickler, which finds the names of a few functions alone."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="latin-1")
        self._room = _MAX_COPIES * len(data)

    def find_class(self, module: str, name: str) -> _Name:
        full = f"{module.replace('numpy._core', 'numpy.core', 1)}.{name}"
        if full not in _NAMES:
            raise PickleRefusedError(
                f"it uses '{shown(f'{module}.{name}')}', but only NumPy arrays and plain "
                "containers are allowed"
            )
        return _Name(self, full)

    def persistent_load(self, pid: Any) -> Any:
        raise PickleRefusedError("it has a persistent id, which refers to data outside the file")

    def bytes_of(self, raw: Any) -> bytes:
        """The bytes of a string of Python 2, which was read as Latin-1."""
        if not isinstance(raw, bytes | str):
            raise PickleRefusedError("it has an array of Python objects")
        self._room -= len(raw)
        if self._room < 0:
            raise PickleRefusedError("it makes too many arrays from the same bytes")
        return raw if isinstance(raw, bytes) else raw.encode("latin-1")


class _Name:
    """A name that a pickle asked for. It can be called, and nothing of it can be changed."""

    __slots__ = ("name", "unpickler")

    def __init__(self, unpickler: _Unpickler, name: str) -> None:
        self.unpickler = unpickler
        self.name = name

    def __call__(self, *arguments: Any) -> Any:
        function = _NAMES[self.name]
        if function is None:
            raise PickleRefusedError(f"it asks to call '{self.name}'")
        return function(self.unpickler, *arguments)

    def __setstate__(self, state: Any) -> None:
        raise PickleRefusedError("it sets the state of an object that is not an array")


class _Type:
    """A type of numbers: `f4`, and its byte order, which comes with the state."""

    __slots__ = ("code", "order")

    def __init__(self, code: str) -> None:
        self.code = code
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        """Take what NumPy writes of a type: the version, then the order, then nothing."""
        order = state[1]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
            raise PickleRefusedError("it has an array whose type has several fields")
        self.order = "=" if order == "|" else order

    @property
    def format(self) -> str:
        """As struct writes it."""
        return self.order + _FORMATS[self.code]


class _Array:
    """An array, which is named first and gets its contents as a state."""

    __slots__ = ("data", "is_fortran", "number", "shape", "type", "unpickler")

    def __init__(self, unpickler: _Unpickler) -> None:
        self.unpickler = unpickler
        self.type: _Type | None = None
        self.number: int | None = None

    def __setstate__(self, state: Any) -> None:
        """Take what NumPy writes of an array: a version, shape, type, order and the bytes."""
        shape, kind, is_fortran, raw = state[-4:]
        if not isinstance(shape, tuple) or len(shape) > _MAX_DIMENSIONS:
            raise PickleRefusedError("it has an array without a shape")
        if not all(isinstance(size, int) and 0 <= size < _MAX_SIZE for size in shape):
            raise PickleRefusedError("it has an array with an impossible shape")
        if not isinstance(kind, _Type):
            raise PickleRefusedError("it has an array without a type")
        data = self.unpickler.bytes_of(raw)
        if len(data) != math.prod(shape) * struct.calcsize(kind.format):
            raise PickleRefusedError(
                f"it has an array of {len(data):,} bytes, which do not fit its shape {shape} and "
                f"its type '{kind.code}'"
            )
        self.type, self.shape, self.is_fortran, self.data = kind, shape, bool(is_fortran), data


def _array(unpickler: _Unpickler, subtype: Any, *_: Any) -> _Array:
    """numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), 'b')"""
    if not isinstance(subtype, _Name) or subtype.name != "numpy.ndarray":
        raise PickleRefusedError("it has an array whose class is not 'numpy.ndarray'")
    return _Array(unpickler)


def _type(_unpickler: _Unpickler, code: Any, *_: Any) -> _Type:
    """numpy.dtype('f4', 0, 1)"""
    if not isinstance(code, str) or code not in _FORMATS:
        what = shown(code) if isinstance(code, str) else "no name"
        raise PickleRefusedError(
            f"it has an array of the NumPy type '{what}', which has no numbers"
        )
    return _Type(code)


def _scalar(unpickler: _Unpickler, kind: Any, raw: Any) -> Any:
    """numpy.core.multiarray.scalar(numpy.dtype('f4', 0, 1), '\\x00\\x00\\x80?')"""
    if not isinstance(kind, _Type):
        raise PickleRefusedError("it has a number without a type")
    return struct.unpack(kind.format, unpickler.bytes_of(raw))[0]


def _encode(unpickler: _Unpickler, text: Any, encoding: Any) -> bytes:
    """_codecs.encode('…', 'latin1'), as Python 3 writes bytes for Python 2."""
    if encoding != "latin1":
        raise PickleRefusedError("it asks to call '_codecs.encode' without the encoding 'latin1'")
    return unpickler.bytes_of(text)


def _no_bytes(_unpickler: _Unpickler, *arguments: Any) -> bytes:
    """bytes(), as Python 3 writes those of an empty array for Python 2."""
    if arguments:
        raise PickleRefusedError("it asks to call '__builtin__.bytes' with arguments")
    return b""


_NAMES: Final[dict[str, Callable[..., Any] | None]] = {
    "numpy.core.multiarray._reconstruct": _array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.ndarray": None,
    "numpy.dtype": _type,
    "_codecs.encode": _encode,
    "__builtin__.bytes": _no_bytes,
}


class _Description:
    """What a pickle holds in terms of JSON. A container is a list that begins with what it is.

    arrays: of each its type, its shape, and whether it lies in Fortran's order. data: their bytes.
    """

    def __init__(self) -> None:
        self.arrays: list[tuple[str, tuple[int, ...], bool]] = []
        self.data: list[bytes] = []
        self._room = _MAX_VALUES

    def of(self, value: Any) -> Any:
        """One value and all that it holds."""
        self._room -= 1
        if self._room < 0:
            raise PickleRefusedError(f"it has more than {_MAX_VALUES:,} values")
        kind = type(value)
        if value is None or kind in (bool, float, str):
            return value
        if kind is int and -_MAX_NUMBER <= value < 2 * _MAX_NUMBER:
            return value
        if kind is bytes:
            return ["bytes", value.decode("latin-1")]
        if kind in (list, tuple):
            return [kind.__name__, *map(self.of, value)]
        if kind is dict:
            if not all(type(key) is str for key in value):
                raise PickleRefusedError("it has a dictionary with a key that is not text")
            return ["dict", *([key, self.of(part)] for key, part in value.items())]
        if kind is _Array and value.type is not None:
            if value.number is None:
                value.number = len(self.arrays)
                self.arrays.append(
                    (value.type.order + value.type.code, value.shape, value.is_fortran)
                )
                self.data.append(value.data)
            return ["array", value.number]
        what = "a whole number beyond 64 bits" if kind is int else f"'{kind.__name__.strip('_')}'"
        raise PickleRefusedError(f"it has {what}, which does not belong in a model")


if __name__ == "__main__":
    main()
