"""tunetrace says where a folk tune comes from.

    import tunetrace

    with tunetrace.open_index() as index:
        index.figure("G, C C 2").tunes
        tunetrace.check(open("tune.abc").read(), index).tunes[0].longest_span

The names below are the public API; everything in them is typed and documented. Each room is
imported when something of it is first asked for, so that `import tunetrace` itself costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunetrace._version import __version__
from tunetrace.errors import (
    AbcError,
    IndexFileError,
    InputError,
    OutputError,
    QueryError,
    TunetraceError,
)

if TYPE_CHECKING:
    from tunetrace.api import (
        BuildReport,
        ChangeReport,
        add_to_index,
        bar,
        build_index,
        check,
        check_files,
        compact_index,
        corpora,
        corpus_stats,
        explain,
        fetch_corpus,
        figure,
        find_corpus,
        open_index,
        read,
        remove_from_index,
        tokenize,
        tune,
        verify_index,
    )
    from tunetrace.checker.records import CheckedTune, CheckReport
    from tunetrace.corpus.records import CorpusEntry, Rejected
    from tunetrace.indexer.filters import Filters
    from tunetrace.indexer.index import Index
    from tunetrace.indexer.records import Hit, IndexInfo, Matches, Reject
    from tunetrace.indexer.stats import CorpusStats
    from tunetrace.indexer.tune import Setting, TuneBar, TuneDetail
    from tunetrace.indexer.verify import VerifyReport
    from tunetrace.plots.corpus import plot_corpus
    from tunetrace.tokenizer.explain import Explanation
    from tunetrace.tokenizer.transcription import Transcription

_HOMES = {
    "BuildReport": "tunetrace.api",
    "ChangeReport": "tunetrace.api",
    "add_to_index": "tunetrace.api",
    "bar": "tunetrace.api",
    "build_index": "tunetrace.api",
    "check": "tunetrace.api",
    "check_files": "tunetrace.api",
    "compact_index": "tunetrace.api",
    "corpora": "tunetrace.api",
    "corpus_stats": "tunetrace.api",
    "explain": "tunetrace.api",
    "fetch_corpus": "tunetrace.api",
    "figure": "tunetrace.api",
    "find_corpus": "tunetrace.api",
    "open_index": "tunetrace.api",
    "read": "tunetrace.api",
    "remove_from_index": "tunetrace.api",
    "tokenize": "tunetrace.api",
    "tune": "tunetrace.api",
    "verify_index": "tunetrace.api",
    "CheckReport": "tunetrace.checker.records",
    "CheckedTune": "tunetrace.checker.records",
    "CorpusEntry": "tunetrace.corpus.records",
    "Rejected": "tunetrace.corpus.records",
    "Explanation": "tunetrace.tokenizer.explain",
    "Filters": "tunetrace.indexer.filters",
    "Index": "tunetrace.indexer.index",
    "Hit": "tunetrace.indexer.records",
    "IndexInfo": "tunetrace.indexer.records",
    "Matches": "tunetrace.indexer.records",
    "Reject": "tunetrace.indexer.records",
    "CorpusStats": "tunetrace.indexer.stats",
    "Setting": "tunetrace.indexer.tune",
    "TuneBar": "tunetrace.indexer.tune",
    "TuneDetail": "tunetrace.indexer.tune",
    "VerifyReport": "tunetrace.indexer.verify",
    "plot_corpus": "tunetrace.plots.corpus",
    "Transcription": "tunetrace.tokenizer.transcription",
}

__all__ = [
    "AbcError",
    "BuildReport",
    "ChangeReport",
    "CheckReport",
    "CheckedTune",
    "CorpusEntry",
    "CorpusStats",
    "Explanation",
    "Filters",
    "Hit",
    "Index",
    "IndexFileError",
    "IndexInfo",
    "InputError",
    "Matches",
    "OutputError",
    "QueryError",
    "Reject",
    "Rejected",
    "Setting",
    "Transcription",
    "TuneBar",
    "TuneDetail",
    "TunetraceError",
    "VerifyReport",
    "__version__",
    "add_to_index",
    "bar",
    "build_index",
    "check",
    "check_files",
    "compact_index",
    "corpora",
    "corpus_stats",
    "explain",
    "fetch_corpus",
    "figure",
    "find_corpus",
    "open_index",
    "plot_corpus",
    "read",
    "remove_from_index",
    "tokenize",
    "tune",
    "verify_index",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tunetrace' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
