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
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from tunetrace.corpus.fetch import cache_folder

ALIGNED: Final = 64
"""Each array begins at a multiple of this, and at least as many zero bytes follow the last one."""

_ENDING: Final = ".array"
_UNFINISHED: Final = ".unfinished"

_UNFINISHED_SECONDS: Final = 3600.0
"""A file that nobody has written to for as long is that of a killed process."""

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
    read: Callable[[int], Iterable[bytes | memoryview]],
    spared: int = 0,
) -> Mapped | None:
    """Write a file into the first folder that takes it, and map it; None if none does.

    sizes: of its arrays. read: gives the bytes of one of them in pieces, and raises an error if
    they are not what was stored. spared: the bytes that must stay free on the disk. Several
    processes may write the same file at once: each writes one of its own, and the last is kept.
    """
    offsets, size = offsets_of(sizes)
    for folder in folders:
        unfinished = folder / f"{name}.{secrets.token_hex(4)}{_UNFINISHED}"
        is_new = not folder.exists()
        try:
            make_folder(folder)
            if spared and shutil.disk_usage(folder).free < size + spared:
                continue
            with unfinished.open("x+b") as file:
                _write(file, offsets, size, read)
                # Before it has its name: another process may remove it then.
                content = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
            unfinished.replace(folder / name)
        except OSError:  # the disk is full, or the folder is not ours
            continue
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
                if is_new:
                    folder.rmdir()  # where nothing came into it
        return content
    return None


def _write(
    file: BinaryIO,
    offsets: Sequence[int],
    size: int,
    read: Callable[[int], Iterable[bytes | memoryview]],
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


def remove_others(folders: Sequence[Path], wanted: Collection[str], ending: str = _ENDING) -> None:
    """Remove the files of an index that it does not have any longer, and those of killed processes.

    wanted: the names of the files with this ending that it has. Whoever has another one mapped
    keeps it.
    """
    for folder in folders:
        with suppress(OSError):
            for file in list(folder.iterdir()):
                is_over = file.name.endswith(ending) and file.name not in wanted
                if file.name.endswith(_UNFINISHED):
                    is_over = time.time() - file.stat().st_mtime > _UNFINISHED_SECONDS
                if is_over:
                    file.unlink(missing_ok=True)


def altered(
    folders: Sequence[Path], name: str, sizes: Sequence[int], checksums: Sequence[str]
) -> list[Path]:
    """The files of this name and the right size whose arrays do not have the checksums."""
    offsets, size = offsets_of(sizes)
    found = []
    for folder in folders:
        content = mapped([folder], name, size)
        if content is None:
            continue
        view = memoryview(content)
        parts = (view[at : at + length] for at, length in zip(offsets, sizes, strict=True))
        if [hashlib.sha256(part).hexdigest() for part in parts] != list(checksums):
            found.append(folder / name)
    return found
