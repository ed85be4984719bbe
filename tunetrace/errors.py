"""What a user can get wrong, as exceptions whose message is one sentence that says what to do.

The command line prints the message on stderr and exits 2; a program catches TunetraceError.
"""

from __future__ import annotations


class TunetraceError(Exception):
    """Any mistake in what tunetrace was given; the message names the input and the remedy."""


class InputError(TunetraceError):
    """An input that cannot be read at all: absent, binary, empty, or of no known format."""


class AbcError(TunetraceError):
    """A transcription that cannot be tokenized.

    line and column count from 1 within the text that was given; either is None where the mistake
    has no one place (a tune without a key). The message carries no place, so that a caller who
    knows the file's name can put it in front. kind says in a few words what went wrong, the same
    for all mistakes of a kind (`no key`, `bad meter`, `open bracket`), so that they can be counted.
    """

    def __init__(
        self,
        reason: str,
        line: int | None = None,
        column: int | None = None,
        *,
        kind: str = "unreadable",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column
        self.kind = kind


class QueryError(TunetraceError):
    """A figure, a bar or a filter that cannot be searched for."""


class OutputError(TunetraceError):
    """A file that cannot be written: its place, its format, or what it takes to write it."""


class IndexFileError(TunetraceError):
    """An index that is absent, cut off, foreign, of another version, or in the way of a new one."""


class ModelFileError(TunetraceError):
    """A model's file that is absent, cut off, foreign, misshapen, or holds what is not admitted."""
