"""Writing files: what may be replaced, and how a whole file replaces another.

A file is written next to its place and renamed when it is whole. The leftovers of a killed process
are removed by the next process that writes there. An existing file is replaced only with `--force`,
and only if tunetrace wrote it. An empty file may always be replaced.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tunetrace.errors import OutputError


def beside(path: Path, part: str = "") -> Path:
    """The unfinished file of this process for a path. part: tells it from others of the process."""
    return path.with_name(f"{path.name}.building-{os.getpid()}{part and f'-{part}'}")


def remove_leftovers(path: Path) -> None:
    """Remove the unfinished files of killed processes for a path. OSError if that fails."""
    if os.name == "nt":
        return  # there, os.kill with signal 0 would end the process
    beginning = f"{path.name}.building-"
    with os.scandir(path.parent) as found:  # of thousands of files, in a book of scores
        names = [entry.name for entry in found if entry.name.startswith(beginning)]
    for name in names:
        process = name.removeprefix(beginning).partition("-")[0]
        if process.isdigit() and not _is_running(int(process)):
            path.with_name(name).unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True  # it belongs to another user
    except (OSError, OverflowError):
        return False
    return True


@contextmanager
def written_whole(path: Path, what: str) -> Iterator[Path]:
    """Gives a path to write to. When the with statement ends, this file is flushed to the disk and
    replaces the one at path.

    After an error in the statement nothing has changed. If path is a link, its target is replaced.
    what: the kind of file, for the message of OutputError, raised if it cannot be written.
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
            f"{path}: {what} cannot be written ({(error.strerror or 'unwritable').lower()}); give "
            "another file name or folder"
        ) from None


def write_whole(path: Path, data: bytes, what: str) -> None:
    """Write the bytes of a file, whole or not at all, as written_whole does."""
    with written_whole(path, what) as unfinished:
        unfinished.write_bytes(data)


def exists(path: str | Path) -> bool:
    """Whether there is a file or a folder of this name. False if no file can have the name."""
    try:
        return str(path) != "" and Path(path).exists()
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that tunetrace writes."""

    name: str
    """As `model`."""
    is_ours: Callable[[Path], bool]
    """Whether a file is of this kind. It need not be whole or of this version."""

    @property
    def one(self) -> str:
        """The name with its article."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


def is_there(path: Path, kind: Kind) -> bool:
    """Whether a file of this kind is at path. OutputError if something else is."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return False  # writing there will raise the error
    if stat.S_ISDIR(found.st_mode):
        raise OutputError(f"{path}: this is a folder; give the name of a file in it")
    try:
        is_ours = stat.S_ISREG(found.st_mode) and (not found.st_size or kind.is_ours(path))
    except OSError:  # it cannot be read
        is_ours = False
    if not is_ours:
        raise OutputError(
            f"{path}: this file is not a tunetrace {kind.name} and is never replaced; move this "
            "file, or give another file name"
        )
    return found.st_size > 0


def check_place(path: Path, kind: Kind, *, force: bool) -> None:
    """Check that a file of this kind may be written to path. OutputError if not.

    force: an existing file of this kind may be replaced.
    """
    if is_there(path, kind) and not force:
        raise OutputError(f"{path}: there is {kind.one} already; replace it with --force")


def check_folder(path: Path, what: str) -> None:
    """Check that a file can be written to the folder of path, or that the folder can be made.

    OutputError if not. It is for files that are written at the end of a long computation; nothing
    is made. what: the kind of file, for the message.
    """
    nearest = next(folder for folder in path.absolute().parents if exists(folder))
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        reason = "permission denied" if nearest.is_dir() else "not a directory"
        raise OutputError(
            f"{path}: {what} cannot be written ({reason}); give another file name or folder"
        )


def begins_with(path: Path, beginning: bytes, start: int = 0) -> bool:
    """Whether a file has these bytes at its beginning, or at the place start."""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(len(beginning)) == beginning
