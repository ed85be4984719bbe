"""Asking an index: figures and bars."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tunetrace.arguments import public
from tunetrace.indexer.filters import NO_FILTERS, Filters
from tunetrace.indexer.index import DEFAULT_LIMIT, Index
from tunetrace.indexer.records import Matches
from tunetrace.indexer.store.connection import default_path


@public
def open_index(path: str | Path | None = None) -> Index:
    """Open an index: the one at path, else TUNETRACE_INDEX's, else the user's own.

    Raises IndexFileError where it is absent, cut off, foreign or of another version.
    """
    return Index(default_path() if path is None else Path(path))


@public
def figure(
    text: str,
    filters: Filters = NO_FILTERS,
    index: Index | str | Path | None = None,
    *,
    open_end: bool = False,
    limit: int = DEFAULT_LIMIT,
) -> Matches:
    """Where a figure stands, as Index.figure; in the default index if none is given.

    index: open, or its path.
    """
    with given_or_default(index) as opened:
        return opened.figure(text, filters, open_end=open_end, limit=limit)


@public
def bar(
    text: str,
    filters: Filters = NO_FILTERS,
    index: Index | str | Path | None = None,
    *,
    limit: int = DEFAULT_LIMIT,
) -> Matches:
    """Where a whole bar stands, as Index.bar; in the default index if none is given."""
    with given_or_default(index) as opened:
        return opened.bar(text, filters, limit=limit)


def given_or_default(index: Index | str | Path | None) -> AbstractContextManager[Index]:
    """An open index, left open; else the one at a path or the default one, closed afterwards."""
    return nullcontext(index) if isinstance(index, Index) else open_index(index)
