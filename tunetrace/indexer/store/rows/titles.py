"""Titles as people mean them, and the tunes that are settings of one another.

`The Belharbour`, `Belharbour, The` and `BELHARBOUR` are one title.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import accumulate
from typing import Final

import numpy as np
import sqlalchemy as sa

from tunetrace.errors import QueryError
from tunetrace.indexer.store import schema
from tunetrace.indexer.store.schema import Prepared
from tunetrace.text import listed
from tunetrace.tokenizer.titles import spaced

# An article is a word of its own, set off by a space or punctuation.
_LEADING: Final = re.compile(r"^\W*(?i:the|an|a)(?=[\W_])")
_TRAILING: Final = re.compile(r"(?<=[\W_])(?i:the|an|a)\W*$")

_MOST_SETTINGS: Final = 500
"""More tunes than this are not taken for settings of one tune."""

_LONGEST_KEY: Final = 500
"""Letters of a key; titles that agree in as many are one. PostgreSQL's indexes have a limit."""

_SHOWN: Final = 4
"""How many titles an error names."""

_COMPARED: Final = 50
"""How many titles, those with the most trigrams in common, are compared letter by letter."""

_LEAST_ALIKE: Final = 0.6
"""Titles less alike than this are not near (difflib's ratio)."""

_KEYS: Final = Prepared(
    sa.select(schema.title.c.title_key).distinct().order_by(schema.title.c.title_key)
)


def title_key(title: str) -> str:
    """What equal titles have in common: no case, no spaces, no punctuation, no article.

    In a title without spaces, words begin at capitals: `TheBelharbour`.
    """
    title = spaced(unicodedata.normalize("NFC", title.strip()))
    bare = _TRAILING.sub("", _LEADING.sub("", title))
    key = "".join(letter for letter in bare.casefold() if letter.isalnum())
    key = key or "".join(letter for letter in title.casefold() if letter.isalnum())
    return key[:_LONGEST_KEY]


def has_words(title: str, key: str) -> bool:
    """Whether a title has the letters of a key, from the beginning of one of its words on.

    The last word may go on: `Mary Grac` is in `The Mary Grace`, `ary Grace` is not.
    """
    words = re.findall(r"[^\W_]+", spaced(unicodedata.normalize("NFC", title)).casefold())
    letters = "".join(words)
    starts = accumulate(map(len, words), initial=0)
    return any(letters.startswith(key, start) for start in starts)


def find_keys(title: str, connection: sa.Connection, *, partly: bool) -> list[str]:
    """The keys of the titles that a title means: its own, if the index has it.

    partly: otherwise the titles that it is a part of, if all their tunes are settings of one tune.
    QueryError, with the nearest titles, if there are none or they are of several tunes.
    """
    key, column = title_key(title), schema.title.c
    if key and connection.scalar(sa.select(sa.exists().where(column.title_key == key))):
        return [key]
    select = sa.select(column.tune_id, column.title_key, column.title)
    select = select.where(_has_key(key)).order_by(column.tune_id, column.position)
    rows = connection.execute(select) if key else ()
    found = [row for row in rows if has_words(row.title, key)]
    titles = {row.title_key: row.title for row in found}
    if titles and partly:
        if len(titles) == 1 or _are_settings(sorted({row.tune_id for row in found}), connection):
            return sorted(titles)
        raise QueryError(
            f"'{title}' is part of {len(titles):,} titles of several tunes, such as "
            f"{_quoted(_shortest(key, titles))}; give more of the title"
        )
    near = _shortest(key, titles) or _nearest(key, connection)
    hint = "give an id, corpus:number or a title"
    if near:
        hint = f"the nearest {'titles are' if near[1:] else 'title is'} {_quoted(near)}"
    raise QueryError(f"there is no tune '{title}' in the index; {hint}")


def titled_like(title: str, connection: sa.Connection) -> list[int]:
    """The ids of the tunes whose titles have a title in them; otherwise of the nearest titles.

    Equal titles come first, then those that begin with it, then the short.
    """
    key, column = title_key(title), schema.title.c
    if not key:
        return []
    select = sa.select(column.tune_id, column.title_key, column.title)
    rows = connection.execute(select.where(_has_key(key)).order_by(column.tune_id))
    found = [row for row in rows if has_words(row.title, key)]
    found.sort(key=lambda row: (not row.title_key.startswith(key), len(row.title_key)))
    ids = [row.tune_id for row in found]
    for near in () if ids else _nearest(key, connection):
        of_title = select.where(column.title_key == title_key(near)).order_by(column.tune_id)
        ids += [row.tune_id for row in connection.execute(of_title)]
    return list(dict.fromkeys(ids))


def _has_key(key: str) -> sa.ColumnElement[bool]:
    """Whether the key of a title has a key in it."""
    # To replace the key finds it in every database, and LIKE has a limit on the pattern's length.
    return sa.func.replace(schema.title.c.title_key, key, "") != schema.title.c.title_key


def _are_settings(tunes: Sequence[int], connection: sa.Connection) -> bool:
    if len(tunes) > _MOST_SETTINGS:
        return False
    return len(set(setting_groups(connection, tunes).values())) == 1


def _quoted(titles: Iterable[str]) -> str:
    return listed([f'"{title}"' for title in titles])


def _shortest(key: str, titles: Mapping[str, str]) -> list[str]:
    """A few titles, given by their keys: first those that begin with a key, then the short."""
    best = sorted(titles, key=lambda one: (not one.startswith(key), len(one), one))
    return [titles[one] for one in best[:_SHOWN]]


def _nearest(key: str, connection: sa.Connection) -> list[str]:
    """The titles that are most like a key, the best first.

    difflib compares those that share most trigrams with it. For all titles of a corpus it would
    take seconds.
    """
    keys = [one for (one,) in _KEYS.rows(connection)]
    lines = "\n".join(["", *keys, ""])
    begins = np.cumsum([1, *(len(one) + 1 for one in keys)])
    framed = f"\n{key}\n"
    shared = np.zeros(len(keys), dtype=np.int64)
    for gram in {framed[k : k + 3] for k in range(len(key))}:
        places = [found.start() for found in re.finditer(re.escape(gram), lines)]
        having = np.searchsorted(begins, np.array(places, dtype=np.int64) + 1, side="right") - 1
        shared[np.unique(having)] += 1
    alike = shared / (len(key) + np.diff(begins))
    compared = [keys[k] for k in np.argsort(-alike, kind="stable")[:_COMPARED].tolist()]
    near = get_close_matches(key, compared, n=_SHOWN, cutoff=_LEAST_ALIKE)
    column = schema.title.c
    titles = sa.select(column.title).order_by(column.tune_id, column.position).limit(1)
    named = (titles.where(column.title_key == one) for one in near)
    return [str(connection.scalar(select)) for select in named]


def setting_groups(connection: sa.Connection, among: Sequence[int] | None = None) -> dict[int, int]:
    """A number for each tune, by its id, that it shares with its settings and their settings.

    Settings are tunes that share a title, or a work of their corpus. among: the ids of a few tunes
    that are looked at; None for all.
    """
    tune, title = schema.tune.c, schema.title.c
    ids = sa.select(tune.id)
    works = sa.select(tune.id, tune.corpus_id, tune.work).where(tune.work.is_not(None))
    works = works.order_by(tune.id)
    titles = sa.select(title.tune_id, title.title_key).where(title.title_key != "")
    titles = titles.order_by(title.tune_id, title.position)
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
