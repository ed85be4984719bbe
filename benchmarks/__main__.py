"""Measure everything and print the tables: python -m benchmarks."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import tunetrace
from benchmarks import batches, beside, builds, checks, commands, figures, reports, tunebooks
from benchmarks.corpus import TUNES, BenchmarkCorpus, make_corpus
from benchmarks.output import say


def main() -> None:
    """Make the corpus in a temporary directory and measure one table after another on it."""
    start = time.perf_counter()
    with TemporaryDirectory(prefix="tunetrace-benchmarks-") as name:
        folder = Path(name)
        corpus = make_corpus(folder, checks.WARM_UP + checks.CHECKED)
        _describe(corpus)
        built = builds.measure(corpus.path, folder)
        with tunetrace.open_index(built.index) as index:
            figures.measure(corpus, index, built.fts5, built.lines)
            checks.measure(corpus, index, built.fts5)
            (folder / "infini-gram").mkdir()
            batches.measure(corpus, index, folder / "infini-gram")
            (folder / "beside").mkdir()
            beside.measure(corpus, index, folder / "beside")
        commands.measure(built.index, built.lines)
        reports.measure(corpus, built.index, folder)
    tunebooks.measure()
    say()
    say(
        f"All of this took {time.perf_counter() - start:.0f} s. The load average of the last "
        f"minute is {os.getloadavg()[0]:.1f}; the benchmark alone makes about 1."
    )


def _describe(corpus: BenchmarkCorpus) -> None:
    tokens = sum(map(len, corpus.tunes))
    say(
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores; corpus of {TUNES:,} transcriptions"
    )
    say(f"The corpus has {tokens:,} tokens: {', '.join(corpus.parts)}.")


if __name__ == "__main__":
    main()
