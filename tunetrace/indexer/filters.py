"""Filters: which tunes of an index count, and which places in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Final

import sqlalchemy as sa

from tunetrace.arguments import one_text, refused, whole_number
from tunetrace.errors import AbcError, QueryError
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.titles import find_keys
from tunetrace.text import listed
from tunetrace.tokenizer.keys import MODES, parse_key, parse_meter
from tunetrace.tokenizer.layout.bars import Position

_SHOWN: Final = 12
"""So many of an index's meters or modes are named, the commonest."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tunes, and which places in them, count. None admits all.

    part and bar count from 1, a pickup is bar 0; onset is in eighths from the start of the bar.
    meter is as written (`6/8`, `C`); key is as indexed: a mode (`dor`), or a key on C (`Cdor`).
    title is one, or a part of one where only settings of one tune have it.
    """

    part: int | None = None
    bar: int | None = None
    onset: Fraction | None = None
    meter: str | None = None
    key: str | None = None
    corpus: str | None = None
    title: str | None = None

    def __post_init__(self) -> None:
        """QueryError for what is of another type."""
        for name in ("part", "bar"):
            if getattr(self, name) is not None:
                whole_number(getattr(self, name), name)
        for name in ("meter", "key", "corpus", "title"):
            if getattr(self, name) is not None:
                one_text(getattr(self, name), name)
        if not isinstance(self.onset, Real | None):
            raise refused("onset", self.onset, "a number of eighths, as Fraction(3, 2)")

    @property
    def has_place(self) -> bool:
        """Whether they choose among the places in a tune."""
        return (self.part, self.bar, self.onset) != (None, None, None)

    @property
    def chooses_tunes(self) -> bool:
        """Whether they choose among the tunes."""
        return (self.meter, self.key, self.corpus, self.title) != (None, None, None, None)

    def admits(self, place: Position) -> bool:
        """Whether a place in a tune is one of those that count."""
        return (
            (self.part is None or place.part == self.part)
            and (self.bar is None or place.bar == self.bar)
            and (self.onset is None or place.onset == self.onset)
        )


NO_FILTERS = Filters()


def tune_conditions(filters: Filters, connection: sa.Connection) -> list[sa.ColumnElement[bool]]:
    """The conditions on tune joined with corpus that filters state.

    QueryError for a title or a corpus that the index lacks, and a key or a meter that is none.
    """
    tune, corpus, title = schema.tune.c, schema.corpus.c, schema.title.c
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.meter is not None:
        conditions.append(tune.meter == _meter(filters.meter))
    if filters.key is not None:
        conditions.append(tune.key.in_(_keys(filters.key)))
    if filters.title is not None:
        keys = find_keys(filters.title, connection, partly=True)
        conditions.append(tune.id.in_(sa.select(title.tune_id).where(title.title_key.in_(keys))))
    if filters.corpus is not None:
        check_corpus(filters.corpus, connection)
        conditions.append(corpus.name == filters.corpus)
    return conditions


def check_admitting(filters: Filters, connection: sa.Connection) -> None:
    """See that some tune has the meter and some the key of filters that together admit none.

    QueryError, which names those that there are, if not.
    """
    tune = schema.tune.c
    if filters.meter is not None:
        _check_held(
            "in the meter", "meters", filters.meter, [_meter(filters.meter)], tune.meter, connection
        )
    if filters.key is not None:
        _check_held("in", "modes", filters.key, _keys(filters.key), tune.key, connection)


def _check_held(
    where: str,
    kinds: str,
    asked: str,
    names: Sequence[str],
    column: sa.Column[str],
    connection: sa.Connection,
) -> None:
    """See that some tune of the index has one of some names in a column."""
    select = sa.select(column).where(column.is_not(None)).group_by(column)
    held = list(connection.scalars(select.order_by(sa.func.count().desc(), column)))
    if not set(names).isdisjoint(held):
        return
    shown = listed([*held[:_SHOWN], *([f"{len(held) - _SHOWN} more"] if held[_SHOWN:] else [])])
    has = f"its {kinds} are {shown}" if held else f"its tunes have no {kinds}"
    raise QueryError(f"no tune of the index is {where} {asked}; {has}")


def check_corpus(name: str, connection: sa.Connection) -> None:
    """See that an index has a corpus; QueryError, which names those that it has, if not."""
    corpus = schema.corpus.c
    names = list(connection.scalars(sa.select(corpus.name).order_by(corpus.id)))
    if name not in names:
        held = f"it has {', '.join(names)}" if names else "it is empty"
        raise QueryError(f"the index has no corpus '{name}'; {held}")


def _meter(text: str) -> str:
    try:
        return parse_meter(text.removeprefix("M:"))
    except AbcError as error:
        raise QueryError(error.reason) from None


def _keys(text: str) -> list[str]:
    """The keys as indexed that a filter means; v3's files write a mode alone."""
    name = text.removeprefix("K:").strip()
    if name.lower() in MODES:
        return [f"C{name.lower()}", name.lower()]
    try:
        key = parse_key(name) if name else None
    except AbcError:
        key = None
    if key is None or key.tonic != "C":
        raise QueryError(
            f"'{text}' is no key; tunes are indexed on C, so give a mode: {', '.join(MODES)}"
        )
    return [key.name, key.mode]
