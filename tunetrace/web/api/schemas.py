"""The schemas of answers, from the records that they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import is_dataclass
from typing import Any, Final, Union, get_args, get_type_hints

from tunetrace.records import names_in_json
from tunetrace.web.api.operation import schema_of

_TEXT: Final = {"type": "string"}
_TEXT_IF_KNOWN: Final = {"type": ["string", "null"]}
_NUMBER_IF_KNOWN: Final = {"type": ["integer", "null"]}


def _closed(description: str, fields: dict[str, Any], optional: str = "") -> dict[str, Any]:
    """The schema of an object with fields, of which some may be missing, and no others."""
    return {
        "type": "object",
        "description": description,
        "properties": fields,
        "required": [name for name in fields if name not in optional.split()],
        "additionalProperties": False,
    }


_CORPUS: Final = _closed(
    "A corpus that the answer quotes.",
    {
        "name": {**_TEXT, "description": "Its name in the index."},
        "source": {**_TEXT, "description": "Where it is from."},
        "version": {**_TEXT_IF_KNOWN, "description": "Its version, if known."},
        "licence": {**_TEXT_IF_KNOWN, "description": "Its licence, if known."},
    },
)
_ORIGIN: Final = _closed(
    "The index that gave the answer.",
    {
        "fingerprint": {**_TEXT, "description": "The digest of what the index holds."},
        "corpora": {
            "type": "array",
            "items": {"$ref": schema_of("QuotedCorpus")},
            "description": "The corpora whose tunes the answer quotes.",
        },
    },
)
_PROBLEM: Final = _closed(
    "What went wrong (RFC 9457).",
    {
        "type": {**_TEXT, "description": "The kind of problem: urn:tunetrace:problem:question."},
        "title": {**_TEXT, "description": "The kind in a few words."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {
            **_TEXT,
            "description": "What was given, and what would be right, in one sentence.",
        },
        "line": {
            **_NUMBER_IF_KNOWN,
            "description": "The line of the mistake in the text that was sent, from 1.",
        },
        "column": {**_NUMBER_IF_KNOWN, "description": "The column of the mistake, from 1."},
    },
    optional="line column",
)


def schemas_of(answers: Sequence[type], others: Sequence[type] = ()) -> dict[str, Any]:
    """The schemas of answers, of the records in them and of problems, by name.

    An answer has the field `index` besides its own; others have not. What is said of a field stands
    next to it in its record.
    """
    from pydantic import ConfigDict, TypeAdapter

    records: dict[str, type] = {}
    for answer in (*answers, *others):
        _gather(answer, records)
    any_record: Any = Union[tuple(records.values())]  # noqa: UP007
    adapter = TypeAdapter(list[any_record], config=ConfigDict(use_attribute_docstrings=True))
    found = adapter.json_schema(mode="serialization", ref_template=schema_of("{model}"))["$defs"]
    schemas = {name: _schema(records[name], found) for name in sorted(records)}
    for answer in answers:
        own = schemas[answer.__name__]
        own["properties"]["index"] = {"$ref": schema_of("Origin")}
        own["required"].append("index")
    return {**schemas, "Origin": _ORIGIN, "QuotedCorpus": _CORPUS, "Problem": _PROBLEM}


def _gather(kind: Any, records: dict[str, type]) -> None:
    """Add the records in a type, and those that they extend, to those known by name."""
    for inner in get_args(kind):
        _gather(inner, records)
    if not (isinstance(kind, type) and is_dataclass(kind)) or kind.__name__ in records:
        return
    records[kind.__name__] = kind
    hints = get_type_hints(kind)
    for name in names_in_json(kind):
        _gather(hints[name], records)
    for base in kind.__bases__:
        _gather(base, records)


def _schema(record: type, found: dict[str, Any]) -> dict[str, Any]:
    """The schema of a record: all its fields in JSON, and no others."""
    from pydantic import TypeAdapter

    known = found[record.__name__]["properties"]
    fields = {}
    for name in names_in_json(record):
        if name in known:
            field = dict(known[name])
        else:  # pydantic leaves out what a record works out when it is made
            field = TypeAdapter(get_type_hints(record)[name]).json_schema(mode="serialization")
        for base in record.__mro__:  # pydantic sees no docstrings of inherited fields
            described = found.get(base.__name__, {}).get("properties", {}).get(name, {})
            if "description" in described:
                field["description"] = _of_json(described["description"])
                break
        fields[name] = {key: value for key, value in field.items() if key not in _LEFT_OUT}
    return _closed(_of_json(record.__doc__ or ""), fields)


_LEFT_OUT: Final = ("title", "default")
"""A field is in its answer whatever its value, and a title only repeats its name."""


def _of_json(docstring: str) -> str:
    """What is said of a record in Python, as it is true of JSON."""
    return re.sub(r"\bNone\b", "null", " ".join(docstring.split()))
