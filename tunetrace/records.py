"""The base of all records: a short repr, and the content as plain Python and as JSON."""

from __future__ import annotations

import json
import reprlib
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cache
from math import isfinite
from pathlib import PurePath
from typing import Any, Final


class Record:
    """The base of every dataclass that a public function returns.

    A field with the metadata `json: False` is for display. Dicts and JSON leave it out.
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
        """The class and the first fields, in 200 characters: two lines or three of a notebook."""
        known = fields(self)  # type: ignore[arg-type]
        shown = ", ".join(f"{field.name}={_short(getattr(self, field.name))}" for field in known)
        text = f"{type(self).__name__}({shown})"
        return text if len(text) <= 200 else f"{text[:198]}…)"


def _short(value: object) -> str:
    if isinstance(value, tuple | list | dict) and len(value) > 4:
        return f"<{len(value):,} items>"
    return reprlib.repr(value)


_PLAIN: Final = (str, int)  # a bool is an int; to write the types out takes time at each value


@cache
def names_in_json(kind: type) -> tuple[str, ...]:
    """The fields of a class of records that dicts and JSON have."""
    return tuple(field.name for field in fields(kind) if field.metadata.get("json", True))


def to_plain(value: Any) -> Any:
    """A record, or a container of records, as plain dicts, lists, numbers and text.

    NumPy's arrays and numbers become Python's. A number that JSON lacks, as NaN, becomes None.
    """
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in names_in_json(type(value))}
    if isinstance(value, dict):
        return {str(name): to_plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Fraction | PurePath):
        return str(value)
    if hasattr(value, "tolist"):  # an array, or a number of NumPy's
        return to_plain(value.tolist())
    return value
