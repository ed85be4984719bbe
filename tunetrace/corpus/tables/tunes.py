"""From the records of a table to tunes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Final

from tunetrace.corpus.records import Rejected
from tunetrace.corpus.tables.columns import LOOKED_AT, Columns, find_columns, value_at
from tunetrace.corpus.tables.conversations import text_in
from tunetrace.corpus.tables.parquet_rows import ParquetRows
from tunetrace.corpus.tables.record import TableRecord
from tunetrace.errors import InputError
from tunetrace.text import plain
from tunetrace.tokenizer.transcription import Transcription, as_number

ReadText = Callable[[str], Iterator[Transcription | Rejected]]
"""Reads the tunes of a text. InputError, with the name of the table, if it has none."""

_WRITTEN_OUT: Final = re.compile(r"\\n[A-Za-z]:")
r"""A line end that is written as `\n`, before a field."""


def read_rows(
    rows: Iterator[TableRecord | Rejected], name: str, column: str | None, read_text: ReadText
) -> Iterator[Transcription | Rejected]:
    """The tunes of records, in their order.

    name: stands for the table in messages. column: of the tunes; None to find it. A record without
    a tune is given as a Rejected. InputError if there is no record, or if the column is not there.
    """
    is_empty = True
    for row in rows:
        is_empty = False
        if isinstance(row, TableRecord):
            first = [row, *islice(rows, LOOKED_AT - 1)]
            records = [one.values for one in first if isinstance(one, TableRecord)]
            columns = find_columns(records, column, name)
            yield from _tunes_of(chain(first, rows), columns, name, read_text)
        else:
            yield row
    if is_empty:
        raise InputError(f"{name}: the table has no record; give one that holds tunes")


def read_parquet(
    table: ParquetRows, name: str, column: str | None, read_text: ReadText
) -> Iterator[Transcription | Rejected]:
    """As read_rows, for a Parquet file. Only the columns that are needed are read."""
    records = [row.values for row in islice(table.rows(), LOOKED_AT)]
    if not records:
        raise InputError(f"{name}: the table has no record; give one that holds tunes")
    columns = find_columns(records, column, name)
    yield from _tunes_of(table.rows(columns.names), columns, name, read_text)


def _tunes_of(
    rows: Iterable[TableRecord | Rejected], columns: Columns, name: str, read_text: ReadText
) -> Iterator[Transcription | Rejected]:
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        text = text_in(value_at(row.values, columns.tunes))
        try:
            if text is None:
                raise InputError(f"the record has no text in '{'.'.join(columns.tunes)}'; add it")
            if not text.strip():
                raise InputError("the text is empty; give a tune")
            tunes = list(read_text(_usable(text)))
        except InputError as error:
            reason = plain(str(error).removeprefix(f"{name}: "))
            tunes = [Rejected(name, None, None, reason, "no tune")]
        for tune in tunes:
            yield _placed(tune, row, columns, name)


def _placed(
    tune: Transcription | Rejected, row: TableRecord, columns: Columns, name: str
) -> Transcription | Rejected:
    """A tune of a record with its place in the file, and what the record says of it."""
    line = row.line_of(columns.tunes[0])
    if row.has_lines:
        line += (tune.line or 1) - 1
    title = _title_of(row, columns)
    number = _number_of(row, columns) if tune.number is None else tune.number
    if isinstance(tune, Transcription):
        titles = tune.titles or ((title,) if title else ())
        return replace(tune, input=name, line=line, titles=titles, number=number)
    return replace(
        tune,
        input=name,
        line=line,
        column=None,  # of the text, and not of the file
        reason=tune.reason + row.where(tune.line),
        number=number,
        title=tune.title or title,
    )


def _usable(text: str) -> str:
    """A text without what JSON can contain and no text file: half characters, and NUL."""
    text = (
        text.encode("utf-8", errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    )
    is_written_out = "\n" not in text and _WRITTEN_OUT.search(text)
    return text.replace("\\n", "\n") if is_written_out else text


def _title_of(row: TableRecord, columns: Columns) -> str:
    value = row.values.get(columns.title) if columns.title else None
    return plain(" ".join(_usable(value).split())) if isinstance(value, str) else ""


def _number_of(row: TableRecord, columns: Columns) -> int | None:
    value = row.values.get(columns.number) if columns.number else None
    is_number = isinstance(value, str | int) and not isinstance(value, bool)
    return as_number(str(value)[:20]) if is_number else None
