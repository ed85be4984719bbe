"""Files that are being written: beside their place, under a name that says so.

They take their place by being renamed when they are whole; what a process that was killed leaves
behind is removed by the next that writes there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
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
