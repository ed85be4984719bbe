"""What an index says of itself: its version, vocabulary, generation, and the ids that it gave."""

from __future__ import annotations

import json
import secrets
from typing import Final

import sqlalchemy as sa

from tunetrace._version import __version__
from tunetrace.indexer.store.schema import (
    COUNTED,
    SCHEMA_VERSION,
    Prepared,
    alembic_version,
    counter,
    insert_rows,
    meta,
)
from tunetrace.tokenizer.vocabulary import Vocabulary, is_token

_VALUE: Final = Prepared(sa.select(meta.c.value).where(meta.c.name == sa.bindparam("name")))


class DamagedError(ValueError):
    """What an index holds is not what was written."""


def store_meta(connection: sa.Connection) -> None:
    """Write the rows of a new index."""
    # The first generation is a random number: another index that takes the place of an open one
    # has another generation.
    first = secrets.randbits(62)
    rows = [("tunetrace_version", __version__), ("vocabulary", "[]"), ("generation", str(first))]
    insert_rows(connection, meta, rows)
    insert_rows(connection, counter, [(name, 0) for name in COUNTED])
    insert_rows(connection, alembic_version, [(f"{SCHEMA_VERSION:04}",)])


def generation_of(connection: sa.Connection) -> int | None:
    """The number that every change of the index raises; None if the index was damaged there."""
    try:
        (((value,),),) = _VALUE.rows_for_each(connection, ["generation"])
        return int(value)
    except (TypeError, ValueError):
        return None


def raise_generation(connection: sa.Connection) -> None:
    """Raise the generation of an index, inside the transaction that changes it."""
    # By a random step: two copies of an index that are changed apart differ afterwards.
    raised = (generation_of(connection) or 0) + 1 + secrets.randbits(32)
    _store(connection, "generation", str(raised))


def load_vocabulary(connection: sa.Connection) -> Vocabulary:
    """The vocabulary; DamagedError if it is not as it was written."""
    value = connection.scalar(sa.select(meta.c.value).where(meta.c.name == "vocabulary"))
    try:
        extensions = json.loads(value or "")
        if not all(map(is_token, extensions)):
            raise DamagedError("the vocabulary has words that are not tokens")
    except (TypeError, ValueError):
        raise DamagedError("the vocabulary is not a list of tokens") from None
    return Vocabulary(extensions)


def store_vocabulary(connection: sa.Connection, vocabulary: Vocabulary) -> None:
    """Write the tokens beyond v2."""
    _store(connection, "vocabulary", json.dumps(vocabulary.extensions))


def _store(connection: sa.Connection, name: str, value: str) -> None:
    connection.execute(sa.update(meta).where(meta.c.name == name).values(value=value))


def take_ids(connection: sa.Connection, table: sa.Table, count: int = 1) -> int:
    """Take ids for new rows of a table, successive ones: the first of them.

    The counter is changed in the same transaction, so that no two changes get the same id.
    """
    column = counter.c.last
    taken = sa.update(counter).where(counter.c.name == table.name).values(last=column + count)
    last = connection.scalar(taken.returning(column))
    if last is None:
        raise DamagedError(f"the ids of the table {table.name} are not counted")
    return int(last) - count + 1
