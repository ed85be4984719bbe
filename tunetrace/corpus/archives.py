"""Files inside ZIP archives and gzip files, read without unpacking them to the disk.

Nothing is written, so a hostile name inside an archive can do no harm. What unpacks to far more
than text does is refused.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Final, TypeVar

from tunetrace.corpus.streams import PIECE, blocks_of, whole
from tunetrace.errors import InputError
from tunetrace.text import printable

ZIP: Final = (b"PK\3\4", b"PK\5\6")
"""How ZIP archives begin; the second is one of nothing."""

GZIP: Final = b"\x1f\x8b"
"""The first bytes of these files."""

TUNEBOOKS: Final = (".abc", ".txt")
SCORES: Final = (".musicxml", ".mxl", ".xml")
PERFORMANCES: Final = (".mid", ".midi")
TABLES: Final = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
"""How the names of files end that are read in a folder and in an archive."""

PACKED_SCORE: Final = ".mxl"
"""How the names of compressed MusicXML files end: ZIP archives with one score."""

_CONTAINER: Final = "META-INF/container.xml"
"""The file in a compressed MusicXML file that names its score."""

_PACKED: Final = (".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_MOST: Final = 200
"""Text unpacks to 3 to 10 times its size. What unpacks to more than this is no collection."""
_HARMLESS: Final = 10_000_000
"""Bytes that may be unpacked whatever they were packed to."""

Item = TypeVar("Item")


def readable_among(items: Iterable[Item], name_of: Callable[[Item], str]) -> list[Item]:
    """The items of a folder or an archive that are read: its tunebooks.

    If there are none, they are its MusicXML files, or its MIDI files, or its tables: a folder often
    has each tune in several formats. name_of: the file name of an item.
    """
    every = list(items)
    for endings in (TUNEBOOKS, SCORES, PERFORMANCES, TABLES):
        found = [item for item in every if name_of(item).lower().endswith(endings)]
        if found:
            return found
    return []


NOTHING_TO_READ: Final = (
    f"has no tunebook ({', '.join(TUNEBOOKS)}), MusicXML or MIDI file ({', '.join(SCORES)}, "
    f"{', '.join(PERFORMANCES)}) or table ({', '.join(TABLES)}); give a file"
)
"""The sentence on a folder or an archive without such files, after its name."""


class Archive:
    """A ZIP archive that is open. Raises InputError if it is damaged or has nothing to read.

    file: can be read at any place. name: stands for the archive in messages.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._name = name
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            raise InputError(
                f"{name}: this ZIP archive is damaged or cut off; get the file again"
            ) from None
        # ZipInfo.is_dir fails for a damaged archive with an empty name.
        members = self._zip.infolist()
        files = [one for one in members if not one.filename.endswith("/") and _is_shown(one)]
        self._files = {one.filename: one for one in files}
        self.is_score = _CONTAINER in self._files
        """Whether it is one compressed MusicXML file."""
        self.members = sorted(
            readable_among(files, lambda one: one.filename), key=lambda one: one.filename
        )
        self.packed = sorted(one.filename for one in files if _is_packed(one))
        """The names of archives inside the archive."""
        if not self.members:
            raise InputError(f"{name}: the archive {NOTHING_TO_READ}")

    def name_of(self, member: zipfile.ZipInfo) -> str:
        """What stands for a member in places and messages: `book.zip/folder/a.abc`."""
        return f"{self._name}/{printable(member.filename)}"

    def score(self, most: int) -> bytes:
        """The MusicXML in a compressed MusicXML file, of at most `most` bytes.

        InputError if it has more, or is not there.
        """
        from tunetrace.notation.musicxml.tree import xml_root

        with self.open(self._files[_CONTAINER]) as file:
            container = xml_root(whole(blocks_of(file), self._name, PIECE), self._name)
        roots = (
            one.get("full-path", "") for one in container.iter() if one.tag.endswith("rootfile")
        )
        path = next((path for path in roots if path in self._files), None)
        if path is None:
            raise InputError(
                f"{self._name}: this compressed MusicXML file has no score in it; save it again"
            )
        with self.open(self._files[path]) as file:
            return whole(blocks_of(file), self._name, most)

    @contextmanager
    def open(self, member: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        """A member as a file. InputError, here or in reading it, if it cannot be read."""
        name = self.name_of(member)
        if member.flag_bits & 1:
            raise InputError(f"{name}: this file is encrypted; unpack it with its password")
        if member.file_size > max(_HARMLESS, _MOST * member.compress_size):
            raise InputError(f"{name}: {_too_much(member.file_size, member.compress_size)}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"{name}: this file is packed by a rare method; pack it by Deflate")
        try:
            with self._zip.open(member) as file:
                yield file
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
            raise InputError(
                f"{name}: this file is damaged in the archive; get the archive again"
            ) from None
        except NotImplementedError:
            raise InputError(
                f"{name}: this file is packed or encrypted in a rare way; unpack it and pack it "
                "again by Deflate"
            ) from None


def gunzipped(blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The content of a gzip file in pieces. InputError if it is damaged or cut off."""
    decoder = zlib.decompressobj(wbits=31)
    taken = given = 0
    try:
        for block in blocks:
            taken += len(block)
            while block:
                if decoder.eof:  # another file follows, or zeros that fill up
                    block = block.lstrip(b"\0")
                    decoder = zlib.decompressobj(wbits=31) if block else decoder
                    continue
                piece = decoder.decompress(block, PIECE)
                given += len(piece)
                if given > max(_HARMLESS, _MOST * taken):
                    raise InputError(f"{name}: {_too_much(given, taken)}")
                if piece:
                    yield piece
                block = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
        rest = b"" if decoder.eof else decoder.flush()
        if rest:
            yield rest
    except zlib.error:
        raise InputError(f"{name}: this gzip file is damaged; get the file again") from None
    if not decoder.eof:
        raise InputError(f"{name}: this gzip file is cut off; get the file again")


def _too_much(unpacked: int, packed: int) -> str:
    return (
        f"the file unpacks to more than {_MOST} times its size ({packed:,} bytes to {unpacked:,}), "
        "as no collection of tunes does; unpack it and give what is in it"
    )


def _is_shown(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a file of the user. macOS adds hidden ones of the same names."""
    return not any(part.startswith((".", "__MACOSX")) and part != ".."
                   for part in member.filename.split("/"))  # fmt: skip


def _is_packed(member: zipfile.ZipInfo) -> bool:
    return member.filename.lower().endswith(_PACKED)
