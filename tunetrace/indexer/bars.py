"""The table of bars of an open index: where bars are, asked for one by one or all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.indexer.records import NOWHERE, BarPlaces
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.store.connection import Database
from tunetrace.indexer.store.hits import (
    all_hits,
    bar_numbers,
    count_bars,
    hits_of_bar,
    hits_of_bars,
    packed_bars,
    places_of_bars,
)
from tunetrace.indexer.store.meta import DamagedError

_REMEMBERED: Final = 4096
"""The hits of this many bars are kept."""


class BarTable:
    """The bars of an index by their texts, which are their tokens with spaces between them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._remembered: dict[str, BarPlaces] = {}
        self._packed: NDArray[np.int64] | None = None

    def forget(self) -> None:
        """Let go of what was read."""
        self._remembered = {}
        self._packed = None

    @property
    def is_read(self) -> bool:
        """Whether packed is in memory."""
        return self._packed is not None

    @property
    def packed(self) -> NDArray[np.int64]:
        """All bars in the order of tunes, as packed_bars has them. They are kept."""
        if self._packed is None:
            with self._database.connected() as connection:
                self._packed = packed_bars(connection)
        return self._packed

    def __len__(self) -> int:
        """How many different bars there are."""
        with self._database.connected() as connection:
            return count_bars(connection)

    def matching(self, text: str | re.Pattern[str]) -> list[tuple[int, int, int, int]]:
        """The hits of a bar, or of all that match an expression: (tune, token, part, number), by
        tune."""
        with self._database.connected() as connection:
            return hits_of_bar(connection, text)

    def places(self, texts: Iterable[str], admitted: Mask | None = None) -> dict[str, BarPlaces]:
        """Where bars are in the admitted tunes, by their texts; absent if nowhere.

        Common bars have thousands of hits and come again in the next tune. So the hits of bars in
        all tunes are kept.
        """
        wanted = set(texts)
        if admitted is not None:
            rows = self._hits(wanted)
            chosen = {t: [row for row in some if admitted[row[0]]] for t, some in rows.items()}
            return {text: BarPlaces(some) for text, some in chosen.items() if some}
        remembered = self._remembered
        found = {text: remembered[text] for text in wanted if text in remembered}
        if missing := wanted - found.keys():
            rows = self._hits(missing)
            new = {text: BarPlaces(rows[text]) if text in rows else NOWHERE for text in missing}
            found |= new
            # Another thread may be reading the one there was.
            self._remembered = new if len(remembered) > _REMEMBERED else remembered | new
        return {text: places for text, places in found.items() if places.hits}

    def _hits(self, texts: Iterable[str]) -> dict[str, list[tuple[int, int, int]]]:
        with self._database.connected() as connection:
            return hits_of_bars(connection, texts)

    def everything(self) -> tuple[dict[str, int], NDArray[np.int64]]:
        """Every bar's number, from 1, by its text; and the places of all: (hits, 4).

        A place is the bar's number, the tune's id, the part and the number in it.
        """
        with self._database.connected() as connection:
            return bar_numbers(connection), all_hits(connection)

    def in_order(self, tunes: NDArray[np.int64]) -> NDArray[np.int64]:
        """All bars in the order of tunes: (bars, 3), the tune, the part and the number in it.

        tunes: (bars,) the tune of each; DamagedError if the table has others.
        """
        with self._database.connected() as connection:
            stored = places_of_bars(connection)
            if not np.array_equal(stored[:, 0], tunes):
                raise DamagedError("the table 'bar_hit' does not have the bars of the streams")
        return stored
