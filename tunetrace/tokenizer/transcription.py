"""One tune as tokens, with what its header says."""

from __future__ import annotations

from dataclasses import dataclass

from tunetrace.records import Record
from tunetrace.text import place_of, plain
from tunetrace.tokenizer.titles import readable
from tunetrace.tokenizer.vocabulary import is_header


@dataclass(frozen=True, slots=True, repr=False)
class Transcription(Record):
    """One tune: its text, its tokens, and what its header says."""

    titles: tuple[str, ...]
    """All its titles, the main one first."""
    number: int | None
    """From its X: field."""
    meter: str | None
    """As in the tokens (`6/8`); None if the transcription has none."""
    key: str | None
    """As in the tokens (`Cdor`); None if the transcription has none."""
    original_key: str | None
    """The key that it was written in (`Edor`)."""
    tokens: tuple[str, ...]
    text: str
    """The transcription as it was found; of MusicXML or MIDI the ABC made of it."""
    line: int | None = 1
    """The line of the input on which it begins. None in an index, MusicXML and MIDI."""
    input: str = ""
    """The name of its file or other input."""
    remarks: tuple[str, ...] = ()
    """What was left out or assumed in reading, one sentence each."""
    work: str | None = None
    """Its collection's id for the tune of which this is one setting."""
    link: str | None = None
    """Its page on the web."""

    @property
    def title(self) -> str:
        """The main title; empty if there is none."""
        return self.titles[0] if self.titles else ""

    @property
    def place(self) -> str:
        """Where it begins: `book.abc:12`."""
        return place_of(self.input, self.line)

    @property
    def body(self) -> tuple[str, ...]:
        """The tokens without headers (`M:`, `K:`). Figures and spans never include headers."""
        return tuple([token for token in self.tokens if not is_header(token)])


def add_title(titles: list[str], text: str) -> None:
    """Add the title of a T: field, unless it is empty or already there."""
    title = plain(readable(text))
    if title and title not in titles:
        titles.append(title)


def as_number(text: str) -> int | None:
    """The number of an X: field; None if it has none or one too large for a database."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
