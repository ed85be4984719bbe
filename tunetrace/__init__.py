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
    ModelFileError,
    OutputError,
    QueryError,
    TunetraceError,
)

if TYPE_CHECKING:
    from tunetrace.api.batch import check_batch, measure_baseline, report
    from tunetrace.api.beams import beam_search
    from tunetrace.api.corpora import corpora, fetch_corpus, find_corpus
    from tunetrace.api.indexes import (
        BuildReport,
        ChangeReport,
        add_to_index,
        build_index,
        compact_index,
        remove_from_index,
        verify_index,
    )
    from tunetrace.api.models import open_model
    from tunetrace.api.sampling import sample
    from tunetrace.api.search import bar, check, check_files, figure, open_index
    from tunetrace.api.texts import explain, read, tokenize
    from tunetrace.api.traces import trace_transcription
    from tunetrace.api.tunes import corpus_stats, ngrams, tune
    from tunetrace.checker.batch_records import BatchSource, BatchSpan, BatchTune
    from tunetrace.checker.borrowing import BaselineReport
    from tunetrace.checker.records import CheckedTune, CheckReport
    from tunetrace.checker.summary_records import BatchSummary
    from tunetrace.corpus.records import CorpusEntry, Rejected
    from tunetrace.indexer.baseline import Standing
    from tunetrace.indexer.filters import Filters
    from tunetrace.indexer.index import Index
    from tunetrace.indexer.ngrams import NgramReport
    from tunetrace.indexer.records import Hit, IndexInfo, Matches, Reject
    from tunetrace.indexer.stats import CorpusStats
    from tunetrace.indexer.tune import Setting, TuneBar, TuneDetail
    from tunetrace.indexer.verify import VerifyReport
    from tunetrace.model.records import Hypothesis, Model, Sampled
    from tunetrace.model.trace import Trace, load_trace, save_trace
    from tunetrace.plots.corpus import plot_corpus
    from tunetrace.reporter.write import Report
    from tunetrace.tokenizer.explain import Explanation
    from tunetrace.tokenizer.transcription import Transcription

_HOMES = {
    "check_batch": "tunetrace.api.batch",
    "measure_baseline": "tunetrace.api.batch",
    "report": "tunetrace.api.batch",
    "BatchSummary": "tunetrace.checker.summary_records",
    "Report": "tunetrace.reporter.write",
    "beam_search": "tunetrace.api.beams",
    "corpora": "tunetrace.api.corpora",
    "fetch_corpus": "tunetrace.api.corpora",
    "find_corpus": "tunetrace.api.corpora",
    "BuildReport": "tunetrace.api.indexes",
    "ChangeReport": "tunetrace.api.indexes",
    "add_to_index": "tunetrace.api.indexes",
    "build_index": "tunetrace.api.indexes",
    "compact_index": "tunetrace.api.indexes",
    "remove_from_index": "tunetrace.api.indexes",
    "verify_index": "tunetrace.api.indexes",
    "open_model": "tunetrace.api.models",
    "sample": "tunetrace.api.sampling",
    "bar": "tunetrace.api.search",
    "check": "tunetrace.api.search",
    "check_files": "tunetrace.api.search",
    "figure": "tunetrace.api.search",
    "open_index": "tunetrace.api.search",
    "explain": "tunetrace.api.texts",
    "read": "tunetrace.api.texts",
    "tokenize": "tunetrace.api.texts",
    "trace_transcription": "tunetrace.api.traces",
    "corpus_stats": "tunetrace.api.tunes",
    "ngrams": "tunetrace.api.tunes",
    "tune": "tunetrace.api.tunes",
    "BatchSource": "tunetrace.checker.batch_records",
    "BatchSpan": "tunetrace.checker.batch_records",
    "BatchTune": "tunetrace.checker.batch_records",
    "BaselineReport": "tunetrace.checker.borrowing",
    "CheckReport": "tunetrace.checker.records",
    "CheckedTune": "tunetrace.checker.records",
    "CorpusEntry": "tunetrace.corpus.records",
    "Rejected": "tunetrace.corpus.records",
    "Standing": "tunetrace.indexer.baseline",
    "Filters": "tunetrace.indexer.filters",
    "Index": "tunetrace.indexer.index",
    "NgramReport": "tunetrace.indexer.ngrams",
    "Hit": "tunetrace.indexer.records",
    "IndexInfo": "tunetrace.indexer.records",
    "Matches": "tunetrace.indexer.records",
    "Reject": "tunetrace.indexer.records",
    "CorpusStats": "tunetrace.indexer.stats",
    "Setting": "tunetrace.indexer.tune",
    "TuneBar": "tunetrace.indexer.tune",
    "TuneDetail": "tunetrace.indexer.tune",
    "VerifyReport": "tunetrace.indexer.verify",
    "Hypothesis": "tunetrace.model.records",
    "Model": "tunetrace.model.records",
    "Trace": "tunetrace.model.trace",
    "load_trace": "tunetrace.model.trace",
    "save_trace": "tunetrace.model.trace",
    "Sampled": "tunetrace.model.records",
    "plot_corpus": "tunetrace.plots.corpus",
    "Explanation": "tunetrace.tokenizer.explain",
    "Transcription": "tunetrace.tokenizer.transcription",
}

__all__ = [
    "AbcError",
    "BaselineReport",
    "BatchSource",
    "BatchSpan",
    "BatchSummary",
    "BatchTune",
    "BuildReport",
    "ChangeReport",
    "CheckReport",
    "CheckedTune",
    "CorpusEntry",
    "CorpusStats",
    "Explanation",
    "Filters",
    "Hit",
    "Hypothesis",
    "Index",
    "IndexFileError",
    "IndexInfo",
    "InputError",
    "Matches",
    "Model",
    "ModelFileError",
    "NgramReport",
    "OutputError",
    "QueryError",
    "Reject",
    "Rejected",
    "Report",
    "Sampled",
    "Setting",
    "Standing",
    "Trace",
    "Transcription",
    "TuneBar",
    "TuneDetail",
    "TunetraceError",
    "VerifyReport",
    "__version__",
    "add_to_index",
    "bar",
    "beam_search",
    "build_index",
    "check",
    "check_batch",
    "check_files",
    "compact_index",
    "corpora",
    "corpus_stats",
    "explain",
    "fetch_corpus",
    "figure",
    "find_corpus",
    "load_trace",
    "measure_baseline",
    "ngrams",
    "open_index",
    "open_model",
    "plot_corpus",
    "read",
    "remove_from_index",
    "report",
    "sample",
    "save_trace",
    "tokenize",
    "trace_transcription",
    "tune",
    "verify_index",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tunetrace' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
