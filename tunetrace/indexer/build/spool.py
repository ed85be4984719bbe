"""Tunes that were read, kept on the disk until they are written into an index."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, Self

from tunetrace.corpus.records import Rejected
from tunetrace.errors import OutputError
from tunetrace.text import printable
from tunetrace.tokenizer.transcription import Transcription

_IN_MEMORY: Final = 1 << 24
"""Up to this many bytes are kept in memory."""

_TOGETHER: Final = 1000
"""Tunes that are written together: their tokens are written once."""


class Spool:
    """The tunes of a source as they were read, which can be gone through again and again.

    A source such as standard input can be read only once, and to read one may take long. They are
    kept until the end of a with statement.
    """

    def __init__(self, read: Iterable[Transcription | Rejected]) -> None:
        """OutputError if the folder for temporary files has no room for them."""
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        try:
            tunes = iter(read)
            while some := list(islice(tunes, _TOGETHER)):
                self._keep(some)
        except BaseException:
            self._file.close()
            raise

    def _keep(self, tunes: list[Transcription | Rejected]) -> None:
        try:
            pickle.dump(tunes, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()
        except OSError as error:
            folder = printable(tempfile.gettempdir())
            raise OutputError(
                f"{folder}: the tunes that were read cannot be kept there "
                f"({(error.strerror or 'unwritable').lower()}); free disk space, or name another "
                "folder with TMPDIR"
            ) from None

    def __iter__(self) -> Iterator[Transcription | Rejected]:
        self._file.seek(0)
        while True:
            try:
                yield from pickle.load(self._file)  # what this process wrote
            except EOFError:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
