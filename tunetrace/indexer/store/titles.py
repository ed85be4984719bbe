"""Titles as people mean them: `The Belharbour`, `Belharbour, The` and `BELHARBOUR` are one."""

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
from tunetrace.indexer.store.settings import setting_groups
from tunetrace.text import listed
from tunetrace.tokenizer.titles import spaced

# An article is a word of its own, set off by a space or punctuation.
_LEADING: Final = re.compile(r"^\W*(?i:the|an|a)(?=[\W_])")
_TRAILING: Final = re.compile(r"(?<=[\W_])(?i:the|an|a)\W*$")

_MOST_SETTINGS: Final = 500
"""Of more tunes it is not asked whether they are settings of one."""

_SHOWN: Final = 4
_COMPARED: Final = 50
"""So many titles with the most trigrams in common are compared letter by letter."""

_LEAST_ALIKE: Final = 0.6
"""Titles that are less alike than this are not nearest to one another (difflib's bound)."""


def title_key(title: str) -> str:
    """What two titles share when they are the same: no case, spaces, punctuation or article.

    In a title without spaces words begin at capitals, as in `TheBelharbour`.
    """
    title = spaced(unicodedata.normalize("NFC", title.strip()))
    bare = _TRAILING.sub("", _LEADING.sub("", title))
    key = "".join(letter for letter in bare.casefold() if letter.isalnum())
    return key or "".join(letter for letter in title.casefold() if letter.isalnum())


def has_words(title: str, key: str) -> bool:
    """Whether a title has what a key stands for, from the beginning of one of its words on.

    The last word may go on: `Mary Grac` is in `The Mary Grace`, and `ary Grace` is not.
    """
    words = re.findall(r"[^\W_]+", spaced(unicodedata.normalize("NFC", title)).casefold())
    letters = "".join(words)
    starts = accumulate(map(len, words), initial=0)
    return any(letters.startswith(key, start) for start in starts)


def find_keys(title: str, connection: sa.Connection, *, partly: bool) -> list[str]:
    """The keys of the titles that a title means: its own; with partly, those it is a part of.

    A part means what its tunes are called where they are settings of one tune. QueryError, with
    the nearest titles, where there are none or they are of several tunes.
    """
    key, column = title_key(title), schema.title.c
    if key and connection.scalar(sa.select(sa.exists().where(column.title_key == key))):
        return [key]
    select = sa.select(column.tune_id, column.title_key, column.title)
    rows = connection.execute(select.where(sa.func.instr(column.title_key, key) > 0)) if key else ()
    found = [row for row in rows if has_words(row.title, key)]
    titles = {row.title_key: row.title for row in found}
    if titles and partly:
        if len(titles) == 1 or _are_settings(sorted({row.tune_id for row in found}), connection):
            return sorted(titles)
        raise QueryError(
            f"'{title}' is part of {len(titles):,} titles of several tunes, such as "
            f"{_quoted(_shortest(key, titles))}; give more of one of them"
        )
    near = _shortest(key, titles) or _nearest(key, connection)
    hint = "give an id, corpus:number or a title"
    if near:
        hint = f"the nearest {'titles are' if near[1:] else 'title is'} {_quoted(near)}"
    raise QueryError(f"'{title}' names no tune of the index; {hint}")


def _are_settings(tunes: Sequence[int], connection: sa.Connection) -> bool:
    """Whether all of some tunes, given by their ids, are settings of one."""
    if len(tunes) > _MOST_SETTINGS:
        return False
    return len(set(setting_groups(connection, tunes).values())) == 1


def _quoted(titles: Iterable[str]) -> str:
    return listed([f'"{title}"' for title in titles])


def _shortest(key: str, titles: Mapping[str, str]) -> list[str]:
    """The first few of titles, by their keys: those that begin with a key first, and the short."""
    best = sorted(titles, key=lambda one: (not one.startswith(key), len(one), one))
    return [titles[one] for one in best[:_SHOWN]]


def _nearest(key: str, connection: sa.Connection) -> list[str]:
    """The titles that are most like a key, the best first.

    Those that share most trigrams with it are compared by difflib, which would take seconds for
    all of a corpus.
    """
    # The driver hands over forty thousand keys faster than SQLAlchemy does.
    cursor = connection.connection.cursor()
    keys = [row[0] for row in cursor.execute("SELECT DISTINCT title_key FROM title").fetchall()]
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
    titles = sa.select(schema.title.c.title).limit(1)
    named = (titles.where(schema.title.c.title_key == one) for one in near)
    return [str(connection.scalar(select)) for select in named]
