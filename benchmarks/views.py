"""What the views cost, and how long a run must be to say something in each.

python -m benchmarks.views CORPUS... GENERATED builds an index of the corpora with and without the
views. Then it looks for runs of the generated tunes in it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

import tunetrace
from benchmarks.output import duration, megabytes, say, show_table
from tunetrace.checker.batch.stream import join_layouts
from tunetrace.checker.measures import COPIED_LENGTHS
from tunetrace.indexer.search.views import TOKENS, VIEWS, View
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.vocabulary import SEPARATOR

_REPETITIONS: Final = 5
_TUNES: Final = 400
"""How many generated tunes are cut into runs."""

_EVERY: Final = 5
"""From one run to the next there are this many notes."""


def main() -> None:
    """Print both tables."""
    *corpora, generated = sys.argv[1:]
    with TemporaryDirectory(prefix="tunetrace-views-") as folder:
        path = Path(folder) / "corpus.db"
        _costs(corpora, path)
        with tunetrace.open_index(path) as index:
            _runs(index, generated)


def _costs(corpora: Sequence[str], path: Path) -> None:
    """Build the index with the tokens alone and with all views, in turns; the last has all."""
    kinds = {"tokens alone": [TOKENS.name], "all views": list(VIEWS)}
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    sizes = {}
    for _ in range(_REPETITIONS):
        for kind, names in kinds.items():
            with _only(names):
                start = time.process_time()
                tunetrace.build_index(corpora, path, force=True)
                seconds[kind].append(time.process_time() - start)
            sizes[kind] = path.stat().st_size
    alone, every = kinds
    rows = [(kind, duration(min(seconds[kind])), megabytes(sizes[kind])) for kind in kinds]
    times = min(seconds[every]) / min(seconds[alone])
    rows.append(("ratio", f"{times:.2f}", f"{sizes[every] / sizes[alone]:.2f}"))
    show_table("Building an index", ("", "processor time", "file"), rows)
    say(f"The fastest of {_REPETITIONS} builds each.")


@contextmanager
def _only(names: Sequence[str]) -> Iterator[None]:
    """Indexes have the views of these names alone."""
    before = dict(VIEWS)
    for name in before.keys() - set(names):
        del VIEWS[name]
    try:
        yield
    finally:
        VIEWS.clear()
        VIEWS.update(before)


def _runs(index: tunetrace.Index, generated: str) -> None:
    tunes = [t for t in tunetrace.read(generated) if isinstance(t, tunetrace.Transcription)]
    layouts = [lay_out(tune.tokens) for tune in tunes[:_TUNES]]
    rows = [
        (name, *(f"{_found(index, view, layouts, notes):.1%}" for notes in COPIED_LENGTHS),
         str(view.shared_notes))
        for name, view in VIEWS.items()
    ]  # fmt: skip
    lengths = [f"{notes} notes" for notes in COPIED_LENGTHS]
    show_table(
        "Runs of generated tunes that are found in the corpus", ("view", *lengths, "shared"), rows
    )
    say(
        f"Runs of {len(layouts):,} tunes of {generated}, one at every {_EVERY}th note, in the "
        f"{index.tunes:,} tunes of the index. The last column is the length from which on a run "
        "counts as shared, however common it is."
    )


def _found(index: tunetrace.Index, view: View, layouts: Sequence[Layout], notes: int) -> float:
    """The share of runs of so many notes that are found."""
    stream = join_layouts(layouts, index.vocabulary, view)
    search = index.in_view(view)
    firsts = np.arange(0, len(stream.note_begins) - notes, _EVERY)
    begins, ends = stream.note_begins[firsts], stream.note_ends[firsts + notes - 1]
    runs = [stream.text[begin:end] for begin, end in zip(begins, ends, strict=True)]
    whole = [run for run in runs if SEPARATOR not in run]
    return sum(search.count(run)[1] > 0 for run in whole) / max(len(whole), 1)


if __name__ == "__main__":
    main()
