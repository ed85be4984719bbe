"""The tables of a report, written batch by batch: CSV for people and spreadsheets, Parquet for
programs.

`tunes.csv` and `tunes.parquet` have a row for each transcription, `spans.parquet` has one for each
span, and `set-aside.csv` one for each tune that could not be read. Two batches that are compared
share the tables; the first column tells them apart. checker/tables.py defines the columns.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any, Final

from tunetrace.checker.records import CheckedTune
from tunetrace.checker.tables import (
    NUMBER,
    REJECT_COLUMNS,
    SHARES,
    SPAN_COLUMNS,
    TEXTS,
    TUNE_COLUMNS,
    WHOLE,
    Column,
    RejectRow,
    SpanRow,
    TuneRow,
    batch_of,
    schema_of,
)
from tunetrace.corpus.records import Rejected
from tunetrace.reports.folder import ReportFolder

_ROWS_AT_ONCE: Final = 2000

_FORMULA_SIGNS: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""The signs that begin a formula in spreadsheets, and their full-width forms."""


class Tables(AbstractContextManager["Tables"]):
    """The tables of a report. They are complete at the end of its with statement.

    Every method raises OutputError if the folder cannot be written.
    """

    def __init__(self, folder: ReportFolder) -> None:
        from pyarrow.parquet import ParquetWriter

        self._folder = folder
        self._tunes: list[TuneRow] = []
        self._rejects: list[RejectRow] = []

        def parquet(name: str, columns: Sequence[Column[Any]]) -> Any:
            return ParquetWriter(folder.beside(name), schema_of(columns), compression="zstd")

        # If one of them cannot be opened, the others are closed.
        with folder.writing(), ExitStack() as opened:
            keep = opened.enter_context
            self._tunes_csv = keep(_CsvTable(folder.beside("tunes.csv"), TUNE_COLUMNS))
            self._tunes_parquet = keep(parquet("tunes.parquet", TUNE_COLUMNS))
            self._spans_parquet = keep(parquet("spans.parquet", SPAN_COLUMNS))
            self._rejects_csv = keep(_CsvTable(folder.beside("set-aside.csv"), REJECT_COLUMNS))
            self._opened = opened.pop_all()

    def add(self, batch: str, answer: CheckedTune | Rejected) -> None:
        """Add the next answer of the check of a batch, which is given by its name."""
        if isinstance(answer, Rejected):
            self._rejects.append(RejectRow(batch, answer))
        else:
            self._tunes.append(TuneRow(batch, answer))
        if len(self._tunes) + len(self._rejects) >= _ROWS_AT_ONCE:
            self._write()

    def _write(self) -> None:
        tunes, rejects = self._tunes, self._rejects
        spans = [SpanRow(row.batch, row.tune, span) for row in tunes for span in row.tune.spans]
        with self._folder.writing():
            if tunes:
                batch = batch_of(tunes, TUNE_COLUMNS)
                self._tunes_csv.write(batch)
                self._tunes_parquet.write_batch(batch)
            if spans:
                self._spans_parquet.write_batch(batch_of(spans, SPAN_COLUMNS))
            if rejects:
                self._rejects_csv.write(batch_of(rejects, REJECT_COLUMNS))
        self._tunes, self._rejects = [], []

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self._write()
                with self._folder.writing():
                    self._opened.close()
        finally:
            # After an error, the user hears of it and not of errors in closing.
            with suppress(OSError):
                self._opened.close()


class _CsvTable(AbstractContextManager["_CsvTable"]):
    """A CSV file after RFC 4180, in UTF-8. Missing values are empty, a list is joined by `; `.

    No text can be taken for a formula. Curves do not fit into a field and are left out.
    """

    def __init__(self, path: Path, columns: Sequence[Column[Any]]) -> None:
        self._types = [column.type for column in columns]
        columns = [column for column in columns if column.type != SHARES]
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([column.name for column in columns])

    def write(self, batch: Any) -> None:
        """Write the rows of an Arrow record batch."""
        columns = zip(batch.columns, self._types, strict=True)
        fields = [_fields(array, type) for array, type in columns if type != SHARES]
        self._writer.writerows(zip(*fields, strict=True))

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _fields(array: Any, type: str) -> list[Any]:
    """An Arrow array as fields of a CSV file."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if type == WHOLE:
        return list(array.to_pylist())
    if type == NUMBER:
        return list(array.cast(pa.string()).to_pylist())
    texts = pc.binary_join(array, "; ") if type == TEXTS else array
    return [text and guarded(text) for text in texts.to_pylist()]


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    If it begins with `=`, `+`, `-`, `@` or a full-width form of these, it gets an apostrophe in
    front, which spreadsheets know as the mark of a text. So does a text in which apostrophes come
    before such a sign. To get the texts back, remove one apostrophe from each of these fields.
    """
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA_SIGNS) else text
