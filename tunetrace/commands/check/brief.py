"""`tunetrace check --brief`: a line for each tune."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size

from tunetrace.commands.check.whole import title_of
from tunetrace.commands.console import console, is_terminal
from tunetrace.text import share

if TYPE_CHECKING:
    from tunetrace import CheckedTune


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the lines. Text is cut to its width in a terminal, numbers never."""

    head: str
    width: int
    value: Callable[[CheckedTune], str]
    is_number: bool = False
    keeps_end: bool = False
    """Whether a text that is too long loses its beginning, not its end."""


def _nearest(tune: CheckedTune) -> str:
    """The nearest corpus tune, after what the checked tune has of it: `=`, `part` or a share."""
    nearest = tune.nearest
    if nearest is None:
        return ""
    has = "=" if tune.identical_to else "part" if tune.same_parts else ""
    if not has and tune.notes:
        has = share(tune.sources[0].notes_shared / tune.notes)
    return f"{has} {nearest.reference} {nearest.title}"


_COLUMNS: Final = (
    _Column("place", 5, lambda tune: str(tune.place), is_number=True),
    _Column("notes", 5, lambda tune: str(tune.notes), is_number=True),
    _Column("longest", 7, lambda tune: str(tune.longest_notes), is_number=True),
    _Column("8+", 4, lambda tune: share(tune.copied_share[8]), is_number=True),
    _Column("12+", 4, lambda tune: share(tune.copied_share[12]), is_number=True),
    _Column("input", 12, lambda tune: tune.transcription.place, keeps_end=True),
    _Column("title", 12, title_of),
    _Column("nearest", 16, _nearest),
)


def print_line(tune: CheckedTune, *, is_first: bool) -> None:
    """A checked tune on one line; the first one after a line with the heads."""
    if is_first:
        print("  ".join(_fit(column, column.head) for column in _COLUMNS).rstrip())
    print("  ".join(_fit(column, column.value(tune)) for column in _COLUMNS).rstrip(), flush=True)


def _fit(column: _Column, text: str) -> str:
    """A text as wide as its column. In a terminal the last column takes the rest of the line."""
    if column.is_number:
        return text.rjust(column.width)
    width = column.width
    if is_terminal():
        if column is _COLUMNS[-1]:
            taken = sum(other.width + 2 for other in _COLUMNS[:-1])
            width = max(width, console().width - taken)
        if cell_len(text) > width:
            kept = set_cell_size(text[::-1] if column.keeps_end else text, width - 1).rstrip()
            text = f"…{kept[::-1]}" if column.keeps_end else f"{kept}…"
    return text + " " * (width - cell_len(text))
