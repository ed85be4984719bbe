"""How time and memory grow with an index, beside infini-gram and tokengrams on the same tokens.

python -m benchmarks.scale [TRANSCRIPTIONS]... [--folder FOLDER]

For each number of transcriptions an index is built, and asked. Each build and each engine has a
process of its own. An index that is in the folder is not built again; what its build took was
noted there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmarks.corpus import make_batch, make_corpus, make_tunes, write_tunes
from benchmarks.measure import run_job
from benchmarks.output import say, show_table
from benchmarks.projection import MEASURED, Numbers, project

SIZES: Final = (23_636, 100_000, 400_000, 1_000_000)
"""The transcriptions of the indexes that are built if no others are asked for."""

CHECKED: Final = 200
"""How many transcriptions are checked one by one; a quarter of them with near copies too."""

BATCH: Final = 3_000
"""How many are checked in one batch."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of a table."""

    title: str
    key: str
    """What the job calls it."""
    unit: str
    scale: float
    """What the job's number is multiplied with to be in this unit."""


def _timed(title: str, key: str) -> tuple[Measure, Measure]:
    return (
        Measure(title, f"{key}_median", "ms", 1e3),
        Measure("  99% of them in", f"{key}_99", "ms", 1e3),
    )


BUILDING: Final = (
    Measure("build", "seconds", "s", 1),
    Measure("  processor time", "processor_seconds", "s", 1),
    Measure("  peak memory", "peak_bytes", "MB", 1e-6),
    Measure("  transcriptions a second", "built_each_second", "", 1),
    Measure("tokens", "tokens", "million", 1e-6),
    Measure("segments", "segments", "", 1),
    Measure("index on disk", "file_bytes", "MB", 1e-6),
    Measure("  bytes a token", "file_each_token", "", 1),
    Measure("cached arrays", "cached_bytes", "MB", 1e-6),
    Measure("  bytes a token", "cached_each_token", "", 1),
    Measure("  of these for searching tokens", "array_each_token", "", 1),
)
ASKING: Final = (
    Measure("opening", "opening", "ms", 1e3),
    *_timed("a rare figure", "figure"),
    *_timed("what follows 6 tokens", "next"),
    *_timed("a check, verbatim", "check"),
    *_timed("a check with near copies", "near"),
    *_timed("similar", "similar"),
    Measure("memory of its own", "own_bytes", "MB", 1e-6),
    Measure("  with pages of files", "resident_bytes", "MB", 1e-6),
    Measure("a batch, verbatim: each second", "batch_each_second", "", 1),
)
PEER: Final = (
    Measure("build", "seconds", "s", 1),
    Measure("  bytes a token", "file_each_token", "", 1),
    Measure("memory when searched", "resident_bytes", "MB", 1e-6),
    *_timed("a rare figure", "figure"),
    *_timed("what follows 6 tokens", "next"),
)
COUNTED: Final = (*_timed("a rare figure", "count"), *_timed("what follows 6 tokens", "counts"))


def main() -> None:
    """Build the indexes, ask them and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES, metavar="TRANSCRIPTIONS")
    parser.add_argument("--folder", type=Path, help="where indexes are built and kept")
    given = parser.parse_args()
    sizes: list[int] = sorted(given.sizes)
    if given.folder is not None:
        given.folder.mkdir(parents=True, exist_ok=True)
        _measure(sizes, given.folder)
    else:
        with TemporaryDirectory() as folder:
            _measure(sizes, Path(folder))


def _measure(sizes: Sequence[int], folder: Path) -> None:
    checked, batch = folder / "checked.txt", folder / "batch.txt"
    corpus = make_corpus(folder, CHECKED)
    checked.write_text(json.dumps(corpus.checked[:CHECKED]), encoding="utf-8")
    write_tunes(batch, make_batch(corpus, BATCH)[0])
    found: list[dict[str, float]] = []
    peers: dict[str, list[Numbers]] = {
        name: [] for name in ("infini_gram", "tokengrams") if find_spec(name) is not None
    }
    for size in sizes:
        place = folder / f"{size}.db"
        row = {"transcriptions": float(size), **_built(size, folder, place)}
        row.update(run_job("ask", place, checked, batch))
        for what in ("file", "cached"):
            row[f"{what}_each_token"] = row[f"{what}_bytes"] / row["tokens"]
        found.append(row)
        (folder / MEASURED).write_text(json.dumps(found), encoding="utf-8")
        for name, rows in peers.items():
            rows.append(run_job("peer", name, place))
    _table("How an index grows", BUILDING, sizes, found)
    _table("How its answers slow down, warm, in process", ASKING, sizes, found)
    say(
        "A figure is 12 tokens of a tune of the index that 1 to 3 tunes have, with its hits shown. "
        f"{CHECKED} transcriptions {corpus.checked_from} were checked. The first fifth of all "
        "questions is not counted. Memory is that of the process that asked, after all questions "
        "but the batch. The last column is "
        "the exponent of the growth between all sizes: 1 is as fast as the transcriptions, 0 not "
        "at all."
    )
    if peers:
        _table("   Counting alone: tunetrace", COUNTED, sizes, found)
        for name, rows in peers.items():
            _table(f"   {name.replace('_', '-')} on the same tokens", PEER, sizes, rows)
        say(
            "The peers count how often a figure is found, and what follows; they know no tunes, "
            "bars or notes. They keep their index in memory."
        )
    project(folder)


def _built(size: int, folder: Path, place: Path) -> Numbers:
    """What building an index took. If it is there already, this was noted in its folder."""
    noted = place.with_suffix(".json")
    if noted.exists():
        found: dict[str, float] = json.loads(noted.read_text(encoding="utf-8"))
        return found
    corpus = folder / f"corpus-{size}.txt"
    write_tunes(corpus, make_tunes(size))
    place.unlink(missing_ok=True)  # nothing was noted of it
    report = {**run_job("tunetrace", corpus, place)}
    report["built_each_second"] = size / report["seconds"]
    corpus.unlink()
    noted.write_text(json.dumps(report), encoding="utf-8")
    return report


def _table(
    title: str, measures: Sequence[Measure], sizes: Sequence[int], found: Sequence[Numbers]
) -> None:
    rows = []
    for measure in measures:
        values = [row[measure.key] * measure.scale for row in found if measure.key in row]
        if len(values) == len(sizes):
            name = f"{measure.title}, {measure.unit}" if measure.unit else measure.title
            rows.append((name, *map(_shown, values), _exponent(sizes, values)))
    show_table(title, ("transcriptions", *(f"{size:,}" for size in sizes), "growth"), rows)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _exponent(sizes: Sequence[int], values: Sequence[float]) -> str:
    """The slope of the straight line through the logarithms, by least squares."""
    if len(set(sizes)) < 2 or min(values) <= 0:
        return ""
    slope, _ = np.polyfit(np.log(sizes), np.log(values), 1)
    return f"{slope:.2f}"


if __name__ == "__main__":
    main()
