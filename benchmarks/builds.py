"""Building an index, beside building an FTS5 table and writing the text that grep reads."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.corpus import TUNES
from benchmarks.measure import run_job
from benchmarks.output import duration, megabytes, ratio, say, show_table

_REPETITIONS: Final = 3
_JOBS: Final = (
    ("tunetrace", "tunetrace"),
    ("fts5", "SQLite FTS5"),
    ("grep", "text for grep"),
)


@dataclass(frozen=True, slots=True)
class Built:
    """What was built, for the tables that follow."""

    index: Path
    fts5: Path
    lines: Path


def measure(corpus: Path, folder: Path) -> Built:
    """Print the table. Everything is built in the folder."""
    places = {job: folder / f"{job}.built" for job, _ in _JOBS}
    runs: dict[str, list[dict[str, float]]] = {job: [] for job, _ in _JOBS}
    for _ in range(_REPETITIONS):
        for job, place in places.items():
            place.unlink(missing_ok=True)
            runs[job].append(run_job(job, corpus, place))
    own = statistics.median(run["seconds"] for run in runs["tunetrace"])
    rows = [("budget", "6 s", "500 MB", "", "")]
    for job, name in _JOBS:
        elapsed = statistics.median(run["seconds"] for run in runs[job])
        peak = max(run["peak_bytes"] for run in runs[job])
        compared = "" if job == "tunetrace" else ratio(own, elapsed)
        size = megabytes(runs[job][0]["file_bytes"])
        rows.append((name, duration(elapsed), megabytes(peak), size, compared))
    show_table(
        f"1. Build an index of {TUNES:,} transcriptions, from their text file",
        ("", "time", "peak memory", "file", "tunetrace is"),
        rows,
    )
    say(
        f"Medians of {_REPETITIONS} processes each; imports of the process count for its memory. "
        "tunetrace writes the tunes, every bar with its places, the stream and the suffix array of "
        "each view, and what near copies are found by; FTS5 the tunes as words and its word index; "
        "the text has one tune a line."
    )
    return Built(places["tunetrace"], places["fts5"], places["grep"])
