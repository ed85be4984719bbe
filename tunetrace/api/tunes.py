"""Looking at the tunes of an index: one of them whole, or what all of them are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunetrace.arguments import many_paths, public
from tunetrace.corpus.readers import Format
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.statistics import stats
from tunetrace.indexer.statistics.ngrams import DEFAULT_N, NgramReport, count_ngrams
from tunetrace.indexer.statistics.stats import DEFAULT_NOTES, DEFAULT_TOP, CorpusStats


@public
def corpus_stats(
    corpus: str | None = None,
    index: Index | str | Path | None = None,
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


@public
def ngrams(
    n: int = DEFAULT_N,
    index: Index | str | Path | None = None,
    *,
    top: int = DEFAULT_TOP,
    only_in: str | Path | Sequence[str | Path] = (),
    not_in: str | Path | Sequence[str | Path] = (),
    format: Format | None = None,
) -> NgramReport:
    """The n-grams that stand in most tunes of an index, or of what only_in names.

    n: how many tokens each has, from 1 to 64; top: how many to give. Those that stand in what
    not_in names are left out. Either names corpora of the index, or files and folders of
    transcriptions, which format reads as one; a name that is both is the corpus. QueryError for
    numbers that mean nothing and for what has no tune, InputError for a name that means nothing
    and where no tune can be read.
    """
    with given_or_default(index) as opened:
        return count_ngrams(
            opened,
            n=n,
            top=top,
            only_in=many_paths(only_in, "only_in"),
            not_in=many_paths(not_in, "not_in"),
            format=format,
        )
