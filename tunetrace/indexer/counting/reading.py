"""Reading many figures at once: those of plain symbols need no parser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tunetrace.errors import QueryError
from tunetrace.indexer.queries.symbols import MAX_TOKENS
from tunetrace.indexer.search.figures import FigureSearch
from tunetrace.tokenizer.vocabulary import SEPARATOR

_BETWEEN: Final = "\n"
"""Stands between figures, as a word of its own. No symbol is called so."""


class PlainFigures:
    """The figures of a view that are nothing but names of its symbols with single spaces between.

    What a name means, and whether a figure of it alone is one, is asked of the view's parser once.
    """

    def __init__(self, search: FigureSearch) -> None:
        boundaries = search.alphabet.boundaries
        self._symbols = {_BETWEEN: SEPARATOR}
        self._suffices = np.zeros(256, dtype=bool)
        """Whether a symbol makes a figure of any others, as a note does and a bar line does not."""
        for symbol, name in enumerate(search.alphabet.names):
            if symbol in boundaries:
                continue
            try:
                literal = search.view.of_symbols(name, search.vocabulary).literal
            except QueryError:
                self._symbols[name] = symbol
            else:
                if literal == [name]:
                    self._symbols[name] = symbol
                    self._suffices[symbol] = True

    def read(self, texts: Sequence[str]) -> bytes | None:
        """The symbols of figures with a SEPARATOR after each; None if one is not plain."""
        words = f" {_BETWEEN} ".join([*texts, ""]).split(" ")[:-1]
        try:
            stream = bytes(map(self._symbols.__getitem__, words))
        except KeyError:
            return None
        symbols = np.frombuffer(stream, dtype=np.uint8)
        lengths = np.diff(np.flatnonzero(symbols == SEPARATOR), prepend=-1) - 1
        if (
            len(lengths) != len(texts)
            or not 1 <= lengths.min(initial=1) <= lengths.max(initial=1) <= MAX_TOKENS
        ):
            return None
        figures = np.repeat(np.arange(len(texts)), lengths + 1)
        has_note = np.bincount(figures[self._suffices[symbols]], minlength=len(texts))
        return stream if has_note.all() else None
