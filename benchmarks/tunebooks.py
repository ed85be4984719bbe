"""Tokenizing real ABC tunebooks, O'Neill's, beside music21's own reading of ABC."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import tunetrace
from benchmarks.measure import run_job, seconds
from benchmarks.output import duration, ratio, say, show_table
from tunetrace.corpus.readers import files_in, read_text, read_tunes
from tunetrace.corpus.registry import NAMED_CORPORA

_REPETITIONS: Final = 3
_EVERY: Final = 20
"""The sample is every twentieth tune."""

_TUNE: Final = re.compile(r"^X:.*?(?=^X:|\Z)", re.MULTILINE | re.DOTALL)


def measure() -> None:
    """Print the table."""
    place = NAMED_CORPORA["oneills"].locate()
    whole = [run_job("tunebooks", place) for _ in range(_REPETITIONS)]
    sample = [run_job("sample", place) for _ in range(_REPETITIONS)]
    tunes, some = whole[0]["tunes"], sample[0]["tunes"]
    elapsed = median(run["seconds"] for run in whole)
    own = median(run["tunetrace_seconds"] for run in sample)
    peer = median(run["music21_seconds"] for run in sample)
    show_table(
        f"5. Tokenize ABC tunebooks: the {tunes:,} tunes of O'Neill's, on one core",
        ("", "tunes", "tunes/s", "time", "tunetrace is"),
        [
            ("budget", "", "2,000", "", ""),
            ("tunetrace", *_speed(tunes, elapsed), ""),
            (f"tunetrace, every {_EVERY}th tune", *_speed(some, own), ""),
            ("music21, the same tunes", *_speed(some, peer), ratio(own, peer)),
        ],
    )
    say(
        "All tunes: tunetrace.corpus.readers.read_tunes on the text of each file. The sample, tune "
        "by tune: tunetrace.tokenize(text), which also transposes to C, and "
        "music21.abcFormat.ABCFile().readstr(text), which is tokenize and tokenProcess (the pitch "
        "and the length of each note) and no conversion to a Stream. Imports do not count. "
        f"music21 refused {sample[0]['music21_refused']:.0f} tunes of the sample, tunetrace "
        f"{sample[0]['tunetrace_refused']:.0f}. Medians of {_REPETITIONS} processes, none of which "
        "has read a tune before."
    )


def _speed(tunes: float, elapsed: float) -> tuple[str, str, str]:
    return f"{tunes:,}", f"{tunes / elapsed:,.0f}", duration(elapsed)


def tokenize_all(folder: Path) -> dict[str, float]:
    """Time tunetrace on all tunebooks of a folder, in this process."""
    texts = [read_text(path) for path in files_in(folder)]
    tunes = sum(len(_TUNE.findall(text)) for text in texts)
    elapsed = seconds(lambda: [list(read_tunes(text, "O'Neill's", "abc")) for text in texts])
    return {"tunes": tunes, "seconds": elapsed}


def tokenize_some(folder: Path) -> dict[str, float]:
    """Time tunetrace and music21 on a sample of the tunes of a folder, in this process."""
    from music21.abcFormat import ABCFile
    from music21.exceptions21 import Music21Exception

    texts = [read_text(path) for path in files_in(folder)]
    some = [tune for text in texts for tune in _TUNE.findall(text)][::_EVERY]
    tokenize, error = tunetrace.tokenize, tunetrace.AbcError  # imported here, outside the time
    return {
        "tunes": len(some),
        "tunetrace_seconds": seconds(lambda: _refused(tokenize, some, error)),
        "tunetrace_refused": _refused(tokenize, some, error),
        "music21_seconds": seconds(lambda: _refused(ABCFile().readstr, some, Music21Exception)),
        "music21_refused": _refused(ABCFile().readstr, some, Music21Exception),
    }


def _refused(read: Callable[[str], object], tunes: Sequence[str], refusal: type[Exception]) -> int:
    """Read tunes; how many are refused."""
    refused = 0
    for tune in tunes:
        try:
            read(tune)
        except refusal:
            refused += 1
    return refused
