"""The peers: SQLite's full-text search FTS5, and grep on a file with one tune a line.

Both are given what suits them best: FTS5 each token as a word that its tokenizer keeps, in an
index merged to one tree; grep spaces around each token, and the C locale. Both count tunes, not
hits, and neither knows where a note ends, so that what they count is what `--open-end` counts.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

ENVIRONMENT: Final = {**os.environ, "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": ""}
"""What commands run with. In the C locale grep need not look for the bounds of characters. Python
compiles the modules of the checkout once, as it does where tunetrace is installed."""


def build_fts5(path: Path, tunes: Iterable[Sequence[str]]) -> None:
    """Write an FTS5 table of tunes given as tokens, and which word stands for which token."""
    words: dict[str, str] = {}
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("CREATE VIRTUAL TABLE tune USING fts5(words, tokenize = 'ascii')")
    connection.execute("CREATE TABLE word (token, word)")
    rows = (
        (" ".join([words.setdefault(token, f"t{len(words):03}") for token in tokens]),)
        for tokens in tunes
    )
    connection.executemany("INSERT INTO tune VALUES (?)", rows)
    connection.execute("INSERT INTO tune(tune) VALUES ('optimize')")
    connection.executemany("INSERT INTO word VALUES (?, ?)", words.items())
    connection.commit()
    connection.close()


class PhraseSearch:
    """An FTS5 table of build_fts5, opened for phrase queries."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA cache_size = -262144")  # KiB: all of it stays in memory
        self._words: dict[str, str] = dict(self._connection.execute("SELECT * FROM word"))

    def __enter__(self) -> PhraseSearch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def count(self, tokens: Sequence[str]) -> int:
        """In how many tunes a figure stands."""
        select = "SELECT count(*) FROM tune WHERE tune MATCH ?"
        found: int = self._connection.execute(select, (self._phrase(tokens),)).fetchone()[0]
        return found

    def stands(self, tokens: Sequence[str]) -> bool:
        """Whether a figure is found in any tune."""
        if not all(token in self._words for token in tokens):
            return False
        select = "SELECT rowid FROM tune WHERE tune MATCH ? LIMIT 1"
        return self._connection.execute(select, (self._phrase(tokens),)).fetchone() is not None

    def longest_matches(self, pieces: Iterable[Sequence[str]]) -> list[list[int]]:
        """For each token of each piece, the length of the longest figure from it on that stands.

        A match from one token on is at most one token longer than that from the token after, so
        that a walk with two ends asks at most two queries a token, fewer than binary searches do.
        """
        found = []
        for piece in pieces:
            lengths = [0] * len(piece)
            stop = 0
            for start in range(len(piece)):
                stop = max(stop, start)
                while stop < len(piece) and self.stands(piece[start : stop + 1]):
                    stop += 1
                lengths[start] = stop - start
            found.append(lengths)
        return found

    def _phrase(self, tokens: Sequence[str]) -> str:
        return f'"{" ".join([self._words[token] for token in tokens])}"'


def write_lines(path: Path, tunes: Iterable[Sequence[str]]) -> None:
    """Write what grep reads: one tune a line, a space before and after each token."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f" {' '.join(tokens)} \n" for tokens in tunes)


def grep_command(tokens: Sequence[str], path: Path) -> list[str]:
    """The command that counts the lines that hold a figure."""
    return ["grep", "-cF", "--", f" {' '.join(tokens)} ", str(path)]


def grep_count(tokens: Sequence[str], path: Path) -> int:
    """In how many tunes a figure stands, by a grep process."""
    done = subprocess.run(grep_command(tokens, path), env=ENVIRONMENT, stdout=subprocess.PIPE)
    return int(done.stdout)
