"""Writes accidentals before notes where they hold in the text but would not hold in the tokens.

There are three cases. A key can have accidentals beyond its mode (`K:D =c`), for which there is no
token. An accidental holds to the end of its bar, but the end of a line may become a bar line (as in
Essen's tunes). A tie carries an accidental over a bar line, but tokens have no ties.
"""

from __future__ import annotations

from collections.abc import Collection

from tunetrace.errors import AbcError
from tunetrace.tokenizer.keys import ACCIDENTAL_SIGNS, Key
from tunetrace.tokenizer.vocabulary import BAR_LINE, MEANINGS, NOTE


def sign_changes(tokens: list[str], start: int, key: Key) -> None:
    """Write, from token start on, the accidentals that a key has beyond its mode."""
    usual = Key(key.tonic, key.mode).signature()
    signs = {
        letter: _sign(letter, change) for letter, change in key.changes if usual[letter] != change
    }
    written: set[str] = set()  # letters with a written accidental in this bar
    for i in range(start, len(tokens)):
        token = tokens[i]
        kind = MEANINGS[token].kind
        if kind == BAR_LINE:
            written.clear()
        elif kind == NOTE:
            letter = token.lstrip("^_=")[0].upper()
            if token[0] in "^_=":
                written.add(letter)
            elif letter in signs and letter not in written:
                tokens[i] = signs[letter] + token


def sign_held(
    tokens: list[str], start: int, key: Key, put_in: Collection[int], tied: Collection[int]
) -> None:
    """Write, from token start on, the accidentals that hold over a bar line.

    put_in: bar lines added at the end of a line; every accidental holds over these. tied: notes
    that are tied over a bar line; their accidental holds only for the next note.
    """
    usual = key.signature()
    held: dict[str, str] = {}  # by letter, since the last written bar line
    due: set[str] = set()  # letters whose held accidental is not yet written in this bar
    undue: set[str] = set()  # letters whose accidental in this bar holds only for a tied note
    from_tie: tuple[str, str] | None = None  # the tied note and its accidental
    for i in range(start, len(tokens)):
        token = tokens[i]
        kind = MEANINGS[token].kind
        if kind == BAR_LINE:
            undue.clear()
            if i in put_in:
                due.update(held)
            else:
                held.clear()
                due.clear()
        elif kind == NOTE:
            name = token.lstrip("^_=")
            letter = name[0].upper()
            sign = token[: -len(name)]
            in_force = sign or held.get(letter, "")
            if sign:
                held[letter] = sign
                undue.discard(letter)
            elif letter in due:
                tokens[i] = held[letter] + name
            elif from_tie is not None and from_tie[0] == name and letter not in held:
                in_force = from_tie[1]
                tokens[i] = in_force + name
                undue.add(letter)
            elif letter in undue:
                tokens[i] = _sign(letter, usual[letter]) + name
                undue.discard(letter)
            due.discard(letter)
            from_tie = (name, in_force) if i in tied and in_force else None


def _sign(letter: str, alteration: int) -> str:
    if alteration not in ACCIDENTAL_SIGNS:
        raise AbcError(
            f"transposed to C, the key needs three accidentals on {letter}; respell the key",
            kind="outside the tokens",
        )
    return ACCIDENTAL_SIGNS[alteration]
