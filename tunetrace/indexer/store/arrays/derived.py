"""Arrays that are worked out from those of all segments, and kept on the local disk alone.

They follow from the index, so that the database does not hold them and no change has to renew them.
Whoever needs them first after a change works them out and writes them beside the cached arrays. The
name of the file is made from the checksums of what they were worked out from, so that it is never
out of date.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.indexer.store import schema
from tunetrace.indexer.store.arrays import cache
from tunetrace.indexer.store.arrays.pieces import CACHED_BYTES
from tunetrace.indexer.store.database.storage import Storage

_HEAD: Final = 8192
"""The bytes of a file before its arrays, which say what these are, in JSON."""

Derived = Mapping[str, NDArray[Any]]


def derived_arrays(
    connection: sa.Connection, purpose: str, given: str, name: str, work_out: Callable[[], Derived]
) -> Derived:
    """Arrays that follow from the arrays of all segments for a purpose, mapped if they are large.

    given: what else they follow from. name: what they are called. work_out: gives them, each of one
    dimension. They are only kept in memory if no file can be written.
    """
    column = schema.array.c
    select = sa.select(column.sha256).where(column.purpose == purpose)
    checksums = list(connection.scalars(select.order_by(column.segment_id, column.place)))
    digest = hashlib.sha256("\n".join([given, *checksums]).encode()).hexdigest()[:40]
    file_name = f"{digest}.{purpose}-{name}"
    storage: Storage = connection.get_execution_options()[schema.STORAGE]
    file = cache.mapped(storage.cache_folders, file_name)
    found = None if file is None else _read(file)
    if found is not None:
        return found
    arrays = work_out()
    sizes = [array.nbytes for array in arrays.values()]
    if sum(sizes) < CACHED_BYTES:
        return arrays
    contents = [_head(arrays), *arrays.values()]

    def read(number: int) -> Iterator[bytes]:
        content = contents[number]
        yield content if isinstance(content, bytes) else np.ascontiguousarray(content).tobytes()

    file = cache.fill(storage.cache_folders, file_name, [_HEAD, *sizes], read)
    cache.remove_others(storage.cache_folders, {file_name}, Path(file_name).suffix)
    mapped = None if file is None else _read(file)
    return arrays if mapped is None else mapped


def _head(arrays: Derived) -> bytes:
    facts = [[name, array.dtype.str, len(array)] for name, array in arrays.items()]
    return json.dumps(facts).encode().ljust(_HEAD)


def _read(file: cache.Mapped) -> Derived | None:
    """The arrays of a file; None if it is not a whole file of arrays."""
    try:
        facts = [(name, np.dtype(of), count) for name, of, count in json.loads(file[:_HEAD])]
        sizes = [count * dtype.itemsize for _, dtype, count in facts]
        offsets, size = cache.offsets_of([_HEAD, *sizes])
        if size != len(file):
            return None
        places = zip(facts, offsets[1:], strict=True)
        return {name: np.frombuffer(file, of, count, at) for (name, of, count), at in places}
    except (TypeError, ValueError):
        return None
