"""The corpus as a batch check needs it: one stream of all its tunes, its bars, its whole tunes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import dropwhile

import numpy as np
from numpy.typing import NDArray

from tunetrace.checker.batch_stream import BatchStream, Numbers
from tunetrace.indexer.backoff import BackoffModel
from tunetrace.indexer.index import Index
from tunetrace.indexer.query import boundaries, continues_note
from tunetrace.tokenizer.vocabulary import SEPARATOR, Vocabulary, is_header


class SymbolOrder:
    """Symbols put in an order in which those that make a note longer come first.

    places: (256,) uint8, the place of each symbol; that of a header or a frame is SEPARATOR's, the
    last one. going_on: how many go on with a note; their places are below it.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        first = continues_note(vocabulary)
        others = [symbol for symbol in range(256) if symbol not in first]
        self.places = np.empty(256, dtype=np.uint8)
        self.places[[*first, *others]] = np.arange(256, dtype=np.uint8)
        self.places[list(boundaries(vocabulary))] = SEPARATOR
        self.going_on = len(first)


class BatchCorpus:
    """The tunes of an index.

    vocabulary: its tokens; order: of its symbols. symbols: (n,) uint8, all segments as one stream,
    each symbol as its place in the order. tune_of: (n,) the id of the tune at each position.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self.vocabulary = index.vocabulary
        self.order = SymbolOrder(index.vocabulary)
        segments = index.figures.segments
        streams = [self.order.places[segment.symbols] for segment in segments]
        self.symbols = np.concatenate([np.empty(0, dtype=np.uint8), *streams])
        tunes = [segment.tune_of_positions for segment in segments]
        self.tune_of: Numbers = np.concatenate([np.empty(0), *tunes]).astype(np.int32)

    @property
    def model(self) -> BackoffModel:
        """What is to be expected by chance."""
        return self._index.model

    @cached_property
    def _whole_tunes(self) -> dict[bytes, list[int]]:
        """The tunes by their symbols, without the headers that they begin with."""
        found: dict[bytes, list[int]] = {}
        headers = self._index.vocabulary.headers
        for segment in self._index.figures.segments:
            bodies = segment.stream.split(bytes([SEPARATOR]))[1:-1]
            for tune, body in zip(segment.tune_ids.tolist(), bodies, strict=True):
                found.setdefault(body.lstrip(headers), []).append(tune)
        return found

    def identical(self, tokens: Sequence[str]) -> list[int]:
        """The ids of the tunes that are these tokens but for the headers at their beginning."""
        body = list(dropwhile(is_header, tokens))
        return self._whole_tunes.get(self._index.vocabulary.encode_known(body), [])

    @cached_property
    def _bars(self) -> tuple[dict[str, int], NDArray[np.int64]]:
        """The number of each bar, by its text; and every bar with each of its places, packed."""
        texts, places = self._index.bar_table()
        return texts, np.unique(packed_places(*places.T[[0, 2, 3]]))

    def bars_found(self, stream: BatchStream) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which bars of a slice stand in the corpus, and which at the same place: (bars,) each."""
        texts, places = self._bars
        bars = np.array([texts.get(text, 0) for text in stream.bar_texts], dtype=np.int64)
        packed = packed_places(bars, stream.bar_parts, stream.bar_numbers)
        at = np.minimum(np.searchsorted(places, packed), max(len(places) - 1, 0))
        is_there = places[at] == packed if len(places) else np.zeros(len(packed), dtype=bool)
        return bars > 0, is_there


def packed_places(
    bars: NDArray[np.int64], parts: NDArray[np.integer], numbers: NDArray[np.integer]
) -> NDArray[np.int64]:
    """A bar, a part and a number in it as one number.

    No two share one below 65,536 parts of as many bars; a tune beyond that is no music.
    """
    return (bars.astype(np.int64) << 32) | (parts.astype(np.int64) << 16) | numbers
