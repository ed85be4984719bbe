"""The JSON files of interventions, directions and certificates: writing one, and reading it with
care.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tunetrace.errors import InputError, OutputError
from tunetrace.files import Kind, check_place, write_whole

FORMAT: Final = 1

_SUFFIX: Final = ".json"
_MARK: Final = "tunetrace"
_MAX_BYTES: Final = 1 << 26


def kind_of_document(name: str) -> Kind:
    """The files of documents of a kind, as `intervention`."""
    return Kind(name, lambda path: _parsed(path).get(_MARK) == name)


def check_document_place(path: str | Path, kind: Kind, *, force: bool) -> None:
    """OutputError unless a document of this kind may be written to path."""
    if Path(path).suffix != _SUFFIX:
        raise OutputError(
            f"{path}: the name of a file for {kind.one} ends in {_SUFFIX}; give a name such "
            f"as {kind.name}{_SUFFIX}"
        )
    check_place(Path(path), kind, force=force)


def save_document(path: str | Path, kind: Kind, content: Mapping[str, Any], *, force: bool) -> None:
    """Write a document, whole or not at all; OutputError where that cannot be."""
    check_document_place(path, kind, force=force)
    document = {_MARK: kind.name, "format": FORMAT, **content}
    write_whole(Path(path), f"{json.dumps(document, indent=1)}\n".encode(), f"the {kind.name}")


def load_document(path: str | Path, kind: Kind, names: set[str]) -> dict[str, Any]:
    """The content of a document, which has exactly these names; InputError if it is none."""
    path = Path(path)
    try:
        found = _parsed(path)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise InputError(
            f"{path}: the {kind.name} cannot be read ({reason}); give another file"
        ) from None
    if found.pop(_MARK, None) != kind.name:
        raise foreign(path, kind, "it is cut off, or is another kind of file")
    version = found.pop("format", None)
    if version != FORMAT:
        raise foreign(path, kind, f"its format is not {FORMAT}")
    for name in sorted(names - set(found)):
        raise foreign(path, kind, f"it lacks '{name}'")
    for name in sorted(set(found) - names):
        raise foreign(path, kind, f"it has '{name[:40]}', which is unknown")
    return found


def foreign(path: str | Path, kind: Kind, reason: str) -> InputError:
    """The error for a file that is no document of this kind."""
    return InputError(
        f"{path}: this file is not a tunetrace {kind.name}: {reason}; give a file that tunetrace "
        "wrote"
    )


def _parsed(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if there is none. OSError if it cannot be read."""
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    try:
        found = json.loads(data) if len(data) <= _MAX_BYTES else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_number(value: object) -> bool:
    """Whether a value of a JSON file is a number, and neither infinite nor a truth value."""
    try:
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and (math.isfinite(float(value)))
        )
    except OverflowError:
        return False
