"""The two formats of a report's tables, both written some thousands of rows at a time.

CSV is for spreadsheets and people: RFC 4180, UTF-8, a line of names first. Parquet is for
programs: the same columns with their types, each described in the file itself.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, Final

from tunetrace._version import __version__
from tunetrace.reports.columns import NUMBER, SHARES, TEXT, TEXTS, WHOLE, Column, Row
from tunetrace.text import plain

_FORMULA_SIGNS: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""What spreadsheets take for the beginning of a formula, and its full-width forms."""


def batch_of(rows: Sequence[Row], columns: Sequence[Column[Row]]) -> Any:
    """Some rows as a record batch of Arrow, texts on one line each."""
    import pyarrow as pa

    schema = schema_of(columns)
    arrays = [
        _array([column.value(row) for row in rows], column.type, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def schema_of(columns: Sequence[Column[Any]]) -> Any:
    """The columns in Arrow's words, each described, and the version that writes them."""
    import pyarrow as pa

    types = {
        TEXT: pa.string(),
        WHOLE: pa.int32(),
        NUMBER: pa.float32(),
        TEXTS: pa.list_(pa.string()),
        SHARES: pa.list_(pa.float32()),
    }
    fields = [
        pa.field(c.name, types[c.type], metadata={"description": c.description}) for c in columns
    ]
    return pa.schema(fields, metadata={"tunetrace": __version__})


def _array(values: list[Any], type: str, arrow_type: Any) -> Any:
    """One column of some rows."""
    import numpy as np
    import pyarrow as pa

    if type == TEXT and not "".join(filter(None, values)).isprintable():
        values = [text and one_line(text) for text in values]
    if type == TEXTS:
        values = [[one_line(text) for text in texts] for texts in values]
    if type != SHARES:
        return pa.array(values, arrow_type)
    # Some numbers of each of thousands of rows: all of them as one array, and where each begins.
    begins = np.fromiter(accumulate(map(len, values), initial=0), dtype=np.int32)
    numbers = np.fromiter(chain.from_iterable(values), dtype=np.float32, count=int(begins[-1]))
    return pa.ListArray.from_arrays(pa.array(begins), pa.array(numbers))


def one_line(text: str) -> str:
    """A text without line breaks and whatever else is no character that can be seen."""
    return text if text.isprintable() else plain(text)


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
