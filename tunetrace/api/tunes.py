"""Looking at the tunes of an index: one of them whole, or what all of them are made of."""

from __future__ import annotations

from tunetrace.api.search import given_or_default
from tunetrace.indexer import stats
from tunetrace.indexer.index import Index
from tunetrace.indexer.stats import DEFAULT_NOTES, DEFAULT_TOP, CorpusStats
from tunetrace.indexer.tune import TuneDetail, describe_tune


def tune(reference: str, index: Index | None = None) -> TuneDetail:
    """The first tune that a reference names, whole; from the default index if none is given.

    reference: an id, `corpus:number` or a title. QueryError where it names no tune.
    """
    with given_or_default(index) as opened:
        return describe_tune(opened, reference)


def corpus_stats(
    corpus: str | None = None,
    index: Index | None = None,
    *,
    notes: int = DEFAULT_NOTES,
    top: int = DEFAULT_TOP,
) -> CorpusStats:
    """What is in a corpus of an index, or in all of it; in the default index if none is given.

    notes: how many notes the figures have that are counted, from 1 to 32; top: how many of the
    commonest bars and figures to give. QueryError for a corpus that the index lacks.
    """
    with given_or_default(index) as opened:
        return stats.corpus_stats(opened, corpus, notes=notes, top=top)
