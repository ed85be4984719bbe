"""The Session's published collection: a CSV or JSON file with one record for each setting.

A record has the music in one column and the rest of an ABC tune in others. These are made into a
header for the ABC reader. Older files call tune_id `tune` and setting_id `setting`.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from tunetrace.corpus.records import Rejected
from tunetrace.corpus.streams import lines_in
from tunetrace.corpus.tables.csv_rows import fields_of
from tunetrace.corpus.tables.json_rows import json_list_rows
from tunetrace.corpus.tables.json_values import MAY_BE_CUT_OFF
from tunetrace.corpus.tables.record import TableRecord
from tunetrace.errors import AbcError, InputError
from tunetrace.text import lines_of, plain
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.transcription import Transcription, as_number

COLUMNS: Final = ("tune_id", "setting_id", "name", "meter", "mode", "abc")
"""The columns that make a transcription. The others are ignored."""

_OLD_NAMES: Final = {"tune": "tune_id", "setting": "setting_id"}
_HEADER_LINES: Final = 5
_LONGEST_HEADER: Final = 1000

_BREAK: Final = re.compile(r'("[^"\n]*"|![^!|\s]+!)|![ \t]*')
"""A text or a decoration, in group 1, or the `!` that older files use to end a line."""

_RECORD: Final = re.compile(r'^"?[0-9]+"?,"?[0-9]+"?,', re.MULTILINE)
"""The beginning of a record. No line of ABC begins so."""

_SETTING: Final = re.compile(r'(?<!\\)"setting(?:_id)?"\s*:')
"""A key of each record in The Session's JSON. Inside a text, its marks have backslashes."""

_LONGEST_RECORD: Final = 1 << 17
"""Bytes at the end of a file in which its last record is searched. csv limits a field to this."""


def is_session(text: str) -> bool:
    """Whether a text begins as The Session's CSV or JSON."""
    if text.lstrip()[:1] == "[":
        return _SETTING.search(text) is not None
    return _is_header(_columns(text))


def problem_of(path: Path) -> str | None:
    """What shows that a file is not The Session's or was cut off; None if nothing does.

    Only its beginning and its end are checked, since no checksum is published.
    """
    with path.open("rb") as file:
        start = file.read(_LONGEST_HEADER).decode("utf-8-sig", errors="replace")
        file.seek(max(file.seek(0, os.SEEK_END) - _LONGEST_RECORD, 0))
        end = file.read().decode("utf-8", errors="replace")  # it may begin inside a character
    if start.lstrip().startswith("["):
        return None if end.rstrip().endswith("]") else "it ends in the middle of a record"
    columns = _columns(start)
    if not _is_header(columns):
        return "it does not begin as The Session's CSV and JSON files do"
    records = [match.start() for match in _RECORD.finditer(end)]
    if records:
        last = next(csv.reader(io.StringIO(end[records[-1] :], newline="")))
        if len(last) != len(columns):
            return "it ends in the middle of a record"
    return None


def read_settings(texts: Iterator[str], name: str) -> Iterator[Transcription | Rejected]:
    """The settings in The Session's CSV or JSON, in their order. texts: the text in pieces.

    name: stands for the text in messages. A record that cannot be read is given as a Rejected.
    InputError if the text is neither CSV nor JSON, has no setting, or is JSON that was cut off.
    """
    first = next(texts)
    texts = chain([first], texts)
    is_json = first.lstrip()[:1] in ("[", "{")
    records = _json_records(texts, name) if is_json else _csv_records(texts, first, name)
    is_empty = True
    for record in records:
        is_empty = False
        yield record if isinstance(record, Rejected) else _setting(record, name)
    if is_empty:
        raise InputError(f"{name}: the file has no setting; {MAY_BE_CUT_OFF}")


def _text_of(record: TableRecord, column: str) -> str:
    """The value of a column as text. AbcError if it is not text."""
    value = record.values.get(column)
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
        return str(value)
    what = "has no" if value is None else "has an unusable"
    raise AbcError(f"the record {what} '{column}'; give it as text", kind="bad record")


def _on_one_line(record: TableRecord, column: str) -> str:
    return plain(" ".join(_text_of(record, column).split()))


def _number_of(record: TableRecord, column: str) -> int:
    text = _on_one_line(record, column)
    number = as_number(text)
    if number is None:
        shown = text if len(text) <= 20 else text[:20] + "…"
        raise AbcError(f"the {column} '{shown}' of the record is not a number", kind="bad record")
    return number


def _setting(record: TableRecord, name: str) -> Transcription | Rejected:
    number: int | None = None
    title = ""
    has_breaks = False
    try:
        number = _number_of(record, "setting_id")
        title = _on_one_line(record, "name")
        work = _number_of(record, "tune_id")
        mode = _on_one_line(record, "mode")
        if not mode:
            raise AbcError("the mode of the record is empty; write it as Gmajor", kind="bad record")
        body, has_breaks = _body(_text_of(record, "abc"))
        lines = [
            f"X:{number}",
            "T:" + title.replace("%", r"\%"),
            f"M:{_on_one_line(record, 'meter')}",
            "L:1/8",
            f"K:{mode}",
            *body,
        ]
        tune = tokenize_abc(lines, 1, name)
    except AbcError as error:
        line = record.line  # if a `!` became the end of a line, lines cannot be counted
        if error.line is not None and record.has_lines and not has_breaks:
            line += max(error.line - _HEADER_LINES - 1, 0)
        reason = plain(error.reason) + record.where(None)
        return Rejected(name, line, None, reason, error.kind, number, title)
    return replace(
        tune,
        number=number,
        titles=(title,) if title else (),
        line=record.line,
        work=str(work),
        link=f"https://thesession.org/tunes/{work}#setting{number}",
    )


def _body(text: str) -> tuple[list[str], bool]:
    """The lines of a body, and whether a `!` was replaced by the end of a line."""
    if "\0" in text:
        raise AbcError("the abc of the record has a NUL character; remove it", kind="bad record")
    text = text.encode("utf-8", errors="replace").decode()  # JSON can contain half characters
    if "!" not in text:
        return lines_of(text), False
    broken = _BREAK.sub(lambda match: match.group(1) or "\n", text)
    return lines_of(broken), broken != text


def _columns(text: str) -> list[str]:
    """The columns that the first line of a CSV file names, with today's names."""
    line = re.split(r"[\r\n]", text[:_LONGEST_HEADER].lstrip("\ufeff"), maxsplit=1)[0]
    names = [column.strip() for column in next(csv.reader([line]), [])]
    return [_OLD_NAMES.get(column, column) for column in names]


def _is_header(columns: Sequence[str]) -> bool:
    return "abc" in columns and "setting_id" in columns


def _csv_records(texts: Iterable[str], first: str, name: str) -> Iterator[TableRecord | Rejected]:
    columns = _columns(first)
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise InputError(
            f"{name}:1: the columns {', '.join(missing)} are missing; The Session's CSV has "
            f"{', '.join(COLUMNS)}"
        )
    lines: Iterator[str] = (line + "\n" for line in chain.from_iterable(lines_in(texts)))
    next(lines)
    setting, title = columns.index("setting_id"), columns.index("name")
    for record in fields_of(lines, 1, ",", name, lambda line: _RECORD.match(line) is not None):
        if isinstance(record, Rejected):
            yield record
            continue
        line, values = record
        if len(values) == len(columns):
            yield TableRecord(dict(zip(columns, values, strict=True)), line, has_lines=True)
        elif values:
            yield Rejected(
                name, line, None,
                f"the record has {len(values)} columns and the first line names {len(columns)}; "
                + MAY_BE_CUT_OFF,
                "bad record",
                as_number(values[setting]) if len(values) > setting else None,
                plain(values[title]) if len(values) > title else "",
            )  # fmt: skip


def _json_records(texts: Iterator[str], name: str) -> Iterator[TableRecord | Rejected]:
    for row in json_list_rows(texts, name):
        if isinstance(row, Rejected):
            yield row
        else:
            values = {_OLD_NAMES.get(column, column): row.values[column] for column in row.values}
            yield replace(row, values=values)
