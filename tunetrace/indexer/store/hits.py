"""Rows of bars, of the places where they are found, and of the music of tunes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain, islice
from typing import Final

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.indexer.store.schema import Prepared, bar, bar_hit, insert_rows, music, text_hash

VARIABLES: Final = 500
"""How many values one statement names, well below the limit of any database."""

_INSERTED: Final = 100_000
"""Rows that are inserted at once, which bounds the memory that they take."""

_BARS: Final = Prepared(sa.select(bar.c.id, bar.c.text).where(bar.c.hash == sa.bindparam("hash")))
_HITS: Final = Prepared(
    sa.select(bar_hit.c.tune_id, bar_hit.c.part, bar_hit.c.number)
    .where(bar_hit.c.bar_id == sa.bindparam("bar"))
    .order_by(bar_hit.c.tune_id, bar_hit.c.token)
)
_MUSIC: Final = Prepared(sa.select(music).where(music.c.hash == sa.bindparam("hash")))
_ALL_BARS: Final = Prepared(sa.select(bar.c.text, bar.c.id))
_ALL_HITS: Final = Prepared(
    sa.select(bar_hit.c.bar_id, bar_hit.c.tune_id, bar_hit.c.part, bar_hit.c.number)
)
_PLACES: Final = Prepared(
    sa.select(bar_hit.c.tune_id, bar_hit.c.part, bar_hit.c.number).order_by(
        bar_hit.c.tune_id, bar_hit.c.token
    )
)
# Two numbers in one, so that half as many are fetched.
_PACKED: Final = Prepared(
    sa.select(
        bar_hit.c.tune_id * sa.literal_column(str(2**32)) + bar_hit.c.token,
        bar_hit.c.part * sa.literal_column(str(2**32)) + bar_hit.c.number,
    )
)
_ALL_MUSIC: Final = Prepared(sa.select(music).order_by(music.c.hash, music.c.tune_id, music.c.part))


# Bars


def count_bars(connection: sa.Connection) -> int:
    """How many different bars there are."""
    return connection.scalar(sa.select(sa.func.count()).select_from(bar)) or 0


def bars_of(connection: sa.Connection, tunes: Iterable[int]) -> dict[int, int]:
    """How many bars each of some tunes has, by its id."""
    select = sa.select(sa.func.count()).select_from(bar_hit)
    return {tune: connection.scalar(select.where(bar_hit.c.tune_id == tune)) or 0 for tune in tunes}


def bar_numbers(connection: sa.Connection) -> dict[str, int]:
    """Every bar's number, from 1, by its text."""
    return dict(_ALL_BARS.rows(connection))


def stored_bars(connection: sa.Connection) -> list[tuple[str, int]]:
    """Every bar's text and hash."""
    rows = connection.execute(sa.select(bar.c.text, bar.c.hash))
    return [(row[0], row[1]) for row in rows]


def hits_of_bars(
    connection: sa.Connection, texts: Iterable[str]
) -> dict[str, list[tuple[int, int, int]]]:
    """The hits of bars by their texts: (tune, part, number), by tune; bars without hits are absent.

    Common bars have thousands of hits. This is most of what a check asks the index.
    """
    wanted = list(texts)
    rows = _BARS.rows_for_each(connection, map(text_hash, wanted))
    numbers = {
        text: number
        for asked, bars in zip(wanted, rows, strict=True)
        for number, text in bars
        if text == asked
    }
    return dict(zip(numbers, _HITS.rows_for_each(connection, numbers.values()), strict=True))


def hits_of_bar(
    connection: sa.Connection, wanted: str | re.Pattern[str]
) -> list[tuple[int, int, int, int]]:
    """The hits of a bar, or of all bars whose text a pattern matches, by tune.

    A hit is (tune, token, part, number).
    """
    if isinstance(wanted, str):
        is_meant = (bar.c.hash == text_hash(wanted)) & (bar.c.text == wanted)
        numbers = list(connection.scalars(sa.select(bar.c.id).where(is_meant)))
    else:
        every = bar_numbers(connection).items()
        numbers = [number for text, number in every if wanted.fullmatch(text)]
    hit = bar_hit.c
    select = sa.select(hit.tune_id, hit.token, hit.part, hit.number)
    found: list[tuple[int, int, int, int]] = []
    for k in range(0, len(numbers), VARIABLES):
        rows = connection.execute(select.where(hit.bar_id.in_(numbers[k : k + VARIABLES])))
        found += [(row[0], row[1], row[2], row[3]) for row in rows]
    return sorted(found)


def all_hits(connection: sa.Connection) -> NDArray[np.int64]:
    """The hits of all bars: (hits, 4), the bar's number, the tune's id, the part and the number."""
    return _numbers(_ALL_HITS.rows(connection), 4)


def places_of_bars(connection: sa.Connection) -> NDArray[np.int64]:
    """The bars of all tunes in their order: (bars, 3), the tune's id, the part and the number."""
    return _numbers(_PLACES.rows(connection), 3)


def packed_bars(connection: sa.Connection) -> NDArray[np.int64]:
    """The bars of all tunes in their order: (bars, 2), two numbers of 32 bits in each.

    They are the tune's id and the bar's first token in it; the part and the number in it.
    """
    bars = _numbers(_PACKED.rows(connection), 2)
    return bars[np.argsort(bars[:, 0])]


def insert_bars(connection: sa.Connection, numbers: Iterable[tuple[str, int]]) -> None:
    """Insert bars, given by their texts with their numbers."""
    rows = ((number, text_hash(text), text) for text, number in numbers)
    while some := list(islice(rows, _INSERTED)):
        insert_rows(connection, bar, some)


def insert_hits(connection: sa.Connection, hits: NDArray[np.signedinteger]) -> None:
    """Insert hits: (hits, 5), the bar's number, the tune's id, the token, the part, the number.

    They come by tune and token.
    """
    # Sorted by bar they are in the order of the primary key, so that SQLite appends.
    order = np.argsort(hits[:, 0], kind="stable")
    for k in range(0, len(order), _INSERTED):
        insert_rows(connection, bar_hit, _tuples(hits[order[k : k + _INSERTED]]))


# Music


def all_music(connection: sa.Connection) -> NDArray[np.int64]:
    """The forms of all tunes: (forms, 3), the hash, the tune's id and the part; sorted."""
    return _numbers(_ALL_MUSIC.rows(connection), 3)


def music_with(connection: sa.Connection, hashes: Iterable[int]) -> NDArray[np.int64]:
    """The forms that have one of some hashes, as all_music has them."""
    rows = _MUSIC.rows_for_each(connection, sorted(set(hashes)))
    return _numbers(chain.from_iterable(rows), 3)


def insert_music(connection: sa.Connection, forms: NDArray[np.int64]) -> None:
    """Insert forms: (forms, 3), the hash, the tune's id and the part."""
    insert_rows(connection, music, _tuples(forms[np.lexsort(forms.T[::-1])]))


def _numbers(rows: Iterable[tuple[int, ...]], columns: int) -> NDArray[np.int64]:
    return np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, columns)


def _tuples(numbers: NDArray[np.int64]) -> list[tuple[int, ...]]:
    """Rows of an array as the driver takes them."""
    return list(zip(*numbers.T.tolist(), strict=True))
