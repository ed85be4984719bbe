"""Arrays in the database, in pieces with checksums; large ones are mapped from the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.indexer.store import schema
from tunetrace.indexer.store.arrays import cache
from tunetrace.indexer.store.database.storage import Storage
from tunetrace.indexer.store.meta import DamagedError, take_ids
from tunetrace.indexer.store.schema import PIECE_BYTES, Prepared, insert_rows
from tunetrace.text import printable

CACHED_BYTES: Final = 1 << 20
"""Arrays that are read together are cached if they have this many bytes; to read fewer of them from
the database takes less time than to open a file."""

_PIECE: Final = Prepared(
    sa.select(schema.piece.c.content).where(
        schema.piece.c.array_id == sa.bindparam("array"),
        schema.piece.c.place == sa.bindparam("place"),
    )
)

_SPARED_BYTES: Final = 1 << 30
"""While an index is written, its arrays are cached as well if this much stays free on the disk."""

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

    arrays: of one dimension, or bytes, in the order in which they are kept. Large ones are also
    written into the cache, unless the database may need the room on the disk.
    """
    first = take_ids(connection, schema.array, len(arrays))
    contents, checksums = [], []
    for place, (name, given) in enumerate(arrays.items()):
        array = np.frombuffer(given, np.uint8) if isinstance(given, bytes) else given
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        content = memoryview(array.view(np.uint8))  # type: ignore[arg-type]
        contents.append(content)
        checksums.append(hashlib.sha256(content).hexdigest())
        row = (first + place, segment, purpose, place, name, array.dtype.str.replace("=", "<"),
               len(content), checksums[-1])  # fmt: skip
        insert_rows(connection, schema.array, [row])
        for number, at in enumerate(range(0, len(content), PIECE_BYTES)):
            piece = bytes(content[at : at + PIECE_BYTES])
            insert_rows(connection, schema.piece, [(first + place, number, piece)])
    sizes = [len(content) for content in contents]
    if sum(sizes) >= CACHED_BYTES:
        storage: Storage = connection.get_execution_options()[schema.STORAGE]
        name = cache.file_name(checksums)
        cache.fill(storage.cache_folders, name, sizes, lambda at: [contents[at]], _SPARED_BYTES)


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
    is_meant = schema.array.c.purpose == purpose
    if segments is None:
        is_meant &= schema.array.c.segment_id.is_(None)
    wanted = None if segments is None else set(segments)
    return {
        segment: _loaded(connection, rows, purpose, segment)
        for (segment, _), rows in _stored(connection, is_meant).items()
        if wanted is None or segment in wanted
    }


def array_bytes(connection: sa.Connection, purposes: Collection[str]) -> int:
    """The size of the arrays of all segments for some purposes."""
    column = schema.array.c
    is_meant = column.segment_id.is_not(None) & column.purpose.in_(purposes)
    return int(connection.scalar(sa.select(sa.func.sum(column.bytes)).where(is_meant)) or 0)


def _stored(
    connection: sa.Connection, is_meant: sa.ColumnElement[bool] | None = None
) -> dict[tuple[int | None, str], list[Stored]]:
    """The arrays that are meant, None for all: those of each segment and purpose, in their order.

    The segment is None for the arrays of the whole index.
    """
    column = schema.array.c
    select = sa.select(
        column.segment_id, column.purpose, column.id, column.name, column.dtype, column.bytes,
        column.sha256,
    ).order_by(column.place)  # fmt: skip
    if is_meant is not None:
        select = select.where(is_meant)
    found: dict[tuple[int | None, str], list[Stored]] = {}
    for segment, purpose, *row in connection.execute(select):
        found.setdefault((segment, purpose), []).append(Stored(*row))
    return found


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
        if file is None:
            file = cache.fill(folders, name, sizes, read)
            cache.remove_others(folders, _file_names(connection))
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


def remove_unused(connection: sa.Connection) -> None:
    """Remove the cached files of arrays that an index does not have any longer."""
    storage: Storage = connection.get_execution_options()[schema.STORAGE]
    cache.remove_others(storage.cache_folders, _file_names(connection))


def check_arrays(connection: sa.Connection) -> Iterator[tuple[str, bool]]:
    """Which arrays of an index are wrong: a sentence and True, or the path of a file and False.

    All are read from the database, and their cached files are compared with them. A file that was
    altered is removed: it is made again when the arrays are read.
    """
    storage: Storage = connection.get_execution_options()[schema.STORAGE]
    for (segment, purpose), rows in _stored(connection).items():
        for row in rows:
            try:
                for _ in _checked(connection, row, purpose, segment):
                    pass
            except DamagedError as error:
                yield f"{error}", True
        sizes, checksums = [row.bytes for row in rows], [row.sha256 for row in rows]
        name = cache.file_name(checksums)
        for path in cache.altered(storage.cache_folders, name, sizes, checksums):
            path.unlink(missing_ok=True)
            yield printable(str(path)), False


def _file_names(connection: sa.Connection) -> set[str]:
    """The names of the cached files of all arrays of an index."""
    return {cache.file_name([row.sha256 for row in rows]) for rows in _stored(connection).values()}
