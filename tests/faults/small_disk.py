"""Asks an index whose arrays are cached on disks of several sizes; run as a program.

Arguments: the index. Each line of standard input is a size in bytes. For each it mounts a file
system of this size where the arrays are cached, asks the index, and prints what was asked and which
files there are, as JSON. It needs a mount namespace of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Final

from tests.faults.places import answers

_DETACH: Final = 2
"""Unmount now what nobody has open, and the rest when it is closed (MNT_DETACH)."""


def on_disk_of(size: int, index: Path) -> tuple[str, list[str]]:
    """The answers of an index with a disk of a size for its arrays, and the names of the files.

    size: in bytes, at least a page of memory.
    """
    system = ctypes.CDLL(None, use_errno=True)
    folder = Path(f"{index}.arrays")
    folder.mkdir(exist_ok=True)
    place, options = os.fsencode(folder), f"size={size}".encode()
    if system.mount(b"tmpfs", place, b"tmpfs", 0, options):
        raise OSError(ctypes.get_errno(), "mount")
    try:
        return repr(answers(index)), sorted(path.name for path in folder.iterdir())
    finally:
        system.umount2(place, _DETACH)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(on_disk_of(int(line), Path(sys.argv[1]))), flush=True)
