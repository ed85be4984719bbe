"""The views of a tune: each is a stream of symbols that is indexed and searched.

To declare a view, fill in the form `View` and add it to VIEWS. The code that builds, stores,
verifies and searches an index asks the form, and knows no view by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tunetrace.indexer.search.query import FigureQuery, parse_figure
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.vocabulary import FRAME, LENGTH_SIGN, MEANINGS, SEPARATOR, Vocabulary


@dataclass(frozen=True)
class Alphabet:
    """The symbols of a view."""

    names: Sequence[str]
    """What each symbol is called in queries and answers; a symbol is its place in this list."""
    boundaries: bytes
    """The symbols that no figure contains or crosses; SEPARATOR is one of them."""
    continuing: bytes
    """The symbols that lengthen the note before them. A figure does not end before one."""

    @cached_property
    def _symbols(self) -> dict[str, int]:
        return {name: symbol for symbol, name in enumerate(self.names)}

    def encode(self, names: Sequence[str]) -> bytes:
        """One byte a name; SEPARATOR for a name that is not in the alphabet."""
        return bytes([self._symbols.get(name, SEPARATOR) for name in names])


@dataclass(frozen=True)
class View:
    """A projection of a tune to a stream of symbols, in which figures are searched."""

    name: str
    """How the view is called in the index file and by users."""
    forgives: str
    """What two passages may differ in and still match, in one sentence."""
    alphabet: Callable[[Vocabulary], Alphabet]
    """Its symbols in an index with this vocabulary."""
    symbols: Callable[[Layout, bytes], bytes]
    """The symbols of a tune, one byte each, without SEPARATOR.

    It takes the tune's layout, and the tune's tokens as the vocabulary of the index encodes them.
    """
    extent: Callable[[Layout, int, int], tuple[int, int]]
    """The tokens of a tune that its symbols from one up to another stand for.

    It takes the tune's layout, the first symbol and the one past the last, which is how a hit maps
    back to notes. It gives the first token and the one past the last. All count from 0.
    """
    parse: Callable[[str, Vocabulary], FigureQuery]
    """The query that a user's text states, in names of the alphabet; QueryError if none."""


def _token_alphabet(vocabulary: Vocabulary) -> Alphabet:
    kinds = [MEANINGS[token].kind for token in vocabulary.tokens]
    frames = [symbol for symbol, kind in enumerate(kinds) if kind == FRAME]
    return Alphabet(
        names=tuple(vocabulary.tokens),
        boundaries=bytes([*vocabulary.headers, *frames, SEPARATOR]),
        continuing=bytes(symbol for symbol, kind in enumerate(kinds) if kind == LENGTH_SIGN),
    )


TOKENS: Final = View(
    name="tokens",
    forgives="Nothing: two passages match if all their tokens are the same.",
    alphabet=_token_alphabet,
    symbols=lambda layout, encoded: encoded,
    extent=lambda layout, first, stop: (first, stop),
    parse=parse_figure,
)
"""The tune as it is written. The index keeps each tune's tokens in this view."""

VIEWS: Final[dict[str, View]] = {view.name: view for view in (TOKENS,)}
"""The views of every index, by name."""
