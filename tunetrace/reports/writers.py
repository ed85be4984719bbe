"""The two formats of a report's tables, both written some thousands of rows at a time.

CSV is for spreadsheets and people: RFC 4180, UTF-8, a line of names first. Parquet is for
programs: the same columns with their types, each described in the file itself.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from tunetrace.checker.columns import NUMBER, SHARES, TEXTS, WHOLE, Column, schema_of

_FORMULA_SIGNS: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""What spreadsheets take for the beginning of a formula, and its full-width forms."""


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    One that begins with `=`, `+`, `-`, `@` or their full-width forms gets an apostrophe in front,
    which spreadsheets know as the mark of a text; so does one that begins with apostrophes before
    such a sign. Whoever takes one apostrophe from each such field has the texts as they were.
    """
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA_SIGNS) else text


class CsvTable(AbstractContextManager["CsvTable"]):
    """A CSV file under way: what is absent is empty, a list one field with `; ` between.

    Texts are guarded against being taken for formulas. Curves, which no field holds, are left out.
    """

    def __init__(self, path: Path, columns: Sequence[Column[Any]]) -> None:
        self._types = [column.type for column in columns]
        columns = [column for column in columns if column.type != SHARES]
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([column.name for column in columns])

    def write(self, batch: Any) -> None:
        """Write the rows of a record batch."""
        columns = zip(batch.columns, self._types, strict=True)
        fields = [_fields(array, type) for array, type in columns if type != SHARES]
        self._writer.writerows(zip(*fields, strict=True))

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _fields(array: Any, type: str) -> list[Any]:
    """A column as what stands in the fields of a CSV file."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if type == WHOLE:
        return list(array.to_pylist())
    if type == NUMBER:
        return list(array.cast(pa.string()).to_pylist())
    texts = pc.binary_join(array, "; ") if type == TEXTS else array
    return [text and guarded(text) for text in texts.to_pylist()]


class ParquetTable(AbstractContextManager["ParquetTable"]):
    """A Parquet file under way; it says itself what each column is and what wrote it."""

    def __init__(self, path: Path, columns: Sequence[Column[Any]]) -> None:
        from pyarrow.parquet import ParquetWriter

        self._writer = ParquetWriter(path, schema_of(columns), compression="zstd")

    def write(self, batch: Any) -> None:
        """Write the rows of a record batch, as one row group."""
        self._writer.write_batch(batch)

    def __exit__(self, *_: object) -> None:
        self._writer.close()
