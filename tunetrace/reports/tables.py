"""The tables of a report, written while a batch streams by.

`tunes.csv` and `tunes.parquet` have a row for each transcription, `spans.parquet` one for each of
its spans, `set-aside.csv` one for each tune that could not be read. Two batches that are compared
stand in the same tables, told apart by their first column.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Final, Self

from tunetrace.checker.columns import (
    REJECT_COLUMNS,
    SPAN_COLUMNS,
    TUNE_COLUMNS,
    RejectRow,
    SpanRow,
    TuneRow,
    batch_of,
)
from tunetrace.checker.records import CheckedTune
from tunetrace.corpus.records import Rejected
from tunetrace.reports.folder import ReportFolder
from tunetrace.reports.writers import CsvTable, ParquetTable

_ROWS_AT_ONCE: Final = 2000


class Tables:
    """The tables of a report in its folder; written in a with statement, whole after it.

    Whatever of it cannot be written raises OutputError.
    """

    def __init__(self, folder: ReportFolder) -> None:
        self._folder = folder
        self._tunes: list[TuneRow] = []
        self._rejects: list[RejectRow] = []
        beside = folder.beside
        # Should the last of them fail to open, the others are closed.
        with folder.writing(), ExitStack() as opened:
            keep = opened.enter_context
            self._tunes_csv = keep(CsvTable(beside("tunes.csv"), TUNE_COLUMNS))
            self._tunes_parquet = keep(ParquetTable(beside("tunes.parquet"), TUNE_COLUMNS))
            self._spans_parquet = keep(ParquetTable(beside("spans.parquet"), SPAN_COLUMNS))
            self._rejects_csv = keep(CsvTable(beside("set-aside.csv"), REJECT_COLUMNS))
            self._opened = opened.pop_all()

    def add(self, batch: str, record: CheckedTune | Rejected) -> None:
        """Take in what the check of a batch, by its name, says next."""
        if isinstance(record, Rejected):
            self._rejects.append(RejectRow(batch, record))
        else:
            self._tunes.append(TuneRow(batch, record))
        if len(self._tunes) + len(self._rejects) >= _ROWS_AT_ONCE:
            self._write()

    def _write(self) -> None:
        """Write what was gathered."""
        tunes, rejects, spans = self._tunes, self._rejects, self._span_rows()
        with self._folder.writing():
            if tunes:
                batch = batch_of(tunes, TUNE_COLUMNS)
                self._tunes_csv.write(batch)
                self._tunes_parquet.write(batch)
            if spans:
                self._spans_parquet.write(batch_of(spans, SPAN_COLUMNS))
            if rejects:
                self._rejects_csv.write(batch_of(rejects, REJECT_COLUMNS))
        self._tunes, self._rejects = [], []

    def _span_rows(self) -> list[SpanRow]:
        return [
            SpanRow(row.batch, row.tune, span) for row in self._tunes for span in row.tune.spans
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._write()
                with self._folder.writing():
                    self._opened.close()
        finally:
            # After an error that one is told, and not what closing meets because of it.
            with suppress(OSError):
                self._opened.close()
