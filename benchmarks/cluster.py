"""A large batch, or a build, on one and on two local workers of a Dask cluster and by one plain
command.

python -m benchmarks.cluster [--tunes 30000] [--verbatim] [--build]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.corpus import make_batch, make_corpus, write_tunes
from benchmarks.measure import seconds
from benchmarks.output import duration, say, show_table
from tunetrace import build_index

TUNES: Final = 300_000

_TABLES: Final = ("tunes.csv", "tunes.parquet", "spans.parquet", "set-aside.csv")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tunes", type=int, default=TUNES, help="transcriptions to check")
    parser.add_argument("--verbatim", action="store_true", help="seek no near copies")
    parser.add_argument("--build", action="store_true", help="build an index instead")
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        corpus = make_corpus(folder, 0)
        if given.build:
            _measure_builds(folder, corpus.path, len(corpus.tunes))
            return
        tunes, made_of = make_batch(corpus, given.tunes)
        write_tunes(folder / "batch.txt", tunes)
        index = folder / "corpus.db"
        _run("index", "build", corpus.path, "--index", index)
        ways: dict[str, list[str]] = {
            "tunetrace report": [],
            "--workers 1": ["--workers", "1"],
            "--workers 2": ["--workers", "2"],
        }
        options = ["--index", str(index), *["--verbatim"] * given.verbatim]
        took = {}
        for way, cluster in ways.items():
            arguments = ["report", folder / "batch.txt", "-o", folder / way, *options, *cluster]
            took[way] = seconds(partial(_run, *arguments))
        for table in _TABLES:
            if len({(folder / way / table).read_bytes() for way in ways}) > 1:
                raise SystemExit(f"{table} is not the same in all ways")
        plain, one, two = took.values()
        show_table(
            f"A report on {given.tunes:,} transcriptions",
            ("", "the batch", "tunes a second", "of one worker", "of plain"),
            [
                (way, duration(time), f"{given.tunes / time:,.0f}", f"{one / time:.2f}x",
                 f"{plain / time:.2f}x")
                for way, time in took.items()
            ],
        )  # fmt: skip
        say(
            f"{made_of[0].upper()}{made_of[1:]}, against an index of {len(corpus.tunes):,} tunes. "
            "tunetrace report takes the extra processes that it starts by itself. Budgets: two "
            "workers at least 1.7x one worker, and at least 0.8x plain. All ways wrote the same "
            "tables, byte for byte."
        )
        if one / two < 1.7 or plain / two < 0.8:
            raise SystemExit("a budget is exceeded")


def _measure_builds(folder: Path, corpus: Path, tunes: int) -> None:
    """Print the table of builds. tunes: how many the corpus has."""
    rows = []
    plain = 0.0
    for way, cluster in (("tunetrace index build", None), ("--workers 1", 1), ("--workers 2", 2)):
        path = folder / f"{way}.db"
        began = time.process_time()
        took = seconds(partial(build_index, [corpus], path, cluster=cluster))
        own = time.process_time() - began
        plain = plain or took
        rows.append(
            (way, duration(took), f"{tunes / took:,.0f}", f"{plain / took:.2f}x", duration(own))
        )
    show_table(
        f"An index of {tunes:,} transcriptions",
        ("", "the build", "tunes a second", "of plain", "processor time of this process"),
        rows,
    )
    say(
        "The last column is what does not go to workers: cutting the file into tunes, rows, the "
        "vocabulary, joining and writing. However many workers there are, a build takes that long."
    )


def _run(*arguments: str | Path) -> None:
    """Run a command of tunetrace."""
    subprocess.run(
        [sys.executable, "-m", "tunetrace", *map(str, arguments)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


if __name__ == "__main__":  # which the processes of a cluster load too
    main()
