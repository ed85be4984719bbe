"""What all records share: a short repr, and their content as plain Python and as JSON."""

from __future__ import annotations

import json
import reprlib
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any, Final

LONGEST_REPR: Final = 200
"""Characters. A notebook and a debugger show a record on a line or two."""


class Record:
    """The base of the dataclasses that tunetrace answers with.

    A field whose metadata has `json: False` is for display and is left out of dicts and JSON.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain dicts, lists, numbers and text; a fraction as text (`3/2`)."""
        content: dict[str, Any] = to_plain(self)
        return content

    def to_json(self, indent: int | None = None) -> str:
        """The fields as one JSON document."""
        return json.dumps(to_plain(self), ensure_ascii=False, indent=indent)

    def __repr__(self) -> str:
        """The class and the first fields, in at most 200 characters."""
        known = fields(self)  # type: ignore[arg-type]
        shown = ", ".join(f"{field.name}={_short(getattr(self, field.name))}" for field in known)
        text = f"{type(self).__name__}({shown})"
        return text if len(text) <= LONGEST_REPR else f"{text[: LONGEST_REPR - 2]}…)"


def _short(value: object) -> str:
    if isinstance(value, tuple | list | dict) and len(value) > 4:
        return f"<{len(value):,} items>"
    return reprlib.repr(value)


def to_plain(record: Any) -> Any:
    """A record, or what holds records, as plain dicts, lists, numbers and text."""
    if is_dataclass(record):
        return {
            field.name: to_plain(getattr(record, field.name))
            for field in fields(record)
            if field.metadata.get("json", True)
        }
    if isinstance(record, Fraction):
        return str(record)
    if isinstance(record, dict):
        return {str(name): to_plain(value) for name, value in record.items()}
    if isinstance(record, list | tuple):
        return [to_plain(value) for value in record]
    return record
