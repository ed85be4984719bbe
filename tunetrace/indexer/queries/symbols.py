"""The query language: how a figure or a bar is written in symbols, and what is refused.

Words are separated by spaces. `*` matches any one symbol, `{c C}` either of the two, and in tokens
`c?` the note c of any length. Every other word matches itself. Figures in ABC are read in
spelling.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from tunetrace.arguments import one_text
from tunetrace.errors import QueryError
from tunetrace.text import printable
from tunetrace.tokenizer.vocabulary import (
    CHORD_CLOSE,
    FRAME,
    HEADER,
    MEANINGS,
    NOTE,
    REST,
    SEPARATOR,
    Vocabulary,
    is_bar_line,
    is_token,
    unknown_token,
)

if TYPE_CHECKING:
    from pyparsing import ParserElement

_LENGTH: Final = re.compile(r"[\d/<>]+")
_NO_END: Final = b"[^\\x%02x]" % SEPARATOR

MAX_TOKENS: Final = 1000
"""The longest figure that may be searched for. A whole tune has a few hundred tokens."""


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a figure."""

    names: tuple[str, ...]
    """The symbols that it admits; empty if it admits any."""
    has_any_length: bool = False
    """Whether the note may have any length."""


@dataclass(frozen=True)
class FigureQuery:
    """A figure that a user asked for."""

    text: str
    """The figure in symbols, on C, with single spaces between its words."""
    elements: tuple[Element, ...]
    """What it admits, place by place."""
    read_as: str = "tokens"
    """How it was read: `ABC`, or what the symbols of the view are (`tokens`)."""
    key: str | None = None
    """The key in which it was said to be written (`Edor`); None if nothing was said."""
    remarks: tuple[str, ...] = ()
    """What was left out or assumed in reading it, one sentence each."""

    @cached_property
    def literal(self) -> list[str] | None:
        """Its symbols by name if it has no wildcard, else None."""
        if any(len(e.names) != 1 or e.has_any_length for e in self.elements):
            return None
        return [element.names[0] for element in self.elements]

    def part(self, first: int, stop: int) -> FigureQuery:
        """The figure of its places from one up to another."""
        elements = self.elements[first:stop]
        return replace(self, text=" ".join(map(_written, elements)), elements=elements)


@cache
def _grammar() -> ParserElement:
    import pyparsing as pp

    word = pp.Regex(r"[^\s{}?*]+")
    any_token = pp.Literal("*").set_parse_action(lambda text, at, found: Element(()))
    choice = pp.Suppress("{") + pp.OneOrMore(word) + pp.Suppress("}")
    any_length = pp.Opt(pp.Literal("?").leave_whitespace())("any_length")
    element = (choice | word)("names") + any_length
    element.set_parse_action(
        lambda text, at, found: Element(tuple(found["names"]), "any_length" in found)
    )
    return pp.OneOrMore(any_token | element) + pp.StringEnd()


@dataclass(frozen=True, slots=True)
class Notation:
    """How the symbols of a view are written."""

    symbols: str
    """What they are: `tokens`."""
    example: str
    """A figure."""
    wildcards: str
    """The wildcards that there are, in words."""
    name: Callable[[str], str | None] = str
    """The name of the symbol that a word means; None if it means none."""
    right: str = ""
    """What to write in place of a word that means none."""


TOKEN_NOTATION: Final = Notation(
    "tokens", "G, C C 2", "* for any token, {c C} for either of two tokens, c? for c of any length"
)


def parse_words(text: str, notation: Notation = TOKEN_NOTATION) -> FigureQuery:
    """The figure that a text states, whatever its words mean; QueryError if it states none."""
    words = one_text(text, "the figure").split()
    if not words:
        raise QueryError(
            f"the figure is empty; give {notation.symbols} separated by spaces, such as "
            f"'{notation.example}'"
        )
    places = max(len(words), text.count("*"))  # these need no spaces between them
    if places > MAX_TOKENS:
        raise too_long(places, notation)
    if any(sign in text for sign in "*{}?"):
        return FigureQuery(" ".join(words), _parse_wildcards(text, notation))
    return FigureQuery(" ".join(words), tuple(Element((word,)) for word in words))


def too_long(symbols: int, notation: Notation) -> QueryError:
    """The error for a figure of more than MAX_TOKENS symbols."""
    return QueryError(f"the figure has {symbols:,} {notation.symbols}; give at most {MAX_TOKENS:,}")


def parse_symbols(text: str, notation: Notation) -> FigureQuery:
    """The figure that a text states in a view other than tokens; QueryError if it states none."""
    elements = []
    for element in parse_words(text, notation).elements:
        if element.has_any_length:
            raise QueryError(
                f"'{printable(element.names[0][:40])}?' cannot be in a figure of "
                f"{notation.symbols}; write {notation.wildcards}"
            )
        names = [notation.name(word) for word in element.names]
        if None in names:
            word = element.names[names.index(None)]
            raise QueryError(
                f"'{printable(word[:40])}' cannot be in a figure of {notation.symbols}; "
                f"{notation.right}"
            )
        elements.append(Element(tuple(name for name in names if name is not None)))
    return query_of(elements, notation)


def query_of(elements: Sequence[Element], notation: Notation) -> FigureQuery:
    """The figure of these places."""
    return FigureQuery(" ".join(map(_written, elements)), tuple(elements), notation.symbols)


def _written(element: Element) -> str:
    """A place of a figure, as users write it."""
    if not element.names:
        return "*"
    names = " ".join(element.names)
    chosen = names if len(element.names) == 1 else f"{{{names}}}"
    return chosen + "?" * element.has_any_length


def parse_figure(text: str, vocabulary: Vocabulary) -> FigureQuery:
    """The figure that a text states in tokens; QueryError if it states none.

    vocabulary: the nearest tokens in it are suggested for a word that is no token.
    """
    query = parse_words(text)
    for element in query.elements:
        for token in element.names:
            if not is_token(token):
                raise unknown_token(token, vocabulary.tokens)
            if MEANINGS[token].kind in (HEADER, FRAME):
                raise QueryError(
                    f"'{token}' cannot be in a figure; filter with --meter or --key instead"
                )
            if element.has_any_length and MEANINGS[token].kind not in (NOTE, REST, CHORD_CLOSE):
                raise QueryError(f"'{token}?' has no length; write ? after a note, z or ]")
    kinds = [{MEANINGS[token].kind for token in element.names} for element in query.elements]
    if all(some and some.isdisjoint((NOTE, REST)) for some in kinds):
        raise QueryError(f"the figure '{query.text}' has no note; add a note")
    return query


def parse_bar(text: str, vocabulary: Vocabulary) -> FigureQuery:
    """As parse_figure, for all the tokens of one bar."""
    query = parse_figure(text, vocabulary)
    refuse_bar_lines(token for element in query.elements for token in element.names)
    return query


def refuse_bar_lines(tokens: Iterable[str]) -> None:
    """Raise QueryError if there is a bar line among the tokens of a bar."""
    for token in filter(is_bar_line, tokens):
        raise QueryError(
            f"'{token}' is a bar line, but a bar is searched without its bar lines; "
            f"leave out '{token}', or use 'tunetrace figure'"
        )


def _parse_wildcards(text: str, notation: Notation) -> tuple[Element, ...]:
    import pyparsing as pp

    try:
        return tuple(_grammar().parse_string(text))
    except pp.ParseException as error:
        raise QueryError(
            f"the figure cannot be read from column {error.column} on; write {notation.wildcards}"
        ) from None


def whole_bar_pattern(
    elements: Sequence[Element], vocabulary: Vocabulary
) -> re.Pattern[bytes] | None:
    """A regular expression for whole bars, in symbols of tokens with a SEPARATOR after each bar.

    None if the vocabulary lacks all tokens that one of the elements admits.
    """
    lengths = [token for token in vocabulary.tokens if _LENGTH.fullmatch(token)]
    any_length = _one_of(vocabulary.encode(lengths)) + b"*+"
    parts = []
    for element in elements:
        known = [name for name in element.names if name in vocabulary]
        if element.names and not known:
            return None
        one = _one_of(vocabulary.encode(known)) if known else _NO_END
        parts.append(one + any_length if element.has_any_length else one)
    return re.compile(b"(?<!%b)%b(?!%b)" % (_NO_END, b"".join(parts), _NO_END), re.DOTALL)


def _one_of(symbols: bytes) -> bytes:
    return b"[" + b"".join(b"\\x%02x" % symbol for symbol in symbols) + b"]"
