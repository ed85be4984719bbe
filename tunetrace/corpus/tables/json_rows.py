"""The records of JSON: a list of objects, or JSON lines, which have one object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from tunetrace.corpus.records import Rejected
from tunetrace.corpus.streams import LONGEST, beginning, lines_in
from tunetrace.corpus.tables.json_values import TOO_LONG, JsonValues
from tunetrace.corpus.tables.record import TableRecord

_OBJECT: Final = re.compile(r'\s*\{\s*(?:"(?:[^"\\\n]|\\.)*"\s*:|\}\s*\Z)')
_LIST: Final = re.compile(r'\s*\[\s*(?:\{\s*["}]|\]\s*\Z|"(?:[^"\\\n]|\\.)*\\n)')
"""A list of objects or of texts with several lines. `[` can be a chord of ABC."""


def is_json(text: str) -> bool:
    """Whether a text begins as an object or as a list of records, in JSON."""
    return (_OBJECT.match(text) or _LIST.match(text)) is not None


def json_rows(texts: Iterator[str], name: str) -> Iterator[TableRecord | Rejected]:
    """The records of a JSON text in pieces, in their order.

    name: stands for the text in messages. A record that cannot be read is given as a Rejected, and
    so is a line of JSON lines that is not JSON. InputError if other JSON is broken.
    """
    first = next(texts)
    texts = chain([first], texts)
    if first.lstrip()[:1] == "[":
        yield from json_list_rows(texts, name)
    elif beginning(first).split("\n", 1)[0].strip() == "{":  # each object on several lines
        yield from _rows(JsonValues(texts, name).one_after_another(), name)
    else:
        yield from _json_lines(texts, name)


def json_list_rows(texts: Iterator[str], name: str) -> Iterator[TableRecord | Rejected]:
    """As json_rows, for a JSON list. InputError if the text is none."""
    return _rows(JsonValues(texts, name).of_list(), name)


def _rows(values: Iterator[tuple[int, object]], name: str) -> Iterator[TableRecord | Rejected]:
    """The records that values are, each given with the line on which it begins."""
    last_line = 0
    for number, (line, value) in enumerate(values, 1):
        yield _row(value, line, name, number if line == last_line else None)
        last_line = line


def _json_lines(texts: Iterator[str], name: str) -> Iterator[TableRecord | Rejected]:
    for number, line in enumerate(chain.from_iterable(lines_in(texts)), 1):
        if not line or line.isspace():
            continue
        if len(line) > LONGEST:
            yield _row(TOO_LONG, number, name)
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else "too large"
            yield Rejected(
                name, number, None,
                f"the line is not JSON ({what}); write one whole object on each line",
                "bad record",
            )  # fmt: skip
        else:
            yield _row(value, number, name)


def _row(value: object, line: int, name: str, number: int | None = None) -> TableRecord | Rejected:
    if isinstance(value, str):
        value = {"text": value}
    if isinstance(value, dict):
        return TableRecord(value, line, number=number)
    reason = "the record is not an object; write the tune into an object, by a key such as 'abc'"
    if value is TOO_LONG:
        reason = f"the record has more than {LONGEST:,} characters; give one tune in each record"
    where = TableRecord({}, line, number=number).where(None)
    return Rejected(name, line, None, reason + where, "bad record")
