"""The records of this room: a tune that was set aside, and a corpus as it is declared."""

from __future__ import annotations

from dataclasses import dataclass

from tunetrace.records import Record
from tunetrace.text import place_of


@dataclass(frozen=True, slots=True, repr=False)
class Rejected(Record):
    """A tune that was set aside because it cannot be read."""

    input: str
    """The name of its file or other input."""
    line: int | None
    column: int | None
    """Line and column of the mistake, counted from 1."""
    reason: str
    kind: str = "unreadable"
    """The reason in a few words, for counting: as AbcError.kind."""
    number: int | None = None
    """From its X: field."""
    title: str = ""

    @property
    def place(self) -> str:
        """The place of the mistake: `book.abc:12:3`."""
        return place_of(self.input, self.line, self.column)


@dataclass(frozen=True, slots=True, repr=False)
class CorpusEntry(Record):
    """A named corpus: what is declared of it, and where it is on this machine."""

    name: str
    title: str
    source: str
    """Where it comes from, in words."""
    url: str | None
    """Where its file is fetched from; None if it is not fetched."""
    version: str | None
    """A release, a commit or a day; None if it is unknown until the corpus is here."""
    checksum: str | None
    """Of the whole file, as `git-blob:` and an id; None if none is published."""
    licence: str
    citation: str
    format: str
    path: str | None
    """Where it is on this machine, or would be after fetching; None if that is unknown."""
    is_here: bool
    """Whether it can be read from path."""
    problem: str | None
    """What is wrong with the file at path, if anything."""
