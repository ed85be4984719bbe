"""Files that are being written: beside their place, under a name that says so.

They take their place by being renamed when they are whole; what a process that was killed leaves
behind is removed by the next that writes there.
"""

from __future__ import annotations

import os
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


def write_whole(path: Path, data: bytes, what: str) -> None:
    """Write a file, whole or not at all: on the disk before it takes its place.

    what: what it is, for the OutputError that is raised where it cannot be written.
    """
    unfinished = beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        try:
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: {what} cannot be written ({(error.strerror or 'unwritable').lower()}); name "
            "another place"
        ) from None
