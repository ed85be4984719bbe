"""The rows of an index: its corpora, its tunes by their names, and what was set aside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from tunetrace.arguments import one_reference
from tunetrace.errors import QueryError
from tunetrace.indexer.filters import Filters, keys_of, meter_of, original_key_of
from tunetrace.indexer.records import CorpusInfo, Reject, Tune, Wording
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.database.connection import Database
from tunetrace.indexer.store.rows.corpora import check_corpus, stored_corpora
from tunetrace.indexer.store.rows.titles import find_keys, setting_groups, titled_like
from tunetrace.indexer.store.schema import Prepared
from tunetrace.text import listed, printable

_MANY: Final = 5000
"""To ask for more tunes than this one by one takes longer than to read all."""

_SHOWN: Final = 12
"""How many meters or modes an error names, the commonest."""

_TUNES: Final = sa.select(
    schema.tune.c.id, schema.tune.c.title, schema.corpus.c.name, schema.tune.c.number,
    schema.tune.c.meter, schema.tune.c.key, schema.tune.c.original_key, schema.tune.c.link,
).join_from(schema.tune, schema.corpus)  # fmt: skip

_TEXT: Final = Prepared(sa.select(schema.tune.c.text).where(schema.tune.c.id == sa.bindparam("id")))
_ONE_TUNE: Final = Prepared(_TUNES.where(schema.tune.c.id == sa.bindparam("id")))


class Catalogue:
    """The questions to the rows of corpora and tunes."""

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
        """The tunes set aside, of one corpus or of all; QueryError for a corpus that it lacks."""
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

    def tunes(self, ids: Iterable[int]) -> dict[int, Tune]:
        """The tunes of these ids; each is read from the file once."""
        wanted = sorted(set(ids))
        missing = [tune for tune in wanted if tune not in self._records]
        if missing:
            with self._database.connected() as connection:
                if len(missing) > _MANY:  # reading all of them beats naming many
                    rows = [tuple(row) for row in connection.execute(_TUNES)]
                else:
                    rows = [row for (row,) in _ONE_TUNE.rows_for_each(connection, missing)]
            self._records |= {row[0]: Tune(*row) for row in rows}
        return {tune: self._records[tune] for tune in wanted}

    def texts(self, ids: Iterable[int]) -> list[str]:
        """The texts of these tunes as found."""
        with self._database.connected() as connection:
            return [text for ((text,),) in _TEXT.rows_for_each(connection, ids)]

    def wording(self, tune_id: int) -> Wording:
        """All titles of a tune, its text as found, and the remarks of its reader."""
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
        """As Index.resolve."""
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
        try:
            return self.titled(reference, partly=partly)
        except QueryError:
            if colon and number.isascii() and number.isdigit():
                self._refuse_number(reference, name)
            raise

    def _refuse_number(self, reference: str, corpus_name: str) -> None:
        """QueryError for `corpus:number` of no tune: the corpora, or the numbers of the corpus."""
        number, corpus = schema.tune.c.number, schema.corpus.c
        select = sa.select(sa.func.min(number), sa.func.max(number))
        select = select.join_from(schema.tune, schema.corpus).where(corpus.name == corpus_name)
        with self._database.connected() as connection:
            names = [stored.name for stored in stored_corpora(connection)]
            first, last = connection.execute(select).one()
        if not names:
            return
        hint = f"its corpora are {', '.join(names)}"
        if first is not None:
            hint = f"the numbers of {corpus_name} are from {first} to {last}"
        raise QueryError(f"there is no tune '{reference}' in the index; {hint}")

    def titled(self, title: str, *, partly: bool = False) -> list[int]:
        """The ids of the tunes of a title, whatever its articles, case, spaces and punctuation.

        partly: a part of a title is enough, if only settings of one tune have it. QueryError, with
        the nearest titles, if there is none.
        """
        column = schema.title.c
        with self._database.connected() as connection:
            keys = find_keys(title, connection, partly=partly)
            select = sa.select(column.tune_id).where(column.title_key.in_(keys))
            return sorted(set(connection.scalars(select)))

    def titled_like(self, title: str) -> list[int]:
        """The ids of the tunes whose titles have a title in them, or are nearest to it."""
        with self._database.connected() as connection:
            return titled_like(title, connection)

    def admitted(self, filters: Filters) -> Sequence[int] | None:
        """The ids of the tunes that filters admit; None if they admit all.

        QueryError for a title, a corpus, a key or a meter that no tune of the index has.
        """
        if not filters.chooses_tunes:
            return None
        tune, corpus, title = schema.tune.c, schema.corpus.c, schema.title.c
        asked = []  # where a tune is to be, what the index is said to have, the words, the names
        if filters.meter is not None:
            meters = [meter_of(filters.meter)]
            asked.append(("in the meter", "meters", filters.meter, meters, tune.meter))
        if filters.key is not None:
            asked.append(("in", "modes", filters.key, keys_of(filters.key), tune.key))
        if filters.original_key is not None:
            keys = [original_key_of(filters.original_key)]
            asked.append(("written in", "keys", filters.original_key, keys, tune.original_key))
        conditions: list[sa.ColumnElement[bool]] = []
        conditions += [column.in_(names) for *_, names, column in asked]
        with self._database.connected() as connection:
            if filters.title is not None:
                keys = find_keys(filters.title, connection, partly=True)
                of_title = sa.select(title.tune_id).where(title.title_key.in_(keys))
                conditions.append(tune.id.in_(of_title))
            if filters.corpus is not None:
                check_corpus(filters.corpus, connection)
                conditions.append(corpus.name == filters.corpus)
            tunes = sa.select(tune.id).join_from(schema.tune, schema.corpus)
            found = connection.scalars(tunes.where(*conditions)).all()
            for where, kinds, text, names, column in () if found else asked:
                select = sa.select(column).where(column.is_not(None)).group_by(column)
                held = list(connection.scalars(select.order_by(sa.func.count().desc(), column)))
                if set(names).isdisjoint(held):
                    more = [f"{len(held) - _SHOWN} more"] if held[_SHOWN:] else []
                    shown = listed([*held[:_SHOWN], *more])
                    has = f"its {kinds} are {shown}" if held else f"its tunes have no {kinds}"
                    raise QueryError(f"no tune of the index is {where} {text}; {has}")
            return found
