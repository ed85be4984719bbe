"""Reporting the progress of a long task."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int], None]
"""Called with what is being done, and with the number of tunes done."""


def silent(what: str, tunes: int) -> None:
    """Show nothing."""
