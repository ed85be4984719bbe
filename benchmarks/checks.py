"""Checking transcriptions, warm and in process, and the longest matches beside FTS5's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

import tunetrace
from benchmarks.corpus import BenchmarkCorpus
from benchmarks.measure import median_seconds, percentile, seconds
from benchmarks.output import duration, ratio, say, show_table
from benchmarks.peers import PhraseSearch
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.longest import longest_matches
from tunetrace.tokenizer.vocabulary import SEPARATOR, is_header

CHECKED: Final = 300
WARM_UP: Final = 50
_WALKED: Final = 5
_REPETITIONS: Final = 5


def measure(corpus: BenchmarkCorpus, index: Index, fts5: Path) -> None:
    """Print the tables: whole checks against the budget, then the longest matches alone."""
    warm_up, timed = corpus.checked[:WARM_UP], corpus.checked[WARM_UP:]
    show_table(
        "3. Check one transcription, warm, in process",
        ("", "budget", "median", "90th percentile", "slowest"),
        [
            ("verbatim", "4 ms", *_check_times(warm_up, timed, index, verbatim=True)),
            ("with near copies", "12 ms", *_check_times(warm_up, timed, index, verbatim=False)),
        ],
    )
    say(
        f"tunetrace.check of {len(timed)} transcriptions {corpus.checked_from}, each once, after "
        f"{len(warm_up)} others. No peer does the same."
    )
    _measure_longest_matches(timed[:_WALKED], index, fts5)


def _check_times(
    warm_up: Sequence[str], timed: Sequence[str], index: Index, *, verbatim: bool
) -> tuple[str, ...]:
    """The median of the times of all checks, the 90th percentile, and the slowest."""
    for text in warm_up:
        tunetrace.check(text, index, verbatim=verbatim)
    times = [seconds(partial(tunetrace.check, text, index, verbatim=verbatim)) for text in timed]
    shown = (statistics.median(times), percentile(times, 90), max(times))
    return tuple(map(duration, shown))


def _measure_longest_matches(texts: Sequence[str], index: Index, fts5: Path) -> None:
    """A yardstick: what one of a check's questions costs without a suffix array."""
    with PhraseSearch(fts5) as search:
        times = [_longest_match_seconds(text, index, search) for text in texts]
    own, peer = (statistics.median(some) for some in zip(*times, strict=True))
    show_table(
        "   The longest match from each token of a transcription on",
        ("", "median", "tunetrace is"),
        [
            ("tunetrace", duration(own), ""),
            ("FTS5, a phrase query a step", duration(peer), ratio(own, peer)),
        ],
    )
    say(
        f"{len(texts)} of the transcriptions; both find the same lengths for every token. For "
        f"each, tunetrace's time is the median of {_REPETITIONS} and FTS5's is taken once. The "
        "walk asks FTS5 whether a phrase stands anywhere, at most twice a token, which is fewer "
        "queries than a binary search at each token needs."
    )


def _longest_match_seconds(text: str, index: Index, search: PhraseSearch) -> tuple[float, float]:
    """How long tunetrace and FTS5 take for one transcription; both must find the same."""
    groups = groupby(tunetrace.tokenize(text), key=is_header)
    pieces = [list(tokens) for are_headers, tokens in groups if not are_headers]
    stream = bytes([SEPARATOR]).join(map(index.vocabulary.encode_known, pieces))
    (segment,) = index.figures.segments
    own = median_seconds(lambda: longest_matches(stream, [segment]), _REPETITIONS)
    start = time.perf_counter()
    found = search.longest_matches(pieces)
    peer = time.perf_counter() - start
    lengths = [length for piece in found for length in (*piece, 0)][:-1]
    if lengths != longest_matches(stream, [segment])[0].tolist():
        raise SystemExit(f"FTS5 and tunetrace find different longest matches in:\n{text}")
    return own, peer
