"""What the benchmark prints: plain tables and sentences, 80 columns wide at most."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

_WIDTH: Final = 80
_CONSOLE: Final = Console(
    width=_WIDTH, markup=False, emoji=False, highlight=False, color_system=None
)


def say(text: str = "") -> None:
    """Print a paragraph, at once even into a file."""
    print(fill(text, _WIDTH), flush=True)


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a title and rows under it: the first column to the left, the others to the right."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    for k, column in enumerate(columns):
        table.add_column(column, justify="right" if k else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    with _CONSOLE.capture() as captured:
        _CONSOLE.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    print("\n".join(["", title, "", *lines, ""]))


def duration(seconds: float) -> str:
    """A time with the unit that suits it, to three digits at most."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_digits(seconds / size)} {unit}"
    return f"{_digits(seconds / 1e-6)} µs"


def ratio(seconds: float, peer_seconds: float) -> str:
    """How the first time compares with that of a peer: `12x faster`."""
    if seconds <= peer_seconds:
        return f"{_digits(peer_seconds / seconds)}x faster"
    return f"{_digits(seconds / peer_seconds)}x slower"


def megabytes(count: float) -> str:
    """A number of bytes in MB, of 10^6 bytes each."""
    return f"{count / 1e6:,.0f} MB"


def _digits(number: float) -> str:
    return f"{number:.1f}" if number < 20 else f"{number:,.0f}"
