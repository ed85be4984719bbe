"""The schema of MusicXML 4.0, which the package musicxml carries."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from xmlschema import XMLSchema


@cache
def _schema() -> XMLSchema:
    return XMLSchema(str(files("musicxml") / "generate_classes" / "musicxml_4_0.xsd"))


def musicxml_mistakes(text: str) -> str:
    """The first mistake that the schema finds in MusicXML; empty if there is none."""
    content = text[text.index("<score-partwise") :]  # without the DOCTYPE
    error = next(_schema().iter_errors(content), None)
    return "" if error is None else f"{error.path}: {error.reason}"
