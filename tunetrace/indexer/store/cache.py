"""Arrays on the local disk, mapped into memory, by their checksums.

A database cannot hand out the bytes of a large value without copying them, so that an index of a
million tunes would need gigabytes to be opened. Its large arrays are therefore copied to files
once. From then on they are mapped: opening takes no time, the operating system reads what is looked
at, and all processes share it. A file holds arrays that are read together. Its name is made from
their checksums, so that a file that is there is never out of date.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from tunetrace.corpus.fetch import cache_folder

ALIGNED: Final = 64
"""Each array begins at a multiple of this, and at least as many zero bytes follow the last one."""

_ENDING: Final = ".array"
_UNFINISHED: Final = ".unfinished"

Mapped = mmap.mmap


def user_folder(name: str) -> Path:
    """The folder in the user's cache for the arrays of an index, by a name for the index."""
    return cache_folder("arrays") / name


def make_folder(folder: Path) -> None:
    """Make a folder for arrays. In the user's cache it is for the user alone."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    is_private = folder == user_folder(folder.name)
    folder.mkdir(mode=0o700 if is_private else 0o777, exist_ok=True)


def offsets_of(sizes: Iterable[int]) -> tuple[list[int], int]:
    """Where arrays of these sizes begin in a file, and the size of the file."""
    offsets, at = [], 0
    for size in sizes:
        offsets.append(at)
        at = (at + size + 2 * ALIGNED - 1) // ALIGNED * ALIGNED  # with a zero byte or more between
    return offsets, at + ALIGNED


def file_name(checksums: Sequence[str]) -> str:
    """The name of the file of arrays with these checksums, in their order."""
    return hashlib.sha256("\n".join(checksums).encode()).hexdigest()[:40] + _ENDING


def mapped(folders: Sequence[Path], name: str, size: int | None = None) -> Mapped | None:
    """A file of one of the folders, mapped; None if none has it, of this size if one is given."""
    for folder in folders:
        with suppress(OSError, ValueError), (folder / name).open("rb") as file:
            there = os.fstat(file.fileno()).st_size
            if size in (None, there):
                return mmap.mmap(file.fileno(), there, access=mmap.ACCESS_READ)
    return None


def fill(
    folders: Sequence[Path],
    name: str,
    sizes: Sequence[int],
    read: Callable[[int], Iterator[bytes]],
    wanted: Callable[[], Collection[str]],
) -> Mapped | None:
    """Write a file into the first folder that takes it, and map it; None if none does.

    sizes: of its arrays. read: gives the bytes of one of them in pieces, and raises an error if
    they are not what was stored. wanted: gives the names of all files of the index with the same
    ending; others are removed. Whoever has one of them mapped keeps it.
    """
    offsets, size = offsets_of(sizes)
    for folder in folders:
        unfinished = folder / f"{name}.{secrets.token_hex(4)}{_UNFINISHED}"
        try:
            make_folder(folder)
            with unfinished.open("xb") as file:
                _write(file, offsets, size, read)
            unfinished.replace(folder / name)
        except OSError:  # the disk is full, or the folder is not ours
            continue
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
        _remove_others(folder, Path(name).suffix, wanted())
        return mapped([folder], name, size)
    return None


def _write(
    file: BinaryIO, offsets: Sequence[int], size: int, read: Callable[[int], Iterator[bytes]]
) -> None:
    for number, offset in enumerate(offsets):
        file.seek(offset)
        for piece in read(number):
            file.write(piece)
    # Written, not left out: a hole in a file is filled when it is looked at, and then it is too
    # late to say that the disk is full.
    end = file.tell()
    file.write(bytes(size - end))
    file.flush()
    os.fsync(file.fileno())


def _remove_others(folder: Path, ending: str, wanted: Collection[str]) -> None:
    with suppress(OSError):
        for file in list(folder.glob(f"*{ending}")):
            if file.name not in wanted:
                file.unlink(missing_ok=True)
