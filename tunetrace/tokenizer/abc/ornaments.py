"""Grace notes and ties of a tune. They give no token, but notation shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Protocol

from tunetrace.errors import AbcError
from tunetrace.tokenizer.abc.explain import Explainer, Explanation
from tunetrace.tokenizer.abc.tune import tokenize_abc
from tunetrace.tokenizer.keys import named_key
from tunetrace.tokenizer.transpose import (
    Interval,
    TooFarAlteredError,
    interval_to_c,
    move_token,
)
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE, PITCH, REST

_GRACE_NOTE: Final = re.compile(PITCH)


class HasText(Protocol):
    """A tune with its text."""

    @property
    def tokens(self) -> tuple[str, ...]: ...
    @property
    def text(self) -> str: ...


@dataclass(slots=True)
class Ornaments:
    """The grace notes and ties of a tune, by the places of tokens."""

    graces: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """The grace notes, on C, before the note or chord that begins with a token."""
    ties: set[int] = field(default_factory=set)
    """The notes that are tied to the next one."""

    def moved(self, interval: Interval) -> Ornaments:
        """The same on another tonic. TooFarAlteredError if a note there needs three sharps or
        flats."""
        graces = {
            place: tuple(move_token(note, interval) for note in notes)
            for place, notes in self.graces.items()
        }
        return Ornaments(graces, self.ties)


def ornaments_of(tune: HasText) -> Ornaments:
    """The grace notes and ties that the text of a tune has. None if the text is not ABC, or is not
    read to the tune's tokens without being told how."""
    if "{" not in tune.text and "-" not in tune.text:
        return Ornaments()
    explainer = Explainer()
    try:
        read = tokenize_abc(tune.text, make_reader=explainer.make_reader)
    except AbcError:
        return Ornaments()
    if read.tokens != tune.tokens:
        return Ornaments()
    return _gather(explainer.explain(read))


def _gather(explained: Explanation) -> Ornaments:
    found = Ornaments()
    key = named_key(explained.tune.original_key)
    assert key is not None, "ABC has a key"
    interval = interval_to_c(key)
    waiting: list[str] = []  # grace notes whose note has not come yet
    last: tuple[int, ...] = ()  # the notes of the last lexeme with notes
    for line in explained.lines:
        for lexeme in line.lexemes:
            if lexeme.dropped == "grace notes":
                try:
                    waiting += [
                        move_token(note, interval) for note in _GRACE_NOTE.findall(lexeme.text)
                    ]
                except TooFarAlteredError:
                    waiting.clear()
            elif lexeme.dropped == "a tie":
                found.ties.update(last)
            kinds = [MEANINGS[token].kind for token in lexeme.tokens]
            notes = tuple(lexeme.first + k for k, kind in enumerate(kinds) if kind == NOTE)
            if notes or REST in kinds:
                if waiting and notes:
                    found.graces[lexeme.first] = tuple(waiting)
                waiting, last = [], notes
                found.ties.update(_tied(lexeme.text, notes))
    return found


def _tied(text: str, notes: tuple[int, ...]) -> tuple[int, ...]:
    """Which notes of a note or a chord are tied to the next one. text: as `A2-` or `[A-c]2`."""
    if text.endswith("-"):
        return notes
    signs = [match["tie"] for match in re.finditer(rf"{PITCH}[0-9/]*(?P<tie>-?)", text)]
    return tuple(note for note, tie in zip(notes, signs, strict=False) if tie)
