"""Looking at the tunes of an index: one of them whole, or what all of them are made of."""

from __future__ import annotations

from pathlib import Path

from tunetrace.arguments import public
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.tune import TuneDetail, describe_tune


@public
def tune(reference: str | int, index: Index | str | Path | None = None) -> TuneDetail:
    """The first tune that a reference names, whole; from the default index if none is given.

    reference: an id, `corpus:number` or a title, or a part of one that only settings of one tune
    have. index: open, or its path. QueryError, with the nearest titles, where it names no tune.
    """
    with given_or_default(index) as opened:
        return describe_tune(opened, reference)
