"""Reading many figures at once: those of plain symbols need no parser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.errors import QueryError
from tunetrace.indexer.queries.symbols import MAX_TOKENS
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.indexer.search.suffix import words
from tunetrace.tokenizer.vocabulary import SEPARATOR

LONGEST: Final = 8
"""Characters of a name that can be read as one number."""

_FIRST: Final = np.array([(1 << 8 * count) - 1 for count in range(LONGEST + 1)], dtype=np.uint64)
"""(9,) masks of the first characters of such a number."""

_SPACE: Final = ord(" ")
_LINE: Final = ord("\n")

_SLOT: Final = np.uint64(64 - 16)
"""A number times the multiplier, without these bits, is the slot of a name among 2^16."""


class PlainFigures:
    """The figures of a view that are nothing but names of its symbols with single spaces between.

    What a name means, and whether it is a figure by itself, the view says once. Then each name is
    a number, and all names of all figures are looked up together in a table of such numbers.
    """

    def __init__(self, search: FigureSearch) -> None:
        self._suffices = np.zeros(256, dtype=bool)
        """Whether a symbol makes a figure of any others, as a note does and a bar line does not."""
        symbols = {}
        for symbol, name in enumerate(search.alphabet.names):
            if symbol in search.alphabet.boundaries or not 0 < len(name) <= LONGEST:
                continue
            try:
                literal = search.view.of_symbols(name, search.vocabulary).literal
            except QueryError:
                symbols[name] = symbol
            else:
                if literal == [name]:
                    symbols[name] = symbol
                    self._suffices[symbol] = True
        numbers = np.array(
            [int.from_bytes(name.encode(), "little") for name in symbols], dtype=np.uint64
        )
        self._multiplier, slots = _spread(numbers)
        self._numbers = np.zeros(1 << 16, dtype=np.uint64)
        self._numbers[slots] = numbers
        self._symbols = np.zeros(1 << 16, dtype=np.uint8)
        self._symbols[slots] = list(symbols.values())

    def read(self, texts: Sequence[str]) -> bytes | None:
        """The symbols of figures with a SEPARATOR after each; None if one is not plain."""
        text = "\n".join([*texts, ""])
        if not text.isascii() or "\0" in text:  # which would not change a number
            return None
        written = text.encode()
        characters = np.frombuffer(written, dtype=np.uint8)
        stops = np.flatnonzero((characters == _SPACE) | (characters == _LINE))
        starts = np.append(0, stops + 1)[:-1]
        lengths = stops - starts
        if lengths.min(initial=1) < 1 or lengths.max(initial=1) > LONGEST:
            return None
        numbers = words(written)[starts] & _FIRST[lengths]
        slots = (numbers * self._multiplier) >> _SLOT
        if not np.array_equal(self._numbers[slots], numbers):
            return None
        symbols = self._symbols[slots]
        last = np.flatnonzero(characters[stops] == _LINE)  # of each figure
        sizes = np.diff(last, prepend=-1)
        # A text with a line break in it would be several figures.
        if len(last) != len(texts) or sizes.max(initial=0) > MAX_TOKENS:
            return None
        if not np.logical_or.reduceat(self._suffices[symbols], last - sizes + 1).all():
            return None
        return np.insert(symbols, last + 1, SEPARATOR).tobytes()


def _spread(numbers: NDArray[np.uint64]) -> tuple[np.uint64, NDArray[np.uint64]]:
    """A multiplier that gives each of some numbers a slot of its own, and these slots."""
    chance = np.random.default_rng(1)
    while True:
        multiplier = chance.integers(1 << 63, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        slots = (numbers * multiplier) >> _SLOT
        if len(np.unique(slots)) == len(numbers):
            return multiplier, slots
