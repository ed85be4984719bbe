"""Key signatures on a staff."""

from __future__ import annotations

from typing import Final

from tunetrace.tokenizer.keys import named_key

_MOST_SIGNS: Final = 7  # sharps or flats of a key signature


def sharps_of(key: str | None) -> int:
    """The sharps of a key's signature; flats are negative.

    0 for a key that no signature can write: its accidentals then stand before the notes.
    """
    known = named_key(key)
    if known is None:
        return 0
    sharps = sum(known.signature().values())
    return sharps if abs(sharps) <= _MOST_SIGNS else 0
