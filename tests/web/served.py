"""The index that the tests of the service ask, and asking it.

`python -m tests.web.served` renews the examples of the description.
"""

from __future__ import annotations

from pathlib import Path

from tests.commands import KESH, MORRISONS
from tunetrace import build_index, find_families

KINCORA = "X:9\nT:Kincora\nM:6/8\nL:1/8\nK:D\nd3 def|e3 efa|d3 fdB|AFD D3|\n"
"""It begins as the Kesh does, a fifth higher."""

BOOK = 'X:1\nT:Ríl "na" gCat/Dubh\nM:4/4\nL:1/8\nK:Edor\nE2BE dEBE|E2BE AFDF|E2BE dEBE|dBAF D4|\n'
"""A tune whose title has what file names and headers may not have."""


def small_index(folder: Path) -> Path:
    """Build an index of a corpus `session` of three tunes, and of a corpus `book` of one."""
    (folder / "session.abc").write_text("\n".join((KESH, MORRISONS, KINCORA)), encoding="utf-8")
    (folder / "book.abc").write_text(BOOK, encoding="utf-8")
    path = folder / "small.db"
    build_index([folder / "session.abc", folder / "book.abc"], path)
    find_families(path)
    return path
