"""The records of CSV: separated by commas, semicolons or tabs, under a line that names columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from tunetrace.corpus.records import Rejected
from tunetrace.corpus.streams import beginning, lines_in
from tunetrace.corpus.tables.columns import has_key, is_known, says_abc
from tunetrace.corpus.tables.record import TableRecord
from tunetrace.errors import InputError
from tunetrace.text import counted
from tunetrace.tokenizer.abc.header import is_field

_SEPARATORS: Final = ",;\t"
_LOOKED_AT: Final = 5
_LONGEST_HEADER: Final = 10_000


def is_csv(text: str, column: str | None = None) -> bool:
    """Whether a text begins as CSV with a column of tunes.

    Its first line names such a column, or the one that is asked for, and at least half of the
    records after it have as many fields; one is enough if the column says that it holds ABC. A
    column alone must say so, and hold ABC.
    """
    text = beginning(text).lstrip("\r\n")
    header = _first_line(text)
    if not header or len(header) > _LONGEST_HEADER:
        return False
    separator = _separator_of(header)
    names = _fields(header, separator)
    known = [name for name in names if is_known(name) or name == column]
    if not known or len(set(names)) < len(names):
        return False
    records = _whole_records(text, separator)
    if len(names) > 1:
        as_named = sum(len(record) == len(names) for record in records)
        # Where a quotation mark is not closed, what follows looks like one record.
        wanted = 1 if any(map(says_abc, names)) else len(records) / 2
        return as_named >= min(wanted, len(records))
    return (says_abc(names[0]) or names[0] == column) and any(
        has_key(record[0]) for record in records
    )


def csv_rows(texts: Iterator[str], name: str) -> Iterator[TableRecord | Rejected]:
    """The records of a CSV text in pieces, in their order.

    name: stands for the text in messages. A record that cannot be read is given as a Rejected.
    """
    lines: Iterator[str] = (line + "\n" for line in chain.from_iterable(lines_in(texts)))
    before = 1  # lines before those of the reader
    header = next(lines)
    while not header.strip() and (line := next(lines, None)) is not None:
        header = line
        before += 1
    separator = _separator_of(header)
    columns = _fields(header, separator)
    if len(set(columns)) < len(columns) or "" in columns[:1] or is_field(header):
        raise InputError(
            f"{name}:{before}: this line does not name the columns of a CSV file, each by a name "
            "of its own; give it as the first line"
        )
    fields = fields_of(
        lines, before, separator, name, lambda line: len(_fields(line, separator)) == len(columns)
    )
    for record in fields:
        if isinstance(record, Rejected):
            yield record
            continue
        line_number, values = record
        if len(values) == len(columns):
            yield TableRecord(dict(zip(columns, values, strict=True)), line_number, has_lines=True)
        elif any(value.strip() for value in values):
            yield Rejected(
                name, line_number, None,
                f"the record has {counted(len(values), 'column')} and the first line names "
                f"{len(columns)}; enclose a text with a separator or a line end in quotation marks",
                "bad record",
            )  # fmt: skip


def fields_of(
    lines: Iterator[str], before: int, separator: str, name: str, begins: Callable[[str], bool]
) -> Iterator[tuple[int, list[str]] | Rejected]:
    """The fields of each record in the lines of CSV, after the line on which the record begins.

    before: how many lines of the file are before these. name: stands for it in messages. begins:
    whether a record begins on a line. A field without an end is given as a Rejected, and reading
    goes on at the next line that begins a record.
    """
    reader = csv.reader(lines, delimiter=separator)
    while True:
        line_number = before + reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error:
            yield Rejected(
                name, line_number, None,
                f"a field of the record is longer than {csv.field_size_limit():,} characters; "
                "close its quotation mark",
                "bad record",
            )  # fmt: skip
            before += reader.line_num
            for line in lines:  # the rest of the record
                if begins(line):
                    lines = chain([line], lines)
                    break
                before += 1
            reader = csv.reader(lines, delimiter=separator)
            continue
        if record is None:
            return
        yield line_number, record


def _first_line(text: str) -> str:
    return text.replace("\r", "\n").split("\n", 1)[0]


def _separator_of(header: str) -> str:
    """The separator of which a line has the most outside of quotation marks."""
    outside = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


def _fields(line: str, separator: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return []


def _whole_records(text: str, separator: str) -> Sequence[Sequence[str]]:
    """The first records after the header. The last one of a text that goes on is left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        records = [record for record in islice(reader, _LOOKED_AT + 1) if record]
    except csv.Error:
        return ()
    return records[1:] if len(records) <= _LOOKED_AT else records[1:-1]
