"""Files that tunetrace writes: what may be replaced, and how a whole file takes its place.

A file is written beside its place and renamed when it is whole. What a killed process leaves behind
is removed by the next one that writes there. A file that is there stays unless `--force` asks for
its replacement, and a file that is not tunetrace's stays all the same. An empty file has nothing to
lose and is written over.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tunetrace.errors import OutputError


def beside(path: Path) -> Path:
    """Where this process writes what will be at path."""
    return path.with_name(f"{path.name}.building-{os.getpid()}")


def remove_leftovers(path: Path) -> None:
    """Remove what processes that were killed left beside a path; OSError where that fails."""
    if os.name == "nt":
        return  # where asking after a process would end it
    beginning = f"{path.name}.building-"
    for left in path.parent.iterdir():
        process = left.name.removeprefix(beginning)
        if process != left.name and process.isdigit() and not _is_running(int(process)):
            left.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True  # somebody else's
    except (OSError, OverflowError):
        return False
    return True


@contextmanager
def written_whole(path: Path, what: str) -> Iterator[Path]:
    """Where to write a file, which takes its place when the with statement ends, and is on the disk
    by then.

    Where an error leaves the statement, nothing has changed. Of a link the file that it leads to is
    replaced. what: what the file is, for the OutputError that is raised where it cannot be written.
    """
    try:
        place = Path(os.path.realpath(path))
        unfinished = beside(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(place)
        try:
            yield unfinished
            with unfinished.open("r+b") as file:
                os.fsync(file.fileno())
            unfinished.replace(place)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: {what} cannot be written ({(error.strerror or 'unwritable').lower()}); name "
            "another place"
        ) from None


def write_whole(path: Path, data: bytes, what: str) -> None:
    """Write the bytes of a file as written_whole does."""
    with written_whole(path, what) as unfinished:
        unfinished.write_bytes(data)


def exists(path: str | Path) -> bool:
    """Whether there is a file or a folder of that name; not where no file can have the name."""
    try:
        return str(path) != "" and Path(path).exists()
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that tunetrace writes.

    name: as `model`. is_ours: whether a file is one, by what tells it from others; it need be
    neither whole nor of this version.
    """

    name: str
    is_ours: Callable[[Path], bool]


def is_there(path: Path, kind: Kind) -> bool:
    """Whether a file of a kind is at path; OutputError where something else is."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return False  # whoever writes there is told what is wrong with the place
    if stat.S_ISDIR(found.st_mode):
        raise OutputError(f"{path}: this is a folder; name a file in it")
    if not _is_ours(path, kind, found):
        raise OutputError(
            f"{path}: this is no {kind.name} of tunetrace's and is never replaced by one; move it, "
            "or name another place"
        )
    return found.st_size > 0


def check_place(path: Path, kind: Kind, *, force: bool) -> None:
    """See that a file of a kind may be written to path; OutputError where it may not.

    force: what is there of this kind may be replaced.
    """
    if is_there(path, kind) and not force:
        raise OutputError(f"{path}: there is a {kind.name} already; replace it with --force")


def _is_ours(path: Path, kind: Kind, found: os.stat_result) -> bool:
    if not stat.S_ISREG(found.st_mode):
        return False
    try:
        return not found.st_size or kind.is_ours(path)
    except OSError:  # what cannot be read cannot be told
        return False


def begins_with(path: Path, beginning: bytes, start: int = 0) -> bool:
    """Whether a file has these bytes at its beginning, or from a later place on."""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(len(beginning)) == beginning
