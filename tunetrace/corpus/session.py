"""The Session's published collection: a CSV or JSON file with one record for each setting.

A record holds the music alone and says in other columns what an ABC header would, so the header is
composed before the ABC reader gets it. Older files call tune_id `tune` and setting_id `setting`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tunetrace.corpus.records import Rejected
from tunetrace.errors import AbcError, InputError
from tunetrace.tokenizer.abc import tokenize_abc
from tunetrace.tokenizer.transcription import Transcription, as_number, lines_of, plain

COLUMNS: Final = ("tune_id", "setting_id", "name", "meter", "mode", "abc")
"""The columns that a transcription is made of; the others are passed over."""

_OLD_NAMES: Final = {"tune": "tune_id", "setting": "setting_id"}
_HEADER_LINES: Final = 5
_LONGEST_HEADER: Final = 1000

_BREAK: Final = re.compile(r'("[^"\n]*"|![^!|\s]+!)|![ \t]*')
"""A text or a decoration, which stay, or the `!` that once stood for a line's end."""

_RECORD: Final = re.compile(r'^"?[0-9]+"?,"?[0-9]+"?,', re.MULTILINE)
"""How a record begins; no line of ABC does."""

_LONGEST_RECORD: Final = 1 << 17
"""Bytes at the end of a file that are searched for its last record; csv takes no longer field."""

_CUT_OFF: Final = "the file may be cut off there; fetch it anew"


def is_session(text: str) -> bool:
    """Whether a text begins as The Session's CSV or JSON does."""
    if text.lstrip()[:1] == "[":
        return re.match(r'\s*\[\s*(?:\{\s*["}]|\])', text) is not None
    return _is_header(_columns(text))


def problem_of(path: Path) -> str | None:
    """What shows that a file is not The Session's or was cut off, None where nothing does.

    Only its beginning and its end are looked at, for nothing is published to compare it with.
    """
    data = path.read_bytes()
    start = data[:_LONGEST_HEADER].decode("utf-8-sig", errors="replace")
    if start.lstrip().startswith("["):
        return None if data.rstrip().endswith(b"]") else "it ends in the middle of a record"
    columns = _columns(start)
    if not _is_header(columns):
        return "it does not begin as The Session's CSV and JSON files do"
    end = data[-_LONGEST_RECORD:].decode("utf-8", errors="replace")  # it may begin inside a letter
    records = [match.start() for match in _RECORD.finditer(end)]
    if records:
        last = next(csv.reader(io.StringIO(end[records[-1] :], newline="")))
        if len(last) != len(columns):
            return "it ends in the middle of a record"
    return None


def read_settings(text: str, name: str) -> Iterator[Transcription | Rejected]:
    """The settings of The Session's CSV or JSON in their order. name: what to call the text.

    A record that cannot be read comes as a Rejected. InputError where the text as a whole is
    neither, or holds no setting.
    """
    records = _json_records if text.lstrip()[:1] in ("[", "{") else _csv_records
    is_empty = True
    for record in records(text, name):
        is_empty = False
        yield record if isinstance(record, Rejected) else _setting(record, name)
    if is_empty:
        raise InputError(f"{name}: there is no setting in it; {_CUT_OFF}")


@dataclass(slots=True)
class _Record:
    """One record: its values by column, and the line it begins on where that can be told."""

    values: Mapping[str, Any]
    line: int | None

    def text(self, column: str) -> str:
        """The value of a column as text; AbcError where it is none."""
        value = self.values.get(column)
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
            return str(value)
        what = "has no" if value is None else "has a strange"
        raise AbcError(f"the record {what} '{column}'; give it as text", kind="bad record")

    def on_one_line(self, column: str) -> str:
        return plain(" ".join(self.text(column).split()))

    def number(self, column: str) -> int:
        text = self.on_one_line(column)
        number = as_number(text)
        if number is None:
            shown = text if len(text) <= 20 else text[:20] + "…"
            raise AbcError(f"its {column} '{shown}' is no number", kind="bad record")
        return number


def _setting(record: _Record, name: str) -> Transcription | Rejected:
    number: int | None = None
    title = ""
    has_breaks = False
    try:
        number = record.number("setting_id")
        title = record.on_one_line("name")
        work = record.number("tune_id")
        mode = record.on_one_line("mode")
        if not mode:
            raise AbcError("its mode is empty; write it as Gmajor", kind="bad record")
        body, has_breaks = _body(record.text("abc"))
        lines = [
            f"X:{number}",
            "T:" + title.replace("%", r"\%"),
            f"M:{record.on_one_line('meter')}",
            "L:1/8",
            f"K:{mode}",
            *body,
        ]
        tune = tokenize_abc(lines, 1, name)
    except AbcError as error:
        return Rejected(
            name, _line(record, error, has_breaks), None, plain(error.reason), error.kind,
            number, title,
        )  # fmt: skip
    return replace(
        tune,
        number=number,
        titles=(title,) if title else (),
        line=record.line or 1,
        work=str(work),
        link=f"https://thesession.org/tunes/{work}#setting{number}",
    )


def _body(text: str) -> tuple[list[str], bool]:
    """The lines of a body, and whether `!` for a line's end made lines that the file has not."""
    if "\0" in text:
        raise AbcError("its abc holds a NUL; remove it", kind="bad record")
    text = text.encode("utf-8", errors="replace").decode()  # half characters that JSON can write
    if "!" not in text:
        return lines_of(text), False
    broken = _BREAK.sub(lambda match: match.group(1) or "\n", text)
    return lines_of(broken), broken != text


def _line(record: _Record, error: AbcError, has_breaks: bool) -> int | None:
    """The line of the file that a mistake stands on: the record's first where it is unclear."""
    if record.line is None or error.line is None or has_breaks:
        return record.line
    return record.line + max(error.line - _HEADER_LINES - 1, 0)


def _columns(text: str) -> list[str]:
    """The columns that the first line of a CSV file names, as they are called today."""
    line = re.split(r"[\r\n]", text[:_LONGEST_HEADER].lstrip("\ufeff"), maxsplit=1)[0]
    names = [column.strip() for column in next(csv.reader([line]), [])]
    return [_OLD_NAMES.get(column, column) for column in names]


def _is_header(columns: Sequence[str]) -> bool:
    return "abc" in columns and ("setting_id" in columns or "tune_id" in columns)


def _csv_records(text: str, name: str) -> Iterator[_Record | Rejected]:
    columns = _columns(text)
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise InputError(
            f"{name}:1: the columns {', '.join(missing)} are missing; The Session's CSV has "
            f"{', '.join(COLUMNS)}"
        )
    lines = _Lines(text)
    next(lines)
    reader = csv.reader(lines)
    setting, title = columns.index("setting_id"), columns.index("name")
    while True:
        line = lines.number + 1
        try:
            row = next(reader, None)
        except csv.Error:
            yield Rejected(
                name, line, None,
                f"a field of the record is longer than {csv.field_size_limit():,} characters; "
                "close its quotation mark",
                "bad record",
            )  # fmt: skip
            lines.skip_to_record()
            continue
        if row is None:
            return
        if not row:
            continue
        if len(row) == len(columns):
            yield _Record(dict(zip(columns, row, strict=True)), line)
        else:
            yield Rejected(
                name, line, None,
                f"the record has {len(row)} columns and the first line names {len(columns)}; "
                + _CUT_OFF,
                "bad record",
                as_number(row[setting]) if len(row) > setting else None,
                plain(row[title]) if len(row) > title else "",
            )  # fmt: skip


class _Lines:
    """The lines of a text with their ends. number: how many were given."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self._kept: str | None = None
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, self._kept = self._kept or next(self._lines), None
        self.number += 1
        return line

    def skip_to_record(self) -> None:
        """Pass over what is left of a record that has no end."""
        for line in self:
            if _RECORD.match(line):
                self._kept = line
                self.number -= 1
                return


def _json_records(text: str, name: str) -> Iterator[_Record | Rejected]:
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{name}:{error.lineno}:{error.colno}: this is no JSON ({error.msg}); {_CUT_OFF}"
        ) from None
    except (ValueError, RecursionError):
        raise InputError(
            f"{name}: this is no JSON of The Session, but numbers or lists beyond measure"
        ) from None
    if not isinstance(records, list):
        raise InputError(f"{name}: The Session's JSON is a list of records, and this is none")
    for record in records:
        if isinstance(record, dict):
            yield _Record(
                {_OLD_NAMES.get(column, column): record[column] for column in map(str, record)},
                None,
            )
        else:
            yield Rejected(name, None, None, "the record is no object with an abc", "bad record")
