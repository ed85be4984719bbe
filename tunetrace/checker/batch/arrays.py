"""The types of the arrays of a check, and operations that several files need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]
Floats = NDArray[np.float64]

Columns = TypeVar("Columns")


def ranges(starts: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.int64]:
    """The numbers start, start + 1 … of each range, one range after the other.

    counts: how many numbers each range has.
    """
    before = np.cumsum(counts) - counts
    found: NDArray[np.int64] = np.arange(int(counts.sum())) + np.repeat(starts - before, counts)
    return found


def rows(*columns: NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of arrays of one length, as tuples of Python's numbers."""
    return zip(*(column.tolist() for column in columns), strict=True)


def select(columns: Columns, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Columns:
    """The rows that a mask or a list of numbers chooses. columns: a dataclass of arrays."""
    return type(columns)(*(getattr(columns, field.name)[chosen] for field in fields(columns)))  # type: ignore[arg-type]


def join(some: list[Columns]) -> Columns:
    """The rows of several dataclasses of arrays, one after the other; at least one is given."""
    names = [field.name for field in fields(some[0])]  # type: ignore[arg-type]
    return type(some[0])(*(np.concatenate([getattr(one, name) for one in some]) for name in names))


def highest_before(values: NDArray[Any]) -> NDArray[Any]:
    """The highest of all values before each one; 0 for the first."""
    before = np.zeros_like(values)
    np.maximum.accumulate(values[:-1], out=before[1:])
    return before


def changes(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each row differs from the row before it; the first row does."""
    found = np.ones(len(columns[0]), dtype=bool)
    found[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return found
