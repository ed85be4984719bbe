"""The errors that a user can meet. Each message is one sentence that says what to do.

The command line prints the message on stderr and exits 2. A program catches TunetraceError.
"""

from __future__ import annotations


class TunetraceError(Exception):
    """The base of all errors. The message names the input and says what would be right."""


class InputError(TunetraceError):
    """An input that cannot be read at all: missing, binary, empty, or in an unknown format."""


class AbcError(TunetraceError):
    """A transcription that cannot be tokenized.

    line and column are counted from 1 in the given text; they are None if the mistake has no single
    place (a tune without a key). The message has no place, so that a caller that knows the file's
    name can put it in front. kind names the kind of mistake in a few words (`no key`, `bad meter`,
    `open bracket`), for counting.
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
    """A file that cannot be written: because of its place, its format, or a missing package."""


class IndexFileError(TunetraceError):
    """An index that is missing, cut off, not an index, of another version, or already there."""


class ModelFileError(TunetraceError):
    """A model's file that is missing, cut off, not a model, malformed, or not allowed."""
