"""Filters: which tunes of an index count, and which places in them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sqlalchemy as sa

from tunetrace.errors import AbcError, QueryError
from tunetrace.indexer import schema
from tunetrace.indexer.titles import title_key
from tunetrace.tokenizer.bars import Position
from tunetrace.tokenizer.keys import MODES, parse_key, parse_meter


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tunes, and which places in them, count. None admits all.

    part and bar count from 1, a pickup is bar 0; onset is in eighths from the start of the bar.
    meter is as written (`6/8`, `C`); key is as indexed: a mode (`dor`), or a key on C (`Cdor`).
    """

    part: int | None = None
    bar: int | None = None
    onset: Fraction | None = None
    meter: str | None = None
    key: str | None = None
    corpus: str | None = None
    title: str | None = None

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

    QueryError for a corpus that the index lacks and a key or a meter that is none.
    """
    tune, corpus, title = schema.tune.c, schema.corpus.c, schema.title.c
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.meter is not None:
        conditions.append(tune.meter == _meter(filters.meter))
    if filters.key is not None:
        conditions.append(tune.key.in_(_keys(filters.key)))
    if filters.title is not None:
        key = title_key(filters.title)
        titled = sa.select(title.tune_id).where(title.title_key == key)
        conditions.append(tune.id.in_(titled) if key else sa.false())
    if filters.corpus is not None:
        check_corpus(filters.corpus, connection)
        conditions.append(corpus.name == filters.corpus)
    return conditions


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
