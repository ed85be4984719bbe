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
    from tunetrace.api.evaluation import (
        evaluate_model,
        held_out_tunes,
        originality,
        training_tunes,
    )
    from tunetrace.api.indexes import (
        add_to_index,
        build_index,
        compact_index,
        remove_from_index,
        verify_index,
    )
    from tunetrace.api.models import fetch_model, import_model, model_info, models, open_model
    from tunetrace.api.sampling import sample
    from tunetrace.api.search import bar, check, check_files, figure, open_index, post_search
    from tunetrace.api.texts import explain, read, tokenize
    from tunetrace.api.traces import trace_transcription
    from tunetrace.api.training import TrainingReport, resume_training, train_model
    from tunetrace.api.tunes import corpus_stats, ngrams, tune
    from tunetrace.checker.borrowing import BaselineReport
    from tunetrace.checker.post import PostSearch, PostStatement, PostTitle
    from tunetrace.checker.records import (
        CheckedBar,
        CheckedTune,
        CheckReport,
        LikeTune,
        SameTune,
        SharedStretch,
        Source,
        Span,
        Verdict,
    )
    from tunetrace.checker.summary_records import BatchSummary
    from tunetrace.corpus.records import CorpusEntry, Rejected
    from tunetrace.indexer.baseline import Standing
    from tunetrace.indexer.build import BuildReport
    from tunetrace.indexer.change import ChangeReport
    from tunetrace.indexer.filters import Filters
    from tunetrace.indexer.index import Index
    from tunetrace.indexer.ngrams import NgramReport
    from tunetrace.indexer.records import Hit, IndexInfo, Matches, Reject
    from tunetrace.indexer.stats import CorpusStats
    from tunetrace.indexer.tune import Setting, TuneBar, TuneDetail
    from tunetrace.indexer.verify import VerifyReport
    from tunetrace.model.listing import ModelInfo
    from tunetrace.model.records import Hypothesis, Model, Sampled
    from tunetrace.plots.corpus import plot_corpus
    from tunetrace.plots.training import plot_training
    from tunetrace.reporter.write import Report
    from tunetrace.sampler.trace import Trace, load_trace, save_trace
    from tunetrace.tokenizer.explain import Explanation
    from tunetrace.tokenizer.transcription import Transcription
    from tunetrace.trainer.evaluation import Evaluation
    from tunetrace.trainer.history import EpochOriginality, EpochRecord

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
    "evaluate_model": "tunetrace.api.evaluation",
    "held_out_tunes": "tunetrace.api.evaluation",
    "originality": "tunetrace.api.evaluation",
    "training_tunes": "tunetrace.api.evaluation",
    "add_to_index": "tunetrace.api.indexes",
    "build_index": "tunetrace.api.indexes",
    "compact_index": "tunetrace.api.indexes",
    "remove_from_index": "tunetrace.api.indexes",
    "verify_index": "tunetrace.api.indexes",
    "fetch_model": "tunetrace.api.models",
    "import_model": "tunetrace.api.models",
    "model_info": "tunetrace.api.models",
    "models": "tunetrace.api.models",
    "open_model": "tunetrace.api.models",
    "sample": "tunetrace.api.sampling",
    "TrainingReport": "tunetrace.api.training",
    "resume_training": "tunetrace.api.training",
    "train_model": "tunetrace.api.training",
    "bar": "tunetrace.api.search",
    "check": "tunetrace.api.search",
    "check_files": "tunetrace.api.search",
    "figure": "tunetrace.api.search",
    "open_index": "tunetrace.api.search",
    "post_search": "tunetrace.api.search",
    "explain": "tunetrace.api.texts",
    "read": "tunetrace.api.texts",
    "tokenize": "tunetrace.api.texts",
    "trace_transcription": "tunetrace.api.traces",
    "corpus_stats": "tunetrace.api.tunes",
    "ngrams": "tunetrace.api.tunes",
    "tune": "tunetrace.api.tunes",
    "Source": "tunetrace.checker.records",
    "Span": "tunetrace.checker.records",
    "BaselineReport": "tunetrace.checker.borrowing",
    "PostSearch": "tunetrace.checker.post",
    "PostStatement": "tunetrace.checker.post",
    "PostTitle": "tunetrace.checker.post",
    "CheckReport": "tunetrace.checker.records",
    "CheckedBar": "tunetrace.checker.records",
    "CheckedTune": "tunetrace.checker.records",
    "LikeTune": "tunetrace.checker.records",
    "SameTune": "tunetrace.checker.records",
    "SharedStretch": "tunetrace.checker.records",
    "Verdict": "tunetrace.checker.records",
    "CorpusEntry": "tunetrace.corpus.records",
    "Rejected": "tunetrace.corpus.records",
    "Standing": "tunetrace.indexer.baseline",
    "BuildReport": "tunetrace.indexer.build",
    "ChangeReport": "tunetrace.indexer.change",
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
    "Evaluation": "tunetrace.trainer.evaluation",
    "EpochOriginality": "tunetrace.trainer.history",
    "EpochRecord": "tunetrace.trainer.history",
    "ModelInfo": "tunetrace.model.listing",
    "Model": "tunetrace.model.records",
    "Trace": "tunetrace.sampler.trace",
    "load_trace": "tunetrace.sampler.trace",
    "save_trace": "tunetrace.sampler.trace",
    "Sampled": "tunetrace.model.records",
    "plot_corpus": "tunetrace.plots.corpus",
    "plot_training": "tunetrace.plots.training",
    "Explanation": "tunetrace.tokenizer.explain",
    "Transcription": "tunetrace.tokenizer.transcription",
}

__all__ = [
    "AbcError",
    "BaselineReport",
    "BatchSummary",
    "BuildReport",
    "ChangeReport",
    "CheckReport",
    "CheckedBar",
    "CheckedTune",
    "CorpusEntry",
    "CorpusStats",
    "EpochOriginality",
    "EpochRecord",
    "Evaluation",
    "Explanation",
    "Filters",
    "Hit",
    "Hypothesis",
    "Index",
    "IndexFileError",
    "IndexInfo",
    "InputError",
    "LikeTune",
    "Matches",
    "Model",
    "ModelFileError",
    "ModelInfo",
    "NgramReport",
    "OutputError",
    "PostSearch",
    "PostStatement",
    "PostTitle",
    "QueryError",
    "Reject",
    "Rejected",
    "Report",
    "SameTune",
    "Sampled",
    "Setting",
    "SharedStretch",
    "Source",
    "Span",
    "Standing",
    "Trace",
    "TrainingReport",
    "Transcription",
    "TuneBar",
    "TuneDetail",
    "TunetraceError",
    "Verdict",
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
    "evaluate_model",
    "explain",
    "fetch_corpus",
    "fetch_model",
    "figure",
    "find_corpus",
    "held_out_tunes",
    "import_model",
    "load_trace",
    "measure_baseline",
    "model_info",
    "models",
    "ngrams",
    "open_index",
    "open_model",
    "originality",
    "plot_corpus",
    "plot_training",
    "post_search",
    "read",
    "remove_from_index",
    "report",
    "resume_training",
    "sample",
    "save_trace",
    "tokenize",
    "trace_transcription",
    "train_model",
    "training_tunes",
    "tune",
    "verify_index",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tunetrace' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
