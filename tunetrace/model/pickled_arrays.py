"""What a pickle may ask for by name: NumPy arrays and numbers, rebuilt here and not by NumPy.

A pickle names functions and says with what to call them. The few that NumPy's arrays need are
played by the functions below, which look at every argument, so that no code of a library runs on
what a stranger wrote.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

_NUMBERS: Final = frozenset(("b1", "f2", "f4", "f8", *(f"{k}{n}" for k in "iu" for n in "1248")))
"""The types that arrays may have, as NumPy writes them; of objects (`O8`) there are none."""

_MOST_DIMENSIONS: Final = 4
_LONGEST: Final = 2**31


class PickleRefusedError(Exception):
    """What a pickle holds is not admitted, or not what it should be; in words without a file."""


class PickledType:
    """A type of numbers: `f4` and its byte order, which comes with the state."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.order = "="

    def set_state(self, state: Any) -> None:
        """Take in what NumPy writes of a type: the version, then the order, then nothing."""
        order = state[1]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
            raise PickleRefusedError("it has an array of a type that has parts")
        self.order = order

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(f"{self.order}{self.code}")


class PickledArray:
    """An array: named first and filled afterwards."""

    def __init__(self) -> None:
        self.array: np.ndarray[Any, Any] | None = None

    def set_state(self, state: Any) -> None:
        """Take in what NumPy writes of an array: a version, shape, type, order and the bytes."""
        shape, kind, is_fortran, raw = state[-4:]
        if not isinstance(shape, tuple) or len(shape) > _MOST_DIMENSIONS:
            raise PickleRefusedError("it has an array without a shape")
        if not all(isinstance(size, int) and 0 <= size < _LONGEST for size in shape):
            raise PickleRefusedError("it has an array of an impossible shape")
        if not isinstance(kind, PickledType):
            raise PickleRefusedError("it has an array without a type")
        data, size = _bytes(raw), math.prod(shape)
        if len(data) != size * kind.dtype.itemsize:
            raise PickleRefusedError(
                f"it has an array of {len(data):,} bytes whose shape is {shape} and whose type "
                f"'{kind.code}'"
            )
        flat = np.frombuffer(data, kind.dtype) if size else np.empty(0, kind.dtype)
        self.array = flat.reshape(shape, order="F" if is_fortran else "C")


class PickledName:
    """A name that a pickle asked for, and what a call of it gives."""

    def __init__(self, name: str, call: Callable[..., Any] | None) -> None:
        self.name = name
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        if self._call is None:
            raise PickleRefusedError(f"it asks for a call of '{self.name}'")
        return self._call(*arguments)


def _type(code: Any, *_: Any) -> PickledType:
    """numpy.dtype('f4', 0, 1)"""
    if not isinstance(code, str) or code not in _NUMBERS:
        what = shown(code) if isinstance(code, str) else "no name"
        raise PickleRefusedError(f"it has an array of NumPy's type '{what}', which is no number's")
    return PickledType(code)


def _array(subtype: Any, *_: Any) -> PickledArray:
    """numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), 'b')"""
    if not isinstance(subtype, PickledName) or subtype.name != "numpy.ndarray":
        raise PickleRefusedError("it has an array that is of another class than 'numpy.ndarray'")
    return PickledArray()


def _scalar(kind: Any, raw: Any) -> int | float | bool:
    """numpy.core.multiarray.scalar(numpy.dtype('f4', 0, 1), '\\x00\\x00\\x80?')"""
    number = PickledArray()
    number.set_state(((), kind, False, raw))
    assert number.array is not None
    value: int | float | bool = number.array.item()
    return value


def _bytes(raw: Any) -> bytes:
    """The bytes of a string of Python 2, which was read as Latin-1."""
    if isinstance(raw, bytes):
        return raw
    if not isinstance(raw, str):
        raise PickleRefusedError("it has an array of objects")
    return raw.encode("latin-1")


def _encode(text: Any, encoding: Any) -> bytes:
    """_codecs.encode('…', 'latin1'), as Python 3 writes bytes for Python 2."""
    if encoding != "latin1":
        raise PickleRefusedError("it asks for '_codecs.encode' with another encoding than 'latin1'")
    return _bytes(text)


def _no_bytes(*arguments: Any) -> bytes:
    """bytes(), as Python 3 writes those of an empty array for Python 2."""
    if arguments:
        raise PickleRefusedError("it asks for a call of '__builtin__.bytes'")
    return b""


def admitted(module: str, name: str) -> PickledName:
    """What a pickle asks for, where that is admitted; else PickleRefusedError, which names it."""
    home = module.replace("numpy._core", "numpy.core", 1)
    full = f"{home}.{name}"
    if full not in _ADMITTED:
        raise PickleRefusedError(
            f"it asks for '{shown(f'{module}.{name}')}', and nothing is admitted but NumPy's "
            "arrays and plain containers"
        )
    return PickledName(full, _ADMITTED[full])


def shown(text: str) -> str:
    """Text from a pickle, short and fit for a sentence."""
    short = text if len(text) <= 60 else f"{text[:60]}…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in short)


_ADMITTED: Final[dict[str, Callable[..., Any] | None]] = {
    "numpy.core.multiarray._reconstruct": _array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.ndarray": None,
    "numpy.dtype": _type,
    "_codecs.encode": _encode,
    "__builtin__.bytes": _no_bytes,
}
