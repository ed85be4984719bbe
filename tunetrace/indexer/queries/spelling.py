"""How users spell a figure: in the symbols of a view, or in ABC and in any key.

A text that can be read as symbols is. Otherwise, or where its key is given, it is ABC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from tunetrace.arguments import one_text
from tunetrace.errors import AbcError, QueryError
from tunetrace.indexer.queries.symbols import (
    MAX_TOKENS,
    Element,
    FigureQuery,
    Notation,
    query_of,
    too_long,
)
from tunetrace.text import counted, listed, printable
from tunetrace.tokenizer.abc.figure import WrittenFigure, read_figure
from tunetrace.tokenizer.keys import Key, not_a_key, parse_key
from tunetrace.tokenizer.transpose import Interval, TooFarAlteredError, interval_to_c, move_token
from tunetrace.tokenizer.vocabulary import is_bar_line, is_token

_LONGEST: Final = 20_000
"""Characters of a figure."""

_KEY_FIELD: Final = re.compile(r"^\s*(?:\[?[LM]:[^\s\]]*\]?\s*)*\[?K:", re.MULTILINE)
_WILDCARDS: Final = re.compile(r"[*?]|\{\s*\}|\{[^\s{}]+\s[^{}]*\}|(?<!\S)</?s>")
"""Signs that only symbols have. In ABC, braces without spaces in them are grace notes."""

_DOUBTFUL: Final = re.compile(
    r"""
      [0-9/]\s+[<>0-9/]               # `2 >` and `2 /2` are one length in ABC
    | \|\S* [ ] \S*\|                 # an empty bar is none in ABC
    | \|\S* [ ] \]                    # and this is one bar line
    | (?<!\S)(?:0|1(?![0-9]))         # lengths that ABC states in another way
    | [02468]/[0-9] | /(?!(?:2|4|8|16|32)(?![0-9]))[0-9]
    | \([0-9](?::|\s+[0-9/])          # tuplets, also `(3 2 A 2 B`
    | [|:\[]\S*\s+[0-9\]]             # endings and bar lines in two pieces
    | ^[*UDRudr\s]+$                  # directions that are also notes
    """,
    re.VERBOSE,
)
"""What a text of symbols has if it may mean something else in ABC."""

_OTHER_KEYS: Final = ("G", "D", "A", "E", "F", "B", "Bb", "Eb")
"""The tonics, beside C, of nearly all tunes."""

_SHOWN_KEYS: Final = 3

_OTHER_OCTAVES: Final = (("lower", Interval(-7, 0)), ("higher", Interval(7, 0)))
"""A tune in A is moved up to C and one in G down, so that one melody may be in two octaves."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The two ways in which a view reads a figure."""

    notation: Notation
    """How its symbols are written."""
    of_symbols: Callable[[str], FigureQuery]
    """The query that a text of symbols states; QueryError if none."""
    of_notes: Callable[[WrittenFigure], Sequence[str]]
    """The names of the symbols of notes; QueryError if they have none."""


def read_query(text: str, in_key: str | None, ways: Ways) -> FigureQuery:
    """The query that a user's text states; QueryError if it states none.

    in_key: the key in which it is written (`G`, `Edor`); None if the text says so, or if it is
    on C.
    """
    text = one_text(text, "the figure")
    if len(text) > _LONGEST:
        raise QueryError(f"the figure has {len(text):,} characters; give at most {_LONGEST:,}")
    key = None if in_key is None else _key(in_key)
    if not 0 < len(text.split()) <= MAX_TOKENS:
        return ways.of_symbols(text)  # which refuses it
    if _WILDCARDS.search(text):
        query = ways.of_symbols(text)
        return query if key is None else _moved(query, key, ways.notation)
    if key is not None or _KEY_FIELD.search(text):
        try:
            return _of_abc(text, in_key, ways)
        except AbcError as error:
            raise _unreadable(error) from None
    try:
        query = ways.of_symbols(text)
    except QueryError as no_symbols:
        try:
            return _of_abc(text, None, ways)
        except AbcError as error:
            if _is_meant_as_symbols(text, error, ways.notation):
                raise no_symbols from None
            raise _unreadable(error) from None
    return _with_doubt(query, text, ways) if _DOUBTFUL.search(text) else query


def without_bar_lines(tokens: Sequence[str]) -> list[str]:
    """The tokens of a bar without bar lines before and after it. Words that are no tokens stay."""
    is_line = list(map(is_bar_line, tokens))
    if all(is_line):
        return list(tokens)
    first = is_line.index(False)
    last = len(tokens) - is_line[::-1].index(False)
    return list(tokens[first:last])


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another octave or key in which a figure of tokens is found."""

    tokens: tuple[str, ...]
    """The figure there, on C."""
    tunes: int
    """In how many tunes it is found there."""
    octave: str
    """`lower` or `higher`; empty for another key."""
    tonic: str
    """The key that it is read in, as `G`; empty for another octave."""


def elsewhere(query: FigureQuery, count: Callable[[Sequence[str]], int]) -> list[Elsewhere]:
    """The other octaves in which a figure of tokens is found, and the keys, those of most tunes
    first.

    count: in how many tunes a figure is. A figure with wildcards is not looked for, one with a
    stated key in no other key.
    """
    if query.literal is None:
        return []
    octaves = []
    for where, octave in _OTHER_OCTAVES:
        moved = tuple(move_token(token, octave) for token in query.literal)
        if moved != tuple(query.literal):
            octaves.append(Elsewhere(moved, count(moved), where, ""))
    keys = []
    for tonic in _OTHER_KEYS if query.key is None else ():
        with suppress(TooFarAlteredError):
            moved = tuple(_move(query.literal, Key(tonic, "maj")))
            keys.append(Elsewhere(moved, count(moved), "", tonic))
    keys.sort(key=lambda key: (key.tunes, key.tonic), reverse=True)
    return [found for found in (*octaves, *keys[:_SHOWN_KEYS]) if found.tunes]


def found_elsewhere(query: FigureQuery, count: Callable[[Sequence[str]], int]) -> tuple[str, ...]:
    """Remarks on other octaves and keys in which a figure is found, as `elsewhere` finds them."""
    found = elsewhere(query, count)
    remarks = []
    octaves = [f"an octave {it.octave} in {counted(it.tunes, 'tune')}" for it in found if it.octave]
    if octaves:
        remarks.append(f"it is found {listed(octaves)}")
    keys = [f"in {it.tonic} in {counted(it.tunes, 'tune')}" for it in found if it.tonic]
    if keys:
        remarks.append(f"read in another key it is found, {listed(keys)}")
    return tuple(remarks)


def _key(text: str) -> Key:
    """The key that a user names; QueryError if it is none."""
    stated = one_text(text, "in_key").strip().removeprefix("K:")
    with suppress(AbcError):
        if stated.strip():
            return parse_key(stated)
    raise QueryError(not_a_key(printable(stated), "write it as G, Em, Edor or Bb"))


def _of_abc(text: str, in_key: str | None, ways: Ways) -> FigureQuery:
    """The query of a text in ABC; AbcError if it is none."""
    figure = read_figure(text, in_key and in_key.strip().removeprefix("K:"))
    elements = [Element((name,)) for name in ways.of_notes(figure)]
    if len(elements) > MAX_TOKENS:
        raise too_long(len(elements), ways.notation)
    key = figure.key.name if figure.states_key else None
    return replace(
        query_of(elements, ways.notation), read_as="ABC", key=key, remarks=figure.remarks
    )


def _moved(query: FigureQuery, key: Key, notation: Notation) -> FigureQuery:
    """A query with wildcards that is written in a key, on C."""
    if notation.symbols != "tokens":
        raise QueryError(
            f"{notation.symbols} are in no key; leave the key {key.name} out, or write notes "
            "without wildcards"
        )
    try:
        elements = [replace(one, names=tuple(_move(one.names, key))) for one in query.elements]
    except TooFarAlteredError as error:
        raise QueryError(
            f"transposed from {key.name} to C, {error} needs three accidentals; respell the note"
        ) from None
    return replace(query_of(elements, notation), key=key.name)


def _move(tokens: Sequence[str], key: Key) -> list[str]:
    interval = interval_to_c(key)
    return [move_token(token, interval) for token in tokens]


def _with_doubt(query: FigureQuery, text: str, ways: Ways) -> FigureQuery:
    """A query of symbols, with a remark if the text means something else in ABC."""
    try:
        abc = _of_abc(text, None, ways)
    except (AbcError, QueryError):
        return query
    if abc.text == query.text:
        return query
    remark = (
        f"taken as {ways.notation.symbols}; as ABC it is {abc.text}, which is searched if its key "
        "is given"
    )
    return replace(query, remarks=(remark,))


def _is_meant_as_symbols(text: str, error: AbcError, notation: Notation) -> bool:
    """Whether a text that is neither symbols nor ABC is more likely meant as symbols."""
    words = text.split()
    are_most_tokens = sum(map(is_token, words)) >= len(words) / 2
    return notation.symbols != "tokens" or error.kind == "no notes" or are_most_tokens


def _unreadable(error: AbcError) -> QueryError:
    if error.kind in ("no notes", "two keys"):
        return QueryError(error.reason)
    where = f" at column {error.column}" if error.column else ""
    return QueryError(f"the figure cannot be read{where}: {error.reason}")
