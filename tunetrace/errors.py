"""Every error that a user can meet. The message is one sentence that says what to do.

The command line prints the message on stderr and exits with 2. A program catches TunetraceError.
"""

from __future__ import annotations


class TunetraceError(Exception):
    """The base of all errors; raised when tunetrace was given something that it cannot use."""


class InputError(TunetraceError):
    """Raised when an input cannot be read at all: it is missing, binary, empty or unknown."""


class AbcError(TunetraceError):
    """Raised when a transcription cannot be tokenized.

    The message has no place, so that a caller who knows the file's name can put it in front.
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
        """Line of the mistake in the given text, from 1; None if the mistake has no one place."""
        self.column = column
        """Column of the mistake, from 1; None if the mistake has no one place."""
        self.kind = kind
        """The kind of mistake in a few words (`no key`, `open bracket`), for counting."""


class QueryError(TunetraceError):
    """Raised when an argument means nothing: a figure, bar, filter, name or number."""


class OutputError(TunetraceError):
    """Raised when a file cannot be written: wrong place or format, or a missing package."""


class IndexFileError(TunetraceError):
    """Raised when an index is missing, damaged, not tunetrace's, too old or new, or in the way."""


class IndexChangedError(IndexFileError):
    """Raised when an index was changed or replaced after it was opened. To open it again helps."""


class ModelFileError(TunetraceError):
    """Raised when a model's file is missing, damaged, not tunetrace's, or has forbidden content."""


class ClusterError(TunetraceError):
    """Raised when a cluster cannot do its work: no scheduler, a wrong worker, or one after another
    that was ended."""
