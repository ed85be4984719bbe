"""The figure query language: what a figure is, and how it is matched against a stream.

Tokens are set apart by spaces. `*` is any one token, `{c C}` either of them, `c?` the note c of
any length; all else is itself. A figure ends where its last note ends: it is no hit where a
length or a broken rhythm goes on, unless it is asked for with an open end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tunetrace.arguments import one_text
from tunetrace.errors import QueryError
from tunetrace.tokenizer.abc.lexicon import JOINED
from tunetrace.tokenizer.vocabulary import (
    BAR_LINE,
    CHORD_CLOSE,
    FRAME,
    HEADER,
    LENGTH_SIGN,
    MEANINGS,
    NOTE,
    REST,
    SEPARATOR,
    Vocabulary,
    is_token,
    unknown_token,
)

if TYPE_CHECKING:
    from pyparsing import ParserElement

_LENGTH_WORD: Final = r"(?:[\d/<>]+)"

MAX_TOKENS: Final = 1000
"""The longest figure that is searched for; a whole tune has a few hundred tokens."""


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a figure: the tokens it admits (empty for any), and whether of any length."""

    tokens: tuple[str, ...]
    any_length: bool = False


@dataclass(frozen=True)
class FigureQuery:
    """A figure as it was asked for."""

    text: str
    elements: tuple[Element, ...]

    @cached_property
    def literal(self) -> list[str] | None:
        """Its tokens where it has no wildcard, else None."""
        if any(len(e.tokens) != 1 or e.any_length for e in self.elements):
            return None
        return [element.tokens[0] for element in self.elements]


@cache
def _grammar() -> ParserElement:
    import pyparsing as pp

    word = pp.Regex(r"[^\s{}?*]+")
    any_token = pp.Literal("*").set_parse_action(lambda text, at, found: Element(()))
    choice = pp.Suppress("{") + pp.OneOrMore(word) + pp.Suppress("}")
    any_length = pp.Opt(pp.Literal("?").leave_whitespace())("any_length")
    element = (choice | word)("tokens") + any_length
    element.set_parse_action(
        lambda text, at, found: Element(tuple(found["tokens"]), "any_length" in found)
    )
    return pp.OneOrMore(any_token | element) + pp.StringEnd()


def parse_figure(text: str, vocabulary: Vocabulary) -> FigureQuery:
    """The query that a text states; QueryError where it states none.

    vocabulary: where the nearest tokens are looked for when a word is none.
    """
    words = one_text(text, "the figure").split()
    if not words:
        raise QueryError("the figure is empty; give tokens set apart by spaces, as 'G, C C 2'")
    if len(words) > MAX_TOKENS:
        raise QueryError(f"the figure has {len(words):,} tokens; give {MAX_TOKENS:,} at most")
    if any(sign in text for sign in "*{}?"):
        elements = _parse_wildcards(text)
    else:
        elements = tuple(Element((word,)) for word in words)
    for element in elements:
        for token in element.tokens:
            if not is_token(token):
                raise unknown_token(token, vocabulary.tokens)
            if MEANINGS[token].kind in (HEADER, FRAME):
                raise QueryError(
                    f"'{token}' is no part of a figure; filter with --meter or --key instead"
                )
            if element.any_length and MEANINGS[token].kind not in (NOTE, REST, CHORD_CLOSE):
                raise QueryError(f"'{token}?' has no length to vary; only a note, z or ] has")
    if not any(_may_sound(element) for element in elements):
        raise QueryError(f"the figure '{' '.join(words)}' has no note in it; add one")
    return FigureQuery(" ".join(words), elements)


def written_apart(words: Sequence[str]) -> tuple[str, str] | None:
    """The first two words of a figure that v2 has as one token (`2>`), as the ABC reader writes it.

    folk-rnn's text has them apart too, so that they are no mistake.
    """
    pairs = ((left, right) for left, right in pairwise(words) if left + right in JOINED)
    return next(pairs, None)


def parse_bar(text: str, vocabulary: Vocabulary) -> FigureQuery:
    """As parse_figure, for the whole content of one bar."""
    query = parse_figure(text, vocabulary)
    for element in query.elements:
        for token in element.tokens:
            if MEANINGS[token].kind == BAR_LINE:
                raise QueryError(
                    f"a bar holds no bar line, and '{token}' is one; "
                    "leave it out, or search with figure"
                )
    return query


def _parse_wildcards(text: str) -> tuple[Element, ...]:
    import pyparsing as pp

    try:
        return tuple(_grammar().parse_string(text))
    except pp.ParseException as error:
        raise QueryError(
            f"the figure cannot be read from column {error.column} on; write * for any token, "
            "{c C} for either, c? for c of any length"
        ) from None


def _may_sound(element: Element) -> bool:
    """Whether a note or a rest is among what an element stands for."""
    return not element.tokens or any(
        MEANINGS[token].kind in (NOTE, REST) for token in element.tokens
    )


def continues_note(vocabulary: Vocabulary) -> bytes:
    """The symbols of all lengths and broken rhythms: what makes the note before them longer."""
    return bytes(
        symbol
        for symbol, token in enumerate(vocabulary.tokens)
        if MEANINGS[token].kind == LENGTH_SIGN
    )


def boundaries(vocabulary: Vocabulary) -> bytes:
    """The symbols that no figure passes: headers, frames and SEPARATOR."""
    frames = (symbol for symbol, token in enumerate(vocabulary.tokens) if token in ("<s>", "</s>"))
    return bytes([*vocabulary.headers, *frames, SEPARATOR])


def compile_pattern(
    elements: Sequence[Element], vocabulary: Vocabulary, *, open_end: bool
) -> re.Pattern[bytes] | None:
    """A compiled expression over streams, or None where the vocabulary rules out any hit.

    It consumes the first symbol of a hit and captures the whole of it in group 1 by looking ahead,
    so that hits may overlap.
    """
    lengths = _one_of(continues_note(vocabulary))
    parts = []
    for element in elements:
        symbols = bytes(vocabulary.symbol(t) for t in element.tokens if t in vocabulary)
        if element.tokens and not symbols:
            return None
        one = _one_of(symbols) if symbols else _none_of(boundaries(vocabulary))
        parts.append(one + lengths + b"*+" if element.any_length else one)
    whole = b"".join(parts)
    end = b"" if open_end else b"(?!" + lengths + b")"
    return re.compile(b"(?=(" + whole + b")" + end + b")" + parts[0][: parts[0].index(b"]") + 1],
                      re.DOTALL)  # fmt: skip


def bar_text_pattern(elements: Sequence[Element]) -> str:
    """An expression for the text of a whole bar: tokens set apart by single spaces."""
    parts = []
    for element in elements:
        one = "|".join(map(re.escape, element.tokens)) if element.tokens else r"\S+"
        parts.append(f"(?:{one})" + (rf"(?: {_LENGTH_WORD})*+" if element.any_length else ""))
    return " ".join(parts)


def _one_of(symbols: bytes) -> bytes:
    return b"[" + b"".join(b"\\x%02x" % symbol for symbol in symbols) + b"]"


def _none_of(symbols: bytes) -> bytes:
    return b"[^" + b"".join(b"\\x%02x" % symbol for symbol in symbols) + b"]"
