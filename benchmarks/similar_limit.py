"""What a limit to near copies costs: python -m benchmarks.similar_limit MODEL INDEX [TUNES].

As many tunes are sampled without a limit and with several, in turn. Printed are how many had to be
drawn for them, how much time of a processor one took, and how near the tunes of the index are to
those that were drawn without a limit.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Final

import tunetrace
from benchmarks.measure import percentile
from benchmarks.output import duration, say, show_table
from tunetrace import Index, Model
from tunetrace.checker.similar.search import SimilarSearch
from tunetrace.model.sampling.similar_limit import nearest

TRANSCRIPTIONS: Final = 200
LIMITS: Final = (None, 0.9, 0.5, 0.1, 0.05, 0.02)

_SEED: Final = 7
_SLICE: Final = 100
"""So many transcriptions are sampled with each limit in turn."""


@dataclass
class _Limited:
    """What sampling with one limit took so far."""

    limit: float | None
    given: int = 0
    drawn: int = 0
    similar: int = 0
    seconds: float = 0.0

    def sample(self, model: Model, index: Index, seed: int, count: int) -> None:
        """Sample some more, and count."""
        start = time.process_time()
        sampling = tunetrace.sample(count, model, seed=seed, max_similar=self.limit, index=index)
        self.given += sum(1 for _ in sampling)
        self.seconds += time.process_time() - start
        self.drawn += sampling.drawn
        self.similar += sampling.similar

    def row(self) -> list[str]:
        return [
            "none" if self.limit is None else f"{self.limit:g}",
            f"{self.given:,}",
            f"{self.drawn:,}",
            f"{self.similar:,}",
            f"{self.drawn / max(self.given, 1):.2f}",
            duration(self.seconds / max(self.given, 1)),
        ]


def main(model_path: str, index_path: str, transcriptions: int) -> None:
    """Sample and print."""
    model = tunetrace.open_model(model_path)
    every = [_Limited(limit) for limit in LIMITS]
    with tunetrace.open_index(index_path) as index:
        search = SimilarSearch(index)  # which reads the index
        tunes = index.tunes
        for first in range(0, transcriptions, _SLICE):
            for one in every:
                one.sample(model, index, _SEED + first, min(_SLICE, transcriptions - first))
        free = [tune.tokens for tune in tunetrace.sample(transcriptions, model, seed=_SEED)]
        start = time.process_time()
        found = nearest(search, free)
        each = (time.process_time() - start) / len(free)
    show_table(
        f"{transcriptions:,} transcriptions of {model.name} and {tunes:,} tunes",
        ["limit", "written", "drawn", "left out", "draws each", "CPU time each"],
        [one.row() for one in every],
    )
    levels = [0.0 if near is None else near.probability for near in found]
    say(
        f"Comparing one takes {duration(each)}. Without a limit, the nearest tune has a "
        f"probability of {percentile(levels, 50):.3f} in the median, {percentile(levels, 90):.3f} "
        f"for one of ten, {percentile(levels, 99):.3f} for one of a hundred and "
        f"{max(levels):.3f} at the most."
    )


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("give a model and an index: python -m benchmarks.similar_limit MODEL INDEX")
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else TRANSCRIPTIONS)
