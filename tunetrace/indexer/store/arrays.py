"""Arrays in the database, in pieces with checksums; large ones are mapped from the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.indexer.store import cache, schema
from tunetrace.indexer.store.meta import DamagedError, take_ids
from tunetrace.indexer.store.schema import PIECE_BYTES, Prepared, insert_rows
from tunetrace.indexer.store.storage import Storage

CACHED_BYTES: Final = 1 << 20
"""Arrays that are read together are cached if they have this many bytes; to read fewer of them from
the database takes less time than to open a file."""

_PIECE: Final = Prepared(
    sa.select(schema.piece.c.content).where(
        schema.piece.c.array_id == sa.bindparam("array"),
        schema.piece.c.place == sa.bindparam("place"),
    )
)

Text: TypeAlias = bytes | cache.Mapped
"""Symbols that are sliced to bytes. Of a mapped file they are the beginning."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the table says of an array."""

    id: int
    name: str
    dtype: str
    bytes: int
    sha256: str


@dataclass(frozen=True, eq=False)
class Arrays:
    """Arrays that were read together, by their names. They cannot be written to."""

    text: Text
    """The bytes of the first of them. In a mapped file, zeros and the other arrays follow."""
    by_name: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """An array; DamagedError if it was not stored."""
        try:
            return self.by_name[name]
        except KeyError:
            raise DamagedError(f"the array '{name}' is missing") from None


def store_arrays(
    connection: sa.Connection,
    segment: int | None,
    purpose: str,
    arrays: Mapping[str, bytes | NDArray[Any]],
) -> None:
    """Write the arrays of a segment, or of the whole index, that are read together for a purpose.

    arrays: of one dimension, or bytes, in the order in which they are kept.
    """
    first = take_ids(connection, schema.array, len(arrays))
    for place, (name, given) in enumerate(arrays.items()):
        array = np.frombuffer(given, np.uint8) if isinstance(given, bytes) else given
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        content = memoryview(array.view(np.uint8))  # type: ignore[arg-type]
        row = (first + place, segment, purpose, place, name, array.dtype.str.replace("=", "<"),
               len(content), hashlib.sha256(content).hexdigest())  # fmt: skip
        insert_rows(connection, schema.array, [row])
        for number, at in enumerate(range(0, len(content), PIECE_BYTES)):
            piece = bytes(content[at : at + PIECE_BYTES])
            insert_rows(connection, schema.piece, [(first + place, number, piece)])


def delete_arrays(
    connection: sa.Connection, segment: int | None, purpose: str | None = None
) -> None:
    """Delete the arrays of a segment, or of the whole index, for one purpose or for all."""
    column = schema.array.c
    is_meant = column.segment_id.is_(None) if segment is None else column.segment_id == segment
    if purpose is not None:
        is_meant &= column.purpose == purpose
    of = sa.select(column.id).where(is_meant)
    connection.execute(sa.delete(schema.piece).where(schema.piece.c.array_id.in_(of)))
    connection.execute(sa.delete(schema.array).where(is_meant))


def load_arrays(
    connection: sa.Connection, segments: Sequence[int] | None, purpose: str
) -> dict[int | None, Arrays]:
    """The arrays of segments for a purpose, by the segment's id; those that have none are absent.

    segments: None for the arrays of the whole index, whose key is None too. DamagedError if arrays
    are not what was stored. Large ones are mapped from the cache, into which they are written if
    they are not there.
    """
    column = schema.array.c
    select = sa.select(
        column.segment_id, column.id, column.name, column.dtype, column.bytes, column.sha256
    ).where(column.purpose == purpose)
    if segments is None:
        select = select.where(column.segment_id.is_(None))
    wanted = None if segments is None else set(segments)
    found: dict[int | None, list[Stored]] = {}
    for segment, *row in connection.execute(select.order_by(column.place)):
        if wanted is None or segment in wanted:
            found.setdefault(segment, []).append(Stored(*row))
    return {segment: _loaded(connection, rows, purpose, segment) for segment, rows in found.items()}


def _loaded(
    connection: sa.Connection, rows: Sequence[Stored], purpose: str, segment: int | None
) -> Arrays:
    sizes = [row.bytes for row in rows]

    def read(number: int) -> Iterator[bytes]:
        return _checked(connection, rows[number], purpose, segment)

    if sum(sizes) >= CACHED_BYTES:
        storage: Storage = connection.get_execution_options()[schema.STORAGE]
        name = cache.file_name([row.sha256 for row in rows])
        offsets, size = cache.offsets_of(sizes)
        folders = storage.cache_folders
        file = cache.mapped(folders, name, size)
        file = file or cache.fill(folders, name, sizes, read, lambda: _file_names(connection))
        if file is not None:
            places = zip(rows, offsets, strict=True)
            return Arrays(file, {row.name: _array(row, file, at) for row, at in places})
    contents = [b"".join(read(number)) for number in range(len(rows))]
    read_in = zip(rows, contents, strict=True)
    return Arrays(contents[0], {row.name: _array(row, content) for row, content in read_in})


def _array(row: Stored, content: Text, offset: int = 0) -> NDArray[Any]:
    try:
        dtype = np.dtype(row.dtype)
        return np.frombuffer(content, dtype, row.bytes // dtype.itemsize, offset)
    except (TypeError, ValueError):
        raise DamagedError(f"the array '{row.name}' has no numbers of the type stated") from None


def _checked(
    connection: sa.Connection, row: Stored, purpose: str, segment: int | None
) -> Iterator[bytes]:
    """The bytes of an array in pieces; DamagedError at the end if they are not what was stored."""
    whole, size = hashlib.sha256(), 0
    for piece in _pieces(connection, row.id):
        whole.update(piece)
        size += len(piece)
        yield piece
    if size != row.bytes or whole.hexdigest() != row.sha256:
        of = "the index" if segment is None else f"segment {segment}"
        raise DamagedError(
            f"the array '{row.name}' for '{purpose}' of {of} does not match its checksum"
        )


def _pieces(connection: sa.Connection, array: int) -> Iterator[bytes]:
    """The pieces of an array, one at a time."""
    column = schema.piece.c
    places = sa.select(sa.func.count()).where(column.array_id == array)
    for place in range(connection.scalar(places) or 0):
        found = _PIECE.row(connection, array=array, place=place)
        if found is None or not isinstance(found[0], bytes):
            raise DamagedError(f"piece {place} of the array {array} is missing")
        yield found[0]


def _file_names(connection: sa.Connection) -> set[str]:
    """The names of the cached files of all arrays of an index."""
    column = schema.array.c
    select = sa.select(column.segment_id, column.purpose, column.sha256)
    found: dict[tuple[int | None, str], list[str]] = {}
    for segment, purpose, sha256 in connection.execute(select.order_by(column.place)):
        found.setdefault((segment, purpose), []).append(sha256)
    return {cache.file_name(checksums) for checksums in found.values()}
