"""One tune as tokens, with what its header says of it."""

from __future__ import annotations

from dataclasses import dataclass

from tunetrace.text import place_of, plain
from tunetrace.tokenizer.titles import readable
from tunetrace.tokenizer.vocabulary import is_header


@dataclass(frozen=True, slots=True)
class Transcription:
    """One tune: what was read, and its tokens.

    titles: all that it goes by, the chief one first. number is that of the X: field. meter and key
    are as in the tokens (`6/8`, `Cdor`), None where the transcription states none; original_key is
    the key it was written in (`Edor`). text is the transcription as found; input names what it was
    read from, line the line of that on which it begins. remarks: what was left out of it or taken
    for granted in reading, one sentence each. work: what its collection identifies the tune by of
    which this is one setting; link: its page on the web.
    """

    titles: tuple[str, ...]
    number: int | None
    meter: str | None
    key: str | None
    original_key: str | None
    tokens: tuple[str, ...]
    text: str
    line: int = 1
    input: str = ""
    remarks: tuple[str, ...] = ()
    work: str | None = None
    link: str | None = None

    @property
    def title(self) -> str:
        """The chief title, empty where there is none."""
        return self.titles[0] if self.titles else ""

    @property
    def place(self) -> str:
        """Where it begins: `book.abc:12`."""
        return place_of(self.input, self.line)

    @property
    def body(self) -> tuple[str, ...]:
        """The tokens without headers (`M:`, `K:`), which are no part of figures and spans."""
        return tuple([token for token in self.tokens if not is_header(token)])


def add_title(titles: list[str], text: str) -> None:
    """Take in what a T: field says, unless it says nothing or what another said."""
    title = plain(readable(text))
    if title and title not in titles:
        titles.append(title)


def as_number(text: str) -> int | None:
    """The number that an X: field gives, None where it gives none that a database can hold."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
