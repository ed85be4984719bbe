"""The whole report on a batch, files written, and how it grows with the batch and the corpus."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tunetrace
from benchmarks.corpus import ROOT, BenchmarkCorpus, make_batch, write_tunes
from benchmarks.output import duration, megabytes, say, show_table

TRANSCRIPTIONS: Final = 30_000

_PARTS: Final = (4, 2, 1)
_REPETITIONS: Final = 2
_LOOK_SECONDS: Final = 0.05
_COMMAND: Final = (sys.executable, "-m", "tunetrace")


@dataclass(frozen=True, slots=True)
class _Run:
    """How long a command took, and the most memory that it and its processes had together."""

    seconds: float
    peak_bytes: int


def measure(corpus: BenchmarkCorpus, index: Path, folder: Path) -> None:
    """Print the tables. index: of the whole corpus; folder: where files may be written."""
    tunes, made_of = make_batch(corpus, TRANSCRIPTIONS)
    on_index = ("--index", str(index))
    baseline = _run(["baseline", *on_index])
    batches = {part: folder / f"batch-{part}.txt" for part in _PARTS}
    for part, path in batches.items():
        write_tunes(path, tunes[::part])
    indexes = {part: folder / f"corpus-{part}.db" for part in _PARTS[:-1]} | {1: index}
    for part in _PARTS[:-1]:
        source = folder / f"corpus-{part}.txt"
        write_tunes(source, corpus.tunes[::part])
        tunetrace.build_index([source], indexes[part])
        tunetrace.measure_baseline(indexes[part])
    # In turn, so that all sizes meet the same noise.
    runs: dict[tuple[int, int], list[_Run]] = {}
    for _ in range(_REPETITIONS):
        for of_batch, of_corpus in [
            *((part, 1) for part in _PARTS),
            *((1, p) for p in _PARTS[:-1]),
        ]:
            arguments = [str(batches[of_batch]), "-o", str(folder / "report"), "--verbatim"]
            run = _run(["report", *arguments, "--index", str(indexes[of_corpus])])
            runs.setdefault((of_batch, of_corpus), []).append(run)
    best = {size: min(some, key=_seconds) for size, some in runs.items()}
    streamed = {
        option: min(
            (_run(["check", str(batches[1]), option, "--verbatim", *on_index])
             for _ in range(_REPETITIONS)),
            key=_seconds,
        )
        for option in ("--jsonl", "--brief")
    }  # fmt: skip
    near = _run(["report", str(batches[1]), "-o", str(folder / "near"), *on_index])
    near_baseline = _run(["baseline", "--similar", *on_index])
    families = _run(["families", *on_index])
    peak = max(run.peak_bytes for run in runs[1, 1])
    more = duration(near.seconds - best[1, 1].seconds)
    show_table(
        f"5. The report on {len(tunes):,} transcriptions against {len(corpus.tunes):,} tunes",
        ("", "budget", "time", "memory"),
        [
            (
                "tunetrace report --verbatim",
                "12 s, 1,000 MB",
                duration(best[1, 1].seconds),
                megabytes(peak),
            ),
            *(
                (f"tunetrace check {option} --verbatim", "", *_shown(run))
                for option, run in streamed.items()
            ),
            ("tunetrace report", "60 s more", *_shown(near)),
            ("tunetrace baseline", "", *_shown(baseline)),
            ("tunetrace baseline --similar", "120 s", *_shown(near_baseline)),
            ("tunetrace families", "", *_shown(families)),
        ],
    )
    say(
        f"Whole commands, from start to end, files written. {made_of[0].upper()}{made_of[1:]}. The "
        "memory is the most that a command and its other processes had at once. The time is the "
        f"better of {_REPETITIONS} runs with --verbatim, and that of one run elsewhere. A report "
        f"with near copies takes {more} more than one without. No peer does the same."
    )
    whole = best[1, 1].seconds
    show_table(
        "   How a report with --verbatim grows",
        ("", "1/4", "1/2", "all"),
        [
            _grown("of the batch", [best[part, 1].seconds for part in _PARTS], whole),
            _grown("of the corpus", [best[1, part].seconds for part in _PARTS], whole),
        ],
    )
    say("In brackets how much of the time for all that is.")


def _grown(name: str, times: Sequence[float], whole: float) -> tuple[str, ...]:
    return (name, *(f"{duration(seconds)} ({seconds / whole:.2f})" for seconds in times))


def _shown(run: _Run) -> tuple[str, str]:
    return duration(run.seconds), megabytes(run.peak_bytes)


def _seconds(run: _Run) -> float:
    return run.seconds


def _run(arguments: Sequence[str]) -> _Run:
    """Run a command of tunetrace, looking at its memory again and again."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [*_COMMAND, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, _memory_of(process.pid))
        time.sleep(_LOOK_SECONDS)
    elapsed = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"tunetrace {' '.join(arguments)} ended with {process.returncode}")
    return _Run(elapsed, peak)


def _memory_of(session: int) -> int:
    """The memory of all processes of a session, in bytes; 0 where the system does not say."""
    pages = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # The name, in brackets, may hold anything; then come state, parent, group and session.
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                pages += int((process / "statm").read_text().split()[1])
        except (OSError, IndexError, ValueError):
            continue  # it has ended meanwhile
    return pages * 4096
