"""Reading pickles without trust: plain containers, text, numbers and NumPy's arrays.

Published models are pickles, and a pickle can ask for any function to be called. These are read by
a machine of our own that builds data and calls nothing; what it does not know it refuses by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tunetrace.errors import ModelFileError
from tunetrace.model.pickle_machine import PickleMachine
from tunetrace.model.pickled_arrays import PickleRefusedError

MAX_BYTES: Final = 2**28
"""What no file may go beyond, 268 MB; the published ones have 23 MB."""

_BEGINNINGS: Final = (b"\x80", b"(", b"}", b"]")
"""How a pickle begins that holds a dict or a list."""


def read_pickle(path: Path) -> Any:
    """What a pickle's file holds, its arrays as PickledArray.

    Raises ModelFileError where it cannot be read, is too large, foreign, cut off, damaged, or asks
    for what is not admitted.
    """
    try:
        if not path.is_file():
            reason = "it is no file" if path.exists() else "there is no such file"
            raise ModelFileError(f"{path}: the pickle cannot be read ({reason})")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "unreadable").lower()
        raise ModelFileError(f"{path}: the pickle cannot be read ({reason})") from None
    if len(data) > MAX_BYTES:
        raise ModelFileError(
            f"{path}: the file has more than {MAX_BYTES / 1e6:.0f} MB; pickles of folk-rnn's "
            "models have about 23 MB"
        )
    try:
        return unpickle(data)
    except PickleRefusedError as error:
        raise ModelFileError(f"{path}: this is no pickle of a model's: {error}") from None


def unpickle(data: bytes) -> Any:
    """What a pickle holds, its arrays as PickledArray; PickleRefusedError where it is not read."""
    if not data:
        raise PickleRefusedError("the file is empty")
    if not data.startswith(_BEGINNINGS):
        raise PickleRefusedError("it is a file of another kind")
    machine = PickleMachine(data)
    try:
        return machine.run()
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, Warning):
        raise PickleRefusedError(f"it is damaged at byte {machine.position:,}") from None
