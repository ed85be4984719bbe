"""The tables of a report, written batch by batch: CSV for people and spreadsheets, Parquet for
programs.

`tunes.csv` and `tunes.parquet` have a row for each transcription, `spans.parquet` has one for each
span, and `set-aside.csv` one for each tune that could not be read. Two batches that are compared
share the tables; the first column tells them apart. checker/tables.py defines the columns.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
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
"""A row group of a Parquet file has this many rows, however they came."""

_FORMULA_SIGNS: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""The signs that begin a formula in spreadsheets, and their full-width forms."""


@dataclass(frozen=True, slots=True)
class ReportRows:
    """The rows of some answers, as Arrow record batches."""

    tunes: Any
    spans: Any
    rejects: Any


def rows_of(batch: str, answers: Iterable[CheckedTune | Rejected]) -> ReportRows:
    """The rows of answers of the check of a batch, which is given by its name."""
    tunes: list[TuneRow] = []
    rejects: list[RejectRow] = []
    for answer in answers:
        if isinstance(answer, Rejected):
            rejects.append(RejectRow(batch, answer))
        else:
            tunes.append(TuneRow(batch, answer))
    spans = [SpanRow(batch, row.tune, span) for row in tunes for span in row.tune.spans]
    return ReportRows(
        batch_of(tunes, TUNE_COLUMNS),
        batch_of(spans, SPAN_COLUMNS),
        batch_of(rejects, REJECT_COLUMNS),
    )


class Tables(AbstractContextManager["Tables"]):
    """The tables of a report. They are complete at the end of its with statement.

    Every method raises OutputError if the folder cannot be written.
    """

    def __init__(self, folder: ReportFolder) -> None:
        from pyarrow.parquet import ParquetWriter

        self._folder = folder
        self._answers: list[CheckedTune | Rejected] = []
        self._batch = ""

        def parquet(name: str, columns: Sequence[Column[Any]]) -> Any:
            return ParquetWriter(folder.beside(name), schema_of(columns), compression="zstd")

        # If one of them cannot be opened, the others are closed.
        with folder.writing(), ExitStack() as opened:
            keep = opened.enter_context
            tunes_csv = keep(_CsvTable(folder.beside("tunes.csv"), TUNE_COLUMNS))
            tunes_parquet = keep(parquet("tunes.parquet", TUNE_COLUMNS))
            spans_parquet = keep(parquet("spans.parquet", SPAN_COLUMNS))
            rejects_csv = keep(_CsvTable(folder.beside("set-aside.csv"), REJECT_COLUMNS))
            self._opened = opened.pop_all()
        self._tunes = _Grouped([tunes_csv.write, tunes_parquet.write_batch])
        self._spans = _Grouped([spans_parquet.write_batch])
        self._rejects = _Grouped([rejects_csv.write])

    def add(self, batch: str, answer: CheckedTune | Rejected) -> None:
        """Add the next answer of the check of a batch, which is given by its name."""
        if batch != self._batch:
            self._write()
            self._batch = batch
        self._answers.append(answer)
        if len(self._answers) >= _ROWS_AT_ONCE:
            self._write()

    def add_rows(self, rows: ReportRows) -> None:
        """Add the rows of the next answers."""
        with self._folder.writing():
            self._tunes.add(rows.tunes)
            self._spans.add(rows.spans)
            self._rejects.add(rows.rejects)

    def _write(self) -> None:
        if self._answers:
            self.add_rows(rows_of(self._batch, self._answers))
            self._answers = []

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self._write()
                with self._folder.writing():
                    for some in (self._tunes, self._spans, self._rejects):
                        some.finish()
                    self._opened.close()
        finally:
            # After an error, the user hears of it and not of errors in closing.
            with suppress(OSError):
                self._opened.close()


class _Grouped:
    """Rows that are written in groups of _ROWS_AT_ONCE, so that a file has the same bytes however
    its rows came."""

    def __init__(self, writers: Sequence[Callable[[Any], object]]) -> None:
        """writers: each is called with the record batch of a group."""
        self._writers = writers
        self._waiting: list[Any] = []
        self._rows = 0

    def add(self, batch: Any) -> None:
        """Add the rows of a record batch."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= _ROWS_AT_ONCE:
            whole = self._joined()
            stop = self._rows - self._rows % _ROWS_AT_ONCE
            for first in range(0, stop, _ROWS_AT_ONCE):
                self._write(whole.slice(first, _ROWS_AT_ONCE))
            self._waiting = [whole.slice(stop)]
            self._rows -= stop

    def finish(self) -> None:
        """Write the rows that are left."""
        if self._rows:
            self._write(self._joined())

    def _joined(self) -> Any:
        """All rows that wait, as one record batch."""
        import pyarrow as pa

        (whole,) = pa.Table.from_batches(self._waiting).combine_chunks().to_batches()
        return whole

    def _write(self, batch: Any) -> None:
        for write in self._writers:
            write(batch)


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
