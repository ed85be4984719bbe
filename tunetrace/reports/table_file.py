"""One table as a file of its own: CSV or Parquet, by the ending of its name."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from tunetrace.checker.tables import TEXT, Column, batch_of, schema_of
from tunetrace.errors import OutputError
from tunetrace.files import Kind, begins_with, check_folder, check_place, written_whole
from tunetrace.reports.folder import is_parquet
from tunetrace.reports.tables import guarded
from tunetrace.text import plain, printable

_ENDINGS: Final = (".csv", ".parquet")

Row = TypeVar("Row")


def check_table(path: str | Path, columns: Sequence[Column[Any]], *, force: bool = False) -> None:
    """Raise OutputError if a table of these columns cannot be written to path.

    force: it may replace an older table of the same columns.
    """
    name, ending = printable(str(path)), Path(path).suffix.lower()
    if ending not in _ENDINGS:
        raise OutputError(f"{name}: the name of a table must end in .csv or .parquet")
    if ending == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise OutputError(
            f"{name}: Parquet needs the Python package pyarrow, which is not installed; install it "
            "with: pip install 'tunetrace[report]', or give a name that ends in .csv"
        )
    heads = ",".join(column.name for column in columns).encode()
    is_ours = is_parquet if ending == ".parquet" else lambda place: begins_with(place, heads)
    check_place(Path(path), Kind("table", is_ours), force=force)
    check_folder(Path(path), "the table")


def write_table(
    rows: Sequence[Row], columns: Sequence[Column[Row]], path: str | Path, *, force: bool = False
) -> None:
    """Write a table as CSV (RFC 4180, UTF-8) or Parquet; OutputError as check_table.

    In CSV missing values are empty, and no text can be taken for a formula.
    """
    check_table(path, columns, force=force)
    with written_whole(Path(path), "the table") as unfinished:
        if Path(path).suffix.lower() == ".csv":
            with unfinished.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow([column.name for column in columns])
                writer.writerows([_field(column, row) for column in columns] for row in rows)
        else:
            from pyarrow.parquet import ParquetWriter

            with ParquetWriter(unfinished, schema_of(columns), compression="zstd") as parquet:
                parquet.write_batch(batch_of(rows, columns))


def _field(column: Column[Row], row: Row) -> Any:
    value = column.value(row)
    return guarded(plain(value)) if column.type == TEXT and value is not None else value
