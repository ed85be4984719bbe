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
    QueryError,
    TunetraceError,
)

if TYPE_CHECKING:
    from tunetrace.api import (
        BuildReport,
        bar,
        build_index,
        check,
        check_files,
        explain,
        figure,
        open_index,
        read,
        tokenize,
    )
    from tunetrace.checker.records import CheckedTune, CheckReport
    from tunetrace.corpus.readers import Rejected
    from tunetrace.indexer.filters import Filters
    from tunetrace.indexer.index import Index
    from tunetrace.indexer.records import Hit, IndexInfo, Matches
    from tunetrace.tokenizer.explain import Explanation
    from tunetrace.tokenizer.transcription import Transcription

_HOMES = {
    "BuildReport": "tunetrace.api",
    "bar": "tunetrace.api",
    "build_index": "tunetrace.api",
    "check": "tunetrace.api",
    "check_files": "tunetrace.api",
    "explain": "tunetrace.api",
    "figure": "tunetrace.api",
    "open_index": "tunetrace.api",
    "read": "tunetrace.api",
    "tokenize": "tunetrace.api",
    "CheckReport": "tunetrace.checker.records",
    "CheckedTune": "tunetrace.checker.records",
    "Rejected": "tunetrace.corpus.readers",
    "Explanation": "tunetrace.tokenizer.explain",
    "Filters": "tunetrace.indexer.filters",
    "Index": "tunetrace.indexer.index",
    "Hit": "tunetrace.indexer.records",
    "IndexInfo": "tunetrace.indexer.records",
    "Matches": "tunetrace.indexer.records",
    "Transcription": "tunetrace.tokenizer.transcription",
}

__all__ = [
    "AbcError",
    "BuildReport",
    "CheckReport",
    "CheckedTune",
    "Explanation",
    "Filters",
    "Hit",
    "Index",
    "IndexFileError",
    "IndexInfo",
    "InputError",
    "Matches",
    "QueryError",
    "Rejected",
    "Transcription",
    "TunetraceError",
    "__version__",
    "bar",
    "build_index",
    "check",
    "check_files",
    "explain",
    "figure",
    "open_index",
    "read",
    "tokenize",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tunetrace' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
