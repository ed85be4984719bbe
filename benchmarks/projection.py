"""What indexes of 10^9 and 10^12 tokens take, in machines and money, from what was measured.

python -m benchmarks.projection FOLDER

FOLDER has the indexes of `benchmarks.scale` and what was measured of them. Sizes and the time of a
build are those of the largest index, multiplied by the tokens. The time of an answer is a constant
and a time for each segment, fitted by least squares. The size of an FM-index follows from the
symbols of a segment of the largest index.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.output import say, show_table
from tunetrace.indexer.index import Index
from tunetrace.indexer.store.arrays.streams import SEGMENT_TUNES

MEASURED: Final = "measured.json"
"""The file of a folder that has what `benchmarks.scale` measured, from the smallest size on."""

Numbers = Mapping[str, float]

TOKENS: Final = (10**9, 10**12)
"""The sizes that are worked out."""

PROCESSORS: Final = 16
MEMORY: Final = 64e9
"""Processors and bytes of memory of one machine: EC2's m7g.4xlarge."""

MACHINE_HOUR: Final = 8 * 0.0816
"""Dollars. An m7g.large, an eighth of it, was $0.0816 in us-east-1 in June 2026."""

DISK_MONTH: Final = 0.08e-9
"""Dollars for a byte on a disk for a month: EBS's gp3, $0.08 for a GB."""

MONTH_HOURS: Final = 730

SAMPLED: Final = (32, 64)
"""An FM-index keeps the place of every 32nd suffix, and the suffix of every 64th place, as
infini-gram mini does (Xu et al. 2025, arXiv:2506.12229)."""

TREE: Final = 1.25
"""A wavelet tree takes about a quarter more than the entropy of its symbols, to find ranks."""

Row = tuple[str, ...]


def project(folder: Path) -> None:
    """Print the tables. folder: of the indexes and what was measured of them."""
    measured: list[Numbers] = json.loads((folder / MEASURED).read_text(encoding="utf-8"))
    largest = measured[-1]
    sizes = (largest["tokens"], *TOKENS)
    columns = ("tokens", f"{sizes[0] / 1e6:,.0f} million", "10^9", "10^12")
    show_table(
        f"What more tokens take, from {largest['transcriptions']:,.0f} transcriptions",
        columns,
        _index_rows(largest, sizes) + _answer_rows(measured, sizes),
    )
    say(
        f"A machine has {PROCESSORS} processors and {MEMORY / 1e9:.0f} GB, and costs "
        f"${MACHINE_HOUR:.2f} an hour; a GB on a disk costs ${DISK_MONTH * 1e9:.2f} a month. All "
        "machines are paid for all hours. Sharing out segments is taken to divide the time for "
        "them, and to add nothing."
    )
    with Index(folder / f"{largest['transcriptions']:.0f}.db") as index:
        rows = _compressed_rows(index.figures.segments[0].symbols, sizes)
    show_table("The same tokens in an FM-index", columns, rows)
    say(
        "A wavelet tree by frequency, a sample of the suffix array and of its inverse. It counts "
        "and finds tokens; notes, bars, parts and near copies need what they need now."
    )


def _index_rows(row: Numbers, sizes: Sequence[float]) -> list[Row]:
    """What indexes of these sizes, in tokens, take. row: what was measured of one of them."""
    tunes = [size * row["transcriptions"] / row["tokens"] for size in sizes]
    hours = [size * row["processor_seconds"] / row["tokens"] / 3600 for size in sizes]
    disk = [size * (row["file_each_token"] + row["cached_each_token"]) for size in sizes]
    searched = [size * row["array_each_token"] for size in sizes]
    machines = list(map(_machines, searched))
    return [
        ("transcriptions", *map(_large, tunes)),
        ("segments", *(f"{math.ceil(count / SEGMENT_TUNES):,}" for count in tunes)),
        ("build: hours of a processor", *map(_large, hours)),
        ("  dollars", *(_large(time / PROCESSORS * MACHINE_HOUR) for time in hours)),
        ("database and cached arrays, GB", *(_large(size / 1e9) for size in disk)),
        ("  dollars a month", *(_large(size * DISK_MONTH) for size in disk)),
        ("arrays that searching tokens uses, GB", *(_large(size / 1e9) for size in searched)),
        ("  machines that have them in memory", *(f"{count:,}" for count in machines)),
        (
            "  dollars a month",
            *(_large(count * MACHINE_HOUR * MONTH_HOURS) for count in machines),
        ),
        (
            "  hours to build on these machines",
            *(
                _large(time / (count * PROCESSORS))
                for time, count in zip(hours, machines, strict=True)
            ),
        ),
    ]


def _answer_rows(measured: Sequence[Numbers], sizes: Sequence[float]) -> list[Row]:
    """How long answers take on one machine, and with the segments shared out.

    sizes: of the indexes, in tokens. No rows if all measured indexes have the same number of
    segments.
    """
    largest = measured[-1]
    if len({row["segments"] for row in measured}) < 2:
        return []
    each = largest["tokens"] / largest["transcriptions"] * SEGMENT_TUNES
    segments = [max(1.0, math.ceil(size / each)) for size in sizes]
    machines = [_machines(size * largest["array_each_token"]) for size in sizes]
    rows: list[Row] = []
    for title, key in (
        ("a rare figure", "figure"),
        ("a check, verbatim", "check"),
        ("a check with near copies", "near"),
    ):
        slope, constant = np.polyfit(
            [row["segments"] for row in measured],
            [row[f"{key}_median"] * 1e3 for row in measured],
            1,
        )
        rows += [
            (f"{title}, one machine, ms", *(_large(constant + slope * n) for n in segments)),
            (
                "  shared out, ms",
                *(
                    _large(constant + slope * math.ceil(n / count))
                    for n, count in zip(segments, machines, strict=True)
                ),
            ),
        ]
    return rows


def _compressed_rows(symbols: NDArray[np.uint8], sizes: Sequence[float]) -> list[Row]:
    """What FM-indexes of these sizes, in tokens, take. symbols: (n,) of a segment."""
    counts = np.bincount(symbols)
    shares = counts[counts > 0] / len(symbols)
    entropy = float(-(shares * np.log2(shares)).sum())
    sampled = [sum(math.log2(size) / step for step in SAMPLED) for size in sizes]
    bits = [entropy * TREE + extra for extra in sampled]
    total = [size * each / 8 for size, each in zip(sizes, bits, strict=True)]
    return [
        ("entropy of a token, bits", *[f"{entropy:.2f}"] * len(sizes)),
        ("bits of the index for each token", *(f"{each:.2f}" for each in bits)),
        ("the index, GB", *(_large(size / 1e9) for size in total)),
        ("  machines that have it in memory", *(f"{_machines(size):,}" for size in total)),
    ]


def _machines(size: float) -> int:
    """How many machines have this many bytes of memory together."""
    return math.ceil(size / MEMORY)


def _large(value: float) -> str:
    """A whole number, or two digits of a small one."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


if __name__ == "__main__":
    project(Path(sys.argv[1]))
