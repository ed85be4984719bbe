"""Plain English: phrases that readers stumbled over are in no help, message, docstring or page."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

import tunetrace
from tests.conftest import ROOT
from tunetrace.cli import cli

PHRASES: Final = {
    "processes beside this one": "extra processes",
    "(?:is|are|were|was) told of": "is reported",
    "a shorter span is told": "shorter spans are reported",
    r"(?:stand|stands|stood) in": "is found in",
    "has more in spans of": "copied in runs of",
    "of 12 than none": "of 12 or more: 0%",
    "read the input as this": "input format",
    "else it tells itself": "default: detected",
    "write so many": "tunes written in parallel",
    "so many at once": "in parallel",
    "else it is": "default:",
    "else it has": "default:",
    "what there is none of": "missing values",
    "as far as chance lets": "about as much as",
    "people's tunes do": "real tunes",
    "told what": "called with",
    "who(?:m)?ever (?:wants|looks|watches|still asks)": "a caller that",
}
"""Each phrase, as a regular expression, and what to say instead."""

FOUND: Final = re.compile("|".join(rf"\b{phrase}\b" for phrase in PHRASES), re.IGNORECASE)

PACKAGE: Final = Path(tunetrace.__file__).parent


def phrases_in(text: str) -> list[str]:
    """The phrases that a text has, with some words around each; line ends do not matter."""
    plain = re.sub(r"\s+", " ", text)
    return [plain[max(0, m.start() - 30) : m.end() + 30] for m in FOUND.finditer(plain)]


def commands(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """Each command's name and its whole help."""
    context = click.Context(command, info_name=name)
    yield name, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from commands(found, f"{name} {inner}")


def texts_of(path: Path) -> Iterator[str]:
    """The texts that a module contains, and its comments."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
            )
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    yield " ".join(token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT)


@pytest.mark.parametrize(
    ("name", "text"), [pytest.param(*one, id=one[0]) for one in commands(cli, "tunetrace")]
)
def test_help_is_plain(name: str, text: str) -> None:
    assert phrases_in(text) == [], name


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in PACKAGE.rglob("*.py")}),
    ids=lambda folder: str(folder.relative_to(ROOT)),
)
def test_messages_docstrings_and_comments_are_plain(folder: Path) -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: …{phrase}…"
        for path in sorted(folder.glob("*.py"))
        for text in texts_of(path)
        for phrase in phrases_in(text)
    }
    assert sorted(found) == []


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_pages_are_plain(page: Path) -> None:
    assert phrases_in(page.read_text(encoding="utf-8")) == []
