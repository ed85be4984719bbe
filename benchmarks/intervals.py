"""How often intervals hold the truth: python -m benchmarks.intervals CORPUS GENERATED.

The tunes of CORPUS, measured against one another, and those of GENERATED, measured against them,
are taken for all that there are. Batches are drawn from either, and it is counted how often the
95% interval of the difference of their means holds that of all: the interval of shares that a
report has, and Welch's.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

import tunetrace
from benchmarks.corpus import SEED
from benchmarks.output import say, show_table
from tunetrace.checker.compare.statistics import Columns, compare_batches
from tunetrace.checker.measures import MEASURES

_SIZES: Final = ((5, 5), (20, 20), (20, 500), (100, 100), (500, 500))
_DRAWN: Final = 1_000
_MEASURES: Final = tuple(measure for measure in MEASURES if measure.is_share)


def main() -> None:
    """Print, for each measure that is a share, how often either interval holds the truth."""
    corpus, generated = sys.argv[1:]
    with TemporaryDirectory(prefix="tunetrace-intervals-") as folder:
        path = Path(folder) / "corpus.db"
        tunetrace.build_index([corpus], path)
        tunetrace.measure_baseline(path)
        with tunetrace.open_index(path) as index:
            batch = [
                tune
                for tune in tunetrace.check_batch([generated], index)
                if isinstance(tune, tunetrace.CheckedTune)
            ]
            assert index.baseline is not None
            people = {m.name: index.baseline.values[m.name].astype(float) for m in _MEASURES}
    ours = {m.name: np.array([m.value(tune) for tune in batch]) for m in _MEASURES}
    for title, first, second in (
        ("Both of CORPUS", people, people),
        ("One of GENERATED, one of CORPUS", ours, people),
    ):
        show_table(
            f"{title}: how often the interval of a report, and Welch's, hold the truth",
            ("measure", *(f"{a}, {b}" for a, b in _SIZES)),
            _rows(first, second),
        )
    say(
        f"{_DRAWN:,} pairs of batches of each two sizes. Of a 95% interval 950 of 1,000 are "
        "expected, with a standard deviation of 7."
    )


def _rows(first: Columns, second: Columns) -> list[tuple[str, ...]]:
    counts = np.zeros((2, len(_MEASURES), len(_SIZES)))
    for column, sizes in enumerate(_SIZES):
        chance = np.random.default_rng(SEED)
        for _ in range(_DRAWN):
            batch, other = (
                {name: values[places] for name, values in columns.items()}
                for columns, size in zip((first, second), sizes, strict=True)
                for places in [chance.integers(len(columns[_MEASURES[0].name]), size=size)]
            )
            for which, shares in enumerate(({m.name for m in _MEASURES}, ())):
                found = compare_batches(batch, other, shares)
                for row, measure in enumerate(_MEASURES):
                    truth = first[measure.name].mean() - second[measure.name].mean()
                    low, high = found[measure.name].low, found[measure.name].high
                    assert low is not None
                    assert high is not None
                    # The ends of an interval are rounded.
                    counts[which, row, column] += low - 1e-8 <= truth <= high + 1e-8
    return [
        (measure.name, *(f"{ours:.0%} {welch:.0%}" for ours, welch in zip(*shares, strict=True)))
        for measure, shares in zip(_MEASURES, counts.swapaxes(0, 1) / _DRAWN, strict=True)
    ]


if __name__ == "__main__":
    main()
