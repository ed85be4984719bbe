"""Which columns of a table hold the tunes, their titles and their numbers.

A column has a name, or a dotted name for what is inside its values: `response.choices.0.text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tunetrace.corpus.tables.conversations import text_in
from tunetrace.errors import InputError
from tunetrace.text import printable

LOOKED_AT: Final = 10
"""Records at the beginning of a table, from which the columns are found."""

_OF_ABC: Final = frozenset(("abc", "abc notation", "abc tune", "abc text", "abc string"))
"""Columns that say themselves that they hold ABC, as _plain writes names."""

_OF_TEXT: Final = frozenset(
    ("tune", "tunes", "notation", "transcription", "music", "melody", "text", "content", "contents",
     "output", "outputs", "completion", "completions", "response", "responses", "answer",
     "generated", "generated text", "generation", "prediction", "sample", "samples", "chosen",
     "messages", "conversation", "conversations", "choices")
)  # fmt: skip
"""Columns in which a model's or a person's text usually is."""

_OF_ASKING: Final = frozenset(
    ("prompt", "instruction", "input", "question", "query", "system", "user", "rejected",
     "control code", "control codes")
)  # fmt: skip
"""Columns that hold what a model was asked or is to avoid. They are read only if they are named."""

_OF_TITLES: Final = ("title", "name", "tune name", "tune title")
_OF_NUMBERS: Final = ("number", "id", "tune id", "tune number")

_KEY: Final = re.compile(r"(?:^|\n|\\n|\[|\s)K:")
_DEEPEST: Final = 3
"""How deep inside a value a column is looked for."""

Path = tuple[str, ...]
"""The name of a column, and of what is inside its values."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table that are read."""

    tunes: Path
    title: str | None = None
    number: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns that have to be read, without what is inside their values."""
        return [name for name in (self.tunes[0], self.title, self.number) if name is not None]


def value_at(values: Mapping[str, Any], path: Path) -> Any:
    """What a record has at a path; None if it has nothing there."""
    value: Any = values
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def find_columns(records: Sequence[Mapping[str, Any]], asked: str | None, name: str) -> Columns:
    """The columns of a table, from its first records.

    asked: the column of the tunes as the user names it; None to find it. name: stands for the
    table in messages. Raises InputError, with the columns that there are, if it is not there or
    cannot be told.
    """
    columns = list(dict.fromkeys(column for record in records for column in record))
    if asked is not None:
        tunes = _named(records, columns, asked, name)
    else:
        tunes = _likely(records, columns, name)
    others = {_plain(column): column for column in reversed(columns) if column != tunes[0]}
    return Columns(
        tunes,
        next((others[one] for one in _OF_TITLES if one in others), None),
        next((others[one] for one in _OF_NUMBERS if one in others), None),
    )


def is_known(column: str) -> bool:
    """Whether a column of this name usually holds tunes."""
    return _plain(column) in _OF_ABC or _plain(column) in _OF_TEXT


def says_abc(column: str) -> bool:
    """Whether a column of this name says that it holds ABC."""
    return _plain(column) in _OF_ABC


def has_key(text: str) -> bool:
    """Whether a text has a K: field, as every ABC tune has one."""
    return _KEY.search(text) is not None


def _plain(column: str) -> str:
    """A name without case and with spaces: `ABC_notation` is `abc notation`."""
    return " ".join(re.sub(r"[\s_-]+", " ", column.lower()).split())


def _named(
    records: Sequence[Mapping[str, Any]], columns: Sequence[str], asked: str, name: str
) -> Path:
    if asked in columns:
        return (asked,)
    alike = [column for column in columns if _plain(column) == _plain(asked)]
    if len(alike) == 1:
        return (alike[0],)
    for column in sorted(columns, key=len, reverse=True):  # a column may have dots in its name
        path = (column, *asked.removeprefix(f"{column}.").split("."))
        if asked.startswith(f"{column}.") and any(
            value_at(record, path) is not None for record in records
        ):
            return path
    raise InputError(
        f"{name}: there is no column '{printable(asked[:80])}'; its columns are {_listed(columns)}"
    )


def _likely(records: Sequence[Mapping[str, Any]], columns: Sequence[str], name: str) -> Path:
    """The column that most likely holds the tunes.

    It is the only one whose name says ABC, else the only one with K: fields, else the only one
    that usually holds text.
    """
    sample: dict[Path, list[str]] = {}
    for record in records:
        for path, text in _texts(record):
            sample.setdefault(path, []).append(text)
    paths = [path for path in sample if _plain(path[-1]) not in _OF_ASKING]
    by_name = [path for path in paths if _plain(path[-1]) in _OF_ABC]
    with_keys = [path for path in paths if any(map(has_key, sample[path]))]
    usual = [path for path in paths if _plain(path[-1]) in _OF_TEXT]
    usual_with_keys = [path for path in with_keys if path in usual]
    for found in (by_name, with_keys, usual_with_keys, [] if with_keys else usual):
        if len(found) == 1:
            return found[0]
    what = "several columns may hold the tunes" if with_keys else "no column with tunes is found"
    raise InputError(f"{name}: {what}; name one with --column: its columns are {_listed(columns)}")


def _texts(record: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The texts of a record, each with its path. A conversation is one text."""

    def inside(value: object, path: Path) -> Iterator[tuple[Path, str]]:
        if isinstance(value, Mapping):
            if len(path) < _DEEPEST:
                for key, one in value.items():
                    yield from inside(one, (*path, str(key)))
        else:
            text = text_in(value)
            if text is not None:
                yield path, text

    for key, value in record.items():
        yield from inside(value, (key,))


def _listed(columns: Sequence[str]) -> str:
    """The names of columns, of many the first ones."""
    shown = ", ".join(f"'{printable(column)}'" for column in columns[:20])
    return f"{shown} and {len(columns) - 20} more" if len(columns) > 20 else shown or "none"
