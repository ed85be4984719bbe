"""music21, loaded when the first such file is read, and kept from printing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

from tunetrace.errors import InputError, TunetraceError


@contextmanager
def music21_at_work(name: str, kind: str) -> Iterator[None]:
    """In the with statement music21 may be imported and called; what it prints is dropped.

    name, kind: the file and what it is, for the message. Raises InputError if music21 is not
    installed or cannot read the file. music21 raises many kinds of errors at damaged files.
    """
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import music21  # noqa: F401
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "music21":
                raise
            raise InputError(
                f"{name}: this is a {kind} file, and reading it needs the Python package music21, "
                "which is not installed; install it with: pip install 'tunetrace[notation]'"
            ) from None
        try:
            yield
        except (TunetraceError, MemoryError):
            raise
        except Exception as error:
            what = " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
            raise InputError(
                f"{name}: music21 cannot read this {kind} file ({what}); open it in a notation "
                "program and save it again"
            ) from None
