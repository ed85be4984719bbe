"""Settings: which tunes of an index are transcriptions of the same tune."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tunetrace.indexer.store import schema


def setting_groups(connection: sa.Connection, among: Sequence[int] | None = None) -> dict[int, int]:
    """A number for each tune, by its id, that it shares with its settings and theirs.

    Settings are tunes that share a title, or a work of their corpus. among: the ids of the tunes
    that are looked at, as few as one statement can ask for; None for all.
    """
    tune, title = schema.tune.c, schema.title.c
    ids = sa.select(tune.id)
    works = sa.select(tune.id, tune.corpus_id, tune.work).where(tune.work.is_not(None))
    titles = sa.select(title.tune_id, title.title_key).where(title.title_key != "")
    if among is not None:
        ids, works = ids.where(tune.id.in_(among)), works.where(tune.id.in_(among))
        titles = titles.where(title.tune_id.in_(among))
    chief = {tune_id: tune_id for tune_id in connection.scalars(ids)}

    def of(tune_id: int) -> int:
        while chief[tune_id] != tune_id:
            chief[tune_id] = tune_id = chief[chief[tune_id]]
        return tune_id

    met: dict[tuple[object, ...], int] = {}
    for rows in (works, titles):
        for tune_id, *names in connection.execute(rows):
            other = met.setdefault(tuple(names), tune_id)
            chief[of(tune_id)] = of(other)
    return {tune_id: of(tune_id) for tune_id in chief}
