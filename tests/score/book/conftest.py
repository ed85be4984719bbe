"""Fixtures: cairo, which draws PNG and PDF, and small tunes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tunetrace.errors import OutputError
from tunetrace.score.book.cairo import check_cairo

KESH = "X:3\nT:The Kesh\nM:6/8\nL:1/8\nK:G\nG3 GAB|A3 ABd|\n"
GRACED = "X:4\nT:Graced\nM:2/4\nL:1/8\nK:D\n{g}A2- A{fe}d|d2- d2|\n"


@pytest.fixture(scope="session")
def cairo() -> None:
    """Without the library cairo the test is skipped; in CI, where TUNETRACE_SHARED is set, its
    absence is a failure."""
    try:
        check_cairo()
    except OutputError as error:
        if os.environ.get("TUNETRACE_SHARED"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Writes tunes into an ABC file."""

    def write(*tunes: str, name: str = "book.abc") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(tunes), encoding="utf-8")
        return path

    return write
