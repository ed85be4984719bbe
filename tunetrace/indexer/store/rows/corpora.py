"""Rows of corpora: what a build or a change writes and deletes, and what it reads back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tunetrace.corpus.records import Rejected
from tunetrace.errors import QueryError
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.meta import take_ids
from tunetrace.indexer.store.rows.titles import title_key
from tunetrace.indexer.store.schema import insert_rows
from tunetrace.tokenizer.transcription import Transcription

_DIGITS: Final = 18
"""No number of a tune is as long."""


@dataclass(frozen=True, slots=True)
class StoredCorpus:
    """What the row of a corpus says of it."""

    id: int
    name: str
    source: str
    sha256: str
    tunes: int
    tokens: int
    bars: int
    set_aside: int


@dataclass(slots=True)
class StoredTune:
    """What the tables say of a tune."""

    title: str
    meter: str | None
    key: str | None
    titles: list[tuple[str, str]] = field(default_factory=list)
    """The titles and their keys."""


def stored_corpora(connection: sa.Connection) -> list[StoredCorpus]:
    """The corpora, in the order in which they were added."""
    corpus = schema.corpus.c
    columns = [corpus[name] for name in StoredCorpus.__dataclass_fields__]
    rows = connection.execute(sa.select(*columns).order_by(corpus.id))
    return [StoredCorpus(*row) for row in rows]


def check_corpus(name: str, connection: sa.Connection) -> None:
    """See that an index has a corpus; QueryError, which names those that it has, if not."""
    names = [corpus.name for corpus in stored_corpora(connection)]
    if name not in names:
        held = f"its corpora are {', '.join(names)}" if names else "it is empty"
        raise QueryError(f"the index has no corpus '{name}'; {held}")


def next_tune_id(connection: sa.Connection) -> int:
    """The id of the next tune, which no other change can take before this one ends."""
    return take_ids(connection, schema.tune, 0)


def insert_corpus(
    connection: sa.Connection,
    *,
    name: str,
    source: str,
    licence: str | None,
    version: str | None,
) -> int:
    """Insert a corpus without tunes, and give its id. complete_corpus says what is in it."""
    corpus_id = take_ids(connection, schema.corpus)
    added = datetime.now(UTC).isoformat(timespec="seconds")
    row = (corpus_id, name, source, licence, version, "", added, 0, 0, 0, 0)
    insert_rows(connection, schema.corpus, [row])
    return corpus_id


def insert_tunes(
    connection: sa.Connection, corpus_id: int, numbered: Sequence[tuple[int, int, Transcription]]
) -> None:
    """Insert tunes of a corpus with their titles. numbered: the id and the number of each."""
    tunes = [
        (tune_id, corpus_id, number, tune.title, tune.meter, tune.key, tune.original_key, tune.work,
         tune.link, json.dumps(tune.remarks, ensure_ascii=False) if tune.remarks else None,
         tune.text)
        for tune_id, number, tune in numbered
    ]  # fmt: skip
    take_ids(connection, schema.tune, len(tunes))
    insert_rows(connection, schema.tune, tunes)
    titles = [
        (tune_id, place, title, title_key(title))
        for tune_id, _, tune in numbered
        for place, title in enumerate(tune.titles)
    ]
    insert_rows(connection, schema.title, titles)


def number_on(connection: sa.Connection, corpus_id: int, highest: int) -> None:
    """Number the tunes of a corpus on after the highest number that it has.

    The numbers below 0 are those of tunes without one: -1 of the first of them, and so on.
    """
    tune = schema.tune
    is_meant = (tune.c.corpus_id == corpus_id) & (tune.c.number < 0)
    connection.execute(sa.update(tune).where(is_meant).values(number=highest - tune.c.number))


def insert_rejects(connection: sa.Connection, corpus_id: int, rejected: Sequence[Rejected]) -> None:
    """Insert the tunes of a corpus that were set aside."""
    first = take_ids(connection, schema.reject, len(rejected))
    rejects = [
        (number, corpus_id, r.number, r.title, r.input, r.line, r.column, r.reason, r.kind)
        for number, r in enumerate(rejected, first)
    ]
    insert_rows(connection, schema.reject, rejects)


def complete_corpus(
    connection: sa.Connection, corpus_id: int, *, sha256: str, tunes: int, tokens: int, bars: int,
    set_aside: int,
) -> None:  # fmt: skip
    """Say what a corpus holds, once all of it is inserted."""
    corpus = schema.corpus
    connection.execute(
        sa.update(corpus)
        .where(corpus.c.id == corpus_id)
        .values(sha256=sha256, tunes=tunes, tokens=tokens, bars=bars, set_aside=set_aside)
    )


def delete_corpus(connection: sa.Connection, name: str) -> None:
    """Delete the rows of a corpus."""
    corpus, tune = schema.corpus.c, schema.tune.c
    of_corpus = sa.select(corpus.id).where(corpus.name == name).scalar_subquery()
    tunes = sa.select(tune.id).where(tune.corpus_id == of_corpus)
    connection.execute(sa.delete(schema.title).where(schema.title.c.tune_id.in_(tunes)))
    for table in (schema.tune, schema.reject):
        connection.execute(sa.delete(table).where(table.c.corpus_id == of_corpus))
    connection.execute(sa.delete(schema.corpus).where(corpus.name == name))


def count_tunes(connection: sa.Connection) -> int:
    """How many tunes there are."""
    return connection.scalar(sa.select(sa.func.count()).select_from(schema.tune)) or 0


def tune_ids(connection: sa.Connection, corpus_id: int | None = None) -> NDArray[np.int32]:
    """The ids of the tunes of a corpus, or of all, ascending."""
    tune = schema.tune.c
    select = sa.select(tune.id).order_by(tune.id)
    if corpus_id is not None:
        select = select.where(tune.corpus_id == corpus_id)
    return np.fromiter(connection.scalars(select), np.int32)


def tune_texts(connection: sa.Connection, corpus_id: int) -> Iterator[str]:
    """The texts of the tunes of a corpus, by the tunes' ids."""
    tune = schema.tune.c
    select = sa.select(tune.text).where(tune.corpus_id == corpus_id).order_by(tune.id)
    return iter(connection.scalars(select))


def reject_reasons(connection: sa.Connection, corpus_id: int) -> Iterator[tuple[int | None, str]]:
    """The line and the reason of each tune of a corpus that was set aside."""
    reject = schema.reject.c
    select = sa.select(reject.line, reject.reason).where(reject.corpus_id == corpus_id)
    return ((row[0], row[1]) for row in connection.execute(select.order_by(reject.id)))


def stored_tunes(connection: sa.Connection, among: Sequence[int]) -> dict[int, StoredTune]:
    """What the tables say of tunes, by their ids. among: the ids of a few hundred."""
    tune, title = schema.tune.c, schema.title.c

    def rows(select: sa.Select[Any], column: sa.Column[int]) -> Iterable[Sequence[Any]]:
        return connection.execute(select.where(column.in_(among)))

    tunes = {
        tune_id: StoredTune(*words)
        for tune_id, *words in rows(sa.select(tune.id, tune.title, tune.meter, tune.key), tune.id)
    }
    titles = sa.select(title.tune_id, title.title, title.title_key).order_by(title.position)
    for tune_id, *row in rows(titles, title.tune_id):
        if tune_id in tunes:  # a row of no tune is a fault that was found already
            tunes[tune_id].titles.append((row[0], row[1]))
    return tunes


# Hidden tunes


def numbered(connection: sa.Connection, names: Iterable[str]) -> dict[str, list[int]]:
    """The ids of the tunes of each name `corpus:number`; a name of no tune is absent."""
    tune, corpus = schema.tune.c, schema.corpus.c
    select = (
        sa.select(tune.id)
        .join_from(schema.tune, schema.corpus)
        .where(corpus.name == sa.bindparam("of"), tune.number == sa.bindparam("at"))
    )
    found = {}
    for name in names:
        of, _, number = name.rpartition(":")
        if number.isascii() and number.isdigit() and len(number) < _DIGITS:
            asked = connection.scalars(select, {"of": of, "at": int(number)})
            if ids := list(asked):
                found[name] = ids
    return found
