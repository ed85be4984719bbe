"""Which voice of a file with several is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunetrace.errors import AbcError
from tunetrace.text import listed, plain

ONLY_PERCUSSION: Final = "the file has percussion alone; give a file with notes of a pitch"

_MOST_NOTES: Final = 5_000
"""The longest tunes have some 2,000. music21 takes a second for each thousand."""

_SHOWN: Final = 8


def chosen_voice(voices: Sequence[Sequence[str]], asked: str | None) -> int:
    """The place, from 0, of the voice that is read: the one that is asked for, or the first.

    voices: the names of each, first the one that messages call it by. asked: one of these names, or
    a place counted from 1, as in Reading. AbcError if no voice is there, or not this one.
    """
    if not voices:
        raise AbcError("the file has no notes; give a file with a tune", kind="no notes")
    if asked is None:
        return 0
    for k, names in enumerate(voices):
        if asked.casefold() in map(str.casefold, names):
            return k
    place = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
    if 0 < place <= len(voices):
        return place - 1
    shown = [plain(names[0])[:40] for names in voices[:_SHOWN]]
    more = len(voices) - len(shown)
    shown += [f"{more} more"] if more else []
    held = f"its voices are {listed(shown)}" if len(voices) > 1 else "it has one voice"
    raise AbcError(f"the file has no voice '{plain(asked)[:40]}'; {held}", kind="no such voice")


def refuse_long(count: int, what: str = "notes") -> None:
    """Raise AbcError if a voice has more notes than any tune, or more of something else."""
    if count > _MOST_NOTES:
        raise AbcError(
            f"the voice has {count:,} {what}, and more than {_MOST_NOTES:,} are no tune; divide "
            "the file into tunes",
            kind="too long",
        )
