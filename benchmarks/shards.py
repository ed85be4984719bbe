"""A report by two local workers: each looks at the whole index, or owns one of two shards.

python -m benchmarks.shards [--tunes 100000] [--batch 12000] [--verbatim]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import psutil

from benchmarks.corpus import make_batch, make_corpus, make_tunes, write_tunes
from benchmarks.measure import processor_seconds
from benchmarks.output import duration, megabytes, say, show_table
from tunetrace import build_index
from tunetrace.indexer.store.arrays import streams

SEGMENTS = 4

_TABLES = ("tunes.csv", "tunes.parquet", "spans.parquet", "set-aside.csv")


@dataclass
class Watched:
    """A command that was run, and what its workers took."""

    seconds: float = 0.0
    processor: float = 0.0
    private: Counter[int] = field(default_factory=Counter)
    """The most memory of each worker's own, in bytes, by its process."""
    mapped: Counter[int] = field(default_factory=Counter)
    """The most that each had of the arrays of the index."""

    def run(self, *arguments: str | Path) -> None:
        """Run a command of tunetrace to its end."""
        start = time.perf_counter()
        self.processor = processor_seconds(lambda: self._watch(*arguments))
        self.seconds = time.perf_counter() - start

    def _watch(self, *arguments: str | Path) -> None:
        command = [sys.executable, "-m", "tunetrace", *map(str, arguments)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as client:
            while client.poll() is None:
                time.sleep(1)
                with suppress(psutil.NoSuchProcess):
                    for worker in psutil.Process(client.pid).children(recursive=True):
                        self._look(worker)
        if client.returncode:
            raise SystemExit("the command failed")

    def _look(self, worker: psutil.Process) -> None:
        with suppress(psutil.NoSuchProcess):
            memory = worker.memory_info()
            mapped = sum(one.rss for one in worker.memory_maps() if ".db.arrays" in one.path)
            self.mapped[worker.pid] = max(self.mapped[worker.pid], mapped)
            own = memory.rss - memory.shared
            self.private[worker.pid] = max(self.private[worker.pid], own)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tunes", type=int, default=100_000, help="tunes of the index")
    parser.add_argument("--batch", type=int, default=12_000, help="transcriptions to check")
    parser.add_argument("--verbatim", action="store_true", help="seek no near copies")
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_tunes(folder / "tunes.txt", make_tunes(given.tunes))
        batch, made_of = make_batch(make_corpus(folder, 0), given.batch)
        write_tunes(folder / "batch.txt", batch)
        with patch.object(streams, "SEGMENT_TUNES", -(-given.tunes // SEGMENTS)):
            build_index([folder / "tunes.txt"], folder / "tunes.db")
        arrays = sum(file.stat().st_size for file in (folder / "tunes.db.arrays").iterdir())
        ways = {}
        for shards in (1, 2):
            ways[shards] = Watched()
            ways[shards].run(
                "report", folder / "batch.txt", "-o", folder / str(shards),
                "--index", folder / "tunes.db", "--workers", "2", "--shards", str(shards),
                *["--verbatim"] * given.verbatim,
            )  # fmt: skip
        for table in _TABLES:
            if len({(folder / str(way) / table).read_bytes() for way in ways}) > 1:
                raise SystemExit(f"{table} is not the same in both ways")
        show_table(
            f"A report on {given.batch:,} transcriptions by two workers",
            ("shards", "time", "tunes/s", "processor", "own memory", "arrays"),
            [
                (str(shards), duration(way.seconds), f"{given.batch / way.seconds:,.0f}",
                 duration(way.processor), _mean(way.private), _mean(way.mapped))
                for shards, way in ways.items()
            ],
        )  # fmt: skip
        say(
            f"{made_of[0].upper()}{made_of[1:]}, against an index of {given.tunes:,} tunes in "
            f"{SEGMENTS} segments, whose arrays have {megabytes(arrays)}. The memory is the most "
            "that a worker had, as the mean of both: its own, and the pages of the arrays that it "
            "looked at. Both ways wrote the same tables, byte for byte."
        )


def _mean(memory: Counter[int]) -> str:
    """The mean memory of the two processes that had most."""
    return megabytes(sum(size for _, size in memory.most_common(2)) / 2)


if __name__ == "__main__":
    main()
