"""The records of a Parquet file. A batch of them is in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tunetrace.corpus.tables.record import TableRecord
from tunetrace.errors import InputError

if TYPE_CHECKING:
    from typing import IO

MAGIC: Final = b"PAR1"
"""The first and the last bytes of a Parquet file."""

_BATCH: Final = 500
"""Records."""
_PAGE: Final = 1 << 16
"""Bytes that are read at a time of a column; without it, the column of a whole row group."""


class ParquetRows:
    """A Parquet file that is open. name: stands for it in messages.

    Raises InputError if pyarrow is not installed, or the file is not whole.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        try:
            from pyarrow import ArrowException
            from pyarrow.parquet import ParquetFile
            from pyarrow.types import is_temporal
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "pyarrow":
                raise
            raise InputError(
                f"{name}: this is a Parquet file, and reading it needs the Python package pyarrow, "
                "which is not installed; install it with: pip install 'tunetrace[parquet]'"
            ) from None
        self._name = name
        self._errors = (OSError, ValueError, OverflowError, ArrowException)
        self._is_temporal = is_temporal
        try:
            self._file: Any = ParquetFile(file, buffer_size=_PAGE, pre_buffer=False)
        except self._errors as error:
            raise self._unreadable(error) from None

    def count(self) -> int:
        """How many records there are."""
        return int(self._file.metadata.num_rows)

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[TableRecord]:
        """The records in their order. columns: those that are read; None for all.

        Dates and times are left out: they hold no tune, and Python has none after the year 9999.
        """
        number = 0
        try:
            for batch in self._file.iter_batches(_BATCH, columns=columns, use_threads=False):
                types = enumerate(batch.schema.types)
                kept = batch.select([k for k, kind in types if not self._is_temporal(kind)])
                for values in kept.to_pylist():
                    number += 1
                    yield TableRecord(values, number)
        except self._errors as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> InputError:
        what = " ".join(str(error).split()).rstrip(".") or "damaged"
        return InputError(
            f"{self._name}: this Parquet file cannot be read ({what}); it may be cut off, so get "
            "the file again"
        )
