"""Numbers in words: counts with their nouns, how often, shares that are never rounded to nothing.

What the terminal prints and what a report says use the same.
"""

from __future__ import annotations


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun: `1 tune`, `1,024 tunes`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def times(count: int) -> str:
    """How often: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def share(value: float) -> str:
    """A share in percent, never rounded to nothing or to all."""
    if 0 < value <= 0.005:
        return "<1%"
    if 0.995 <= value < 1:
        return ">99%"
    return f"{value:.0%}"
