"""What the corpora answer: the tunes set aside in reading, and what is declared of a corpus."""

from __future__ import annotations

from dataclasses import dataclass

from tunetrace.text import place_of


@dataclass(frozen=True, slots=True)
class Rejected:
    """A tune that was set aside: its input, the line and column (from 1) and the reason.

    number and title as its fields give them; kind: the reason in a few words, as of AbcError.
    """

    input: str
    line: int | None
    column: int | None
    reason: str
    kind: str = "unreadable"
    number: int | None = None
    title: str = ""

    @property
    def place(self) -> str:
        """Where the mistake stands: `book.abc:12:3`."""
        return place_of(self.input, self.line, self.column)


@dataclass(frozen=True, slots=True)
class CorpusEntry:
    """A named corpus as it is declared, and where it is on this machine.

    source: where it is from, in words, and url, where a file is fetched; version: which state of
    it, None where that is not known before it is here; checksum: what a whole file has, as
    `git-blob:` and its id, None where none is published. format: how it is read. path: where it
    lies or would lie, None where that is unknown; is_here: whether it can be read from there;
    problem: what is wrong with what lies there, else None.
    """

    name: str
    title: str
    source: str
    url: str | None
    version: str | None
    checksum: str | None
    licence: str
    citation: str
    format: str
    path: str | None
    is_here: bool
    problem: str | None
