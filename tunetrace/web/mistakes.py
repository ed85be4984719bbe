"""Mistakes in the service: where they happened, without what they say.

The message of an error may repeat what a user sent, or the id of a job, which no log may have.
"""

from __future__ import annotations

import traceback


class MistakeError(RuntimeError):
    """A mistake that a question met in its process."""

    def __init__(self, trace: str) -> None:
        """trace: as where_it_failed gives it."""
        super().__init__(f"a question met a mistake in its process\n{trace}")
        self.trace = trace


def where_it_failed(error: BaseException) -> str:
    """The traceback of an error and of those before it, as Python prints it, but of each error only
    its class."""
    pieces: list[str] = []
    one: BaseException | None = error
    while one is not None:
        lines = traceback.format_tb(one.__traceback__)
        if isinstance(one, MistakeError):
            lines.append(f"{one.trace}\n")
        pieces.append("".join([*lines, type(one).__qualname__]))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\nafter\n".join(reversed(pieces))
