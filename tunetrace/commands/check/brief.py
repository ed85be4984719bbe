"""`tunetrace check --brief`: a line for each tune."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from tunetrace.checker.measures import run_lengths
from tunetrace.commands.check.whole import title_of
from tunetrace.commands.console import console, is_terminal
from tunetrace.text import share

if TYPE_CHECKING:
    from tunetrace import CheckedTune


def print_line(tune: CheckedTune, *, is_first: bool) -> None:
    """A checked tune on one line; the first one after a line with the heads."""
    lengths = run_lengths(tune.view)
    if is_first:
        short, long = (f"{notes}+" for notes in lengths)
        print(_line("place", "notes", "longest", short, long, "input", "title", "nearest"))
    short, long = (share(tune.copied_share[notes]) for notes in lengths)
    print(_line(tune.place, tune.notes, tune.longest_notes, short, long,
                tune.transcription.place, title_of(tune), _nearest(tune)), flush=True)  # fmt: skip


def _line(
    place: object, notes: object, longest: object, in_short: str, in_long: str,
    where: str, title: str, nearest: str,
) -> str:  # fmt: skip
    """A line of columns. In a terminal the last one takes the rest of the line."""
    numbers = f"{place:>5}  {notes:>5}  {longest:>7}  {in_short:>4}  {in_long:>4}"
    start = f"{numbers}  {_fit(where, 10, keeps_end=True)}  {_fit(title, 10)}  "
    rest = console().width - cell_len(start) if is_terminal() else 0
    return (start + _fit(nearest, max(16, rest))).rstrip()


def _fit(text: str, width: int, *, keeps_end: bool = False) -> str:
    """A text as wide as its column. In a terminal a longer one is cut.

    keeps_end: cut its beginning, not its end.
    """
    if is_terminal() and cell_len(text) > width:
        kept = set_cell_size(text[::-1] if keeps_end else text, width - 1).rstrip()
        text = f"…{kept[::-1]}" if keeps_end else f"{kept}…"
    return text + " " * (width - cell_len(text))


def _nearest(tune: CheckedTune) -> str:
    """The nearest corpus tune, after what the checked tune has of it: `=`, `part` or a share."""
    nearest = tune.nearest
    if nearest is None:
        return ""
    has = "=" if tune.identical_to else "part" if tune.same_parts else ""
    has = has or ("near" if tune.near_copies else "")
    if not has and tune.notes:
        has = share(tune.sources[0].notes_shared / tune.notes)
    return f"{has} {nearest.reference} {nearest.title}"
