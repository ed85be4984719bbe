"""Telling how far a long task is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int], None]
"""Called with what is being done and how many tunes are done."""


def silent(what: str, tunes: int) -> None:
    """A Progress that shows nothing."""
