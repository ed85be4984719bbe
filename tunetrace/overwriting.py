"""What is there already where a file is to be written, and whether it may be replaced.

One rule holds for every file that a command writes where its user says. What is there stays unless
`--force` asks for its replacement, and what is no such file of tunetrace's stays all the same. A
file without content has nothing to lose, and is written to as if it were not there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tunetrace.errors import OutputError


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
