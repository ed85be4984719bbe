"""The rows of an index: its corpora, its tunes by their names, and what was set aside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

import sqlalchemy as sa

from tunetrace.arguments import one_reference
from tunetrace.indexer.filters import Filters, check_admitting, check_corpus, tune_conditions
from tunetrace.indexer.records import CorpusInfo, Reject, Tune, Wording
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.connection import Database
from tunetrace.indexer.store.settings import setting_groups
from tunetrace.indexer.store.titles import find_keys
from tunetrace.text import printable

VARIABLES: Final = 500
"""How many values one statement asks for, well below SQLite's limit."""

_MANY: Final = 5000
"""Asking for so many tunes one by one costs more than asking for all."""

_TUNES: Final = sa.select(
    schema.tune.c.id, schema.tune.c.title, schema.corpus.c.name, schema.tune.c.number,
    schema.tune.c.meter, schema.tune.c.key, schema.tune.c.original_key, schema.tune.c.link,
).join_from(schema.tune, schema.corpus)  # fmt: skip

_ONE_TUNE: Final = schema.as_text(_TUNES.where(schema.tune.c.id == sa.bindparam("id")))


class Catalogue:
    """What is asked of the rows of an index."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._records: dict[int, Tune] = {}

    def corpora(self) -> tuple[CorpusInfo, ...]:
        """The corpora, in the order in which they were added."""
        corpus, reject = schema.corpus.c, schema.reject.c
        columns = [corpus[name] for name in CorpusInfo.__dataclass_fields__ if name in corpus]
        kinds = (
            sa.select(corpus.name, reject.kind, sa.func.count().label("tunes"))
            .join_from(schema.reject, schema.corpus)
            .group_by(corpus.name, reject.kind)
            .order_by(sa.desc("tunes"), reject.kind)
        )
        with self._database.connected() as connection:
            rows = connection.execute(sa.select(*columns).order_by(corpus.id)).all()
            counts: dict[str, dict[str, int]] = {row.name: {} for row in rows}
            for name, kind, tunes in connection.execute(kinds):
                counts[name][kind] = tunes
        return tuple(CorpusInfo(**row._mapping, set_aside_by=counts[row.name]) for row in rows)

    def rejects(self, corpus: str | None = None) -> tuple[Reject, ...]:
        """The tunes that were set aside, of one corpus or of all; QueryError for one it lacks."""
        of, reject = schema.corpus.c, schema.reject.c
        select = (
            sa.select(of.name, reject.number, reject.title, reject.input, reject.line,
                      reject.column, reject.reason, reject.kind)
            .join_from(schema.reject, schema.corpus)
            .order_by(reject.id)
        )  # fmt: skip
        with self._database.connected() as connection:
            if corpus is not None:
                check_corpus(corpus, connection)
                select = select.where(of.name == corpus)
            return tuple(Reject(*row) for row in connection.execute(select))

    def distinct_bars(self) -> int:
        """How many different bars there are."""
        with self._database.connected() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(schema.bar)) or 0

    def tunes(self, ids: Iterable[int]) -> dict[int, Tune]:
        """The tunes of these ids; each is read from the file once."""
        wanted = sorted(set(ids))
        if missing := [tune for tune in wanted if tune not in self._records]:
            self._read_tunes(missing)
        return {tune: self._records[tune] for tune in wanted}

    def _read_tunes(self, missing: Sequence[int]) -> None:
        """Read tunes from the file."""
        with self._database.connected() as connection:
            if len(missing) > _MANY:  # reading all of them beats naming many
                rows = connection.execute(_TUNES).all()
                self._records |= {row[0]: Tune(*row) for row in rows}
                return
            # Through the driver, since this is asked in every check.
            cursor = connection.connection.cursor()
            for wanted in missing:
                cursor.execute(_ONE_TUNE, (wanted,))
                row = cast(Sequence[Any], cursor.fetchone())
                self._records[wanted] = Tune(*row)

    def wording(self, tune_id: int) -> Wording:
        """All titles of a tune, its text as found, and what was remarked in reading it."""
        tune, title = schema.tune.c, schema.title.c
        titles = sa.select(title.title).where(title.tune_id == tune_id).order_by(title.position)
        with self._database.connected() as connection:
            row = connection.execute(
                sa.select(tune.text, tune.remarks, tune.work).where(tune.id == tune_id)
            ).one()
            return Wording(
                titles=tuple(connection.scalars(titles)),
                text=row.text,
                remarks=tuple(json.loads(row.remarks or "[]")),
                work=row.work,
            )

    def settings(self, tune_id: int) -> list[int]:
        """The other settings of a tune: those of its work, and those that share a title with it."""
        tune, title = schema.tune.c, schema.title.c
        keys = sa.select(title.title_key).where(title.tune_id == tune_id, title.title_key != "")
        titled = sa.select(title.tune_id).where(title.title_key.in_(keys))
        own = sa.select(tune.corpus_id, tune.work).where(tune.id == tune_id, tune.work.is_not(None))
        of_work = sa.select(tune.id).where(sa.tuple_(tune.corpus_id, tune.work).in_(own))
        with self._database.connected() as connection:
            found = {*connection.scalars(titled), *connection.scalars(of_work)}
        return sorted(found - {tune_id})

    def setting_groups(self) -> dict[int, int]:
        """A number for each tune, by its id, that it shares with its settings and theirs."""
        with self._database.connected() as connection:
            return setting_groups(connection)

    def resolve(self, reference: str | int, *, partly: bool = False) -> list[int]:
        """The ids of the tunes that a reference names: an id, `corpus:number` or a title.

        A title may name several settings. partly: it may be a part of a title too. QueryError, with
        the nearest titles, where it names none.
        """
        reference = str(one_reference(reference, "the reference"))
        tune, corpus = schema.tune.c, schema.corpus.c
        select = sa.select(tune.id).join_from(schema.tune, schema.corpus)
        name, colon, number = printable(reference).rpartition(":")
        if number.isascii() and number.isdigit() and len(number) < 10:
            is_meant = tune.id == int(number)
            if colon:
                is_meant = (corpus.name == name) & (tune.number == int(number))
            with self._database.connected() as connection:
                found = connection.scalars(select.where(is_meant)).all()
            if found:
                return list(found)
        return self.titled(reference, partly=partly)

    def titled(self, title: str, *, partly: bool = False) -> list[int]:
        """The ids of the tunes of a title, articles, case, spaces and punctuation aside.

        partly: what is part of a title means it, where only settings of one tune have it.
        QueryError, with the nearest titles, where there is none.
        """
        column = schema.title.c
        with self._database.connected() as connection:
            keys = find_keys(title, connection, partly=partly)
            select = sa.select(column.tune_id).where(column.title_key.in_(keys))
            return sorted(set(connection.scalars(select)))

    def admitted(self, filters: Filters) -> Sequence[int] | None:
        """The ids of the tunes that filters admit; None where they admit all.

        QueryError for a title, a corpus, a key or a meter that no tune of the index has.
        """
        if not filters.chooses_tunes:
            return None
        with self._database.connected() as connection:
            conditions = tune_conditions(filters, connection)
            tunes = sa.select(schema.tune.c.id).join_from(schema.tune, schema.corpus)
            found = connection.scalars(tunes.where(*conditions)).all()
            if not found:
                check_admitting(filters, connection)
            return found
