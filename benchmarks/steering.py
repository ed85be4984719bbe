"""What a copy limit does: python -m benchmarks.steering MODEL INDEX [TRANSCRIPTIONS [NOTES]].

The same transcriptions are sampled without a limit and with one and checked as a batch by the rules
of `tunetrace report`, which knows nothing of the sampler. Printed are the longest runs, how often
the sampler had to steer, and what asking the limit costs for each token.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import tunetrace
from benchmarks.corpus import write_tunes
from benchmarks.measure import percentile
from benchmarks.output import duration, say, show_table
from tunetrace import Index, Model
from tunetrace.corpus.records import Rejected
from tunetrace.model.records import Sampled
from tunetrace.model.sampling.blocks import Plan, sample_many
from tunetrace.model.sampling.copy_limit import CopyLimit

TRANSCRIPTIONS: Final = 2000
NOTES: Final = 12

_SEED: Final = 7
_SLICE: Final = 200
"""So many transcriptions are sampled without a limit, then as many with it, and so on in turn."""


@dataclass
class _Batch:
    """Sampled transcriptions, how long that took, and the longest run of each in notes."""

    name: str
    limit: CopyLimit | None
    sampled: list[Sampled]
    seconds: float = 0.0
    runs: Sequence[int] = ()
    unread: int = 0

    @property
    def tokens(self) -> int:
        return sum(len(some.tokens) for some in self.sampled)

    def row(self, notes: int) -> list[str]:
        steered = sum(some.steered for some in self.sampled)
        return [
            self.name,
            f"{max(self.runs, default=0)}",
            f"{percentile(self.runs, 50):.0f}",
            f"{sum(run > notes for run in self.runs):,}",
            f"{steered:,}",
            f"{sum(some.steered > 0 for some in self.sampled):,}",
            f"{self.tokens:,}",
            f"{self.tokens / self.seconds:,.0f}",
        ]


def main(model_path: str, index_path: str, transcriptions: int, notes: int) -> None:
    """Sample, check and print."""
    model = tunetrace.open_model(model_path)
    with tunetrace.open_index(index_path) as index:
        limit = CopyLimit(index.figures, model.tokens, notes)
        batches = [_Batch("no limit", None, []), _Batch(f"{notes} notes", limit, [])]
        for first in range(0, transcriptions, _SLICE):
            for batch in batches:
                _sample(model, batch, _SEED + first, min(_SLICE, transcriptions - first))
        for batch in batches:
            _check(batch, index)
    columns = ["limit", "longest", "median", f"> {notes}", "steered", "in tunes", "tokens", "/s"]
    show_table(
        f"Longest run of {transcriptions:,} transcriptions, in notes, and tokens steered",
        columns,
        [batch.row(notes) for batch in batches],
    )
    for batch in batches:
        if batch.unread:
            say(f"{batch.name}: {batch.unread} transcriptions have no notes and were set aside.")
    _show_cost(model, limit, batches[0])


def _sample(model: Model, batch: _Batch, seed: int, count: int) -> None:
    start = time.perf_counter()
    batch.sampled += sample_many(model, count, Plan(seed, limit=batch.limit))
    batch.seconds += time.perf_counter() - start


def _check(batch: _Batch, index: Index) -> None:
    """Check a batch as the report does."""
    with TemporaryDirectory(prefix="tunetrace-steering-") as folder:
        path = Path(folder) / "sampled.txt"
        write_tunes(path, [some.tokens for some in batch.sampled])
        checked = list(tunetrace.check_batch([path], index, format="folkrnn"))
    read = [tune for tune in checked if not isinstance(tune, Rejected)]
    batch.unread = len(checked) - len(read)
    batch.runs = [tune.longest_span.notes if tune.longest_span else 0 for tune in read]


def _show_cost(model: Model, limit: CopyLimit, batch: _Batch) -> None:
    """Ask the limit of every token of a batch once more, and nothing else."""
    numbers = [model.tokens.encode(some.tokens) for some in batch.sampled]
    times, refused = [], 0
    for written in numbers:
        start, run = time.perf_counter(), limit.begin()
        for number in written:
            refused += not run.allows(number)
            run.push(number)
        times.append((time.perf_counter() - start) / max(1, len(written)))
    say(
        f"Asking the limit and telling it: {duration(percentile(times, 50))} a token in the median "
        f"transcription, {duration(percentile(times, 99))} in one of a hundred; it would refuse "
        f"{refused:,} of the {batch.tokens:,} tokens that were drawn without it."
    )


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("give a model and an index: python -m benchmarks.steering MODEL INDEX")
    main(
        sys.argv[1],
        sys.argv[2],
        int(sys.argv[3]) if len(sys.argv) > 3 else TRANSCRIPTIONS,
        int(sys.argv[4]) if len(sys.argv) > 4 else NOTES,
    )
